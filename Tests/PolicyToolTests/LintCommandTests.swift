// SPDX-License-Identifier: Apache-2.0

import Foundation
import PolicyAnalysis
import PolicyEngine
import Testing

@testable import PolicyTool

@Suite("vibrissa policy lint")
struct LintCommandTests {
    private static func report(_ path: String) throws -> FindingsReport {
        let world = World.reading([path])
        return FindingsReport(
            findings: try PolicyLint(PolicySnapshot(world.state, generation: 1)).findings, world: world)
    }

    @Test("every form says the same")
    func forms() throws {
        let report = try Self.report(Fixtures.folder + "lint")
        try expectGolden(Fixtures.portable(report.text(TextStyle())), "lint.txt")
        try expectGolden(Fixtures.portable(try Document.json(report.view)), "lint.json")
        try expectGolden(Fixtures.portable(try Document.yaml(report.view)), "lint.yaml")
        try expectGolden(Fixtures.portable(try Document.json(report.sarif)), "lint.sarif")
        try expectGolden(Fixtures.portable(report.junit(strict: false).xml), "lint.junit.xml")
        #expect(XMLCounter(report.junit(strict: true).xml).isWellFormed)
    }

    @Test("policies without findings are said to be so")
    func nothing() throws {
        #expect(try Self.report(Fixtures.example).text(TextStyle()) == "no findings in 4 policies\n")
    }

    @Test("every lint is described under its anchor, and no other is")
    func documentation() throws {
        let page = Fixtures.repository.appending(path: "docs/reference/policy-lints.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let described = text.split(separator: "\n").filter { $0.hasPrefix("### ") }.map {
            String($0.dropFirst(4))
        }
        #expect(described == LintID.allCases.map(\.rawValue))
    }

    @Test(
        "exit statuses",
        arguments: [
            ([Fixtures.folder + "lint"], 1), ([Fixtures.example], 0), (["nowhere"], 65),
            (["--ignore", "nonsense"], 64),
            (
                [Fixtures.folder + "lint", "--strict"]
                    + LintID.allCases.flatMap { ["--ignore", $0.rawValue] }, 0
            ),
        ] as [([String], Int32)])
    func exitStatus(arguments: [String], status: Int32) throws {
        #expect(try CommandLineTests.run(["lint"] + arguments).status == status)
    }
}
