// SPDX-License-Identifier: Apache-2.0

import FlowModel
public import NetworkModel

extension FlowHistory {
    /// The cursor of the latest change.
    public var latestCursor: FlowCursor { FlowCursor(rawValue: sequence) }

    /// What changed since a cursor, the filling window included.
    ///
    /// Each row knows when it changed last, so there is no log that could overflow: a row that changed a
    /// thousand times is answered once with the newest totals, and a reader that is behind misses nothing
    /// until windows are recycled.
    /// Complexity: O(windows + rows of the oldest windows that changed since the cursor), plus sorting those.
    public func changes(_ query: FlowChangesQuery, now: Timestamp) -> FlowChanges {
        var (cursor, gap) = resolve(query.start, now: now)
        guard sequence > cursor else {
            return FlowChanges(rows: [], cursor: FlowCursor(rawValue: cursor), gap: gap)
        }
        var windows = allWindows.filter { $0.lastSequence > cursor }
            .sorted { $0.firstSequence < $1.firstSequence }
        let skipped = skip(&windows, &cursor, downTo: query.maximumBacklog)
        if skipped > 0 {
            gap = FlowGap(reason: gap?.reason ?? .backlog, missed: gap == nil ? skipped : nil)
        }
        let (examined, hasMore) = oldest(query.limit, of: windows, after: cursor)
        if let last = examined.last { cursor = last.sequence }
        return FlowChanges(
            rows: rows(examined, query), cursor: FlowCursor(rawValue: cursor), hasMore: hasMore, gap: gap)
    }

    /// Moves the cursor on so that no more than `maximum` rows are outstanding; returns how many were skipped.
    private func skip(
        _ windows: inout [HistoryWindow], _ cursor: inout UInt64, downTo maximum: Int
    ) -> Int {
        var counts = windows.map { $0.changeCount(after: cursor) }
        let total = counts.reduce(0, +)
        var left = total
        // Whole windows first, as long as nothing in a later window is older.
        while left > maximum, windows.count > 1, left - counts[0] >= maximum,
            windows[1].firstSequence > windows[0].lastSequence
        {
            cursor = windows[0].lastSequence
            left -= counts[0]
            windows.removeFirst()
            counts.removeFirst()
        }
        guard left > maximum else { return total - left }
        var sequences: [UInt64] = []
        sequences.reserveCapacity(left)
        for window in windows { window.changes(after: cursor) { sequences.append($1) } }
        sequences.sort()
        cursor = sequences[left - maximum - 1]
        return total - maximum
    }

    /// The rows that changed first, in the order of change, and whether there are more.
    private func oldest(
        _ limit: Int, of windows: [HistoryWindow], after cursor: UInt64
    ) -> (rows: ArraySlice<Outstanding>, hasMore: Bool) {
        var found: [Outstanding] = []
        for (place, window) in windows.enumerated() {
            let start = window.startSeconds
            window.changes(after: cursor) { slot, sequence in
                found.append(Outstanding(sequence: sequence, slot: UInt32(slot), window: start))
            }
            guard place + 1 < windows.count, found.count >= limit else { continue }
            // What is older than the first change of every later window is complete.
            let bound = windows[place + 1].firstSequence
            let complete = found.filter { $0.sequence < bound }
            guard complete.count >= limit else { continue }
            return (complete.sorted { $0.sequence < $1.sequence }.prefix(limit), true)
        }
        found.sort { $0.sequence < $1.sequence }
        return (found.prefix(limit), found.count > limit)
    }

    private struct Outstanding {
        var sequence: UInt64
        var slot: UInt32
        /// Start of its window.
        var window: Int64
    }

    private func rows(_ examined: ArraySlice<Outstanding>, _ query: FlowChangesQuery) -> [FlowChange] {
        var slots = SlotSet()
        for entry in examined { slots.insert(Int(entry.slot)) }
        let found = CompiledFilter(columns).matching(query.filter, among: slots)
        var windows: [Int64: HistoryWindow] = [:]
        var rows: [FlowChange] = []
        for entry in examined where found.contains(Int(entry.slot)) {
            if windows[entry.window] == nil { windows[entry.window] = window(entry.window) }
            guard let row = windows[entry.window]?.row(Int(entry.slot)),
                let flow = aggregate(Int(entry.slot), row, start: entry.window)
            else { continue }
            rows.append(
                FlowChange(
                    flow: flow, isFilling: entry.window >= fillingSeconds,
                    cursor: FlowCursor(rawValue: entry.sequence)))
        }
        return rows
    }

    private func resolve(_ start: FlowChangeStart, now: Timestamp) -> (cursor: UInt64, gap: FlowGap?) {
        switch start {
        case .now: return (sequence, nil)
        case .secondsAgo(let seconds):
            let (time, overflow) = now.seconds.subtractingReportingOverflow(seconds)
            let from = overflow ? Int64.min : time - windowSeconds
            let firsts = allWindows.filter { $0.startSeconds > from }.map(\.firstSequence)
            return (firsts.min().map { $0 - 1 } ?? sequence, nil)
        case .cursor(let cursor):
            guard (firstSequence...sequence).contains(cursor.rawValue) else {
                return (firstSequence, FlowGap(reason: .unknownCursor))
            }
            return (cursor.rawValue, cursor.rawValue < recycledSequence ? FlowGap(reason: .expired) : nil)
        }
    }

    /// Windows with data, in no order.
    private var allWindows: [HistoryWindow] {
        open.filter { $0.startSeconds >= oldestSeconds && $0.count > 0 }.map(HistoryWindow.open)
            + sealed.compactMap { $0 }.map(HistoryWindow.sealed)
    }
}
