// SPDX-License-Identifier: Apache-2.0

import FlowModel
public import NetworkModel

extension FlowHistory {
    /// Activity over time, oldest first; bins without data are there too. Windows of the range count as a
    /// whole, the filling one included.
    public func histogram(
        _ query: FlowHistogramQuery, now: Timestamp
    ) throws(FlowQueryError) -> [FlowHistogramBin] {
        let (from, before) = try resolve(query.range, now: now)
        let width = query.binSeconds == 0 ? windowSeconds : query.binSeconds
        guard width > 0, width % windowSeconds == 0 else {
            throw .unusableBins("a bin is a multiple of \(windowSeconds) seconds, not \(width)")
        }
        let first = Self.windowStart(max(from, oldestSeconds), width)
        let last = min(before, headSeconds + windowSeconds)
        guard first < last else { return [] }
        let count = (last - first + width - 1) / width
        guard count <= FlowHistogramQuery.maximumBins else {
            throw .unusableBins(
                "\(count) bins were asked for; at most \(FlowHistogramQuery.maximumBins): take wider ones")
        }
        let windows = windows(from: first, before: last)
        let found = CompiledFilter(columns).matching(query.filter, among: slots(in: windows))
        var bins = (0..<count).map { FlowHistogramBin(startSeconds: first + $0 * width) }
        var counted = SlotSet()
        var current: Int?
        for window in windows {
            let place = Int((window.startSeconds - first) / width)
            if current != place { counted = SlotSet() }
            current = place
            add(window, found, &counted, to: &bins[place])
        }
        return bins
    }

    private func add(
        _ window: HistoryWindow, _ found: SlotSet, _ counted: inout SlotSet, to bin: inout FlowHistogramBin
    ) {
        window.forEach { slot, row in
            guard found.contains(slot) else { return }
            if !counted.contains(slot) {
                counted.insert(slot)
                let isDenied = columns.keys[slot].code.action == .deny
                bin.deniedFlows += isDenied ? 1 : 0
                bin.allowedFlows += isDenied ? 0 : 1
            }
            bin.bytes = bin.bytes.addingClamped(row.bytesIn).addingClamped(row.bytesOut)
            bin.packets = bin.packets.addingClamped(row.packetsIn).addingClamped(row.packetsOut)
            bin.connectionsStarted = bin.connectionsStarted.addingClamped(row.connectionsStarted)
        }
    }

    /// Who sent, received or was denied the most, greatest first; equal ones by name. Windows of the range
    /// count as a whole, the filling one included.
    public func topTalkers(_ query: FlowTopQuery, now: Timestamp) throws(FlowQueryError) -> [FlowTalker] {
        let (from, before) = try resolve(query.range, now: now)
        let windows = windows(from: Self.windowStart(max(from, oldestSeconds), windowSeconds), before: before)
        var filter = query.filter
        if query.measure == .denied { filter = .all([filter, .action(.deny)]) }
        let found = CompiledFilter(columns).matching(filter, among: slots(in: windows))
        var values = [UInt64](repeating: 0, count: columns.slotCount)
        for window in windows {
            window.forEach { slot, row in
                guard found.contains(slot) else { return }
                let value =
                    switch query.measure {
                    case .bytes: row.bytesIn.addingClamped(row.bytesOut)
                    case .packets, .denied: row.packetsIn.addingClamped(row.packetsOut)
                    case .connections: row.connectionsStarted
                    }
                values[slot] = values[slot].addingClamped(value)
            }
        }
        return talkers(found, values, query)
    }

    private struct Ends: Hashable {
        var sourceName: UInt32 = 0
        var sourceNamespace: UInt32 = 0
        var destinationName: UInt32 = 0
        var destinationNamespace: UInt32 = 0
    }

    private func talkers(_ found: SlotSet, _ values: [UInt64], _ query: FlowTopQuery) -> [FlowTalker] {
        var sums: [Ends: (flows: Int, value: UInt64)] = [:]
        found.forEach { slot in
            let code = columns.keys[slot].code
            var ends = Ends()
            if query.grouping != .destination {
                (ends.sourceName, ends.sourceNamespace) = (code.sourceName, code.sourceNamespace)
            }
            if query.grouping != .source {
                (ends.destinationName, ends.destinationNamespace) =
                    (code.destinationName, code.destinationNamespace)
            }
            let sum = sums[ends] ?? (0, 0)
            sums[ends] = (sum.flows + 1, sum.value.addingClamped(values[slot]))
        }
        func end(_ name: UInt32, _ namespace: UInt32) -> FlowEndpoint {
            FlowEndpoint(type: .unspecified, name: columns.texts[name], namespace: columns.texts[namespace])
        }
        let talkers = sums.filter { $0.value.value > 0 }.map { ends, sum in
            FlowTalker(
                source: query.grouping == .destination ? nil : end(ends.sourceName, ends.sourceNamespace),
                destination: query.grouping == .source
                    ? nil : end(ends.destinationName, ends.destinationNamespace),
                flows: sum.flows, value: sum.value)
        }
        return Array(talkers.sorted(by: FlowTalker.precedes).prefix(query.limit))
    }
}

extension FlowTalker {
    fileprivate static func precedes(_ left: FlowTalker, _ right: FlowTalker) -> Bool {
        left.value == right.value
            ? bytewisePrecedes(left.orderText, right.orderText) : left.value > right.value
    }

    private var orderText: String {
        [source?.namespace, source?.name, destination?.namespace, destination?.name]
            .map { $0 ?? "" }.joined(separator: "\n")
    }
}
