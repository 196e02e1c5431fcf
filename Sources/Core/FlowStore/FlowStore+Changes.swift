// SPDX-License-Identifier: Apache-2.0

import FlowModel
public import NetworkModel

extension FlowStore {
    /// The cursor of the latest change.
    public var latestCursor: FlowCursor { FlowCursor(rawValue: sequence) }

    /// What changed since a cursor, the filling window included.
    ///
    /// Each window keeps its entries in the order of their last change, so there is no log that could
    /// overflow: an entry that changed a thousand times is one row with the newest totals, and a reader that
    /// is behind misses nothing until windows are recycled.
    /// Complexity: O(windows + entries changed since the cursor in open windows + limit × changed windows).
    public func changes(_ query: FlowChangesQuery, now: Timestamp) -> FlowChanges {
        var (cursor, gap) = resolve(query.start, now: now)
        let outstanding = outstanding(after: cursor)
        if outstanding > query.maximumBacklog {
            let skipped = outstanding - query.maximumBacklog
            cursor = skip(skipped, of: outstanding, after: cursor)
            gap = FlowGap(reason: gap?.reason ?? .backlog, missed: gap == nil ? skipped : nil)
        }
        var spans: [Span] = []
        for index in windows.indices where windows[index].lastSequence > cursor {
            if let span = Span(windows[index], position: index, after: cursor) { spans.append(span) }
        }
        var examined = 0
        var rows: [FlowChange] = []
        while examined < query.limit,
            let next = spans.indices.min(by: { spans[$0].sequence < spans[$1].sequence })
        {
            let (position, entry) = (spans[next].position, spans[next].entry)
            cursor = spans[next].sequence
            examined += 1
            if !spans[next].advance(windows[position]) { spans.remove(at: next) }
            guard let key = keys.keys[Int(windows[position].slots[entry])], query.filter.matches(key),
                let flow = aggregate(windows[position], entry)
            else { continue }
            let isFilling = windows[position].startSeconds >= fillingSeconds
            rows.append(FlowChange(flow: flow, isFilling: isFilling, cursor: FlowCursor(rawValue: cursor)))
        }
        return FlowChanges(
            rows: rows, cursor: FlowCursor(rawValue: cursor), hasMore: !spans.isEmpty, gap: gap)
    }

    private func resolve(_ start: FlowChangeStart, now: Timestamp) -> (cursor: UInt64, gap: FlowGap?) {
        switch start {
        case .now: return (sequence, nil)
        case .secondsAgo(let seconds):
            let (time, overflow) = now.seconds.subtractingReportingOverflow(seconds)
            let from = overflow ? Int64.min : time - limits.windowSeconds
            let recent = windows.filter { $0.count > 0 && $0.startSeconds > from }
            return (recent.map(\.firstSequence).min().map { $0 - 1 } ?? sequence, nil)
        case .cursor(let cursor):
            guard (firstSequence...sequence).contains(cursor.rawValue) else {
                return (firstSequence, FlowGap(reason: .unknownCursor))
            }
            return (cursor.rawValue, cursor.rawValue < recycledSequence ? FlowGap(reason: .expired) : nil)
        }
    }

    /// The sequence after which `count` fewer entries are outstanding. Sequences are unique, so bisection over them
    /// finds it.
    private func skip(_ count: Int, of outstanding: Int, after cursor: UInt64) -> UInt64 {
        var (low, high) = (cursor, sequence)
        while low < high {
            let middle = low + (high - low) / 2
            if outstanding - self.outstanding(after: middle) < count {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// How many entries changed after a sequence.
    private func outstanding(after sequence: UInt64) -> Int {
        var count = 0
        for index in windows.indices where windows[index].lastSequence > sequence {
            count += windows[index].changeCount(after: sequence)
        }
        return count
    }
}

/// What is left to read of one window, in the order of change.
private struct Span {
    let position: Int
    private(set) var sequence: UInt64
    private(set) var entry: Int
    private var entries: ChangedEntries

    /// Nil when nothing changed after `cursor`.
    init?(_ columns: WindowColumns, position: Int, after cursor: UInt64) {
        entries = columns.entriesChanged(after: cursor)
        guard let first = entries.first else { return nil }
        self.position = position
        entry = first
        sequence = columns.sequence(first)
    }

    /// False at the end.
    mutating func advance(_ columns: WindowColumns) -> Bool {
        entries.removeFirst()
        guard let next = entries.first else { return false }
        entry = next
        sequence = columns.sequence(next)
        return true
    }
}
