// SPDX-License-Identifier: Apache-2.0

import Foundation
import NetworkModel
import PolicyModel
import Testing

@testable import KubernetesClient

@Suite("A watched directory", .timeLimit(.minutes(1)))
struct ManifestDirectoryTests {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    private static func namespace(_ name: String, _ team: String = "x") -> String {
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: \(name), labels: {team: \(team)}}\n"
    }

    private static func set(_ name: String, _ team: String = "x") -> ClusterChange {
        .set(
            .namespace(
                NamespaceResource(
                    name: name, labels: ["kubernetes.io/metadata.name": name, "team": team])))
    }

    @Test("is read whole: every manifest, no hidden files, no copies of editors, no links out")
    func loads() throws {
        let outside = try ScratchDirectory()
        try outside.write("secret.yaml", Self.namespace("secret"))
        try scratch.write("b.yaml", Self.namespace("b"))
        try scratch.write("a.yml", Self.namespace("a"))
        try scratch.write(
            "deep/er/c.json", #"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "c"}}"#)
        try scratch.write(".hidden.yaml", Self.namespace("d"))
        try scratch.write(".git/e.yaml", Self.namespace("e"))
        try scratch.write("f.yaml~", Self.namespace("f"))
        try scratch.write("~g.yaml", Self.namespace("g"))
        try scratch.write("notes.txt", "no manifest")
        try scratch.link("linked.yaml", to: outside.path + "/secret.yaml")
        try scratch.write("..data/h.yaml", Self.namespace("h"))
        try scratch.link("h.yaml", to: "..data/h.yaml")
        let update = ManifestDirectory(path: scratch.path).load()
        #expect(
            update.changes == [
                Self.set("a"), Self.set("b"),
                .set(.namespace(NamespaceResource(name: "c", labels: ["kubernetes.io/metadata.name": "c"]))),
                Self.set("h"),
            ])
        #expect(update.diagnostics.map(\.location?.file) == ["linked.yaml"])
    }

    @Test("a file that is too large is reported, not read")
    func largeFile() throws {
        try scratch.write("a.yaml", String(repeating: "#", count: 2_000_000))
        let update = ManifestDirectory(path: scratch.path).load()
        #expect(update.diagnostics.map(\.message).first?.contains("more than 1048576 bytes") == true)
    }

    @Test("a missing directory is reported")
    func missing() {
        let update = ManifestDirectory(path: scratch.path + "/nothing").load()
        #expect(update.changes.isEmpty)
        #expect(update.diagnostics.map(\.severity) == [.error])
    }

    @Test("edits, new files, new directories, renames and removals arrive", arguments: [true, false])
    func follows(usesEvents: Bool) async throws {
        try scratch.write("a.yaml", Self.namespace("a", "one"))
        var updates = ManifestDirectory(path: scratch.path, usesEvents: usesEvents).updates()
            .makeAsyncIterator()
        let first = await updates.next()
        #expect(first?.changes == [Self.set("a", "one")])
        #expect(first?.diagnostics.isEmpty == usesEvents)

        try scratch.write("a.yaml", Self.namespace("a", "two"))
        #expect(await updates.next()?.changes == [Self.set("a", "two")])

        try scratch.write("new/deep/b.yaml", Self.namespace("b"))
        #expect(await updates.next()?.changes == [Self.set("b")])

        try scratch.write("new/deep/b.yaml", Self.namespace("b", "two"))
        #expect(await updates.next()?.changes == [Self.set("b", "two")])

        try scratch.rename("new", to: "old")
        try scratch.write("c.yaml", Self.namespace("c"))
        #expect(await updates.next()?.changes == [Self.set("c")])

        try scratch.remove("old")
        #expect(await updates.next()?.changes == [.remove(.namespace("b"))])
    }

    @Test("a file that is being rewritten counts when its writer closes it")
    func slowWriter() async throws {
        try scratch.write("a.yaml", Self.namespace("a", "one"))
        try scratch.write("z.yaml", Self.namespace("z", "one"))
        var updates = ManifestDirectory(path: scratch.path).updates().makeAsyncIterator()
        _ = await updates.next()
        let writer = try #require(fopen("\(scratch.path)/a.yaml", "w"))
        fputs("# half of it\n", writer)
        fflush(writer)
        try scratch.write("z.yaml", Self.namespace("z", "two"))
        #expect(await updates.next()?.changes == [Self.set("z", "two")])
        fputs(Self.namespace("a", "two"), writer)
        fclose(writer)
        #expect(await updates.next()?.changes == [Self.set("a", "two")])
    }

    @Test("a file that is emptied is given a second to be written again", arguments: [true, false])
    func emptiedFile(usesEvents: Bool) async throws {
        try scratch.write("a.yaml", Self.namespace("a", "one"))
        try scratch.write("z.yaml", Self.namespace("z", "one"))
        var updates = ManifestDirectory(path: scratch.path, usesEvents: usesEvents).updates()
            .makeAsyncIterator()
        _ = await updates.next()
        let start = ContinuousClock.now
        try scratch.write("a.yaml", "")
        #expect(await updates.next()?.changes == [.remove(.namespace("a"))])
        #expect(ContinuousClock.now - start > .milliseconds(900))
    }

    @Test("an atomically replaced directory of a mounted ConfigMap is followed")
    func configMap() async throws {
        try scratch.write("..1/a.yaml", Self.namespace("a", "one"))
        try scratch.link("..data", to: "..1")
        try scratch.link("a.yaml", to: "..data/a.yaml")
        var updates = ManifestDirectory(path: scratch.path).updates().makeAsyncIterator()
        #expect(await updates.next()?.changes == [Self.set("a", "one")])
        try scratch.write("..2/a.yaml", Self.namespace("a", "two"))
        try scratch.link("..tmp", to: "..2")
        try scratch.rename("..tmp", to: "..data")
        #expect(await updates.next()?.changes == [Self.set("a", "two")])
    }

    @Test("a directory that goes away keeps everything in force, and is followed when it comes back")
    func rootVanishes() async throws {
        try scratch.write("root/a.yaml", Self.namespace("a", "one"))
        var updates = ManifestDirectory(path: scratch.path + "/root").updates().makeAsyncIterator()
        #expect(await updates.next()?.changes == [Self.set("a", "one")])
        try scratch.rename("root", to: "away")
        let gone = await updates.next()
        #expect(gone?.changes == [])
        #expect(gone?.diagnostics.map(\.severity) == [.error])
        try scratch.write("away/a.yaml", Self.namespace("a", "two"))
        try scratch.rename("away", to: "root")
        let back = await updates.next()
        #expect(back?.diagnostics == [])
    }

    @Test("the stream ends when its task is cancelled")
    func cancellation() async throws {
        let updates = ManifestDirectory(path: scratch.path).updates()
        let (started, start) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            var count = 0
            for await _ in updates {
                count += 1
                start.yield()
            }
            return count
        }
        for await _ in started { break }
        task.cancel()
        #expect(await task.value == 1)
    }

    @Test("unread updates merge: the later change of a resource replaces the earlier")
    func merging() async {
        let mailbox = UpdateMailbox()
        let first = Diagnostic(.error, message: "first")
        let second = Diagnostic(.error, message: "second")
        mailbox.put(ClusterUpdate(changes: [Self.set("a", "one"), Self.set("b")], diagnostics: [first]))
        mailbox.put(ClusterUpdate(changes: [.remove(.namespace("a"))], diagnostics: [second]))
        let update = await mailbox.next()
        #expect(update?.changes == [Self.set("b"), .remove(.namespace("a"))])
        #expect(update?.diagnostics == [second])
        mailbox.close()
        #expect(await mailbox.next() == nil)
    }
}

/// A directory that is removed with its last use.
final class ScratchDirectory: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/manifests-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: "\(path)/\(name)", withDestinationPath: target)
    }

    /// rename(2): replaces the target.
    func rename(_ name: String, to target: String) throws {
        guard Foundation.rename("\(path)/\(name)", "\(path)/\(target)") == 0 else {
            throw CocoaError(.fileWriteUnknown)
        }
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }
}
