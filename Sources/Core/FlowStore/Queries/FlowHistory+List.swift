// SPDX-License-Identifier: Apache-2.0

import FlowModel
public import NetworkModel

extension FlowHistory {
    /// Flows that pass the filter, each summed over the windows that lie wholly inside the range (flow API
    /// 2.3 to 2.6).
    ///
    /// A flow with no such window is left out, also when a window of it starts inside the range. Over
    /// windows, labels are what all windows have in common.
    /// Complexity: O(keys + windows × keys / 64), plus sorting, plus the rows of the flows on the page.
    public func list(
        _ query: FlowListQuery, now: Timestamp
    ) throws(FlowQueryError) -> FlowPage<FlowAggregate> {
        let sort = try query.sortKey
        let (from, before) = try resolve(query.range, now: now)
        let windows = windows(from: from, endingBy: before)
        let found = CompiledFilter(columns).matching(query.filter, among: slots(in: windows))
        let count = found.count
        let (page, totalPages) = try query.paging.cut(count)
        guard !page.isEmpty else { return FlowPage(items: [], totalPages: totalPages, totalResults: count) }
        let slots =
            if let field = sort.field {
                slotsByText(found, field, page)
            } else {
                slotsByTime(found, windows, page)
            }
        return FlowPage(items: sums(of: slots, over: windows), totalPages: totalPages, totalResults: count)
    }

    /// How many flows `list` would have.
    public func count(_ query: FlowCountQuery, now: Timestamp) throws(FlowQueryError) -> Int {
        let (from, before) = try resolve(query.range, now: now)
        let slots = slots(in: windows(from: from, endingBy: before))
        return CompiledFilter(columns).matching(query.filter, among: slots).count
    }

    /// One page in the order of time: latest first window first, equal ones by id.
    private func slotsByTime(
        _ found: SlotSet, _ windows: [HistoryWindow], _ page: Range<Int>
    ) -> ContiguousArray<UInt32> {
        // Walking from the oldest window on, a slot belongs to the first window that has it.
        var rest = found
        var groups: [SlotSet] = []
        for window in windows {
            var group = window.slots
            group.formIntersection(rest)
            rest.subtract(group)
            groups.append(group)
        }
        var slots: ContiguousArray<UInt32> = []
        var place = 0
        for group in groups.reversed() {
            let size = group.count
            defer { place += size }
            guard place + size > page.lowerBound, place < page.upperBound else { continue }
            let sorted = sortedByID(group)
            let cut = max(0, page.lowerBound - place)..<min(size, page.upperBound - place)
            slots.append(contentsOf: sorted[cut])
        }
        return slots
    }

    private func sortedByID(_ group: SlotSet) -> [UInt32] {
        var slots: [UInt32] = []
        var isSorted = true
        var last: UInt64 = 0
        group.forEach { slot in
            let id = columns.keys[slot].id
            isSorted = isSorted && id > last
            last = id
            slots.append(UInt32(slot))
        }
        // Slots are given out in the order of ids until one is used again.
        return isSorted ? slots : slots.sorted { columns.keys[$0].id < columns.keys[$1].id }
    }

    /// One page in the order of a text's bytes, equal ones by id.
    private func slotsByText(
        _ found: SlotSet, _ field: FlowTextField, _ page: Range<Int>
    ) -> ContiguousArray<UInt32> {
        var groups: [UInt32: [UInt32]] = [:]
        found.forEach { groups[columns.keys[$0].code.text(field), default: []].append(UInt32($0)) }
        let ordered = groups.keys.sorted { bytewisePrecedes(columns.texts[$0], columns.texts[$1]) }
        var slots: ContiguousArray<UInt32> = []
        var place = 0
        for text in ordered {
            let group = groups[text] ?? []
            defer { place += group.count }
            guard place + group.count > page.lowerBound, place < page.upperBound else { continue }
            let sorted = group.sorted { columns.keys[$0].id < columns.keys[$1].id }
            let cut = max(0, page.lowerBound - place)..<min(group.count, page.upperBound - place)
            slots.append(contentsOf: sorted[cut])
        }
        return slots
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
    fileprivate var field: FlowTextField? {
        switch self {
        case .destinationName: .destinationName
        case .destinationNamespace: .destinationNamespace
        case .sourceName: .sourceName
        case .sourceNamespace: .sourceNamespace
        case .time, .destinationType, .sourceType: nil
        }
    }
}
