// SPDX-License-Identifier: Apache-2.0

import FlowModel

/// Flows summed over some windows, for exporters, which take all of them, a piece at a time.
///
/// It keeps its windows and all keys in memory, as they were, until it goes.
public struct FlowSumReader: Sendable {
    /// Without windows: only the columns are read.
    private let history: FlowHistory
    private let windows: [HistoryWindow]
    private let slots: ContiguousArray<UInt32>
    private var place = 0

    fileprivate init(_ history: FlowHistory, _ windows: [HistoryWindow]) {
        var slots: ContiguousArray<UInt32> = []
        history.slots(in: windows).forEach { slots.append(UInt32($0)) }
        var history = history
        history.open = []
        history.sealed = []
        self.history = history
        self.windows = windows
        self.slots = slots
    }

    /// Flows that were not taken yet.
    public var remaining: Int { slots.count - place }

    /// The next flows, at most `limit`, in no particular order; none when all were taken.
    ///
    /// Complexity: O(limit × windows).
    public mutating func next(limit: Int) -> [FlowAggregate] {
        let end = place + max(0, min(limit, remaining))
        defer { place = end }
        return history.sums(of: ContiguousArray(slots[place..<end]), over: windows)
    }
}

extension FlowHistory {
    /// Starts of the windows that hold flows and lie wholly in a range of Unix seconds, oldest first. At most
    /// `windowCount`.
    ///
    /// Complexity: O(windows); no flow is looked at.
    public func filledWindows(from: Int64, before: Int64) -> [Int64] {
        windows(from: from, endingBy: before).map(\.startSeconds)
    }

    /// All flows, each summed over the windows that lie wholly in a range of Unix seconds (flow API 2.4).
    public func sumReader(from: Int64, before: Int64) -> FlowSumReader {
        FlowSumReader(self, windows(from: from, endingBy: before))
    }

    /// Number of the latest change; it grows with each.
    public var latestChange: UInt64 { sequence }

    /// How many pairs of a flow and a window that ends by a time, Unix seconds, were added or changed after a
    /// change.
    ///
    /// Complexity: O(windows + rows of the windows that changed).
    public func changedRows(endingBy end: Int64, after change: UInt64) -> Int {
        windows(from: .min, endingBy: end).reduce(0) { $0 + $1.changeCount(after: change) }
    }
}
