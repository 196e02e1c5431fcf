// SPDX-License-Identifier: Apache-2.0

import KubernetesClient
import PolicyModel
import Testing

/// Text that must be refused with a message, quickly and without harm.
struct HostileText: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    let line: Int
    let message: String

    init(_ name: String, _ text: String, line: Int, says message: String) {
        self.init(name, bytes: Array(text.utf8), line: line, says: message)
    }

    init(_ name: String, bytes: [UInt8], line: Int, says message: String) {
        testDescription = name
        self.bytes = bytes
        self.line = line
        self.message = message
    }

    /// Nine levels, each nine times the one before: a thousand million values if anyone expanded them.
    static let laughs = (1...9).reduce("l0: &l0 [lol]\n") { text, level in
        let list = Array(repeating: "*l\(level - 1)", count: 9).joined(separator: ", ")
        return text + "l\(level): &l\(level) [\(list)]\n"
    }

    static let all = [
        HostileText("billion laughs", laughs, line: 6, says: "too many values"),
        HostileText("billion laughs as a key", laughs + "? *l9\n: x\n", line: 6, says: "too many values"),
        HostileText("an alias as a key", "a: &a [x]\n*a : b\n", line: 2, says: "a key must be plain text"),
        HostileText("a list as a key", "? [a, b]\n: c\n", line: 1, says: "a key must be plain text"),
        HostileText(
            "10 MB of text", "a: " + String(repeating: "x", count: 10_000_000), line: 1,
            says: "at most 1048576"),
        HostileText(
            "deep brackets", String(repeating: "[", count: 100_000), line: 1, says: "cannot be read"),
        HostileText(
            "100 levels of lists", String(repeating: "[", count: 100) + String(repeating: "]", count: 100),
            line: 1,
            says: "deeper than 64"),
        HostileText(
            "900 levels of blocks", (0..<900).map { String(repeating: " ", count: $0) + "a:\n" }.joined(),
            line: 66,
            says: "deeper than 64"),
        HostileText(
            "too many values", String(repeating: "- a\n", count: 150_000), line: 100_000,
            says: "too many values"),
        HostileText(
            "too many documents", String(repeating: "--- a\n", count: 2000), line: 1001,
            says: "more than 1000"),
        HostileText("a NUL byte", "a: b\nc: \0d\n", line: 2, says: "U+0 is not allowed"),
        HostileText("an escape character", "a: b\n# \u{1b}[31m\n", line: 2, says: "U+1B"),
        HostileText("a line break of YAML 1.1", "a: b\nc: d\u{2028}e: f\n", line: 2, says: "U+2028"),
        HostileText("a second byte order mark", "a: b\n\u{feff}c: d\n", line: 2, says: "U+FEFF"),
        HostileText(
            "invalid UTF-8", bytes: Array("a: b\nc: ".utf8) + [0xff, 0x0a], line: 2, says: "not UTF-8"),
        HostileText(
            "an overlong encoding", bytes: Array("a: ".utf8) + [0xc0, 0x80], line: 1, says: "not UTF-8"),
        HostileText("UTF-16", bytes: [0xff, 0xfe, 0x61, 0x00], line: 1, says: "UTF-16"),
        HostileText(
            "duplicate keys", "a:\n  b: 1\n  c: 2\n  b: 3\n", line: 4,
            says: "\"b\" is given twice in one object, first in line 2"),
        HostileText("duplicate keys in quotes", "a: 1\n\"a\": 2\n", line: 2, says: "twice"),
        HostileText("duplicate keys in braces", "x: {a: 1, a: 2}\n", line: 1, says: "twice"),
        HostileText("tabs", "a:\n\tb: c\n", line: 2, says: "cannot be read"),
        HostileText("a constructor tag", "a: !!python/object:os.system {x: y}\n", line: 1, says: "tag"),
        HostileText("a local tag", "a: !vault |\n  abc\n", line: 1, says: "tag \"!vault\""),
        HostileText("a merge key", "a: &a {b: c}\nd:\n  <<: *a\n", line: 3, says: "merge keys"),
        HostileText("an unknown anchor", "a: *b\n", line: 1, says: "no anchor '&b'"),
        HostileText("an anchor cycle", "a: &a\n  b: *a\n", line: 2, says: "no anchor '&a' before it"),
        HostileText("an alias with text", "a: &a x\nb: *a y\n", line: 2, says: "must be quoted"),
        HostileText("an open quote", "a: \"b\n", line: 1, says: "cannot be read"),
        HostileText("an open bracket", "a: [b\nc: d\n", line: 2, says: "cannot be read"),
        HostileText("a bad indent", "a:\n  b: c\n d: e\n", line: 3, says: "cannot be read"),
        HostileText("an unknown YAML version", "%YAML 3.0\n---\na: b\n", line: 1, says: "cannot be read"),
        HostileText("a document mark inside a string", "a: \"b\n---\nc\"\n", line: 1, says: "cannot be read"),
    ]
}

@Suite("Hostile text")
struct HostileYAMLTests {
    @Test(
        "is refused with its line and a reason, and soon", .timeLimit(.minutes(1)), arguments: HostileText.all
    )
    func isRefused(_ hostile: HostileText) {
        let failures = errors(hostile.bytes)
        #expect(
            failures.contains { $0.line == hostile.line && $0.message.contains(hostile.message) },
            "found: \(failures.prefix(3))")
    }

    @Test("advises spaces for tabs")
    func advisesSpaces() {
        #expect(errors(Array("a:\n\tb: c\n".utf8)).first?.suggestion.contains("spaces") == true)
    }

    @Test("nested keys in braces stay affordable", .timeLimit(.minutes(1)))
    func nestedKeys() {
        let levels = 60
        let list = String(repeating: "a,", count: 100_000)
        let text = String(repeating: "{", count: levels) + "[\(list)]" + String(repeating: "}", count: levels)
        #expect(!errors(Array(text.utf8)).isEmpty)
    }

    @Test("every truncation of a valid file is read or refused, never a crash")
    func truncations() {
        let bytes = Array((GoodManifests.everyKind + GoodManifests.clusterKinds).utf8)
        let outcomes = stride(from: 0, to: bytes.count, by: 11).map { length in
            ManifestParser().documents(in: Array(bytes[..<length])).reduce(0) { count, document in
                guard case .value(let value) = document else { return count + 1 }
                return count + ManifestDecoder(file: "a.yaml").decode(value).count
            }
        }
        #expect(outcomes.count > 100)
    }

    @Test("random damage is read or refused, never a crash", arguments: [1, 2, 3, 4] as [UInt64])
    func damage(seed: UInt64) {
        var generator = SeededGenerator(state: seed)
        let original = Array((GoodManifests.everyKind + GoodManifests.clusterKinds).utf8)
        let alphabet = Array("{}[]:,-?*&!|>'\"%@`#\n \t\0a1.~<=".utf8) + [0xff, 0xe2]
        let outcomes = (0..<150).map { _ in
            var bytes = original
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] =
                    alphabet.randomElement(using: &generator) ?? 0
            }
            var store = ManifestStore()
            return store.apply([.content(path: "a.yaml", bytes: bytes)]) != nil
        }
        #expect(outcomes.allSatisfy { $0 })
    }

    private func errors(_ bytes: [UInt8]) -> [ManifestSyntaxError] {
        ManifestParser().documents(in: bytes).compactMap {
            if case .failure(let error) = $0 { error } else { nil }
        }
    }
}

/// SplitMix64: the same numbers for the same seed on every machine.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
