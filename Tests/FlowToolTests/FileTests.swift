// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel
import Testing

@testable import FlowTool

@Suite("Files of flows")
struct FileTests {
    private func flows(_ file: FlowFile) async throws -> [FlowAggregate] {
        let flows = try #require(FileFlows(file))
        return try await flows.list(FlowListQuery()).items
    }

    @Test("what is written is read again", arguments: [1, 7, 4_096])
    func roundTrip(pieces: Int) async throws {
        let file = try FlowFile.of(Flows.lines(Flows.all), pieces: pieces)
        #expect(file.badLines == 0)
        var read = file.flows.map(\.flow)
        for place in read.indices { read[place].id = Flows.all[place].id }
        #expect(read == Flows.all)
        // And through a store: newest first, numbered in the order of time.
        let listed = try await flows(file).sorted { $0.id < $1.id }
        #expect(listed == Flows.all)
    }

    @Test("what is written is read again, for random flows with hostile names")
    func roundTripProperty() throws {
        var numbers = SeededNumbers(state: 3)
        for _ in 0..<500 {
            let flow = RandomFlow.make(&numbers)
            let file = try FlowFile.of(Flows.lines([flow]))
            #expect(file.reports.isEmpty)
            #expect(file.flows.map(\.flow) == [flow])
            #expect(file.flows.first?.rowID == nil)
        }
    }

    @Test("the form of Goldmane's emitter is read: enums as numbers, what is empty left out")
    func emitter() throws {
        let file = try FlowFile.reading(Fixtures.folder + "emitter.jsonl")
        #expect(file.badLines == 0)
        let first = try #require(file.flows.first).flow
        #expect(first.key.source == FlowEndpoint(type: .workload, name: "web-6f9c-*", namespace: "shop"))
        #expect(first.key.reporter == .destination)
        #expect(first.key.trace.pending.first?.kind == .stagedNetworkPolicy)
        #expect(first.counters.connectionsStarted == 12)
        #expect(first.sourceLabels == ["app=web", "tier=front"])
        #expect((first.startSeconds, first.endSeconds) == (t0, t0 + 300))
        let second = try #require(file.flows.last).flow
        #expect(second.key.trace.enforced.first?.trigger?.name == "default-deny")
        #expect(second.key.trace.enforced.first?.ruleIndex == -1)
        #expect(second.counters.packetsOut == 0)
    }

    @Test("a row that comes again replaces itself, and is not added up")
    func rows() async throws {
        let writer = FlowWriter(.jsonl, style: TextStyle())
        var later = Flows.denied
        later.counters.packetsIn = 9
        var restarted = Flows.pinged
        restarted.id = Flows.denied.id
        let file = try FlowFile.of(
            writer.row(Flows.denied, isLive: true) + writer.row(later, isLive: false)
                + writer.row(restarted, isLive: true))
        #expect(file.replacedLines == 1)
        #expect(try await flows(file).map(\.counters.packetsIn).sorted() == [9, 1_200_000])
        // Without an id, lines add up.
        let sums = try FlowFile.of(Flows.lines([Flows.denied, later]))
        #expect(try await flows(sums).map(\.counters.packetsIn) == [12])
    }

    @Test("bad lines are counted and named, the first of them one by one, and the rest is used")
    func badLines() throws {
        let bad = (1...25).map { _ in "{\"start_time\":1}\n" }.joined()
        let file = try FlowFile.of(
            "\n  \n" + Flows.lines([Flows.denied]) + bad + Flows.lines([Flows.allowed]))
        #expect(file.flows.count == 2)
        #expect(file.badLines == 25)
        #expect(file.reports.count == FlowFile.maximumReports)
        #expect(file.reports.first?.line == 4)
        let text = file.problems("f.jsonl")
        #expect(text.hasPrefix("f.jsonl:4: error: it has neither source_name and dest_name nor Key"))
        #expect(
            text.hasSuffix(
                "note: f.jsonl: 25 of its lines are no flows and were left out, "
                    + "of which the first 10 are shown\n"
            ))
    }

    @Test("a line that is too long is passed over", arguments: [1 << 12, 1 << 18])
    func longLine(pieces: Int) throws {
        let long = Array(repeating: UInt8(ascii: " "), count: LineReader.maximumLine + 1)
        let file = try FlowFile.of(
            long + [0x0a] + Array(Flows.lines([Flows.denied]).utf8) + long, pieces: pieces)
        #expect(file.flows.count == 1)
        #expect(file.reports.map(\.line) == [1, 3])
    }

    @Test(
        "a line that is no flow says why",
        arguments: [
            ("[]", "this is no JSON object"), ("{\"items\":[]}", "whole list"),
            ("{", "column 2: a member's name"),
            ("{\"Key\":{}}", "start_time is missing"), ("{\"Key\":3}", "Key is not an object"),
            ("{\"Key\":{},\"start_time\":5,\"end_time\":5}", "end_time is not after"),
            ("{\"Key\":{},\"start_time\":\"x\"}", "start_time is no time"),
            ("{\"Key\":{},\"start_time\":-1}", "start_time is no time"),
            ("{\"Key\":{\"reporter\":9},\"start_time\":5}", "reporter is none of Src, Dst"),
            ("{\"Key\":{\"source_name\":3},\"start_time\":5}", "source_name is not a text"),
            ("{\"Key\":{},\"start_time\":5,\"packets_in\":-1}", "packets_in is not a count"),
            ("{\"Key\":{},\"start_time\":5,\"packets_in\":1.5}", "packets_in is not a count"),
            (
                "{\"Key\":{\"dest_port\":9223372036854775808},\"start_time\":5}",
                "dest_port is not a whole number"
            ),
            (
                "{\"Key\":{\"policies\":{\"enforced_policies\":[3]}},\"start_time\":5}",
                "enforced_policies holds"
            ),
            ("{\"Key\":{},\"start_time\":5,\"source_labels\":3}", "source_labels is neither"),
            ("{\"Key\":{},\"start_time\":5,\"addresses\":[{\"source\":\"x\"}]}", "addresses holds a pair"),
        ])
    func problems(line: String, reason: String) throws {
        let file = try FlowFile.of(line)
        #expect(file.flows.isEmpty)
        #expect(file.reports.first?.reason.contains(reason) ?? false, "\(file.reports)")
    }

    @Test("every truncation and many mutations of a line are read or refused")
    func mutations() throws {
        let line = Array(Flows.lines([Flows.hostile]).utf8.dropLast())
        for length in 1..<line.count { #expect(try FlowFile.of(Array(line.prefix(length))).badLines == 1) }
        var numbers = SeededNumbers(state: 5)
        for _ in 0..<2_000 {
            var bytes = line
            for _ in 0..<Int.random(in: 1...4, using: &numbers) {
                bytes[Int.random(in: 0..<bytes.count, using: &numbers)] = UInt8.random(
                    in: 0...255, using: &numbers)
            }
            let file = try FlowFile.of(bytes)
            #expect(file.flows.count + file.badLines >= 1)
            if !file.flows.isEmpty { _ = FileFlows(file) }
        }
    }

    @Test("windows are as wide as the file's times allow, and what does not fit is counted")
    func windows() throws {
        func remarks(_ spans: [(Int64, Int64)]) throws -> FileFlows.Remarks {
            var flow = Flows.denied
            let lines = spans.map { start, end in
                flow.startSeconds = start
                flow.endSeconds = end
                return Flows.lines([flow])
            }
            return try #require(FileFlows(try FlowFile.of(lines.joined()))).remarks
        }
        #expect(try remarks([(t0, t0 + 15)]) == .init(windowSeconds: 15))
        #expect(try remarks([(t0, t0 + 10)]) == .init(windowSeconds: 5))
        #expect(try remarks([(t0 + 7, t0 + 8)]) == .init(windowSeconds: 1))
        #expect(
            try remarks([(t0 - 86_400 * 30, t0 - 86_400 * 30 + 15), (t0, t0 + 15)])
                == .init(windowSeconds: 60, isCoarse: true))
        #expect(
            try remarks([(0, 15), (t0, t0 + 15)]) == .init(windowSeconds: 3_600, isCoarse: true, tooOld: 1))
        #expect(try remarks([(0, 8_999_999_999)]).tooOld == 1)
    }

    @Test("a file without flows is none")
    func empty() throws { #expect(FileFlows(try FlowFile.of("\n\n")) == nil) }

    @Test("windows are replayed oldest first, and the filter and the start hold")
    func replay() async throws {
        let flows = try #require(FileFlows(try FlowFile.of(Flows.lines(Flows.all))))
        func names(_ start: Int64, _ filter: FlowExpression) async throws -> [String] {
            var names: [String] = []
            for try await window in try await flows.windows(startTimeGTE: start, filter: filter) {
                names += window.flows.map { "\(window.startSeconds - t0) \($0.key.action.name)" }.sorted()
            }
            return names
        }
        #expect(try await names(0, .always) == ["0 Allow", "15 Allow", "15 Deny"])
        #expect(try await names(0, .action(.deny)) == ["15 Deny"])
        #expect(try await names(t0 + 15, .always) == ["15 Allow", "15 Deny"])
        #expect(try await names(-15, .always).isEmpty)
    }
}

@Suite("JSON values")
struct JSONTests {
    private func parse(_ text: String) throws -> JSONValue { try JSONParser.parse(Array(text.utf8)[...]) }

    @Test(
        "values are read",
        arguments: [
            ("null", .null), (" true ", .bool(true)), ("false", .bool(false)),
            ("0", .integer(magnitude: 0, isNegative: false)),
            ("-0", .integer(magnitude: 0, isNegative: false)),
            ("-12", .integer(magnitude: 12, isNegative: true)),
            ("18446744073709551615", .integer(magnitude: .max, isNegative: false)),
            ("18446744073709551616", .fraction),
            ("1.5", .fraction), ("1e9", .fraction), ("1E-9", .fraction), ("\"\"", .string("")),
            ("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude42\"", .string("a\"\\/\u{8}\u{c}\n\r\té🙂")),
            ("[]", .array([])),
            (
                "[1, [2]]",
                .array([
                    .integer(magnitude: 1, isNegative: false),
                    .array([.integer(magnitude: 2, isNegative: false)]),
                ])
            ),
            ("{}", .object([:])), ("{\"a\" : null}", .object(["a": .null])),
        ] as [(String, JSONValue)])
    func reads(text: String, expected: JSONValue) throws { #expect(try parse(text) == expected) }

    @Test(
        "what is no JSON is refused",
        arguments: [
            "", " ", "nul", "truex", "01", "-", "1.", ".5", "1e", "+1", "NaN", "\"", "\"\\x\"", "\"\\u12\"",
            "\"\\ud83d\"", "\"\\ude42\"", "\"\\ud83d\\u0041\"", "\"\t\"", "[1 2]", "[1,]", "[", "{\"a\"}",
            "{\"a\":1,}",
            "{a:1}", "{\"a\":1 \"b\":2}", "{\"a\":1,\"a\":2}", "1 2", "'a'",
        ])
    func refuses(text: String) { #expect(throws: JSONProblem.self) { try parse(text) } }

    @Test("bytes that are no UTF-8 are refused")
    func encoding() {
        #expect(throws: JSONProblem.self) { try JSONParser.parse([0x22, 0xff, 0x22]) }
        #expect(throws: JSONProblem.self) { try JSONParser.parse([0x22, 0xed, 0xa0, 0x80, 0x22]) }
    }

    @Test("depth and number of values are bounded")
    func bounds() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(throws: Never.self) { try parse(nested(JSONParser.maximumDepth + 1)) }
        #expect(throws: JSONProblem.self) { try parse(nested(JSONParser.maximumDepth + 2)) }
        #expect(throws: JSONProblem.self) { try parse(String(repeating: "[", count: 500_000)) }
        #expect(throws: JSONProblem.self) {
            try parse("[" + String(repeating: "1,", count: JSONParser.maximumValues) + "1]")
        }
    }

    @Test("what is written is read again, for random texts")
    func strings() throws {
        var numbers = SeededNumbers(state: 1)
        for _ in 0..<2_000 {
            let text = RandomFlow.text(&numbers)
            var json = JSONWriter()
            json.string(text)
            #expect(try parse(json.text) == .string(text))
            #expect(json.text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f })
        }
    }
}
