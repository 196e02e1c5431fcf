// SPDX-License-Identifier: Apache-2.0

import Daemons
import FlowModel
import FlowStore
import GRPCTransport
import Logging
import NIOCore
import NetworkModel
import SwiftProtobuf
import TestSupport
import Testing

@testable import FlowAPI

@Suite("Flows of a server elsewhere", .timeLimit(.minutes(2)))
struct RemoteFlowsTests {
    private func withRemote(
        ofCommonAPI: Bool, _ body: (FlowServer, RemoteFlows) async throws -> Void
    ) async throws {
        try await withFlowServer(ofCommonAPI: ofCommonAPI) { server in
            server.fill(seed: 12, flows: 40, windows: 5)
            let client = FlowClient(server.client())
            let remote = RemoteFlows(
                client, copy: Aggregator { Timestamp(seconds: t0 + 75) },
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let running = Task { try await remote.run() }
            do {
                try await body(server, remote)
            } catch {
                running.cancel()
                throw error
            }
            running.cancel()
            try await running.value
            await client.close()
        }
    }

    @Test("a server that can do everything is asked for everything")
    func own() async throws {
        try await withRemote(ofCommonAPI: false) { server, remote in
            let top = try await remote.topTalkers(FlowTopQuery())
            let wanted = try await server.aggregator.topTalkers(FlowTopQuery())
            #expect(top == wanted)
            let changes = try await remote.changes(FlowChangesQuery(start: .secondsAgo(600)))
            #expect(changes == (await server.aggregator.changes(FlowChangesQuery(start: .secondsAgo(600)))))
            #expect(remote.streamProblem == nil)
        }
    }

    @Test("what a server of the common flow API cannot do comes from a copy of its closed windows")
    func copy() async throws {
        try await withRemote(ofCommonAPI: true) { server, remote in
            let closed = server.aggregator.snapshot().windowsDue(
                startTimeGTE: -3_600, now: Timestamp(seconds: t0 + 75)
            ).compactMap { server.aggregator.snapshot().window(startSeconds: $0) }.flatMap(\.flows)
            #expect(closed.count > 50)
            // The first question begins the copy.
            var ticks = try await remote.changeTicks().makeAsyncIterator()
            var rows: [FlowChange] = []
            var start = FlowChangeStart.secondsAgo(3_600)
            while rows.count < closed.count {
                let changes = try await remote.changes(FlowChangesQuery(start: start))
                rows += changes.rows
                start = .cursor(changes.cursor)
                if rows.count < closed.count, !changes.hasMore { _ = await ticks.next() }
            }
            #expect(rows.count == closed.count)
            func total(_ flows: [FlowAggregate]) -> UInt64 { flows.reduce(0) { $0 + $1.counters.packetsIn } }
            #expect(total(rows.map(\.flow)) == total(closed))
            #expect(Set(rows.map(\.flow.key)) == Set(closed.map(\.key)))
            let list = try await remote.list(FlowListQuery())
            let wanted = try await server.aggregator.list(FlowListQuery())
            #expect(list.totalResults == wanted.totalResults)
        }
    }
}

@Suite("A server under stress", .timeLimit(.minutes(3)))
struct StressTests {
    @Test("a client that opens a stream and never reads holds up neither collectors nor questions")
    func neverReads() async throws {
        try await withFlowServer({ $0.writeTimeout = .milliseconds(500) }) { server in
            server.fill(seed: 4, flows: 3_000, windows: 6)
            let idle = FlowClient(server.client())
            var streams: [AsyncThrowingStream<FlowWindow, any Error>] = []
            for _ in 0..<20 {
                streams.append(try await idle.windows(startTimeGTE: -3_600, filter: .always))
            }
            let calls = try await idle.stream(
                "/goldmane.Flows/Stream", Goldmane_FlowStreamRequest.with { $0.startTimeGte = -3_600 })
            let busy = FlowClient(server.client())
            let before = server.aggregator.statistics.insertedRecords
            for round in 0..<10 {
                server.fill(seed: UInt64(100 + round), flows: 1_000, windows: 1)
                #expect(
                    try await busy.list(FlowListQuery(paging: .init(page: 0, pageSize: 10))).items.count == 10
                )
            }
            #expect(server.aggregator.statistics.insertedRecords == before + 10_000)
            // Those who do not read are let go of, one after the other, and counted.
            await until { server.server.statistics.slowCalls > 0 }
            withExtendedLifetime((streams, calls)) {}
            await idle.close()
            await busy.close()
        }
    }

    @Test("a clock that is set back or ahead loses nothing that it could keep, and counts the rest")
    func clockSteps() async throws {
        try await withFlowServer { server in
            var random = RandomMessages(seed: 6)
            var sent = 0
            var now = t0
            for step in [0, 15, -600, 5, 1_200, -1_200, 7_200, 0, -7_200, 30] as [Int64] {
                now += step
                server.set(now: now)
                server.aggregator.rollOver()
                server.aggregator.ingest((0..<50).map { _ in random.record(seconds: now) })
                sent += 50
                let lost = server.aggregator.losses.filter { $0.name.hasPrefix("flow_records_") }
                    .reduce(0) { $0 + $1.count }
                #expect(server.aggregator.statistics.insertedRecords + lost == UInt64(sent))
                // What was sent just now is there, whichever way the clock went.
                let changes = await server.aggregator.changes(
                    FlowChangesQuery(start: .secondsAgo(0), limit: 10_000))
                #expect(!changes.rows.isEmpty || lost > 0)
            }
        }
    }

    @Test("at the bound of keys everyone keeps a share, and what is refused is counted")
    func bound() async throws {
        let now = Timestamp(seconds: t0)
        var limits = Aggregator.Limits()
        limits.store = FlowStoreLimits(maximumKeys: 1_000)
        let aggregator = Aggregator(limits: limits) { now }
        func key(_ number: Int) -> FlowRecord {
            var key = FlowKey.empty
            key.source.name = "pod-\(number)"
            return FlowRecord(key: key, time: now, counters: FlowCounters())
        }
        aggregator.deliver { store in
            for number in 0..<20_000 { store.insert(key(number), sender: 1, endSeconds: t0) }
            for number in 0..<400 { store.insert(key(100_000 + number), sender: 2, endSeconds: t0) }
            return 0
        }
        #expect(aggregator.flowKeyCount <= 1_000)
        let names = Set(
            await aggregator.changes(FlowChangesQuery(start: .secondsAgo(60), limit: 10_000)).rows.map(
                \.flow.key.source.name))
        #expect((0..<400).allSatisfy { names.contains("pod-\(100_000 + $0)") })
        #expect(aggregator.losses.contains { $0.name == "flow_records_over_key_share_total" && $0.count > 0 })
    }
}
