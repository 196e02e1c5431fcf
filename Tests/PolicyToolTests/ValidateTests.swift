// SPDX-License-Identifier: Apache-2.0

import Foundation
import PolicyModel
import Testing

@testable import PolicyTool

@Suite("vibrissa policy validate")
struct ValidateTests {
    static let broken = ValidationReport(Fixtures.world("broken"))

    @Test("every problem of every file is listed, with its place and what to try")
    func text() throws {
        try expectGolden(Fixtures.portable(Self.broken.text(TextStyle())), "validate-broken.txt")
    }

    @Test("colours only repeat what the words say")
    func colors() {
        let colored = Self.broken.text(TextStyle(isColored: true))
        #expect(colored.contains("\u{1b}[31m"))
        #expect(colored.replacing(/\u{1b}\[[0-9]+m/, with: "") == Self.broken.text(TextStyle()))
    }

    @Test("the structured forms hold the same problems")
    func structured() throws {
        try expectGolden(Fixtures.portable(try Document.json(Self.broken.view)), "validate-broken.json")
        try expectGolden(Fixtures.portable(try Document.yaml(Self.broken.view)), "validate-broken.yaml")
        try expectGolden(Fixtures.portable(try Document.json(Self.broken.sarif)), "validate-broken.sarif")
        try expectGolden(Fixtures.portable(Self.broken.junit(strict: false).xml), "validate-broken.junit.xml")
    }

    @Test("no byte of a file reaches the terminal unescaped, in any form")
    func hostileNames() throws {
        let forms = [
            Self.broken.text(TextStyle()), try Document.json(Self.broken.view),
            try Document.yaml(Self.broken.view),
            try Document.json(Self.broken.sarif), Self.broken.junit(strict: true).xml,
        ]
        for form in forms {
            #expect(form.contains("owned"))
            let dangerous = form.unicodeScalars.filter { scalar in
                scalar != "\n" && [.control, .format].contains(scalar.properties.generalCategory)
            }
            #expect(dangerous.isEmpty)
        }
    }

    @Test("the junit form is well-formed XML with a case per file")
    func junit() throws {
        let parser = XMLCounter(Self.broken.junit(strict: false).xml)
        #expect(parser.isWellFormed)
        #expect(parser.counts["testcase"] == Self.broken.world.files.count)
        #expect(parser.counts["failure"] == 5)
    }

    @Test("files without problems say what they hold")
    func good() {
        let report = ValidationReport(World.reading([Fixtures.example]))
        #expect(report.world.diagnostics.isEmpty)
        #expect(
            report.text(TextStyle()).hasSuffix(
                "no problems in 4 files: 4 policies, 2 namespaces, 3 pods, 1 service\n"))
    }

    @Test(
        "what policies do not depend on is left out without a problem; what is no object at all is mentioned")
    func unrelated() {
        let world = Fixtures.world("unrelated")
        #expect(world.diagnostics.map(\.severity) == [.warning])
        #expect(
            world.notes == [
                "left out, as policies do not depend on them: 1 Certificate, 1 ConfigMap, 1 Secret"
            ])
        #expect(ValidationReport(world).junit(strict: false).cases.allSatisfy { $0.result.isPass })
        #expect(ValidationReport(world).junit(strict: true).cases.contains { !$0.result.isPass })
    }

    @Test("a path that is not there is an error, and everything else is still checked")
    func missingPath() {
        let world = World.reading([Fixtures.folder + "nowhere.yaml", Fixtures.folder + "unrelated"])
        #expect(!world.isComplete)
        #expect(world.diagnostics.first?.message == "it cannot be read: No such file or directory")
        #expect(world.state.namespaces["shop"] != nil)
    }
}

extension JUnitReport.Case.Result {
    fileprivate var isPass: Bool { if case .passed = self { true } else { false } }
}
