// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import Testing

@testable import FlowTool

@Suite("Tables and CSV of flows")
struct TableTests {
    private func table(
        _ flows: [FlowAggregate], width: Int?, _ format: FlowFormat = .table, isColored: Bool = false
    )
        -> String
    {
        FlowWriter.text(Flows.page(flows), format, style: TextStyle(isColored: isColored, width: width))
    }

    @Test("a table fits its terminal", arguments: [40, 60, 80, 100, 120, 160])
    func widths(width: Int) throws {
        let text = table(Flows.all, width: width)
        for line in text.split(separator: "\n") { #expect(ColumnText.width(String(line)) <= width) }
        try expectGolden(text, "list-\(width).txt")
    }

    @Test("without a terminal nothing is cut, and nothing is coloured")
    func pipe() throws {
        let text = table(Flows.all, width: nil)
        #expect(!text.contains("…"))
        try expectGolden(text, "list-pipe.txt")
        try expectGolden(table(Flows.all, width: nil, .wide), "list-wide.txt")
    }

    @Test("colours repeat what words say")
    func colors() throws {
        let text = table(Flows.all, width: 120, isColored: true)
        #expect(text.contains("\u{1b}[31mdeny\u{1b}[0m"))
        var plain = text
        for code in ["0", "1", "2", "31", "32"] {
            plain = plain.split(separator: "\u{1b}[\(code)m", omittingEmptySubsequences: false).joined()
        }
        #expect(plain == table(Flows.all, width: 120))
    }

    @Test("rows of a stream are as wide as the terminal whatever comes", arguments: [40, 80, 100, 200])
    func stream(width: Int) {
        let writer = FlowWriter(.table, style: TextStyle(width: width))
        for flow in Flows.all + [Flows.hostile] {
            let row = writer.row(flow, isLive: true)
            #expect(ColumnText.width(String(row.dropLast())) <= width)
            #expect(row.last == "\n")
        }
    }

    @Test(
        "hostile names stay on their line and move no cursor",
        arguments: [FlowFormat.table, .wide, .csv, .json, .jsonl])
    func hostile(format: FlowFormat) throws {
        let text = table([Flows.hostile], width: nil, format)
        for scalar in text.unicodeScalars where scalar != "\n" && scalar != "\r" {
            #expect(String(scalar).escapedForTest, "U+\(String(scalar.value, radix: 16))")
        }
        let lines = text.utf8.count { $0 == 0x0a }
        #expect(lines == (format == .json || format == .jsonl ? 1 : 2))
        try expectGolden(text, "hostile.\(format.rawValue)")
    }

    @Test("every cell of CSV is in quotes, and quotes are doubled")
    func csv() throws {
        #expect(CSVText.line(["a", "", "x,\"y\"", "l\nm"]) == "\"a\",\"\",\"x,\"\"y\"\"\",\"l\\u{a}m\"\r\n")
        try expectGolden(table(Flows.all, width: 40, .csv), "list.csv")
    }

    @Test("JSON is that of the HTTP API")
    func json() throws {
        try expectGolden(table(Flows.all, width: 40, .json), "list.json")
        try expectGolden(FlowWriter(.jsonl, style: TextStyle()).row(Flows.allowed, isLive: true), "row.jsonl")
    }

    @Test("nothing is no table")
    func empty() {
        #expect(table([], width: 80).isEmpty)
        #expect(
            table([], width: 80, .json) == "{\"total\":{\"totalPages\":1,\"totalResults\":0},\"items\":[]}\n")
        #expect(table([], width: 80, .jsonl).isEmpty)
    }

    @Test(
        "a text is cut in the middle, to a width in columns",
        arguments: [
            ("abcdef", 6, "abcdef"), ("abcdef", 5, "ab…ef"), ("abcdef", 4, "a…ef"), ("abcdef", 2, "…f"),
            ("abcdef", 1, "…"), ("abcdef", 0, ""), ("名前空間", 8, "名前空間"), ("名前空間", 7, "名…間"),
            ("名前空間", 4, "…間"), ("e\u{301}e\u{301}e\u{301}", 3, "e\u{301}e\u{301}e\u{301}"), ("", 3, ""),
        ])
    func cutting(text: String, width: Int, expected: String) {
        #expect(ColumnText.fitting(text, width) == expected)
        #expect(ColumnText.width(ColumnText.fitting(text, width)) <= max(0, width))
    }

    @Test("a cut text never is too wide, for random texts")
    func cuttingProperty() {
        var numbers = SeededNumbers(state: 7)
        let alphabet = Array("ab-名🙂é*".unicodeScalars) + ["\u{301}"]
        for _ in 0..<2_000 {
            var text = ""
            for _ in 0..<Int.random(in: 0...20, using: &numbers) {
                text.unicodeScalars.append(alphabet.randomElement(using: &numbers)!)
            }
            let width = Int.random(in: 0...20, using: &numbers)
            let cut = ColumnText.fitting(text, width)
            #expect(ColumnText.width(cut) <= width)
            #expect(ColumnText.width(text) > width || cut == text)
        }
    }

    @Test(
        "counts are short",
        arguments: [
            (0, "0", "0B"), (999, "999", "999B"), (1_000, "1.0k", "0.9KiB"), (1_024, "1.0k", "1.0KiB"),
            (1_999_999, "1.9M", "1.9MiB"), (12_345_678, "12M", "11MiB"), (UInt64.max, "18E", "15EiB"),
        ] as [(UInt64, String, String)])
    func quantities(value: UInt64, count: String, bytes: String) {
        #expect(Quantity.count(value) == count)
        #expect(Quantity.bytes(value) == bytes)
    }
}

extension String {
    /// Whether it is plain and printable.
    fileprivate var escapedForTest: Bool {
        unicodeScalars.allSatisfy {
            switch $0.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
                false
            default: true
            }
        }
    }
}
