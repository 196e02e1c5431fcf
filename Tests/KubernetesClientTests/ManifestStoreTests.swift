// SPDX-License-Identifier: Apache-2.0

import KubernetesClient
import NetworkModel
import PolicyModel
import Testing

@Suite("Reloading manifests")
struct ManifestStoreTests {
    private var store = ManifestStore()

    private static func namespace(_ name: String, _ team: String) -> String {
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: \(name), labels: {team: \(team)}}\n"
    }

    private static func set(_ name: String, _ team: String) -> ClusterChange {
        .set(
            .namespace(
                NamespaceResource(
                    name: name, labels: ["kubernetes.io/metadata.name": name, "team": team])))
    }

    private static let broken = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {team: 5}}\n"

    private mutating func apply(_ path: String, _ documents: String...) -> ClusterUpdate? {
        store.apply([.content(path: path, bytes: Array(documents.joined(separator: "---\n").utf8))])
    }

    @Test("the first load leaves broken documents out and reports them")
    mutating func firstLoad() {
        let update = apply("x.yaml", Self.broken, Self.namespace("b", "one"))
        #expect(update?.changes == [Self.set("b", "one")])
        #expect(update?.diagnostics.map { $0.location?.line } == [3])
    }

    @Test("the first load of a file with a syntax error takes its readable documents")
    mutating func firstLoadWithSyntaxError() {
        let update = apply("x.yaml", Self.namespace("a", "one"), "b: [\n", Self.namespace("c", "one"))
        #expect(update?.changes == [Self.set("a", "one"), Self.set("c", "one")])
        #expect(update?.diagnostics.map(\.severity) == [.error])
    }

    @Test("an empty first load is an update, an unchanged second one is not")
    mutating func emptyLoad() {
        #expect(store.apply([])?.changes == [])
        #expect(store.apply([]) == nil)
        #expect(apply("x.yaml", "# nothing\n") == nil)
    }

    @Test("a broken document keeps its last good version, its neighbours change")
    mutating func keepsLastGood() {
        _ = apply("x.yaml", Self.namespace("a", "one"), Self.namespace("b", "one"))
        let update = apply("x.yaml", Self.broken, Self.namespace("b", "two"))
        #expect(update?.changes == [Self.set("b", "two")])
        #expect(update?.diagnostics.map(\.severity) == [.warning, .error])
        #expect(update?.diagnostics.first?.message.contains("last good version stays") == true)
        let mended = apply("x.yaml", Self.namespace("a", "three"), Self.namespace("b", "two"))
        #expect(mended?.changes == [Self.set("a", "three")])
        #expect(mended?.diagnostics == [])
    }

    @Test("a broken document twice in a row still keeps the last good version")
    mutating func keepsLastGoodTwice() {
        _ = apply("x.yaml", Self.namespace("a", "one"))
        _ = apply("x.yaml", Self.broken)
        #expect(apply("x.yaml", Self.broken, Self.namespace("b", "one"))?.changes == [Self.set("b", "one")])
        #expect(apply("x.yaml", Self.namespace("b", "one"))?.changes == [.remove(.namespace("a"))])
    }

    @Test("a syntax error freezes the whole file")
    mutating func syntaxErrorFreezes() {
        _ = apply("x.yaml", Self.namespace("a", "one"), Self.namespace("b", "one"))
        _ = apply("y.yaml", Self.namespace("y", "one"))
        let update = apply("x.yaml", Self.namespace("a", "two"), "b: [\n", Self.namespace("c", "one"))
        #expect(update?.changes == [])
        #expect(update?.diagnostics.first?.location == SourceLocation(file: "x.yaml", line: 5, column: 1))
        #expect(apply("y.yaml", Self.namespace("y", "two"))?.changes == [Self.set("y", "two")])
    }

    @Test("a document without a readable name lets nothing vanish")
    mutating func namelessKeepsAll() {
        _ = apply("x.yaml", Self.namespace("a", "one"), Self.namespace("b", "one"))
        let update = apply(
            "x.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {}\n", Self.namespace("b", "two"))
        #expect(update?.changes == [Self.set("b", "two")])
    }

    @Test("an unreadable file keeps what was in force")
    mutating func unreadableKeeps() {
        _ = apply("x.yaml", Self.namespace("a", "one"))
        let update = store.apply([.unreadable(path: "x.yaml", reason: "permission denied")])
        #expect(update?.changes == [])
        #expect(update?.diagnostics.map(\.message) == ["permission denied"])
    }

    @Test("a resource that is gone is removed, with its file or without")
    mutating func removes() {
        _ = apply("x.yaml", Self.namespace("a", "one"), Self.namespace("b", "one"))
        #expect(apply("x.yaml", Self.namespace("a", "one"))?.changes == [.remove(.namespace("b"))])
        #expect(store.apply([.removed(path: "x.yaml")])?.changes == [.remove(.namespace("a"))])
        #expect(store.paths == [])
    }

    @Test("a renamed file changes nothing for its resources, but a policy's origin follows")
    mutating func rename() throws {
        let policy =
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\n"
            + "spec: {podSelector: {}}\n"
        let text = Array((Self.namespace("a", "one") + "---\n" + policy).utf8)
        _ = store.apply([.content(path: "x.yaml", bytes: text)])
        let update = store.apply([.content(path: "y.yaml", bytes: text), .removed(path: "x.yaml")])
        let changes = try #require(update?.changes)
        #expect(changes.count == 1)
        guard case .set(.policy(let moved))? = changes.first else { return #expect(Bool(false)) }
        #expect(moved.origin == SourceLocation(file: "y.yaml", line: 5))
    }

    @Test("of two files with one resource the first by path wins, in whatever order they come")
    mutating func duplicates() {
        _ = apply("b.yaml", Self.namespace("a", "late"))
        let update = apply("a.yaml", Self.namespace("a", "early"))
        #expect(update?.changes == [Self.set("a", "early")])
        #expect(update?.diagnostics.map(\.location) == [SourceLocation(file: "b.yaml", line: 1)])
        #expect(update?.diagnostics.first?.message.contains("already defined at a.yaml:1") == true)
        let freed = store.apply([.removed(path: "a.yaml")])
        #expect(freed?.changes == [Self.set("a", "late")])
        #expect(freed?.diagnostics == [])
    }

    @Test("of two documents with one resource the first wins")
    mutating func duplicatesInOneFile() {
        let update = apply("a.yaml", Self.namespace("a", "one"), Self.namespace("a", "two"))
        #expect(update?.changes == [Self.set("a", "one")])
        #expect(update?.diagnostics.map { $0.location?.line } == [5])
    }

    @Test("the order in which files are read makes no difference", arguments: [1, 2, 3, 4, 5] as [UInt64])
    func orderIndependence(seed: UInt64) throws {
        var generator = SeededGenerator(state: seed)
        let inputs: [ManifestStore.Input] = (0..<12).map { index in
            let documents = (0..<3).map { _ in
                Bool.random(using: &generator)
                    ? Self.namespace("n\(Int.random(in: 0..<8, using: &generator))", "t\(index)")
                    : Self.broken
            }
            return .content(path: "f\(index).yaml", bytes: Array(documents.joined(separator: "---\n").utf8))
        }
        func outcome(_ inputs: [ManifestStore.Input]) -> (ClusterState, [Diagnostic]) {
            var store = ManifestStore()
            var state = ClusterState()
            var diagnostics: [Diagnostic] = []
            for input in inputs {
                guard let update = store.apply([input]) else { continue }
                state.apply(update.changes)
                diagnostics = update.diagnostics
            }
            return (state, diagnostics)
        }
        let expected = outcome(inputs)
        let shuffled = outcome(inputs.shuffled(using: &generator))
        #expect(expected == shuffled)
    }
}
