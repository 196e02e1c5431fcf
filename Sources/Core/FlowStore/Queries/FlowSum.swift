// SPDX-License-Identifier: Apache-2.0

import FlowModel
import NetworkModel

/// A flow's rows, added up in the order of windows (flow API 2.4).
struct FlowSum {
    private var total = WindowRow()
    private var startSeconds = Int64.max
    private var lastStartSeconds = Int64.min
    /// Set once windows have different lists: what they have in common.
    private var source: [String]?
    private var destination: [String]?

    @inline(__always)
    mutating func add(_ row: borrowing WindowRow, start: Int64, _ columns: KeyColumns) {
        lastStartSeconds = start
        if startSeconds == .max {
            total = copy row
            startSeconds = start
            return
        }
        total.add(row.counters)
        total.activity = row.activity
        if row.generation > 0 { total.generation = row.generation }
        if row.sourceLabels != total.sourceLabels || source != nil {
            source = Self.common(source, total.sourceLabels, row.sourceLabels, columns.labels)
        }
        if row.destinationLabels != total.destinationLabels || destination != nil {
            destination = Self.common(
                destination, total.destinationLabels, row.destinationLabels, columns.labels)
        }
    }

    private static func common(
        _ sofar: [String]?, _ first: UInt32, _ next: UInt32, _ lists: LabelColumn
    ) -> [String] {
        let other = Set(lists[next].labels.map(Bytewise.init))
        return (sofar ?? lists[first].labels).filter { other.contains(Bytewise($0)) }
    }

    /// Nil when nothing was added.
    func aggregate(_ slot: Int, _ columns: KeyColumns, windowSeconds: Int64) -> FlowAggregate? {
        guard startSeconds != .max else { return nil }
        return FlowAggregate(
            id: columns.keys[slot].id, key: columns.key(slot), startSeconds: startSeconds,
            endSeconds: lastStartSeconds + windowSeconds,
            sourceLabels: source ?? columns.labels[total.sourceLabels].labels,
            destinationLabels: destination ?? columns.labels[total.destinationLabels].labels,
            counters: total.counters,
            lastActivity: Timestamp(
                nanoseconds: lastStartSeconds * 1_000_000_000 + Int64(total.activity) * 1_000),
            generation: total.generation, addresses: columns.addresses(slot))
    }
}

extension FlowHistory {
    /// One row of one window.
    func aggregate(_ slot: Int, _ row: borrowing WindowRow, start: Int64) -> FlowAggregate? {
        var sum = FlowSum()
        sum.add(row, start: start, columns)
        return sum.aggregate(slot, columns, windowSeconds: windowSeconds)
    }

    /// Some slots summed over windows, in the order of the slots.
    func sums(of slots: ContiguousArray<UInt32>, over windows: [HistoryWindow]) -> [FlowAggregate] {
        var sums = ContiguousArray<FlowSum>(repeating: FlowSum(), count: slots.count)
        let columns = columns
        for window in windows {
            let start = window.startSeconds
            sums.withUnsafeMutableBufferPointer { sums in
                window.forEach(of: slots) { place, row in sums[place].add(row, start: start, columns) }
            }
        }
        var aggregates: [FlowAggregate] = []
        aggregates.reserveCapacity(slots.count)
        for (place, slot) in slots.enumerated() {
            if let flow = sums[place].aggregate(Int(slot), columns, windowSeconds: windowSeconds) {
                aggregates.append(flow)
            }
        }
        return aggregates
    }
}
