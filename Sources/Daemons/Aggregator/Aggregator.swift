// SPDX-License-Identifier: Apache-2.0
//
// Aggregator: the daemon loop around the flow store. It owns the one mutable `FlowStore` and the clock, rolls
// the windows over, and wakes readers. Wire formats are none of its business.

public import FlowModel
public import FlowStore
public import NetworkModel
public import ServiceLifecycle
import Synchronization

/// Keeps the flow history of a cluster and answers questions about it.
///
/// The store is behind a lock that is held for the time of a batch of records, or of taking a snapshot, which is a
/// few reference counts. Not an actor: collectors deliver on the network's threads, and a hop to another thread for
/// each message costs several times what storing it does (ADR 0009). Questions are answered from snapshots, outside
/// the lock, so a long one does not hold up ingestion. Live readers pull: they are woken by a tick and ask for what
/// changed since their cursor, so a slow reader costs no memory here.
public final class Aggregator: FlowIngesting, FlowDelivering, FlowQuerying, Service {
    /// What bounds an aggregator, beside its store.
    public struct Limits: Hashable, Sendable {
        public var store: FlowStoreLimits
        /// Streams of windows at a time (flow API 2.8).
        public var maximumWindowStreams: Int
        /// Windows that a stream's reader may be behind before the oldest are dropped for it.
        public var windowBacklog: Int
        /// Readers of live changes at a time.
        public var maximumLiveReaders: Int
        /// Least time between two ticks.
        public var tickInterval: Duration

        public init(
            store: FlowStoreLimits = FlowStoreLimits(), maximumWindowStreams: Int = 100,
            windowBacklog: Int = 500,
            maximumLiveReaders: Int = 1_000, tickInterval: Duration = .milliseconds(200)
        ) {
            self.store = store
            self.maximumWindowStreams = maximumWindowStreams
            self.windowBacklog = windowBacklog
            self.maximumLiveReaders = maximumLiveReaders
            self.tickInterval = tickInterval
        }
    }

    private struct State {
        var store: FlowStore
        var rate = RecordRate()
        var rollOvers = RollOverTimes()
    }

    /// The clock is looked at this often at least, so that one that was set is noticed soon.
    private static let longestSleep = Duration.seconds(1)
    /// Slots looked at under the lock in one go when keys are freed: well below a millisecond.
    private static let reclaimPiece = 2_048
    /// Flows of a window that a reader gets in one go: what a slow one holds in memory.
    private static let windowPiece = 2_000

    public let limits: Limits
    private let clock: @Sendable () -> Timestamp
    private let state: Mutex<State>
    private let expiredWindows = Atomic<Int>(0)
    private let ticks: Broadcast<Void>
    private let dueWindows: Broadcast<Int64>
    private let rolledOver = Broadcast<Void>(maximumStreams: 8, bufferCount: 1)
    private let changed: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)
    private let isTickDue = Atomic<Bool>(false)

    /// An empty aggregator. `clock` tells the wall time, from which windows are cut.
    public init(limits: Limits = Limits(), clock: @escaping @Sendable () -> Timestamp) {
        self.limits = limits
        self.clock = clock
        state = Mutex(State(store: FlowStore(now: clock(), limits: limits.store)))
        ticks = Broadcast(maximumStreams: limits.maximumLiveReaders, bufferCount: 1)
        dueWindows = Broadcast(maximumStreams: limits.maximumWindowStreams, bufferCount: limits.windowBacklog)
        changed = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: - Service

    /// Rolls windows over and sends ticks until the task is cancelled or the service group shuts down. Run
    /// once.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.rollOverOnTime() }
                group.addTask { await self.tickAfterChanges() }
            }
        }
        ticks.finish()
        dueWindows.finish()
        rolledOver.finish()
    }

    private func rollOverOnTime() async {
        while !Task.isCancelled {
            let pause = rollOver()
            await tidy()
            // Cancelled: the loop's condition ends it.
            try? await Task.sleep(for: min(pause, Self.longestSleep))
        }
    }

    private func tickAfterChanges() async {
        for await _ in changed.stream {
            isTickDue.store(false, ordering: .sequentiallyConsistent)
            ticks.send(())
            // Changes during the pause leave one element in the stream. Cancelled: the stream ends.
            try? await Task.sleep(for: limits.tickInterval)
        }
    }

    private func noteChange() {
        // One wake-up is enough for all changes until it was followed.
        guard !isTickDue.exchange(true, ordering: .sequentiallyConsistent) else { return }
        changed.continuation.yield()
    }

    /// Brings the windows up to the clock, as `run` does in time. Returns how long the newest window still
    /// fills.
    @discardableResult
    public func rollOver() -> Duration {
        let now = clock()
        let (due, head) = state.withLock { state in
            let began = ContinuousClock.now
            let due = state.store.rollOver(now: now)
            if !due.isEmpty { state.rollOvers.add(ContinuousClock.now - began, at: now) }
            return (due, state.store.history.headSeconds)
        }
        for start in due { dueWindows.send(start) }
        if !due.isEmpty {
            noteChange()
            rolledOver.send(())
        }
        return .nanoseconds(max(10_000_000, Timestamp(seconds: head).nanoseconds(since: now)))
    }

    /// Packs windows that are over and frees keys that are gone, in pieces and mostly outside the lock.
    private func tidy() async {
        while var sealing = state.withLock({ $0.store.nextSealing() }) {
            sealing.pack()
            let packed = sealing
            // A record may have come for it meanwhile; then the next round sees it again.
            guard state.withLock({ $0.store.finish(packed) }) else { break }
        }
        while state.withLock({ $0.store.reclaim(limit: Self.reclaimPiece) }) { await Task.yield() }
    }

    // MARK: - Ingestion

    public func ingest(_ records: [FlowRecord]) {
        guard !records.isEmpty else { return }
        deliver { store in
            for record in records { store.insert(record) }
            return records.count
        }
    }

    @discardableResult
    public func deliver(_ body: (inout FlowStore) -> Int) -> Int {
        let second = clock().seconds
        let count = state.withLock { state in
            let count = body(&state.store)
            state.rate.add(count, second: second)
            return count
        }
        if count > 0 { noteChange() }
        return count
    }

    // MARK: - FlowQuerying

    public func list(_ query: FlowListQuery) async throws(FlowQueryError) -> FlowPage<FlowAggregate> {
        try snapshot().list(query, now: clock())
    }

    public func count(_ query: FlowCountQuery) async throws(FlowQueryError) -> Int {
        try snapshot().count(query, now: clock())
    }

    public func hints(_ query: FlowHintsQuery) async throws(FlowQueryError) -> FlowPage<String> {
        try snapshot().hints(query, now: clock())
    }

    public func statistics(_ query: FlowStatisticsQuery) async throws(FlowQueryError) -> [FlowStatistic] {
        try snapshot().statistics(query, now: clock())
    }

    public func histogram(_ query: FlowHistogramQuery) async throws(FlowQueryError) -> [FlowHistogramBin] {
        try snapshot().histogram(query, now: clock())
    }

    public func topTalkers(_ query: FlowTopQuery) async throws(FlowQueryError) -> [FlowTalker] {
        try snapshot().topTalkers(query, now: clock())
    }

    public func changes(_ query: FlowChangesQuery) async -> FlowChanges {
        snapshot().changes(query, now: clock())
    }

    public func changeTicks() async throws(FlowQueryError) -> AsyncStream<Void> {
        guard let stream = ticks.stream() else { throw .tooManyStreams(limit: limits.maximumLiveReaders) }
        return stream
    }

    public func windows(
        startTimeGTE: Int64, filter: FlowExpression
    ) async throws(FlowQueryError) -> AsyncThrowingStream<FlowWindow, any Error> {
        // One lock for both: no window comes due between the backlog and the first live one.
        let starts = state.withLock { state in
            dueWindows.stream(
                backlog: state.store.history.windowsDue(startTimeGTE: startTimeGTE, now: clock()))
        }
        guard let starts else { throw .tooManyStreams(limit: limits.maximumWindowStreams) }
        let reader = WindowReader(starts: starts, aggregator: self, filter: filter)
        return AsyncThrowingStream { await reader.next() }
    }

    /// A piece of a window that came due; nil, and counted, when its reader was so slow that it is gone.
    fileprivate func windowPiece(
        startSeconds: Int64, filter: FlowExpression, from place: Int
    ) -> (window: FlowWindow, next: Int?)? {
        let piece = snapshot().windowPiece(
            startSeconds: startSeconds, filter: filter, from: place, limit: Self.windowPiece)
        if piece == nil { expiredWindows.add(1, ordering: .relaxed) }
        return piece
    }

    /// What is known now; it does not change any more.
    public func snapshot() -> FlowHistory { state.withLock(\.store.history) }

    /// Says when windows were rolled over, for those who work through what has closed. Roll-overs coalesce. Nil
    /// when too many ask.
    public func rollOvers() -> AsyncStream<Void>? { rolledOver.stream() }

    // MARK: - Statistics

    /// Keys with data in any window.
    public var flowKeyCount: Int { state.withLock(\.store.history.keyCount) }

    /// Flow records taken per second, over the last ten whole seconds.
    public var recordsPerSecond: Double {
        let second = clock().seconds
        return state.withLock { $0.rate.perSecond(now: second) }
    }

    /// Everything that was lost here, totals since the start.
    public var losses: [EventLoss] {
        let expired = expiredWindows.load(ordering: .relaxed)
        return state.withLock(\.store.losses) + [
            EventLoss(
                name: "flow_stream_windows_dropped_total", count: dueWindows.dropped + UInt64(expired),
                help: "Windows that readers of flow streams did not take in time. Read faster or filter more."
            )
        ]
    }

    /// Numbers for those who watch the aggregator.
    public var statistics: AggregatorStatistics {
        state.withLock { state in
            AggregatorStatistics(
                insertedRecords: state.store.insertedRecords,
                repeatedDeliveries: state.store.repeatedDeliveries, gauges: state.store.gauges,
                rollOvers: state.rollOvers, windowStreams: dueWindows.streamCount,
                liveReaders: ticks.streamCount, headSeconds: state.store.history.headSeconds,
                oldestSeconds: state.store.history.oldestSeconds)
        }
    }
}

/// Reads the windows of one stream as they are asked for, so that a slow reader costs a list of numbers and a piece
/// of one window.
private actor WindowReader {
    private let starts: AsyncStream<Int64>
    private let aggregator: Aggregator
    private let filter: FlowExpression
    /// The window that was read in part, and where to go on.
    private var rest: (start: Int64, place: Int)?

    init(starts: AsyncStream<Int64>, aggregator: Aggregator, filter: FlowExpression) {
        self.starts = starts
        self.aggregator = aggregator
        self.filter = filter
    }

    /// The next window with a matching flow, or a piece of it; nil at the end.
    func next() async -> FlowWindow? {
        if let rest, let window = piece(rest.start, from: rest.place) { return window }
        for await start in starts {
            if let window = piece(start, from: 0) { return window }
        }
        return nil
    }

    private func piece(_ start: Int64, from place: Int) -> FlowWindow? {
        rest = nil
        guard
            let (window, next) = aggregator.windowPiece(startSeconds: start, filter: filter, from: place)
        else { return nil }
        if let next { rest = (start, next) }
        return window.flows.isEmpty ? nil : window
    }
}
