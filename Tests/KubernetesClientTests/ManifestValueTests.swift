// SPDX-License-Identifier: Apache-2.0

import KubernetesClient
import Testing

@Suite("Values of a document")
struct ManifestValueTests {
    @Test(
        "unquoted text is resolved by the core schema of YAML 1.2",
        arguments: [
            ("6", .int(6)), ("-6", .int(-6)), ("+6", .int(6)), ("007", .int(7)), ("0x1F", .int(31)),
            ("0o17", .int(15)),
            ("1.5", .double(1.5)), (".5", .double(0.5)), ("1.", .double(1)), ("1e3", .double(1000)),
            ("-1.5E-1", .double(-0.15)), (".inf", .double(.infinity)), ("-.INF", .double(-.infinity)),
            ("99999999999999999999", .double(1e20)), ("~", .null), ("null", .null), ("", .null),
            ("true", .bool(true)),
            ("False", .bool(false)), ("yes", .string("yes")), ("on", .string("on")),
            ("1_000", .string("1_000")),
            ("9000:9200", .string("9000:9200")), ("10.0.0.0/8", .string("10.0.0.0/8")),
            ("1.2.3", .string("1.2.3")),
            ("0x", .string("0x")), ("1e", .string("1e")), (".", .string(".")), ("+", .string("+")),
            ("2024-01-02", .string("2024-01-02")), ("\"6\"", .string("6")), ("'true'", .string("true")),
            ("!!str 6", .string("6")), ("|\n  6", .string("6\n")), ("a *b c", .string("a *b c")),
        ] as [(String, ManifestValue.Content)])
    func resolves(_ text: String, _ content: ManifestValue.Content) throws {
        let documents = ManifestParser().documents(in: Array("key: \(text)\n".utf8))
        let found = documents.first?.value?.entry("key")?.value.content
        #expect(found == content)
    }

    @Test("aliases stand for their anchor's value")
    func expandsAliases() throws {
        let text = "a: &x {b: [1, \"*x\"]}\nc: *x\nd: |\n  use *x here\n"
        let value = try #require(ManifestParser().documents(in: Array(text.utf8)).first?.value)
        #expect(value["c"]?["b"]?.elements.first?.content == .int(1))
        #expect(value["c"]?["b"]?.elements.last?.content == .string("*x"))
        #expect(value["d"]?.content == .string("use *x here\n"))
    }

    @Test("a later anchor of the same name takes over")
    func shadowsAnchors() throws {
        let text = "a: &x 1\nb: *x\nc: &x 2\nd: *x\n"
        let value = try #require(ManifestParser().documents(in: Array(text.utf8)).first?.value)
        #expect(value["b"]?.content == .int(1))
        #expect(value["d"]?.content == .int(2))
    }

    @Test(
        "finds the place of a field path",
        arguments: [
            ("spec", 2, 1), ("spec.tier", 3, 9), ("spec.ingress", 4, 3),
            ("spec.ingress[1].source.nets[0]", 6, 28),
            ("spec.ingress[1].source.missing", 6, 12), ("spec.ingress[7]", 4, 3), ("labels[a.b/c]", 7, 17),
            ("", 2, 1),
            ("nothing.at.all", 2, 1),
        ])
    func findsPlaces(_ path: String, line: Int, column: Int) throws {
        let text = """
            # comment
            spec:
              tier: default
              ingress:
              - action: Deny
              - {a: 1, source: {nets: [10.0.0.0/8]}}
            labels: {a.b/c: d}
            """
        let value = try #require(ManifestParser().documents(in: Array(text.utf8)).first?.value)
        let place = value.location(ofField: path)
        #expect(place == (line, column))
    }

    @Test(
        "counts lines through every kind of line break and document mark",
        arguments: [
            ("a: 1\n---\nb: 2\n", [1, 3]), ("a: 1\r\n---\r\nb: 2\r\n", [1, 3]),
            ("\u{feff}a: 1\n---\nb: 2\n", [1, 3]),
            ("---\na: 1\n---\nb: 2\n", [2, 4]), ("# c\n\n---\n\na: 1\n...\n---\nb: 2\n", [5, 8]),
            ("%YAML 1.2\n---\na: 1\n...\n", [3]), ("a: 1\n---\n---\n# nothing\n---\nb: 2", [1, 6]), ("", []),
            ("---\n", []), ("# only a comment\n", []), ("a: |\n  text\n--- # mark\nb: 1\n", [1, 4]),
            ("a: 1\rb: 2\r", [1]),
            ("--- {a: 1}\n--- {b: 1}\n", [1, 2]), ("{\"a\": [1,\n2]}\n", [1]),
        ])
    func countsLines(_ text: String, _ lines: [Int]) {
        let values = ManifestParser().documents(in: Array(text.utf8)).map(\.value)
        #expect(values.allSatisfy { $0 != nil })
        #expect(values.map { $0?.line } == lines)
    }

    @Test("an error in one document leaves the others readable")
    func isolatesErrors() {
        let text = "a: 1\n---\nb: [\n---\nc: 3\n"
        let documents = ManifestParser().documents(in: Array(text.utf8))
        #expect(documents.map { $0.value?.line } == [1, nil, 5])
    }
}

extension ManifestDocument {
    var value: ManifestValue? {
        if case .value(let value) = self { value } else { nil }
    }
}
