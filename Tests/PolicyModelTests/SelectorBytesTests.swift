// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel
import Testing

/// Texts that Swift calls equal although their bytes differ (Unicode's canonical equivalence).
@Suite("Selectors compare bytes")
struct SelectorBytesTests {
    @Test(
        "a value that only looks the same is another one",
        arguments: [
            ("a == '\u{212a}'", false), ("a != '\u{212a}'", true), ("a in {'\u{212a}'}", false),
            ("a not in {'\u{212a}'}", true), ("a contains '\u{212a}'", false), ("a == 'K'", true),
            ("a in {'J', 'K'}", true), ("a not in {'J', 'K'}", false), ("b == 'e\u{301}'", false),
            ("b == '\u{e9}'", true),
        ])
    func matching(text: String, expected: Bool) throws {
        let labels: Labels = ["a": "K", "b": "\u{e9}"]
        #expect(try Selector(parsing: text).matches(labels) == expected)
    }

    @Test("a set keeps both spellings")
    func sets() throws {
        let selector = try Selector(parsing: "a in {'\u{e9}', 'e\u{301}', '\u{e9}'}")
        #expect(Array(selector.description.utf8) == Array("a in {\"e\u{301}\", \"\u{e9}\"}".utf8))
    }

    @Test(
        "selectors that differ in a byte are not equal",
        arguments: ["a == '?'", "a != '?'", "a in {'?'}", "!a ends with '?'", "has(b) && a starts with '?'"])
    func equality(pattern: String) throws {
        func selector(_ value: String) throws -> Selector {
            try Selector(
                parsing: String(pattern.split(separator: "?").joined(separator: value)))
        }
        #expect(try selector("K") != selector("\u{212a}"))
        #expect(try selector("\u{212a}") == selector("\u{212a}"))
        #expect(try selector("K") == selector("K"))
    }

    @Test("the canonical text of the deepest selector is accepted, one level more is refused")
    func depth() throws {
        func nested(_ groups: Int) -> String {
            let open = (1..<groups).map { $0.isMultiple(of: 2) ? "(has(a) && " : "(has(a) || " }.joined()
            return "has(a) && \(open)has(b)" + String(repeating: ")", count: groups - 1)
        }
        let deepest = try Selector(parsing: nested(Selector.maximumDepth - 1))
        #expect(try Selector(parsing: deepest.description) == deepest)
        #expect(throws: SelectorSyntaxError.self) { try Selector(parsing: nested(Selector.maximumDepth)) }
    }
}
