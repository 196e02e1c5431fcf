// SPDX-License-Identifier: Apache-2.0

public import FlowStore
public import NetworkModel

/// Numbers for those who watch an aggregator.
public struct AggregatorStatistics: Sendable {
    /// Records stored since the start.
    public var insertedRecords: UInt64
    /// Deliveries that came again and were counted once, since the start.
    public var repeatedDeliveries: UInt64
    public var gauges: FlowStoreGauges
    public var rollOvers: RollOverTimes
    /// Streams of windows that are open.
    public var windowStreams: Int
    /// Readers of live changes.
    public var liveReaders: Int
    /// Start of the future window, Unix seconds.
    public var headSeconds: Int64
    /// Start of the oldest window that is kept, Unix seconds.
    public var oldestSeconds: Int64
}

/// How long roll-overs held the store.
public struct RollOverTimes: Hashable, Sendable {
    /// Latest first, of the last few.
    public private(set) var recent: [Duration] = []
    public private(set) var count: UInt64 = 0
    public private(set) var total = Duration.zero
    /// When the last one was; nil before the first.
    public private(set) var lastTime: Timestamp?

    private static let recentCount = 128

    mutating func add(_ duration: Duration, at time: Timestamp) {
        recent.insert(duration, at: 0)
        if recent.count > Self.recentCount { recent.removeLast() }
        count += 1
        total += duration
        lastTime = time
    }
}
