// SPDX-License-Identifier: Apache-2.0

import FlowModel
import NetworkModel

/// What a store knows at one moment. Queries are asked of a history, while the store goes on.
///
/// ```
/// oldest ... 239 more ...  due next   filling    head (future)
/// |-------|------------|---------|------------|------------|
///  sealed ─────────────────────┤ open ──────────────────────
///                                      now
/// ```
/// A copy costs a few reference counts. What it shares with the store is copied page by page when the store
/// changes it (`PagedArray`), and not at all for windows that are sealed.
public struct FlowHistory: Sendable {
    /// Width of a window.
    public let windowSeconds: Int64
    /// One future, one filling, the rest past.
    public let windowCount: Int
    /// Start of the future window, Unix seconds.
    public internal(set) var headSeconds: Int64
    /// Start of the oldest window, Unix seconds. Later than the ring's end when memory ran short.
    public internal(set) var oldestSeconds: Int64
    /// Number of keys with data in any window.
    public internal(set) var keyCount = 0

    var columns: KeyColumns
    /// In no order, few.
    var open: ContiguousArray<OpenWindow> = []
    /// By position in the ring.
    var sealed: ContiguousArray<SealedWindow?>
    /// Sequence of the latest change.
    var sequence: UInt64
    /// Before the first change.
    let firstSequence: UInt64
    /// Greatest sequence of a first change in any window that was recycled: readers behind it missed a whole
    /// window.
    var recycledSequence: UInt64 = 0

    init(now: Timestamp, windowSeconds: Int64, windowCount: Int, columns: KeyColumns) {
        self.windowSeconds = windowSeconds
        self.windowCount = windowCount
        self.columns = columns
        sealed = ContiguousArray(repeating: nil, count: windowCount)
        sequence = UInt64(max(1, now.nanoseconds / 1_000))
        firstSequence = sequence
        headSeconds = Self.windowStart(now.seconds, windowSeconds) + windowSeconds
        oldestSeconds = headSeconds - Int64(windowCount - 1) * windowSeconds
    }

    /// Start of the oldest window that the ring has a place for, Unix seconds.
    var ringStartSeconds: Int64 { headSeconds - Int64(windowCount - 1) * windowSeconds }
    /// Start of the window that now falls into, Unix seconds.
    public var fillingSeconds: Int64 { headSeconds - windowSeconds }
    /// Start of the window that the next roll-over makes due for streams, Unix seconds.
    public var nextDueSeconds: Int64 { headSeconds - 2 * windowSeconds }

    // MARK: - The ring

    /// Start of the window that holds a time, Unix seconds.
    static func windowStart(_ seconds: Int64, _ width: Int64) -> Int64 {
        let rest = seconds % width
        return rest < 0 ? seconds - rest - width : seconds - rest
    }

    /// Where the window with this start is in `sealed`.
    func position(_ startSeconds: Int64) -> Int {
        let index = (startSeconds / windowSeconds) % Int64(windowCount)
        return Int(index < 0 ? index + Int64(windowCount) : index)
    }

    /// The window with this start; nil when it has no data or is not kept.
    func window(_ startSeconds: Int64) -> HistoryWindow? {
        guard startSeconds >= oldestSeconds else { return nil }
        if let sealed = sealed[position(startSeconds)], sealed.startSeconds == startSeconds {
            return .sealed(sealed)
        }
        return open.first { $0.startSeconds == startSeconds }.map(HistoryWindow.open)
    }

    /// Windows with data that start in a range, oldest first.
    func windows(from: Int64, before: Int64) -> [HistoryWindow] {
        let first = from <= oldestSeconds ? oldestSeconds : ceiling(from)
        return stride(from: first, to: min(before, headSeconds + 1), by: Int(windowSeconds))
            .compactMap { window($0) }
    }

    /// Windows with data that lie wholly in a range, oldest first.
    func windows(from: Int64, endingBy end: Int64) -> [HistoryWindow] {
        let (lastStart, underflow) = end.subtractingReportingOverflow(windowSeconds)
        guard !underflow else { return [] }
        return windows(from: from, before: lastStart == .max ? .max : lastStart + 1)
    }

    private func ceiling(_ seconds: Int64) -> Int64 {
        guard seconds <= headSeconds else { return headSeconds + 1 }
        let start = Self.windowStart(seconds, windowSeconds)
        return start == seconds ? start : start + windowSeconds
    }

    /// Absolute Unix seconds of a range (flow API 2.3).
    func resolve(
        _ range: FlowTimeRange, now: Timestamp
    ) throws(FlowQueryError) -> (from: Int64, before: Int64) {
        let from = FlowTimeRange.resolve(range.startGTE, now: now.seconds, whenZero: ringStartSeconds)
        let before = FlowTimeRange.resolve(range.startLT, now: now.seconds, whenZero: now.seconds)
        guard from < before else { throw .emptyTimeRange(startGTE: from, startLT: before) }
        return (from, before)
    }

    /// Slots with data in any of the windows.
    func slots(in windows: [HistoryWindow]) -> SlotSet {
        var slots = SlotSet()
        for window in windows { slots.formUnion(window.slots) }
        return slots
    }
}
