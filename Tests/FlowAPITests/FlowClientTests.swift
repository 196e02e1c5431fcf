// SPDX-License-Identifier: Apache-2.0

import Daemons
import FlowModel
import FlowStore
import GRPCTransport
import NIOCore
import NetworkModel
import TestSupport
import Testing

@testable import FlowAPI

@Suite("A client of the flow API")
struct FlowClientTests {
    private static let filters = [
        "", "dest.namespace = shop", "action = deny or source.name ~ web", "not (dest.port = 80)",
        "dest.port >= 100 and has(source.label.k)", "policy(action = deny, stage = pending)",
        "source.label.k = shop and proto = tcp", "dest.name ^= web",
    ]
    private static let addressFilter = "ip in 10.0.0.0/8 and not dest.ip in 192.0.2.0/24"

    private func sorted(_ flows: [FlowAggregate]) -> [FlowAggregate] { flows.sorted { $0.id < $1.id } }

    /// What the common flow API does not tell, as a client fills it in.
    private func asCommon(_ flows: [FlowAggregate]) -> [FlowAggregate] {
        flows.map { flow in
            var flow = flow
            flow.addresses = []
            flow.generation = 0
            flow.lastActivity = Timestamp(seconds: flow.endSeconds)
            return flow
        }
    }

    @Test("every question gets the answer that the aggregator gives", arguments: [false, true])
    func questions(isCommon: Bool) async throws {
        try await withFlowServer(ofCommonAPI: isCommon) { server in
            server.fill(seed: 3, flows: 60, windows: 4)
            let client = FlowClient(server.client())
            let aggregator = server.aggregator
            for text in Self.filters + (isCommon ? [] : [Self.addressFilter]) {
                let filter = try FlowExpression(parsing: text)
                for (page, size) in [(0, 0), (0, 7), (2, 7), (9, 50)] as [(Int64, Int64)] {
                    for sort in [nil, FlowSortKey.sourceName] {
                        let query = FlowListQuery(
                            filter: filter, sortBy: sort.map { [$0] } ?? [],
                            paging: FlowPaging(page: page, pageSize: size))
                        let (wanted, given) = (
                            try await aggregator.list(query), try await client.list(query)
                        )
                        #expect(given.items == (isCommon ? asCommon(wanted.items) : wanted.items), "\(text)")
                        #expect(given.totalPages == wanted.totalPages, "\(text)")
                        #expect(given.totalResults == wanted.totalResults)
                    }
                }
                let range = FlowTimeRange(startGTE: -45)
                let count = FlowCountQuery(filter: filter, range: range)
                #expect(try await client.count(count) == aggregator.count(count), "\(text)")
                for type in FlowHintType.allCases {
                    // Whole windows only: then what is listed and what is hinted at are the same flows.
                    let query = FlowHintsQuery(
                        type: type, filter: filter, range: FlowTimeRange(startGTE: t0, startLT: t0 + 45),
                        paging: FlowPaging(page: 0, pageSize: 4))
                    #expect(try await client.hints(query) == aggregator.hints(query), "\(text) \(type)")
                }
            }
            await client.close()
        }
    }

    @Test("statistics get the answer that the aggregator gives", arguments: [false, true])
    func statistics(isCommon: Bool) async throws {
        try await withFlowServer(ofCommonAPI: isCommon) { server in
            server.fill(seed: 5, flows: 40, windows: 3)
            let client = FlowClient(server.client())
            for grouping in [FlowStatisticsQuery.Grouping.policy, .rule] {
                for measure in FlowStatisticsQuery.Measure.allCases {
                    for isTimeSeries in [false, true] {
                        let query = FlowStatisticsQuery(
                            measure: measure, grouping: grouping,
                            match: FlowPolicyCondition(name: FlowTextMatch(.contains, "web")),
                            isTimeSeries: isTimeSeries)
                        let wanted = try await server.aggregator.statistics(query)
                        let given = try await client.statistics(query)
                        #expect(given == wanted)
                    }
                }
            }
            let none = FlowStatisticsQuery(match: FlowPolicyCondition(name: FlowTextMatch(.equals, "none")))
            let nothing = try await client.statistics(none)
            #expect(nothing.isEmpty)
            await client.close()
        }
    }

    @Test("histograms, top talkers and changes get the answer that the aggregator gives")
    func activity() async throws {
        try await withFlowServer { server in
            server.fill(seed: 8, flows: 50, windows: 4)
            let client = FlowClient(server.client())
            let filter = try FlowExpression(parsing: "not dest.port = 80")
            let histogram = FlowHistogramQuery(filter: filter, range: FlowTimeRange(startGTE: -60))
            #expect(try await client.histogram(histogram) == server.aggregator.histogram(histogram))
            for grouping in FlowTopQuery.Grouping.allCases {
                for measure in FlowTopQuery.Measure.allCases {
                    let top = FlowTopQuery(filter: filter, grouping: grouping, measure: measure, limit: 5)
                    #expect(try await client.topTalkers(top) == server.aggregator.topTalkers(top))
                }
            }
            var start = FlowChangeStart.secondsAgo(600)
            var rows = 0
            while true {
                let query = FlowChangesQuery(start: start, filter: filter, limit: 30)
                let (wanted, given) = (
                    await server.aggregator.changes(query), try await client.changes(query)
                )
                #expect(given == wanted)
                rows += given.rows.count
                start = .cursor(given.cursor)
                if !given.hasMore { break }
            }
            #expect(rows > 30)
            await client.close()
        }
    }

    @Test("ticks tell of changes, and a lost server ends them")
    func ticks() async throws {
        let server = try await FlowServer()
        let running = Task { try await server.aggregator.run() }
        let client = FlowClient(server.client())
        var ticks = try await client.changeTicks().makeAsyncIterator()
        server.fill(seed: 1, flows: 1, windows: 1)
        #expect(await ticks.next() != nil)
        try await server.end()
        while await ticks.next() != nil {}
        await #expect(throws: FlowQueryError.self) { try await client.changeTicks() }
        await client.close()
        running.cancel()
        try await running.value
    }

    @Test("windows come as the aggregator has them, oldest first", arguments: [false, true])
    func windows(isCommon: Bool) async throws {
        try await withFlowServer(ofCommonAPI: isCommon) { server in
            server.fill(seed: 9, flows: 50, windows: 5)
            let client = FlowClient(server.client())
            let filter = try FlowExpression(parsing: "not dest.port = 80")
            let expected = server.aggregator.snapshot().windowsDue(
                startTimeGTE: -3_600, now: Timestamp(seconds: t0 + 75)
            ).compactMap { server.aggregator.snapshot().window(startSeconds: $0, filter: filter) }
                .filter { !$0.flows.isEmpty }
            #expect(expected.count > 2)
            var flows: [Int64: [FlowAggregate]] = [:]
            var starts: [Int64] = []
            let wanted = expected.reduce(0) { $0 + $1.flows.count }
            for try await window in try await client.windows(startTimeGTE: -3_600, filter: filter) {
                if starts.last != window.startSeconds { starts.append(window.startSeconds) }
                flows[window.startSeconds, default: []] += window.flows
                if flows.values.reduce(0, { $0 + $1.count }) >= wanted { break }
            }
            #expect(starts == expected.map(\.startSeconds))
            for window in expected {
                let given = sorted(flows[window.startSeconds] ?? [])
                #expect(given == sorted(isCommon ? asCommon(window.flows) : window.flows))
            }
            await client.close()
        }
    }

    @Test("what a server of the common flow API cannot do is said, not made up")
    func unsupported() async throws {
        try await withFlowServer(ofCommonAPI: true) { server in
            let client = FlowClient(server.client())
            let addresses = try FlowExpression(parsing: Self.addressFilter)
            await #expect(throws: FlowQueryError.self) {
                try await client.list(FlowListQuery(filter: addresses))
            }
            for ask in [
                { _ = try await client.histogram(FlowHistogramQuery()) },
                { _ = try await client.topTalkers(FlowTopQuery()) },
                { _ = try await client.changes(FlowChangesQuery(start: .now)) },
                { _ = try await client.changeTicks() },
            ] as [() async throws -> Void] {
                let error = await #expect(throws: FlowQueryError.self) { try await ask() }
                guard case .unsupported = error else {
                    Issue.record("\(String(describing: error))")
                    continue
                }
            }
            await client.close()
        }
    }

    @Test("a server that is away is an error that says where, and is found when it is back")
    func away() async throws {
        let server = try await FlowServer()
        let client = FlowClient(server.client())
        #expect(try await client.count(FlowCountQuery()) == 0)
        try await server.end()
        let error = await #expect(throws: FlowQueryError.self) { try await client.count(FlowCountQuery()) }
        guard case .unavailable(let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("127.0.0.1:\(server.port)"), "\(reason)")
        await client.close()
    }

    @Test("a mistake in a question comes back as what is wrong with it")
    func refused() async throws {
        try await withFlowServer { server in
            let client = FlowClient(server.client())
            let query = FlowListQuery(range: FlowTimeRange(startGTE: t0, startLT: t0 - 60))
            let error = await #expect(throws: FlowQueryError.self) { try await client.list(query) }
            guard case .refused(let reason) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(reason.contains("the time range is empty"))
            await client.close()
        }
    }
}
