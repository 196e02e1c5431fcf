// SPDX-License-Identifier: Apache-2.0

import FlowModel
public import NetworkModel

extension FlowStore {
    /// Flows that pass the filter, each summed over the windows that lie wholly inside the range (flow API
    /// 2.3 to 2.6).
    ///
    /// A flow with no such window is left out, also when a window of it starts inside the range. Over
    /// windows, labels are what all windows have in common.
    /// Complexity: O(entries in the range), twice; plus sorting the matching flows.
    public func list(
        _ query: FlowListQuery, now: Timestamp
    ) throws(FlowQueryError) -> FlowPage<FlowAggregate> {
        let sort = try query.sortKey
        let (from, before) = try resolve(query.range, now: now)
        // The last window must end inside the range, not only start there.
        let (lastStart, underflow) = before.subtractingReportingOverflow(limits.windowSeconds)
        let inRange = underflow ? [] : positions(from: from, before: lastStart == .max ? .max : lastStart + 1)
        var matches = SlotFilter(query.filter, slotCount: keys.slotCount)
        var found: [(slot: UInt32, start: Int64)] = []
        var isFound = [Bool](repeating: false, count: keys.slotCount)
        for position in inRange {
            let start = windows[position].startSeconds
            for slot in windows[position].slots where !isFound[Int(slot)] && matches.contains(slot, keys) {
                isFound[Int(slot)] = true
                found.append((slot, start))
            }
        }
        let (page, totalPages) = try query.paging.cut(found.count)
        guard !page.isEmpty else {
            return FlowPage(items: [], totalPages: totalPages, totalResults: found.count)
        }
        sortFlows(&found, by: sort)
        let items = sums(of: found[page].map(\.slot), over: inRange)
        return FlowPage(items: items, totalPages: totalPages, totalResults: found.count)
    }

    /// Absolute Unix seconds of a range.
    func resolve(
        _ range: FlowTimeRange, now: Timestamp
    ) throws(FlowQueryError) -> (from: Int64, before: Int64) {
        let from = FlowTimeRange.resolve(range.startGTE, now: now.seconds, whenZero: oldestSeconds)
        let before = FlowTimeRange.resolve(range.startLT, now: now.seconds, whenZero: now.seconds)
        guard from < before else { throw .emptyTimeRange(startGTE: from, startLT: before) }
        return (from, before)
    }

    private func sortFlows(_ found: inout [(slot: UInt32, start: Int64)], by sort: FlowSortKey) {
        func id(_ slot: UInt32) -> UInt64 { keys.ids[Int(slot)] }
        guard let text = sort.text else {
            return found.sort { $0.start == $1.start ? id($0.slot) < id($1.slot) : $0.start > $1.start }
        }
        func name(_ slot: UInt32) -> String { keys.keys[Int(slot)].map(text) ?? "" }
        found.sort { left, right in
            let (leftName, rightName) = (name(left.slot), name(right.slot))
            return leftName == rightName
                ? id(left.slot) < id(right.slot) : bytewisePrecedes(leftName, rightName)
        }
    }

    private func sums(of slots: [UInt32], over positions: [Int]) -> [FlowAggregate] {
        var rank = [UInt32](repeating: KeyTable.none, count: keys.slotCount)
        for (place, slot) in slots.enumerated() { rank[Int(slot)] = UInt32(place) }
        var sums = [FlowSum](repeating: FlowSum(), count: slots.count)
        for position in positions {
            let columns = windows[position]
            for (entry, slot) in columns.slots.enumerated() where rank[Int(slot)] != KeyTable.none {
                sums[Int(rank[Int(slot)])].add(columns, entry, keys)
            }
        }
        return zip(slots, sums).compactMap { slot, sum in
            sum.aggregate(slot, keys, windowSeconds: limits.windowSeconds)
        }
    }
}

extension FlowListQuery {
    fileprivate var sortKey: FlowSortKey {
        get throws(FlowQueryError) {
            guard sortBy.count <= 1 else { throw .severalSortKeys(sortBy) }
            let key = sortBy.first ?? .time
            guard key != .destinationType, key != .sourceType else { throw .unsupportedSort(key) }
            return key
        }
    }
}

extension FlowSortKey {
    /// The text to sort by; nil for the order of time.
    fileprivate var text: (@Sendable (FlowKey) -> String)? {
        switch self {
        case .destinationName: { $0.destination.name }
        case .destinationNamespace: { $0.destination.namespace }
        case .sourceName: { $0.source.name }
        case .sourceNamespace: { $0.source.namespace }
        case .time, .destinationType, .sourceType: nil
        }
    }
}

/// A filter with its answer per slot, so that a key is looked at once per query.
struct SlotFilter {
    private enum Answer: UInt8 {
        case unknown
        case yes
        case no
    }

    private let filter: FlowFilter
    private let isEmpty: Bool
    private var answers: [Answer] = []

    init(_ filter: FlowFilter, slotCount: Int) {
        self.filter = filter
        isEmpty = filter.isEmpty
        if !isEmpty { answers = Array(repeating: .unknown, count: slotCount) }
    }

    mutating func contains(_ slot: UInt32, _ keys: KeyTable) -> Bool {
        if isEmpty { return true }
        if answers[Int(slot)] == .unknown {
            answers[Int(slot)] = keys.keys[Int(slot)].map(filter.matches) == true ? .yes : .no
        }
        return answers[Int(slot)] == .yes
    }
}

/// A flow's entries, added up in the order of windows.
struct FlowSum {
    private var counters = FlowCounters()
    private var startSeconds = Int64.max
    private var lastStartSeconds = Int64.min
    private var lastActivity = Timestamp(nanoseconds: .min)
    private var generation: UInt64 = 0
    private var labelSet: UInt8 = 0
    /// Set once windows have different label sets.
    private var labels: LabelSet?

    mutating func add(_ columns: WindowColumns, _ entry: Int, _ keys: KeyTable) {
        let isFirst = startSeconds == .max
        counters += columns.counters(entry)
        startSeconds = min(startSeconds, columns.startSeconds)
        lastStartSeconds = columns.startSeconds
        lastActivity = columns.lastActivity(entry)
        if columns.generations[entry] > 0 { generation = columns.generations[entry] }
        let next = columns.labelSets[entry]
        if isFirst { return labelSet = next }
        guard labels != nil || next != labelSet else { return }
        let slot = columns.slots[entry]
        labels = (labels ?? keys.labels(slot, labelSet)).intersection(keys.labels(slot, next))
    }

    func aggregate(_ slot: UInt32, _ keys: KeyTable, windowSeconds: Int64) -> FlowAggregate? {
        guard let key = keys.keys[Int(slot)] else { return nil }
        let labels = labels ?? keys.labels(slot, labelSet)
        return FlowAggregate(
            id: keys.ids[Int(slot)], key: key, startSeconds: startSeconds,
            endSeconds: lastStartSeconds + windowSeconds, sourceLabels: labels.source,
            destinationLabels: labels.destination, counters: counters, lastActivity: lastActivity,
            generation: generation)
    }
}

extension WindowColumns {
    func lastActivity(_ entry: Int) -> Timestamp {
        Timestamp(nanoseconds: startSeconds * 1_000_000_000 + Int64(activity[entry]) * 1_000)
    }
}
