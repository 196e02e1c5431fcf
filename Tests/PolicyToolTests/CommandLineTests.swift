// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("The command line, as a process")
struct CommandLineTests {
    /// The binary that was built with the tests.
    static var binary: URL {
        URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "vibrissa")
    }

    struct Run {
        let status: Int32
        let output: String
        let errors: String
    }

    static func run(
        _ arguments: [String], input: String = "", environment: [String: String] = [:]
    ) throws -> Run {
        try run(binary, ["policy"] + arguments, in: Fixtures.example, input: input, environment: environment)
    }

    /// A program with `vibrissa` in its path.
    static func run(
        _ program: URL, _ arguments: [String], in directory: String, input: String = "",
        environment: [String: String] = [:]
    ) throws -> Run {
        let folder = try TemporaryFolder(["in": input, "out": "", "err": ""])
        func handle(_ name: String) -> URL { URL(filePath: folder.path).appending(path: name) }
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: directory)
        var variables = ProcessInfo.processInfo.environment
        variables["PATH"] = binary.deletingLastPathComponent().path() + ":" + (variables["PATH"] ?? "")
        process.environment = variables.merging(environment) { $1 }
        process.standardInput = try FileHandle(forReadingFrom: handle("in"))
        process.standardOutput = try FileHandle(forWritingTo: handle("out"))
        process.standardError = try FileHandle(forWritingTo: handle("err"))
        try process.run()
        process.waitUntilExit()
        return Run(
            status: process.terminationStatus, output: try String(contentsOf: handle("out"), encoding: .utf8),
            errors: try String(contentsOf: handle("err"), encoding: .utf8))
    }

    static let broken = Fixtures.folder + "broken"

    @Test(
        "exit statuses are those that the help states",
        arguments: [
            (["validate"], 0), (["validate", broken], 1), (["validate", "nowhere"], 65),
            (["validate", "/dev/null"], 0),
            (["validate", Fixtures.folder + "broken/none"], 65), (["validate", "/proc/self/fdinfo"], 65),
            (["validate", "--foo"], 64),
            (["validate", Fixtures.folder + "unrelated"], 0),
            (["validate", "--strict", Fixtures.folder + "unrelated"], 1),
            (["validate", "-o", "tap"], 64), (["validate", "--pod-addresses", "10.0.0.0/30"], 64),
            (["test", "shop.test.yaml"], 0), (["test", Fixtures.folder + "failing.test.yaml"], 65),
            (["test"], 64),
            (["test", "nowhere"], 65), (["test", "manifests"], 65),
            (["matrix"], 0), (["matrix", "--from", "nowhere"], 64), (["matrix", "--from", "a/b/c"], 64),
            (["matrix", "--port", "x"], 64), (["matrix", "-f", "nowhere"], 65),
            (["matrix", "-f", "/dev/null"], 0),
            (["diff", ".", "."], 0), (["diff", "manifests", "manifests", "--new-staged"], 1),
            (["diff", "."], 64),
            (["diff", "-", "-"], 64), (["diff", ".", "nowhere"], 65), (["nonsense"], 64),
        ] as [([String], Int32)])
    func exitStatus(arguments: [String], status: Int32) throws {
        let run = try Self.run(arguments)
        #expect(run.status == status, "\(run.output)\(run.errors)")
        // Whoever refuses says why.
        if status >= 64 { #expect(!(run.errors + run.output).isEmpty) }
    }

    @Test("manifests and tests come from standard input, too")
    func standardInput() throws {
        let run = try Self.run(
            ["validate", "-"], input: "apiVersion: v1\nkind: Pod\nmetadata: {name: A}\nspec: {}\n")
        #expect(run.status == 1)
        #expect(run.output.hasPrefix("<stdin>:3:18: error: Pod default/A: metadata.name:"))
        let test = try Self.run(
            ["test", "-"], input: "world: manifests\ntests: [shop/cart -> shop/db:5432 allow]\n")
        #expect(test.status == 0)
        #expect(test.output.contains("ok 1 - shop/cart -> shop/db:5432 allow"))
    }

    @Test("the answer goes to standard output, and what is said about it to standard error")
    func streams() throws {
        let run = try Self.run(["matrix", "-o", "json"])
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(run.output.utf8)) }
        #expect(run.errors.contains("note: made one pod per workload"))
    }

    @Test("the answer comes before what is said of the world, and that documents are left out is part of it")
    func remarks() throws {
        let both = try Self.run(
            URL(filePath: "/bin/sh"),
            ["-c", "vibrissa policy explain -f manifests -f broken.yaml internet svc/shop/front 2>&1"],
            in: try TemporaryFolder([
                "broken.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: A}\n",
                "manifests/all.yaml": Self.manifests(),
            ]).path)
        let lines = both.output.split(separator: "\n")
        let answer = try #require(lines.firstIndex { $0.hasPrefix("Allowed: ") })
        let note = try #require(lines.firstIndex { $0.hasPrefix("note: made one pod per workload") })
        #expect(lines[0].hasPrefix("broken.yaml:3:18: error: "))
        #expect(answer < note)
        #expect(lines.last?.hasPrefix("note: 1 error in the manifests: what has one is left out") ?? false)
    }

    /// The example's manifests in one text.
    private static func manifests() throws -> String {
        try ["namespaces", "policies", "workloads"].map {
            try String(contentsOfFile: "\(Fixtures.example)manifests/\($0).yaml", encoding: .utf8)
        }.joined(separator: "\n---\n")
    }

    @Test("that there are no manifests is not called good news")
    func nothing() throws {
        let run = try Self.run(["validate", try TemporaryFolder().path])
        #expect(run.status == 65)
        #expect(!run.output.contains("no problems"))
        #expect(run.errors.contains("there are no manifests"))
    }

    @Test("there are colours only when they are asked for, as no terminal is there")
    func colors() throws {
        #expect(!(try Self.run(["validate", Self.broken]).output.contains("\u{1b}")))
        #expect(try Self.run(["validate", Self.broken, "--color", "always"]).output.contains("\u{1b}[31m"))
    }

    @Test("COLUMNS says how wide lines may be")
    func width() throws {
        let run = try Self.run(
            ["diff", "manifests", "manifests", "--new-staged"], environment: ["COLUMNS": "60"])
        let commands = run.output.split(separator: "\n").filter { $0.contains("check: ") }
        #expect(!commands.isEmpty)
        for line in run.output.split(separator: "\n") where !line.contains("check: ") {
            #expect(line.count <= 60)
        }
    }
}
