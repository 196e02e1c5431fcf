// SPDX-License-Identifier: Apache-2.0

public import FlowModel
public import NetworkModel

extension FlowHistory {
    /// Starts of the past windows that a new stream gets at once, oldest first: from the window that holds
    /// the start up to, not including, the one that the next roll-over makes due (flow API 2.8). A start
    /// before the oldest window is clamped; one in the filling or a later window gives nothing old.
    public func windowsDue(startTimeGTE: Int64, now: Timestamp) -> [Int64] {
        let wanted = FlowTimeRange.resolve(startTimeGTE, now: now.seconds, whenZero: now.seconds)
        guard wanted < nextDueSeconds else { return [] }
        let first = wanted <= oldestSeconds ? oldestSeconds : Self.windowStart(wanted, windowSeconds)
        return Array(stride(from: first, to: nextDueSeconds, by: Int(windowSeconds)))
    }

    /// One window's flows with that window's counters only; nil when the window is no longer, or not yet,
    /// kept.
    public func window(startSeconds: Int64, filter: FlowExpression = .always) -> FlowWindow? {
        windowPiece(startSeconds: startSeconds, filter: filter, from: 0, limit: .max)?.window
    }

    /// A part of a window, for readers that take a large one in pieces: at most `limit` flows from a place on,
    /// 0 first, and the place of the next piece, nil after the last one. Nil when the window is not kept.
    public func windowPiece(
        startSeconds: Int64, filter: FlowExpression, from place: Int, limit: Int
    ) -> (window: FlowWindow, next: Int?)? {
        guard startSeconds >= oldestSeconds, startSeconds <= headSeconds,
            startSeconds == Self.windowStart(startSeconds, windowSeconds)
        else { return nil }
        var flows: [FlowAggregate] = []
        var next: Int?
        if let window = window(startSeconds) {
            let found = CompiledFilter(columns).matching(filter, among: window.slots)
            window.forEach { slot, row in
                guard slot >= place, next == nil, found.contains(slot) else { return }
                guard flows.count < limit else {
                    next = slot
                    return
                }
                if let flow = aggregate(slot, row, start: startSeconds) { flows.append(flow) }
            }
        }
        let window = FlowWindow(
            startSeconds: startSeconds, endSeconds: startSeconds + windowSeconds, flows: flows)
        return (window, next)
    }
}
