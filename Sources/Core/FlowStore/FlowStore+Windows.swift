// SPDX-License-Identifier: Apache-2.0

public import FlowModel
public import NetworkModel

extension FlowStore {
    /// Starts of the past windows that a new stream gets at once, oldest first: from the window that holds
    /// the start up to, not including, the one that the next roll-over makes due (flow API 2.8). A start
    /// before the oldest window is clamped; one in the filling or a later window gives nothing old.
    public func windowsDue(startTimeGTE: Int64, now: Timestamp) -> [Int64] {
        let wanted = FlowTimeRange.resolve(startTimeGTE, now: now.seconds, whenZero: now.seconds)
        guard wanted < nextDueSeconds else { return [] }
        let first = wanted <= oldestSeconds ? oldestSeconds : Self.windowStart(wanted, limits.windowSeconds)
        return Array(stride(from: first, to: nextDueSeconds, by: Int(limits.windowSeconds)))
    }

    /// One window's flows with that window's counters only; nil when the window is no longer, or not yet,
    /// kept.
    public func window(startSeconds: Int64, filter: FlowFilter = FlowFilter()) -> FlowWindow? {
        let columns = windows[position(startSeconds)]
        guard columns.startSeconds == startSeconds else { return nil }
        var matches = SlotFilter(filter, slotCount: keys.slotCount)
        var flows: [FlowAggregate] = []
        for (entry, slot) in columns.slots.enumerated() where matches.contains(slot, keys) {
            if let flow = aggregate(columns, entry) { flows.append(flow) }
        }
        return FlowWindow(
            startSeconds: startSeconds, endSeconds: startSeconds + limits.windowSeconds, flows: flows)
    }

    /// One entry of one window.
    func aggregate(_ columns: WindowColumns, _ entry: Int) -> FlowAggregate? {
        var sum = FlowSum()
        sum.add(columns, entry, keys)
        return sum.aggregate(columns.slots[entry], keys, windowSeconds: limits.windowSeconds)
    }
}
