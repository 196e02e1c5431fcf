// SPDX-License-Identifier: Apache-2.0

import Daemons
import FlowModel
import FlowStore
import GRPCTransport
import Logging
import NIOCore
import NIOPosix
import NetworkModel
import Synchronization
import TestSupport

@testable import FlowAPI

/// An aligned time.
let t0: Int64 = 1_700_000_010

/// An aggregator behind a gRPC server on loopback, with a clock that stands until it is set. `end` it.
final class FlowServer: Sendable {
    let aggregator: Aggregator
    let services: FlowServices
    let server: GRPCServer
    let port: Int
    private let clock: Clock
    private let serving: Task<Void, any Error>

    private final class Clock: Sendable {
        let now = Atomic<Int64>(t0)
    }

    /// `ofCommonAPI`: without our own additions, as other servers are.
    init(
        ofCommonAPI: Bool = false, security: GRPCServer.Security? = nil,
        _ change: (inout GRPCServer.Limits) -> Void = { _ in }
    ) async throws {
        let clock = Clock()
        self.clock = clock
        aggregator = Aggregator { Timestamp(seconds: clock.now.load(ordering: .relaxed)) }
        services = FlowServices(querying: aggregator, delivering: aggregator)
        let methods = services.methods.filter { !ofCommonAPI || $0.key.hasPrefix("/goldmane.") }
        var configuration = GRPCServer.Configuration(host: "127.0.0.1", port: 0, security: security)
        change(&configuration.limits)
        let server = GRPCServer(
            configuration, methods: methods, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        self.server = server
        serving = Task { try await server.run() }
        port = try await server.address.port ?? 0
    }

    func set(now: Int64) { clock.now.store(now, ordering: .relaxed) }

    /// A window later.
    func tick() {
        clock.now.add(15, ordering: .relaxed)
        aggregator.rollOver()
    }

    func end() async throws {
        serving.cancel()
        try await serving.value
    }

    func client(_ security: GRPCClient.Security? = nil) -> GRPCClient {
        GRPCClient(GRPCClient.Configuration(host: "127.0.0.1", port: port, security: security))
    }

    /// Records from a seed over some windows, the last of which is filling.
    func fill(seed: UInt64, flows: Int, windows: Int) {
        var random = RandomMessages(seed: seed)
        for _ in 0..<windows {
            let now = clock.now.load(ordering: .relaxed)
            aggregator.ingest((0..<flows).map { _ in random.record(seconds: now + Int64(random.below(15))) })
            tick()
        }
    }
}

/// Runs `body` with a server that is ended after it.
func withFlowServer(
    ofCommonAPI: Bool = false, security: GRPCServer.Security? = nil,
    _ change: (inout GRPCServer.Limits) -> Void = { _ in }, _ body: (FlowServer) async throws -> Void
) async throws {
    let server = try await FlowServer(ofCommonAPI: ofCommonAPI, security: security, change)
    do {
        try await body(server)
    } catch {
        try? await server.end()
        throw error
    }
    try await server.end()
}
