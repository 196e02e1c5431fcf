// SPDX-License-Identifier: Apache-2.0

import Daemons
import FlowModel
import FlowStore
import GRPCTransport
import Logging
import NIOCore
import NetworkModel
import SwiftProtobuf
import Synchronization
import TestSupport

@testable import FlowAPI

/// An aggregator behind a gRPC server on loopback, asked by a gRPC client of other origin.
final class GRPCCaseServer: CaseServer {
    private final class Clock: Sendable {
        let now: Atomic<Int64>
        init(_ now: Int64) { self.now = Atomic(now) }
    }

    private let clock: Clock
    private let aggregator: Aggregator
    private let peer: GRPCPeer
    private let target: GRPCPeer.Target
    private let serving: Task<Void, any Error>
    private var streams: [String] = []
    private var sink: CaseSink?
    private let name: String

    private static let cases = Atomic<Int>(0)

    init(now: Int64, _ peer: GRPCPeer) async throws {
        let clock = Clock(now)
        self.clock = clock
        self.peer = peer
        let aggregator = Aggregator { Timestamp(seconds: clock.now.load(ordering: .relaxed)) }
        self.aggregator = aggregator
        let services = FlowServices(querying: aggregator, delivering: aggregator)
        let server = GRPCServer(
            GRPCServer.Configuration(host: "127.0.0.1", port: 0, security: nil), methods: services.methods,
            logger: Logger(label: "cases") { _ in SwiftLogNoOpLogHandler() })
        serving = Task { try await server.run() }
        name = "case \(Self.cases.add(1, ordering: .relaxed).newValue)"
        target = GRPCPeer.Target(name, port: try await server.address.port ?? 0)
    }

    func set(now: Int64) { clock.now.store(now, ordering: .relaxed) }

    func rollOver() async {
        aggregator.rollOver()
        await sink?.look()
    }

    func sink(isOn: Bool, delayWindows: Int, blockWindows: Int) async {
        let aggregator = aggregator
        sink =
            isOn
            ? CaseSink(delayWindows: delayWindows, blockWindows: blockWindows) { aggregator.snapshot() } : nil
        await sink?.look()
    }

    func emitted() async -> [EmittedBlock] { sink?.take() ?? [] }

    func push(_ records: [FlowRecord]) { aggregator.ingest(records) }

    func send(from peer: String, _ updates: [CaseUpdate]) async throws -> Int {
        // Cases tell collectors apart by their addresses; here all are on loopback, and say who they are.
        let node = peer.split(separator: ":").first.map(String.init) ?? peer
        let target = GRPCPeer.Target(
            "\(name) \(peer)", port: target.port, metadata: [("vibrissa-node", node)])
        let answer = try await self.peer.send(
            target, "/goldmane.FlowCollector/Connect", try updates.map { try $0.bytes })
        guard answer.code == "OK" else { throw CaseStatus(code: answer.code) }
        guard answer.receipts.allSatisfy(\.isEmpty) else { throw CaseProblem("a receipt is not empty") }
        return answer.receipts.count
    }

    private func ask<Answer: Message>(
        _ method: String, _ request: some Message, _ type: Answer.Type
    ) async throws -> Answer {
        let answer = try await peer.unary(target, method, try request.serializedBytes())
        guard answer.code == "OK" else { throw CaseStatus(code: answer.code) }
        return try Answer(serializedBytes: answer.messages[0])
    }

    func list(
        _ filter: FlowFilter, _ range: FlowTimeRange, sortBy: [FlowSortKey], _ paging: FlowPaging
    ) async throws -> FlowPage<FlowAggregate> {
        let request = Goldmane_FlowListRequest.with {
            $0.startTimeGte = range.startGTE
            $0.startTimeLt = range.startLT
            $0.page = paging.page
            $0.pageSize = paging.pageSize
            $0.sortBy = sortBy.map { key in .with { $0.sortBy = Goldmane_SortBy(key) } }
            $0.filter = Goldmane_Filter(filter)
        }
        let answer = try await ask("/goldmane.Flows/List", request, Goldmane_FlowListResult.self)
        return FlowPage(items: answer.flows.map(FlowAggregate.init), answer.meta)
    }

    func hints(
        _ type: FlowHintType?, _ filter: FlowFilter, _ range: FlowTimeRange, _ paging: FlowPaging
    ) async throws -> FlowPage<String> {
        let request = Goldmane_FilterHintsRequest.with {
            if let type { $0.type = Goldmane_FilterType(type) }
            $0.startTimeGte = range.startGTE
            $0.startTimeLt = range.startLT
            $0.page = paging.page
            $0.pageSize = paging.pageSize
            $0.filter = Goldmane_Filter(filter)
        }
        let answer = try await ask("/goldmane.Flows/FilterHints", request, Goldmane_FilterHintsResult.self)
        return FlowPage(items: answer.hints.map(\.value), answer.meta)
    }

    func statistics(
        _ query: FlowStatisticsQuery, match: FlowFilter.PolicyMatch
    ) async throws -> [FlowStatistic] {
        let request = Goldmane_StatisticsRequest.with {
            $0.startTimeGte = query.range.startGTE
            $0.startTimeLt = query.range.startLT
            $0.type = Goldmane_StatisticType(rawValue: Int(query.measure.rawValue)) ?? .packetCount
            $0.groupBy = query.grouping == .policy ? .policy : .policyRule
            $0.policyMatch = match.message
            $0.timeSeries = query.isTimeSeries
        }
        let answer = try await peer.collect(
            target, "/goldmane.Statistics/List", try request.serializedBytes())
        guard answer.code == "OK" else {
            guard answer.code != "NOT_FOUND" || answer.messages == [[]] else {
                throw CaseProblem("NOT_FOUND without the empty result before it")
            }
            throw CaseStatus(code: answer.code)
        }
        return try answer.messages.map { FlowStatistic(try Goldmane_StatisticsResult(serializedBytes: $0)) }
    }

    func open(_ stream: String, startGTE: Int64, filter: FlowFilter) async throws {
        let request = Goldmane_FlowStreamRequest.with {
            $0.startTimeGte = startGTE
            $0.filter = Goldmane_Filter(filter)
        }
        let answer = try await peer.open(
            "\(name) \(stream)", target, "/goldmane.Flows/Stream", try request.serializedBytes())
        guard answer.code == "OK" else { throw CaseStatus(code: answer.code) }
        streams.append(stream)
    }

    func receive(_ stream: String, _ expected: [Int]) async throws -> [FlowWindow] {
        let answer = try await peer.receive("\(name) \(stream)", count: expected.reduce(0, +))
        guard answer.code == "OK" else { throw CaseStatus(code: answer.code) }
        var windows: [FlowWindow] = []
        for message in answer.messages {
            let flow = FlowAggregate(try Goldmane_FlowResult(serializedBytes: message))
            if windows.last?.startSeconds != flow.startSeconds {
                windows.append(
                    FlowWindow(startSeconds: flow.startSeconds, endSeconds: flow.endSeconds, flows: []))
            }
            windows[windows.count - 1].flows.append(flow)
        }
        return windows
    }

    func end() async throws -> [String] {
        var problems: [String] = []
        for stream in streams {
            let left = try await peer.close("\(name) \(stream)").messages.count
            if left > 0 { problems.append("stream \(stream) sent \(left) flows more than were expected") }
        }
        try await peer.disconnect(name)
        serving.cancel()
        try await serving.value
        return problems
    }
}

extension CaseUpdate {
    /// A FlowUpdate.
    fileprivate var bytes: [UInt8] {
        get throws {
            var update = Goldmane_FlowUpdate()
            switch self {
            case .noFlow: break
            case .noKey: update.flow = .with { $0.startTime = 1 }
            case .flow(let record):
                let flow = FlowAggregate(
                    id: 0, key: record.key, startSeconds: record.time.seconds,
                    endSeconds: record.time.seconds, sourceLabels: record.sourceLabels,
                    destinationLabels: record.destinationLabels, counters: record.counters,
                    lastActivity: record.time)
                update.flow = Goldmane_FlowResult(flow).flow
            }
            return try update.serializedBytes()
        }
    }
}

extension Goldmane_FlowResult {
    /// What is written of a flow, read by the generated code.
    init(_ flow: FlowAggregate) {
        var buffer = ByteBuffer()
        FlowWriting.writeResult(flow, to: &buffer)
        do {
            self = try Goldmane_FlowResult(serializedBytes: Array(buffer.readableBytesView))
        } catch {
            preconditionFailure("what was written cannot be read: \(error)")
        }
    }
}
