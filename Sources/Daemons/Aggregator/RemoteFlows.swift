// SPDX-License-Identifier: Apache-2.0

public import FlowModel
public import FlowStore
public import Logging
import NetworkModel
public import ServiceLifecycle
import Synchronization

/// Flows of a server elsewhere, for a console that wants more than that server may have.
///
/// Everything is asked of the server. What it cannot do (live changes, histograms, top talkers) is answered from a
/// copy of its closed windows, which is followed from the first such question on.
///
///     question ──▶ server ──▶ answer
///                     │ unsupported
///                     ▼
///                  copy: an aggregator of this process ◀── stream of the server's windows
public final class RemoteFlows: FlowQuerying, Service {
    private let remote: any FlowQuerying
    private let copy: Aggregator
    private let wanted: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)
    private let isCopied = Atomic<Bool>(false)
    private let logger: Logger
    private let problem = Mutex<String?>(nil)

    private static let firstPause = Duration.seconds(1)
    private static let longestPause = Duration.seconds(10)
    /// How far back the copy begins.
    private static let historySeconds: Int64 = 3_600

    /// `copy` is empty and of nobody else.
    public init(_ remote: any FlowQuerying, copy: Aggregator, logger: Logger) {
        self.remote = remote
        self.copy = copy
        self.logger = logger
        wanted = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Why the server's windows cannot be followed; nil when they are, or need not be.
    public var streamProblem: String? { problem.withLock { $0 } }

    /// What the copy could not keep.
    public var losses: [EventLoss] { copy.losses }

    // MARK: - Service

    /// Follows the server's windows, when they are wanted, until the task is cancelled or the service group shuts
    /// down. Run once.
    public func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.copy.run() }
                group.addTask { await self.follow() }
                try await group.waitForAll()
            }
        }
    }

    private func follow() async {
        for await _ in wanted.stream { break }
        var pause = Self.firstPause
        var start = -Self.historySeconds
        // The flows of the window that came last, which may come again after a loss of connection.
        var last: (start: Int64, ids: Set<UInt64>) = (.min, [])
        while !Task.isCancelled {
            do {
                for try await window in try await remote.windows(startTimeGTE: start, filter: .always) {
                    if window.startSeconds != last.start { last = (window.startSeconds, []) }
                    let new = window.flows.filter { last.ids.insert($0.id).inserted }
                    copy.ingest(new.map(FlowRecord.init(copying:)))
                    start = window.startSeconds
                    pause = Self.firstPause
                    problem.withLock { $0 = nil }
                }
            } catch {
                problem.withLock { $0 = "\(error)" }
                logger.warning("the server's windows cannot be followed", metadata: ["reason": "\(error)"])
            }
            // Cancelled: the loop's condition ends it.
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, Self.longestPause)
        }
    }

    /// Asks the server, or the copy for what the server cannot do.
    private func ask<Answer>(
        _ question: (any FlowQuerying) async throws(FlowQueryError) -> Answer
    ) async throws(FlowQueryError) -> Answer {
        if isCopied.load(ordering: .relaxed) { return try await question(copy) }
        do {
            return try await question(remote)
        } catch {
            guard case .unsupported = error else { throw error }
            // From now on: an answer of the one does not go on with one of the other.
            if !isCopied.exchange(true, ordering: .relaxed) { wanted.continuation.yield() }
            return try await question(copy)
        }
    }

    // MARK: - FlowQuerying

    public func list(_ query: FlowListQuery) async throws(FlowQueryError) -> FlowPage<FlowAggregate> {
        try await remote.list(query)
    }

    public func count(_ query: FlowCountQuery) async throws(FlowQueryError) -> Int {
        try await remote.count(query)
    }

    public func hints(_ query: FlowHintsQuery) async throws(FlowQueryError) -> FlowPage<String> {
        try await remote.hints(query)
    }

    public func statistics(_ query: FlowStatisticsQuery) async throws(FlowQueryError) -> [FlowStatistic] {
        do {
            return try await remote.statistics(query)
        } catch {
            // A server that has changes knows more than the copy would.
            guard case .unsupported = error, isCopied.load(ordering: .relaxed) else { throw error }
            return try await copy.statistics(query)
        }
    }

    public func histogram(_ query: FlowHistogramQuery) async throws(FlowQueryError) -> [FlowHistogramBin] {
        try await ask { flows throws(FlowQueryError) in try await flows.histogram(query) }
    }

    public func topTalkers(_ query: FlowTopQuery) async throws(FlowQueryError) -> [FlowTalker] {
        try await ask { flows throws(FlowQueryError) in try await flows.topTalkers(query) }
    }

    public func changes(_ query: FlowChangesQuery) async throws(FlowQueryError) -> FlowChanges {
        try await ask { flows throws(FlowQueryError) in try await flows.changes(query) }
    }

    public func changeTicks() async throws(FlowQueryError) -> AsyncStream<Void> {
        try await ask { flows throws(FlowQueryError) in try await flows.changeTicks() }
    }

    public func windows(
        startTimeGTE: Int64, filter: FlowExpression
    ) async throws(FlowQueryError) -> AsyncThrowingStream<FlowWindow, any Error> {
        try await remote.windows(startTimeGTE: startTimeGTE, filter: filter)
    }
}

extension FlowRecord {
    /// What one window of another store has of a flow.
    fileprivate init(copying flow: FlowAggregate) {
        self.init(
            key: flow.key, time: Timestamp(seconds: flow.startSeconds), sourceLabels: flow.sourceLabels,
            destinationLabels: flow.destinationLabels, counters: flow.counters, generation: flow.generation,
            addresses: flow.addresses.last)
    }
}
