// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel

/// How a question ended that was not answered, by the name of its gRPC status.
struct CaseStatus: Error {
    let code: String
}

/// What a collector sends.
enum CaseUpdate {
    case flow(FlowRecord)
    case noFlow
    case noKey
}

/// What a case is played on. Its clock stands until it is set.
protocol CaseServer: AnyObject {
    func set(now: Int64)
    func rollOver() async
    /// Stores records right away.
    func push(_ records: [FlowRecord]) async throws
    /// Sends updates as a collector; the number of receipts.
    func send(from peer: String, _ updates: [CaseUpdate]) async throws -> Int
    func list(
        _ filter: FlowFilter, _ range: FlowTimeRange, sortBy: [FlowSortKey], _ paging: FlowPaging
    ) async throws -> FlowPage<FlowAggregate>
    /// A type of nil is the API's unspecified one.
    func hints(
        _ type: FlowHintType?, _ filter: FlowFilter, _ range: FlowTimeRange, _ paging: FlowPaging
    ) async throws -> FlowPage<String>
    func statistics(
        _ query: FlowStatisticsQuery, match: FlowFilter.PolicyMatch
    ) async throws -> [FlowStatistic]
    func open(_ stream: String, startGTE: Int64, filter: FlowFilter) async throws
    /// What the stream sent, where windows with so many flows are expected.
    func receive(_ stream: String, _ expected: [Int]) async throws -> [FlowWindow]
    /// Turns sending on of flows on or off.
    func sink(isOn: Bool, delayWindows: Int, blockWindows: Int) async
    /// What was sent on since the last look, oldest first.
    func emitted() async -> [EmittedBlock]
    /// Lets go of everything; what is wrong at the end.
    func end() async throws -> [String]
}

/// A store alone.
final class StoreServer: CaseServer {
    /// Windows that a stream has not been asked for.
    private struct Stream {
        var filter: FlowExpression
        var waiting: [Int64]
    }

    private var store: FlowStore
    private var time: Timestamp
    private var streams: [String: Stream] = [:]
    private var senders: [String: UInt32] = [:]
    private var sink: CaseSink?

    init(now: Int64) {
        time = Timestamp(seconds: now)
        store = FlowStore(now: time)
    }

    func set(now: Int64) { time = Timestamp(seconds: now) }

    func rollOver() async {
        for start in store.rollOver(now: time) {
            for id in streams.keys { streams[id]?.waiting.append(start) }
        }
        await sink?.look()
    }

    func sink(isOn: Bool, delayWindows: Int, blockWindows: Int) async {
        sink =
            isOn
            ? CaseSink(delayWindows: delayWindows, blockWindows: blockWindows) { [unowned self] in
                store.history
            }
            : nil
        await sink?.look()
    }

    func emitted() async -> [EmittedBlock] { sink?.take() ?? [] }

    func push(_ records: [FlowRecord]) { for record in records { store.insert(record) } }

    func send(from peer: String, _ updates: [CaseUpdate]) -> Int {
        let sender = senders[peer] ?? UInt32(senders.count + 1)
        senders[peer] = sender
        for case .flow(let record) in updates { store.insert(record, sender: sender) }
        return updates.count
    }

    private func ask<Answer>(
        _ question: (FlowHistory) throws(FlowQueryError) -> Answer
    ) throws(CaseStatus) -> Answer {
        do {
            return try question(store.history)
        } catch {
            throw CaseStatus(code: "UNKNOWN")
        }
    }

    func list(
        _ filter: FlowFilter, _ range: FlowTimeRange, sortBy: [FlowSortKey], _ paging: FlowPaging
    ) throws -> FlowPage<FlowAggregate> {
        let query = FlowListQuery(filter: filter.expression, range: range, sortBy: sortBy, paging: paging)
        return try ask { history throws(FlowQueryError) in try history.list(query, now: time) }
    }

    func hints(
        _ type: FlowHintType?, _ filter: FlowFilter, _ range: FlowTimeRange, _ paging: FlowPaging
    ) throws -> FlowPage<String> {
        // An adapter refuses the API's unspecified type.
        guard let type else { throw CaseStatus(code: "UNKNOWN") }
        let query = FlowHintsQuery(type: type, filter: filter.expression, range: range, paging: paging)
        return try ask { history throws(FlowQueryError) in try history.hints(query, now: time) }
    }

    func statistics(_ query: FlowStatisticsQuery, match: FlowFilter.PolicyMatch) throws -> [FlowStatistic] {
        var query = query
        query.match = match.condition
        return try ask { [query] history throws(FlowQueryError) in try history.statistics(query, now: time) }
    }

    func open(_ stream: String, startGTE: Int64, filter: FlowFilter) {
        streams[stream] = Stream(
            filter: filter.expression,
            waiting: store.history.windowsDue(startTimeGTE: startGTE, now: time))
    }

    func receive(_ stream: String, _ expected: [Int]) throws -> [FlowWindow] {
        guard let open = streams[stream] else { throw CaseProblem("stream \(stream) is not open") }
        streams[stream]?.waiting = []
        return open.waiting.compactMap { store.history.window(startSeconds: $0, filter: open.filter) }
            .filter { !$0.flows.isEmpty }
    }

    func end() -> [String] { [] }
}
