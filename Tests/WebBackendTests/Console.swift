// SPDX-License-Identifier: Apache-2.0

import Daemons
import FlowModel
import FlowStore
import Logging
import NetworkModel
import PolicyModel
import ServiceLifecycle
import Synchronization
import WebBackend

/// An aligned time; the clock of a test console starts there.
let t0: Int64 = 1_700_000_010

/// A clock that stands still until it is moved.
final class TestClock: Sendable {
    private let nanoseconds = Mutex(t0 * 1_000_000_000)

    var now: Timestamp { Timestamp(nanoseconds: nanoseconds.withLock { $0 }) }

    func advance(seconds: Double) { nanoseconds.withLock { $0 += Int64(seconds * 1e9) } }
}

/// What the status page of a test console says.
struct FixedStatus: StatusProviding {
    var snapshot = StatusSnapshot(version: "1.2.3", mode: "lab", now: Timestamp(seconds: t0))
    var listing = PolicyListing(generation: 0)

    func status() async -> StatusSnapshot { snapshot }
    func policies() async -> PolicyListing { listing }
}

/// A console over a real aggregator, on a free port of 127.0.0.1.
struct Console: Sendable {
    let port: Int
    let aggregator: Aggregator
    let clock: TestClock
    /// Begins the shutdown that a signal would.
    let shutDown: @Sendable () async -> Void

    func get(_ path: String, headers: [String] = [], host: String? = nil) async throws -> HTTPReply {
        try await request("GET", path, headers: headers, host: host)
    }

    func request(
        _ method: String, _ path: String, headers: [String] = [], host: String? = nil
    ) async throws -> HTTPReply {
        let lines = [
            "\(method) \(path) HTTP/1.1", "Host: \(host ?? "localhost:\(port)")", "Connection: close",
        ]
        return try await raw((lines + headers).joined(separator: "\r\n") + "\r\n\r\n")
    }

    func raw(_ text: String) async throws -> HTTPReply {
        try await withDeadline { try await HTTPConnection.exchange(port: port, text) }
    }

    /// Reads a stream of events for as long as `body` runs.
    func events<Value: Sendable>(
        _ path: String, headers: [String] = [], receiveBuffer: Int? = nil,
        _ body: @escaping @Sendable (inout EventReader) async throws -> Value
    ) async throws -> Value {
        let lines = ["GET \(path) HTTP/1.1", "Host: localhost:\(port)"] + headers
        let text = lines.joined(separator: "\r\n") + "\r\n\r\n"
        return try await withDeadline {
            try await HTTPConnection.open(port: port, receiveBuffer: receiveBuffer) { connection in
                try await connection.send(text)
                var reader = EventReader(connection)
                return try await body(&reader)
            }
        }
    }

    func ingest(_ records: FlowRecord...) { aggregator.ingest(records) }
}

/// Runs a console while `body` runs, then shuts it down the way a signal does.
func withConsole(
    status: FixedStatus = FixedStatus(), limits: ConsoleServer.Limits = ConsoleServer.Limits(),
    webFolder: String? = nil, _ body: @escaping @Sendable (Console) async throws -> Void
) async throws {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let clock = TestClock()
    let aggregator = Aggregator(limits: .init(tickInterval: .milliseconds(20))) { clock.now }
    let server = try ConsoleServer(
        querying: aggregator, status: status,
        configuration: .init(port: 0, webFolder: webFolder, limits: limits), logger: logger)
    let services = ServiceGroup(services: [aggregator, server], logger: logger)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await services.run() }
        guard let port = await server.boundPort else { throw TestFailure("the server did not start") }
        let console = Console(port: port, aggregator: aggregator, clock: clock) {
            await services.triggerGracefulShutdown()
        }
        do {
            try await body(console)
        } catch {
            await services.triggerGracefulShutdown()
            throw error
        }
        await services.triggerGracefulShutdown()
        try await group.waitForAll()
    }
}

struct TestFailure: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// Fails when the work takes longer than any healthy machine needs.
func withDeadline<Value: Sendable>(
    seconds: Int = 30, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask(operation: work)
        group.addTask {
            try await Task.sleep(for: .seconds(seconds))
            throw TestFailure("nothing happened for \(seconds) seconds")
        }
        defer { group.cancelAll() }
        guard let value = try await group.next() else { throw TestFailure("no result") }
        return value
    }
}

// MARK: - Flows

let allowWeb = PolicyHit(
    place: .rule(PolicyID(kind: .networkPolicy, namespace: "shop", name: "allow-web"), index: 2),
    tier: "default",
    action: .allow, policyIndex: 0)
let endOfTier = PolicyHit(
    place: .endOfTier(trigger: PolicyID(kind: .globalNetworkPolicy, name: "base")), tier: "security",
    action: .deny,
    policyIndex: 0)
let profile = PolicyHit(
    place: .profileRule(name: "kns.shop", index: 0), tier: "", action: .allow, policyIndex: 0)
let staged = PolicyHit(
    place: .rule(PolicyID(kind: .stagedNetworkPolicy, namespace: "shop", name: "next"), index: 0),
    tier: "default",
    action: .deny, policyIndex: 0)

func flowKey(
    source: FlowEndpoint = FlowEndpoint(type: .workload, name: "web-*", namespace: "shop"),
    destination: FlowEndpoint = FlowEndpoint(type: .workload, name: "db-*", namespace: "data"),
    port: Int64 = 5_432,
    transport: String = "tcp", reporter: FlowReporter = .destination, action: FlowAction = .allow,
    enforced: [PolicyHit] = [allowWeb], pending: [PolicyHit] = [allowWeb]
) -> FlowKey {
    FlowKey(
        source: source, destination: destination, destinationPort: port, transport: transport,
        reporter: reporter,
        action: action, trace: FlowTrace(PolicyTrace(enforced: enforced, pending: pending)))
}

func workload(_ name: String, _ namespace: String = "shop") -> FlowEndpoint {
    FlowEndpoint(type: .workload, name: name, namespace: namespace)
}

func record(
    _ key: FlowKey, at: Double, packets: UInt64 = 1, source: [String] = [], destination: [String] = [],
    generation: UInt64 = 0
) -> FlowRecord {
    var counters = FlowCounters()
    counters.packetsIn = packets
    counters.bytesIn = packets * 100
    counters.connectionsStarted = 1
    return FlowRecord(
        key: key, time: Timestamp(nanoseconds: t0 * 1_000_000_000 + Int64(at * 1e9)), sourceLabels: source,
        destinationLabels: destination, counters: counters, generation: generation)
}
