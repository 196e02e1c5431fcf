// SPDX-License-Identifier: Apache-2.0

import KubernetesClient
import PolicyModel
import Testing

/// Well-formed documents of every kind in which values were swapped for others: what a text editor, a template or an
/// attacker makes of a manifest.
@Suite("Documents with swapped values")
struct DamagedManifestTests {
    private static let documents = ManifestParser()
        .documents(
            in: Array(
                (GoodManifests.everyKind + GoodManifests.clusterKinds + "---\n" + GoodManifests.retired).utf8)
        )
        .compactMap { document -> ManifestValue? in
            if case .value(let value) = document { value } else { nil }
        }

    private static let replacements: [ManifestValue.Content] = [
        .null, .bool(true), .int(0), .int(-1), .int(.max), .int(70000), .double(.infinity), .double(.nan),
        .double(-1e308), .string(""), .string("global()"), .string("a == 'b' &&"), .string("0.0.0.0/0"),
        .string("::/129"), .string("65535:1"), .string("{\"name\": "), .string("\u{1b}[2J\u{202e}"),
        .string(String(repeating: "x", count: 5000)), .array([]), .object([]),
        .array([ManifestValue(.null, line: 1, column: 1)]),
        .object([
            .init(key: "a b\u{7}", line: 1, column: 1, value: ManifestValue(.int(1), line: 1, column: 1))
        ]),
    ]

    @Test(
        "are read or refused with a reason at a line, never a crash",
        arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func swapped(seed: UInt64) {
        var generator = SeededGenerator(state: seed)
        let decoder = ManifestDecoder(file: "a.yaml")
        var decoded: [DecodedManifest] = []
        for _ in 0..<1500 {
            guard var document = Self.documents.randomElement(using: &generator) else { continue }
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                document = Self.damaged(document, &generator)
            }
            decoded += decoder.decode(document)
        }
        #expect(decoded.count >= 1500)
        #expect(decoded.allSatisfy { $0.resource != nil || !$0.diagnostics.isEmpty })
        #expect(decoded.allSatisfy { !$0.isBroken || $0.resource == nil })
        let problems = decoded.flatMap(\.diagnostics)
        #expect(problems.contains { $0.severity == .error })
        #expect(problems.allSatisfy { ($0.location?.line ?? 0) > 0 })
        #expect(
            problems.allSatisfy { problem in
                problem.description.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202e }
            })
    }

    @Test("a field that no kind knows is an error at its key wherever a specification puts it")
    func unknownFields() {
        let decoder = ManifestDecoder(file: "a.yaml")
        let lax = ["v1", "discovery.k8s.io/v1"]
        let strict = Self.documents.filter { !lax.contains($0["apiVersion"]?.string ?? "") }
        let silent = strict.filter { document in
            let problems = decoder.decode(Self.withUnknownFields(document)).flatMap(\.diagnostics)
            return !problems.contains {
                $0.field == "spec.zzz" && $0.severity == .error && $0.message.contains("not known here")
            }
        }
        #expect(strict.count > 15)
        #expect(silent.map { $0["kind"]?.text } == [])
    }

    /// The document with one value, chosen at random, replaced, removed or doubled.
    private static func damaged(
        _ value: ManifestValue, _ generator: inout SeededGenerator
    ) -> ManifestValue {
        let stops = Int.random(in: 0..<6, using: &generator) == 0
        switch value.content {
        case .object(var entries) where !entries.isEmpty && !stops:
            let index = Int.random(in: entries.indices, using: &generator)
            let entry = entries[index]
            // Without a kind nothing would be tried.
            guard entry.key != "kind", entry.key != "apiVersion" else { return value }
            entries[index] = .init(
                key: entry.key, line: entry.line, column: entry.column,
                value: damaged(entry.value, &generator))
            if Int.random(in: 0..<20, using: &generator) == 0 { entries.remove(at: index) }
            return ManifestValue(.object(entries), line: value.line, column: value.column)
        case .array(var elements) where !elements.isEmpty && !stops:
            let index = Int.random(in: elements.indices, using: &generator)
            elements[index] = damaged(elements[index], &generator)
            if Int.random(in: 0..<8, using: &generator) == 0 { elements.append(elements[index]) }
            return ManifestValue(.array(elements), line: value.line, column: value.column)
        default:
            let content = replacements.randomElement(using: &generator) ?? .null
            return ManifestValue(content, line: value.line, column: value.column, text: "?")
        }
    }

    /// The document with a field `zzz` in its specification.
    private static func withUnknownFields(_ document: ManifestValue) -> ManifestValue {
        guard case .object(let entries) = document.content else { return document }
        let extra = ManifestValue.Entry(
            key: "zzz", line: 99, column: 1, value: ManifestValue(.int(1), line: 99, column: 1))
        let changed = entries.map { entry in
            guard entry.key == "spec", case .object(let inner) = entry.value.content else { return entry }
            return .init(
                key: entry.key, line: entry.line, column: entry.column,
                value: ManifestValue(
                    .object(inner + [extra]), line: entry.value.line, column: entry.value.column))
        }
        return ManifestValue(.object(changed), line: document.line, column: document.column)
    }
}
