// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlowStore
import Foundation
import TestSupport
import Testing

@testable import FlowTool

/// Files below Fixtures/.
enum Fixtures {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/")
        .path()
}

@Suite("The commands of flows, as a process")
struct CommandLineTests {
    /// The binary that was built with the tests.
    private static let binary = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent()
        .appending(path: "vibrissa")

    struct Run {
        let status: Int32
        let output: String
        let errors: String
    }

    private static func run(
        _ arguments: [String], input: String = "", environment: [String: String] = [:], shell: String? = nil
    ) throws -> Run {
        let folder = try TemporaryFolder(["in": input, "out": "", "err": ""])
        func handle(_ name: String) -> URL { URL(filePath: folder.path).appending(path: name) }
        let process = Process()
        process.executableURL = shell == nil ? binary : URL(filePath: "/bin/sh")
        process.arguments = shell.map { ["-c", $0] } ?? ["flows"] + arguments
        var variables = ProcessInfo.processInfo.environment
        variables["PATH"] = binary.deletingLastPathComponent().path() + ":" + (variables["PATH"] ?? "")
        for name in ["COLUMNS", "NO_COLOR", FlowServerOptions.variable] { variables[name] = nil }
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

    private static let file = ["--from-file", Fixtures.folder + "emitter.jsonl"]

    @Test(
        "each command asks a file",
        arguments: [
            ("list.txt", ["list"]), ("list-wide.txt", ["list", "-o", "wide"]),
            ("list.csv", ["list", "-o", "csv"]),
            ("list.json", ["list", "-o", "json"]), ("list.jsonl", ["list", "-o", "jsonl"]),
            ("list-sorted.txt", ["list", "--sort", "dest-name", "--limit", "1"]),
            ("list-filtered.txt", ["list", "--pending", "--from", "shop/web"]),
            ("list-follow.txt", ["list", "-f", "--verdict", "deny"]),
            ("watch.txt", ["watch"]), ("watch.jsonl", ["watch", "-o", "jsonl"]),
            ("watch-one.csv", ["watch", "--count", "1", "-o", "csv"]),
            ("stats.txt", ["stats"]), ("stats-rules.txt", ["stats", "--by", "rule", "--measure", "bytes"]),
            ("stats-series.csv", ["stats", "--time-series", "-o", "csv"]),
            ("stats.json", ["stats", "-o", "json"]),
            ("stats-policy.txt", ["stats", "--policy", "data/allow-web", "--tier", "default"]),
            ("hints.txt", ["hints", "dest-name"]), ("hints.json", ["hints", "policy-kind", "-o", "json"]),
        ])
    func answers(golden: String, arguments: [String]) throws {
        let run = try Self.run(arguments + Self.file)
        #expect(run.status == 0, "\(run.errors)")
        try expectGolden(run.output, "command/\(golden)")
    }

    @Test(
        "exit statuses are those that the help states",
        arguments: [
            (["list"] + file, 0), (["list"], 1), (["watch"], 1), (["stats"], 1), (["hints", "dest-name"], 1),
            (["list", "--from-file", "nowhere"], 65), (["list", "--from-file", "/dev/null"], 65),
            (["list", "--from-file", "/"], 65), (["list", "--from-file", "a", "--server", "b"], 64),
            (["list", "--since", "10"] + file, 64), (["list", "--since", "now"] + file, 64),
            (["list", "--filter", "x y"] + file, 64), (["list", "--limit", "-1"] + file, 64),
            (["list", "--limit", "0", "--page", "1"] + file, 64),
            (["list", "-f", "--limit", "3"] + file, 64),
            (["list", "--since", "2020-01-01", "--until", "2020-01-01T00:00:01Z"] + file, 0),
            (["stats", "--since", "2020-01-01"] + file, 64), (["watch", "--count", "0"] + file, 64),
            (["hints"] + file, 64), (["hints", "nonsense"] + file, 64), (["list", "-o", "yaml"] + file, 64),
            (["nonsense"], 64),
        ] as [([String], Int32)])
    func exitStatus(arguments: [String], status: Int32) throws {
        let run = try Self.run(arguments)
        #expect(run.status == status, "\(run.output)\(run.errors)")
        if status != 0 { #expect(!run.errors.isEmpty) }
    }

    @Test("bad lines are reported on standard error with their place, and the answer is of the rest")
    func badLines() throws {
        let run = try Self.run(
            ["list", "--from-file", "-", "-o", "jsonl"], input: "x\n" + Flows.lines([Flows.denied]) + "{}\n")
        #expect(run.status == 0)
        #expect(run.output.split(separator: "\n").count == 1)
        #expect(
            run.errors.hasPrefix("<stdin>:1: error: column 1: no JSON value begins here\n<stdin>:3: error: "))
        #expect(run.errors.hasSuffix("note: <stdin>: 2 of its lines are no flows and were left out\n"))
    }

    @Test("what list writes, list reads")
    func again() throws {
        let first = try Self.run(["list", "-o", "jsonl"] + Self.file)
        let second = try Self.run(["list", "-o", "jsonl", "--from-file", "-"], input: first.output)
        #expect(first.output == second.output)
        #expect(second.errors.isEmpty)
    }

    @Test("a reader that goes away is no error")
    func brokenPipe() throws {
        let line = "\(Self.binary.path()) flows watch -o jsonl --from-file big.jsonl"
        // More than a pipe holds.
        let flows = (0..<300).map { place in
            var flow = Flows.denied
            flow.startSeconds += 15 * Int64(place)
            flow.endSeconds += 15 * Int64(place)
            return flow
        }
        let folder = try TemporaryFolder(["big.jsonl": Flows.lines(flows)])
        let run = try Self.run(
            [], shell: "cd \(folder.path); { \(line); echo $? >&2; } | head -n 0")
        #expect(run.errors == "0\n")
    }

    @Test("there are colours only when they are asked for, as no terminal is there")
    func colors() throws {
        #expect(!(try Self.run(["list"] + Self.file).output.contains("\u{1b}")))
        #expect(try Self.run(["list", "--color", "always"] + Self.file).output.contains("\u{1b}[31mdeny"))
    }

    @Test("COLUMNS says how wide lines may be")
    func width() throws {
        let run = try Self.run(["list"] + Self.file, environment: ["COLUMNS": "60"])
        #expect(run.output.split(separator: "\n").allSatisfy { $0.count <= 60 })
    }

    @Test("an address in the environment that is none is refused")
    func environment() throws {
        let run = try Self.run(["list"], environment: [FlowServerOptions.variable: "a:b:c"])
        #expect(run.status == 64)
        #expect(run.errors.contains("VIBRISSA_SERVER"))
    }

    @Test("the condition of the flags is shown without asking anyone")
    func printFilter() throws {
        let run = try Self.run(["list", "--verdict", "deny", "--print-filter"])
        #expect(run.status == 0)
        #expect(run.output == "action = deny\n")
    }

    @Test("a page says what is left")
    func page() throws {
        let run = try Self.run(["list", "--limit", "1"] + Self.file)
        #expect(
            run.errors == "note: 1 of 2 flows are shown: page 0 of 0 to 1; --page 1 the next, --limit 0 all\n"
        )
    }

    @Test("a server is asked through what the program provides, and is closed in the end")
    func connecting() async throws {
        let connecting = FakeConnecting()
        let command = try FlowsCommand.parseAsRoot(["hints", "dest-name", "--server", "h:1", "--insecure"])
        let hints = try #require(command as? HintsCommand)
        await FlowsCommand.$connecting.withValue(connecting) {
            await #expect(throws: (any Error).self) { try await hints.run() }
        }
        #expect(connecting.asked == ["h:1 insecure"])
        #expect(connecting.flows.isClosed)
    }
}
