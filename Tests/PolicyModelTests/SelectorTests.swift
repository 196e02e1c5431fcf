// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel
import TestSupport
import Testing

@Suite("Selectors")
struct SelectorTests {
    @Test(
        "selectors print in canonical form",
        arguments: [
            ("", "all()"), ("  \t", "all()"), ("a=='b'", #"a == "b""#),
            ("a == 'b'&&c!='d'", #"(a == "b" && c != "d")"#),
            ("a == 'b' || c == 'd' && e == 'f'", #"(a == "b" || (c == "d" && e == "f"))"#),
            ("a in {'z','a','a'}", #"a in {"a", "z"}"#), ("a notin {'x'}", #"a not in {"x"}"#),
            ("a not   in {'x',}", #"a not in {"x"}"#), ("a in {}", "a in {}"),
            (#"a startswith '"'"#, #"a starts with '"'"#), ("a ends with ''", #"a ends with """#),
            ("!!!has(a)", "!has(a)"), ("!(!has(a))", "!!has(a)"), ("! (a == \"b\")", #"!a == "b""#),
            ("in in {'in'}", #"in in {"in"}"#), ("has == 'x'", #"has == "x""#), ("has( a )", "has(a)"),
            ("all( )", "all()"), ("global()", "global()"), ("a in{'x'}", #"a in {"x"}"#),
            ("a contains'b'", #"a contains "b""#), ("a.b/c-d_e == ''", #"a.b/c-d_e == """#),
            ("((a == 'b'))", #"a == "b""#), ("!a == 'b' && c == 'd'", #"(!a == "b" && c == "d")"#),
        ])
    func canonical(text: String, expected: String) throws {
        let selector = try Selector(parsing: text)
        #expect(selector.description == expected)
    }

    @Test(
        "what the grammar refuses is refused with a position",
        arguments: [
            ("b == b", 5), ("'x' == b", 0), ("b", 1), ("a b", 2), ("a = 'b'", 2), ("a & b", 2),
            (#"foo in """#, 7),
            ("a in {'b' 'c'}", 10), ("a in {,}", 6), ("has()", 4), ("has (a)", 4), ("(", 1), ("()", 1),
            ("!", 1),
            ("a == 'x", 5), ("has(foo) &&", 11), ("%", 0), ("a:b == 'c'", 1), ("a inx {'x'}", 2),
            ("a\n== 'b'", 1),
            ("all(x)", 4), ("a == 'b' c", 9), ("a == 'b')", 8), ("è == 'b'", 0),
        ])
    func refused(text: String, offset: Int) {
        do throws(SelectorSyntaxError) {
            let selector = try Selector(parsing: text)
            Issue.record("accepted as \(selector)")
        } catch {
            #expect(error.offset == offset, "\(error)")
        }
    }

    @Test("deep nesting and endless text are refused, not followed")
    func hostileText() {
        #expect(throws: SelectorSyntaxError.self) {
            try Selector(
                parsing: String(repeating: "(", count: 5000) + "has(a)" + String(repeating: ")", count: 5000))
        }
        #expect(throws: SelectorSyntaxError.self) {
            try Selector(parsing: String(repeating: "!(", count: 5000) + "has(a)")
        }
        #expect(throws: SelectorSyntaxError.self) {
            try Selector(parsing: "a == '" + String(repeating: "x", count: 20_000) + "'")
        }
    }

    static let labels: Labels = ["a": "b", "empty": "", "long": "prefix-middle-suffix"]

    @Test(
        "missing labels satisfy negative tests and no positive one",
        arguments: [
            ("a == 'b'", true), ("a == 'c'", false), ("x == 'b'", false), ("a != 'b'", false),
            ("a != 'c'", true),
            ("x != 'b'", true), ("a in {'b','c'}", true), ("a in {}", false), ("x in {'b'}", false),
            ("a not in {'b'}", false), ("x not in {'b'}", true), ("a not in {}", true), ("has(a)", true),
            ("has(empty)", true), ("has(x)", false), ("!has(x)", true), ("long contains 'middle'", true),
            ("long contains ''", true), ("x contains ''", false), ("long starts with 'prefix'", true),
            ("long ends with 'suffix'", true), ("long ends with 'prefix'", false),
            ("long starts with 'x'", false),
            ("all()", true), ("global()", true), ("", true), ("a == 'b' && has(x)", false),
            ("a == 'b' || has(x)", true), ("!(a == 'b' || has(x))", false), ("empty == ''", true),
        ])
    func matching(text: String, expected: Bool) throws {
        #expect(try Selector(parsing: text).matches(Self.labels) == expected)
    }

    @Test("canonical text parses back to the same meaning", arguments: 0..<200)
    func canonicalRoundTrip(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let selector = Selector(Self.randomNode(&random, depth: 3))
        let parsed = try Selector(parsing: selector.description)
        for _ in 0..<20 {
            let labels = Labels(
                ["a", "b", "c"].compactMap { key in
                    Bool.random(using: &random)
                        ? (key: key, value: ["", "x", "xy", "\"q"].randomElement(using: &random) ?? "") : nil
                })
            #expect(parsed.matches(labels) == selector.matches(labels), "seed \(seed): \(selector)")
        }
    }

    static func randomNode(_ random: inout SplitMix64, depth: Int) -> Selector.Node {
        let key = ["a", "b", "c"].randomElement(using: &random) ?? "a"
        let value = ["", "x", "xy", "\"q", "y z"].randomElement(using: &random) ?? ""
        switch Int.random(in: 0..<(depth > 0 ? 12 : 9), using: &random) {
        case 0: return .has(key)
        case 1: return .equals(key, value)
        case 2: return .notEquals(key, value)
        case 3: return .contains(key, value)
        case 4: return .startsWith(key, value)
        case 5: return .endsWith(key, value)
        case 6: return .isIn(key, ["", "x"])
        case 7: return .notIn(key, ["xy"])
        case 8: return .all
        case 9: return .not(randomNode(&random, depth: depth - 1))
        case 10: return .and((0..<2).map { _ in randomNode(&random, depth: depth - 1) })
        default: return .or((0..<3).map { _ in randomNode(&random, depth: depth - 1) })
        }
    }
}
