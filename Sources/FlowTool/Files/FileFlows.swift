// SPDX-License-Identifier: Apache-2.0

internal import FlowModel
internal import FlowStore
internal import NetworkModel
internal import Synchronization

/// The flows of a file, asked like those of a server. Nothing changes any more.
struct FileFlows: FlowConnection {
    let history: FlowHistory
    /// The end of the newest window.
    let now: Timestamp
    let remarks: Remarks

    func list(_ query: FlowListQuery) async throws(FlowQueryError) -> FlowPage<FlowAggregate> {
        try history.list(query, now: now)
    }

    func count(_ query: FlowCountQuery) async throws(FlowQueryError) -> Int {
        try history.count(query, now: now)
    }

    func statistics(_ query: FlowStatisticsQuery) async throws(FlowQueryError) -> [FlowStatistic] {
        var statistics = try history.statistics(query, now: now)
        guard query.isTimeSeries else { return statistics }
        // What only marks the end of a flow is nothing that happened.
        for place in statistics.indices {
            let kept = statistics[place].values.indices.filter {
                statistics[place].values[$0] != FlowStatistic.Values()
            }
            statistics[place].starts = kept.map { statistics[place].starts[$0] }
            statistics[place].values = kept.map { statistics[place].values[$0] }
        }
        return statistics.filter { !$0.values.isEmpty }
    }

    func histogram(_ query: FlowHistogramQuery) async throws(FlowQueryError) -> [FlowHistogramBin] {
        try history.histogram(query, now: now)
    }

    func topTalkers(_ query: FlowTopQuery) async throws(FlowQueryError) -> [FlowTalker] {
        try history.topTalkers(query, now: now)
    }

    func hints(_ query: FlowHintsQuery) async throws(FlowQueryError) -> FlowPage<String> {
        try history.hints(query, now: now)
    }

    func changes(_ query: FlowChangesQuery) async throws(FlowQueryError) -> FlowChanges {
        throw .unsupported("a file does not change")
    }

    func changeTicks() async throws(FlowQueryError) -> AsyncStream<Void> {
        throw .unsupported("a file does not change")
    }

    /// All windows from the start on, then the end; a start of 0 is the oldest one, as nothing comes after
    /// now.
    func windows(
        startTimeGTE: Int64, filter: FlowExpression
    ) async throws(FlowQueryError) -> AsyncThrowingStream<FlowWindow, any Error> {
        let width = history.windowSeconds
        let wanted = startTimeGTE < 0 ? now.seconds + startTimeGTE : startTimeGTE
        let first = max(history.oldestSeconds, wanted / width * width)
        let next = WindowStart(first)
        return AsyncThrowingStream(unfolding: { [history, end = now.seconds] in
            while let start = next.advance(by: width, before: end) {
                try Task.checkCancellation()
                guard var window = history.window(startSeconds: start, filter: filter) else { continue }
                // What only marks the end of a flow is nothing that happened.
                window.flows.removeAll { $0.counters.isZero }
                if !window.flows.isEmpty { return window }
            }
            return nil
        })
    }

    func close() async {}
}

/// Where a stream of windows is.
private final class WindowStart: Sendable {
    private let next: Mutex<Int64>

    init(_ first: Int64) { next = Mutex(first) }

    func advance(by width: Int64, before end: Int64) -> Int64? {
        next.withLock { next in
            guard next < end else { return nil }
            defer { next += width }
            return next
        }
    }
}
