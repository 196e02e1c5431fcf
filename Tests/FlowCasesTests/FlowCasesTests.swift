// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import Yams

/// Conformance cases of the flow API, run against the store, and against a server by a gRPC client of other origin.
/// Further files of the same form are taken from the directory that FLOW_CASES_DIR names.
@Suite("Cases of the flow API")
struct FlowCasesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let id: String
        let title: String
        /// `contract`, `hardening` or `quirk`.
        let kind: String
        /// Of its file.
        let path: String
        let hasStream: Bool
        var testDescription: String { "\(id): \(title)" }
    }

    /// Quirks that we share, on purpose; all others are decided otherwise (docs/reference/differences.md).
    private static let sharedQuirks: Set<String> = []

    private static let ownFolder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fixtures/flow-cases").path

    private static var folders: [String] {
        [ownFolder] + (ProcessInfo.processInfo.environment["FLOW_CASES_DIR"].map { [$0] } ?? [])
    }

    /// Every case of every file.
    static let cases: [Case] = {
        var found: [Case] = []
        for folder in folders {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            for name in names.sorted() where name.hasSuffix(".yaml") {
                let path = "\(folder)/\(name)"
                // A file that cannot be read fails in `files`.
                guard let root = try? document(path) else { continue }
                for node in root.list("cases") {
                    found.append(
                        Case(
                            id: node.text("id") ?? "?", title: node.text("title") ?? "",
                            kind: node.text("class") ?? "contract", path: path,
                            hasStream: node.list("steps").contains { $0["stream"] != nil }))
                }
            }
        }
        return found
    }()

    private static func document(_ path: String) throws -> Node {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        guard let node = try compose(yaml: text) else { throw CaseProblem("\(path) is empty") }
        return node
    }

    private func run(
        _ testCase: Case, on make: (_ now: Int64) async throws -> any CaseServer = StoreServer.init
    ) async throws -> [String] {
        let root = try Self.document(testCase.path)
        guard let node = root.list("cases").first(where: { $0.text("id") == testCase.id }),
            let base = root["base_key"], let t0 = root.integer("t0")
        else { throw CaseProblem("\(testCase.path) lacks base_key or t0") }
        let server = try await make(t0)
        var run = try CaseRun(node, base: base, t0: t0, on: server)
        for step in node.list("steps") { try await run.play(step) }
        return run.differences + (try await server.end())
    }

    @Test("hold in the store", arguments: cases.filter { $0.kind != "quirk" })
    func contract(_ testCase: Case) async throws {
        #expect(try await run(testCase) == [])
    }

    private static let peer = Result { try GRPCPeer() }

    @Test(
        "hold over gRPC", .enabled(if: GRPCPeer.isAvailable), arguments: cases.filter { $0.kind != "quirk" })
    func contractOverGRPC(_ testCase: Case) async throws {
        let peer = try Self.peer.get()
        #expect(try await run(testCase) { try await GRPCCaseServer(now: $0, peer) } == [])
    }

    @Test("that are quirks come out the same over gRPC as in the store", .enabled(if: GRPCPeer.isAvailable))
    func quirksOverGRPC() async throws {
        let peer = try Self.peer.get()
        // What a stream does not send cannot be waited for.
        for quirk in Self.cases where quirk.kind == "quirk" && !quirk.hasStream {
            let inStore = try await run(quirk)
            let overGRPC = try await run(quirk) { try await GRPCCaseServer(now: $0, peer) }
            #expect(inStore.isEmpty == overGRPC.isEmpty, "\(quirk.testDescription)")
        }
    }

    @Test("that are quirks are decided, and the decision is what the store does")
    func quirks() async throws {
        let own = Self.cases.filter { $0.kind == "quirk" && $0.path.hasPrefix(Self.ownFolder) }
        #expect(own.map(\.id) == ["L22", "L23", "S07", "T06", "T07", "X06"])
        for quirk in own {
            let isShared = try await run(quirk).isEmpty
            #expect(isShared == Self.sharedQuirks.contains(quirk.id), "\(quirk.testDescription)")
        }
    }

    @Test("that are quirks of further files are reported")
    func furtherQuirks() async throws {
        for quirk in Self.cases where quirk.kind == "quirk" && !quirk.path.hasPrefix(Self.ownFolder) {
            let differences = try await run(quirk)
            let outcome = differences.isEmpty ? "shared" : "decided otherwise: \(differences)"
            print("quirk \(quirk.testDescription): \(outcome)")
        }
    }

    @Test("are all read")
    func files() throws {
        for folder in Self.folders {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(names.contains { $0.hasSuffix(".yaml") }, "\(folder) has no case file")
            for name in names where name.hasSuffix(".yaml") {
                let root = try Self.document("\(folder)/\(name)")
                let run = Set(Self.cases.filter { $0.path == "\(folder)/\(name)" }.map(\.id))
                #expect(!run.isEmpty && run == Set(root.list("cases").compactMap { $0.text("id") }))
            }
        }
    }
}
