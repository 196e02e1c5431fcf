// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("The guide to policy tests in continuous integration")
struct GuideTests {
    private static func text(_ path: String) throws -> String {
        try String(contentsOf: Fixtures.repository.appending(path: path), encoding: .utf8)
    }

    /// Runs the job of the guide on a copy of the example.
    private static func job(
        _ arguments: [String] = [], replacing replacement: (String, String)? = nil
    ) throws -> (run: CommandLineTests.Run, report: String) {
        let folder = try TemporaryFolder()
        let copy = folder.path + "/policies"
        try FileManager.default.copyItem(atPath: String(Fixtures.example.dropLast()), toPath: copy)
        if let replacement {
            let file = copy + "/manifests/policies.yaml"
            let policies = try String(contentsOfFile: file, encoding: .utf8)
            #expect(policies.contains(replacement.0))
            try policies.replacing(replacement.0, with: replacement.1)
                .write(toFile: file, atomically: true, encoding: .utf8)
        }
        let run = try CommandLineTests.run(
            URL(filePath: copy + "/check-policies"), arguments, in: "/",
            environment: ["REPORTS": folder.path + "/reports"])
        let report = try? String(contentsOfFile: folder.path + "/reports/policy-tests.xml", encoding: .utf8)
        return (run, report ?? "")
    }

    @Test("its job passes on its example, and writes the report")
    func passes() throws {
        let (run, report) = try Self.job()
        #expect(run.status == 0, "\(run.output)\(run.errors)")
        #expect(run.output.contains("# 9 tests: 9 passed"))
        #expect(XMLCounter(report).counts["testcase"] == 9)
    }

    @Test("its job fails on a change that opens what must stay closed, and still writes the report")
    func fails() throws {
        let (run, report) = try Self.job(
            replacing: ("ports: [{port: 5432}]", "ports: [{port: 5432}, {port: 9187}]"))
        #expect(run.status == 1)
        #expect(run.output.contains("not ok 5 - shop/cart -> shop/db:9187 deny"))
        #expect(XMLCounter(report).counts["failure"] == 1)
    }

    @Test("its job says what a change opens without failing for that")
    func difference() throws {
        let base = Fixtures.example + "manifests"
        #expect(try Self.job([base]).run.output.contains("No difference: every connection"))
        let changed = try Self.job(
            [base], replacing: ("ports: [{port: http}]", "ports: [{port: http}, {port: 9999}]"))
        #expect(changed.run.output.contains("opens tcp/9999"))
    }

    @Test("what it shows of files is in the files")
    func excerpts() throws {
        let guide = try Self.text("docs/guides/policy-tests-in-ci.md")
        for (language, file) in [("sh", "check-policies"), ("yaml\nworld", "shop.test.yaml")] {
            let block = try #require(guide.split(separator: "```\(language)").dropFirst().first)
            let lines = (block.split(separator: "```").first ?? "").split(separator: "\n")
            let source = try Self.text("docs/examples/policy-tests/\(file)").split(separator: "\n")
            for line in lines.dropFirst(language.contains("world") ? 1 : 0) {
                #expect(source.contains(line), "\(line)")
            }
        }
    }
}
