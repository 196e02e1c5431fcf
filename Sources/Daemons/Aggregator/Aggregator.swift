// SPDX-License-Identifier: Apache-2.0
//
// Aggregator: the daemon loop around the flow store. It owns the one mutable `FlowStore` and the clock, rolls
// the windows over, and wakes readers. Wire formats are none of its business.

public import FlowModel
public import FlowStore
public import NetworkModel
public import ServiceLifecycle

/// Keeps the flow history of a cluster and answers questions about it.
///
/// Lists and hints run on a snapshot, outside the actor, so a long query does not hold up ingestion. Live
/// readers pull: they are woken by a tick and ask for what changed since their cursor, so a slow reader costs
/// no memory here.
public actor Aggregator: FlowIngesting, FlowQuerying, Service {
    /// What bounds an aggregator, beside its store.
    public struct Limits: Hashable, Sendable {
        public var store: FlowStore.Limits
        /// Streams of windows at a time (flow API 2.8).
        public var maximumWindowStreams: Int
        /// Windows that a stream's reader may be behind before the oldest are dropped for it.
        public var windowBacklog: Int
        /// Readers of live changes at a time.
        public var maximumLiveReaders: Int
        /// Least time between two ticks.
        public var tickInterval: Duration

        public init(
            store: FlowStore.Limits = FlowStore.Limits(), maximumWindowStreams: Int = 100,
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

    /// The clock is looked at this often at least, so that one that was set is noticed soon.
    private static let longestSleep = Duration.seconds(1)

    private let limits: Limits
    private let clock: @Sendable () -> Timestamp
    private var store: FlowStore
    private var rate = RecordRate()
    private var expiredWindows: UInt64 = 0
    private let ticks: Broadcast<Void>
    private let dueWindows: Broadcast<Int64>
    private let changed: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)

    /// An empty aggregator. `clock` tells the wall time, from which windows are cut.
    public init(limits: Limits = Limits(), clock: @escaping @Sendable () -> Timestamp) {
        self.limits = limits
        self.clock = clock
        store = FlowStore(now: clock(), limits: limits.store)
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
    }

    private nonisolated func rollOverOnTime() async {
        while !Task.isCancelled {
            let pause = await rollOver()
            // Cancelled: the loop's condition ends it.
            try? await Task.sleep(for: min(pause, Self.longestSleep))
        }
    }

    private nonisolated func tickAfterChanges() async {
        for await _ in changed.stream {
            ticks.send(())
            // Changes during the pause leave one element in the stream. Cancelled: the stream ends.
            try? await Task.sleep(for: limits.tickInterval)
        }
    }

    /// Brings the windows up to the clock, as `run` does in time. Returns how long the newest window still
    /// fills.
    @discardableResult
    public func rollOver() -> Duration {
        let now = clock()
        let due = store.rollOver(now: now)
        for start in due { dueWindows.send(start) }
        if !due.isEmpty { changed.continuation.yield() }
        let next = Timestamp(seconds: store.headSeconds)
        return .nanoseconds(max(10_000_000, next.nanoseconds(since: now)))
    }

    // MARK: - FlowIngesting

    public func ingest(_ records: [FlowRecord]) {
        guard !records.isEmpty else { return }
        for record in records { store.insert(record) }
        rate.add(records.count, second: clock().seconds)
        changed.continuation.yield()
    }

    // MARK: - FlowQuerying

    public nonisolated func list(
        _ query: FlowListQuery
    ) async throws(FlowQueryError) -> FlowPage<FlowAggregate> {
        let (snapshot, now) = await capture()
        return try snapshot.list(query, now: now)
    }

    public nonisolated func hints(_ query: FlowHintsQuery) async throws(FlowQueryError) -> FlowPage<String> {
        let (snapshot, now) = await capture()
        return try snapshot.hints(query, now: now)
    }

    public func changes(_ query: FlowChangesQuery) -> FlowChanges {
        store.changes(query, now: clock())
    }

    public func changeTicks() throws(FlowQueryError) -> AsyncStream<Void> {
        guard let stream = ticks.stream() else { throw .tooManyStreams(limit: limits.maximumLiveReaders) }
        return stream
    }

    public func windows(
        startTimeGTE: Int64, filter: FlowFilter
    ) throws(FlowQueryError) -> AsyncThrowingStream<FlowWindow, any Error> {
        let backfill = store.windowsDue(startTimeGTE: startTimeGTE, now: clock())
        guard let starts = dueWindows.stream(backlog: backfill) else {
            throw .tooManyStreams(limit: limits.maximumWindowStreams)
        }
        let reader = WindowReader(starts: starts, aggregator: self, filter: filter)
        return AsyncThrowingStream { await reader.next() }
    }

    /// A window that came due; nil, and counted, when its reader was so slow that it is gone.
    fileprivate func window(startSeconds: Int64, filter: FlowFilter) -> FlowWindow? {
        let window = store.window(startSeconds: startSeconds, filter: filter)
        if window == nil { expiredWindows += 1 }
        return window
    }

    private func capture() -> (FlowStore, Timestamp) { (store, clock()) }

    // MARK: - Statistics

    /// Keys with data in any window.
    public var flowKeyCount: Int { store.keyCount }

    /// Flow records taken per second, over the last ten whole seconds.
    public var recordsPerSecond: Double { rate.perSecond(now: clock().seconds) }

    /// Everything that was lost here, totals since the start.
    public var losses: [EventLoss] {
        store.losses + [
            EventLoss(
                name: "flow_stream_windows_dropped_total", count: dueWindows.dropped + expiredWindows,
                help: "Windows that readers of flow streams did not take in time. Read faster or filter more."
            )
        ]
    }
}

/// Reads the windows of one stream as they are asked for, so that a slow reader costs a list of numbers.
private actor WindowReader {
    private let starts: AsyncStream<Int64>
    private let aggregator: Aggregator
    private let filter: FlowFilter

    init(starts: AsyncStream<Int64>, aggregator: Aggregator, filter: FlowFilter) {
        self.starts = starts
        self.aggregator = aggregator
        self.filter = filter
    }

    /// The next window with a matching flow; nil at the end.
    func next() async -> FlowWindow? {
        for await start in starts {
            guard let window = await aggregator.window(startSeconds: start, filter: filter) else { continue }
            if !window.flows.isEmpty { return window }
        }
        return nil
    }
}

/// Counts records per second of the clock, for the last ten seconds.
private struct RecordRate {
    private static let seconds = 10
    private var counts = [Int](repeating: 0, count: seconds + 1)
    private var latest: Int64 = 0

    mutating func add(_ count: Int, second: Int64) {
        advance(to: second)
        counts[index(second)] += count
    }

    func perSecond(now: Int64) -> Double {
        var copy = self
        copy.advance(to: now)
        // The second that is still running is left out.
        return Double(copy.counts.reduce(0, +) - copy.counts[index(now)]) / Double(Self.seconds)
    }

    private func index(_ second: Int64) -> Int {
        let rest = Int(second % Int64(counts.count))
        return rest < 0 ? rest + counts.count : rest
    }

    private mutating func advance(to second: Int64) {
        guard second != latest else { return }
        if second < latest || second - latest > Int64(counts.count) {
            counts = Array(repeating: 0, count: counts.count)
        } else {
            for passed in (latest + 1)...second { counts[index(passed)] = 0 }
        }
        latest = second
    }
}
