// SPDX-License-Identifier: Apache-2.0

import FlowModel

/// The entries of one window, one per flow key, as a struct of arrays: about 57 bytes per entry.
///
/// A window is *open* while it fills and for a short time after: `entryOfSlot` finds an entry by its slot and
/// `order` is an append-only list of touched entries, from which repeats are removed when it is twice as long
/// as the entries. *Sealing* rewrites the columns in the order of last change and at their exact size and
/// drops both. A record that is late enough to meet a sealed window opens it again (O(entries), once per
/// roll-over).
///
/// ```
/// open    order:   4 1 4 2 0 4       an element counts when it is the entry's last one
/// sealed  columns: 1 2 0 4           `changed` ascends
/// ```
struct WindowColumns: Sendable {
    /// Unix seconds.
    private(set) var startSeconds: Int64
    private(set) var slots: [UInt32] = []
    private(set) var labelSets: [UInt8] = []
    private(set) var generations: [UInt64] = []
    /// Time of the latest record, microseconds after the start.
    private(set) var activity: [UInt32] = []
    /// Sequence of the latest change, counted from `firstSequence`. Clamped: beyond four billion changes to
    /// one window the order of changes is no longer kept.
    private(set) var changed: [UInt32] = []
    /// Sequence of the latest change of any entry; 0 when there is none.
    private(set) var lastSequence: UInt64 = 0

    /// Sequence of the first change of any entry.
    private(set) var firstSequence: UInt64 = 0
    private var packetsIn: [UInt32] = []
    private var packetsOut: [UInt32] = []
    private var connectionsStarted: [UInt32] = []
    private var connectionsCompleted: [UInt32] = []
    private var connectionsLive: [UInt32] = []
    private var bytesIn: [UInt64] = []
    private var bytesOut: [UInt64] = []
    /// Entries with a count that 32 bits do not hold; their columns are not looked at.
    private var wide: [UInt32: FlowCounters] = [:]

    private var isOpen = true
    private var entryOfSlot: [UInt32] = []
    private var order: [UInt32] = []

    init(startSeconds: Int64) { self.startSeconds = startSeconds }

    var count: Int { slots.count }

    /// The place of a slot's entry; nil when there is none.
    mutating func entry(of slot: UInt32) -> Int? {
        if !isOpen { open() }
        guard Int(slot) < entryOfSlot.count, entryOfSlot[Int(slot)] != KeyTable.none else { return nil }
        return Int(entryOfSlot[Int(slot)])
    }

    /// Adds an empty entry for a slot that has none, and gives its place.
    mutating func append(_ slot: UInt32, labelSet: UInt8, sequence: UInt64) -> Int {
        if slots.isEmpty { firstSequence = sequence }
        if Int(slot) >= entryOfSlot.count {
            let missing = Int(slot) + 1 - entryOfSlot.count
            entryOfSlot.append(contentsOf: repeatElement(KeyTable.none, count: missing))
        }
        entryOfSlot[Int(slot)] = UInt32(slots.count)
        slots.append(slot)
        labelSets.append(labelSet)
        generations.append(0)
        activity.append(0)
        changed.append(0)
        packetsIn.append(0)
        packetsOut.append(0)
        connectionsStarted.append(0)
        connectionsCompleted.append(0)
        connectionsLive.append(0)
        bytesIn.append(0)
        bytesOut.append(0)
        return slots.count - 1
    }

    /// Adds a record's counters to an entry of an open window and makes it the latest change.
    mutating func add(
        _ counters: FlowCounters, to entry: Int, labelSet: UInt8, generation: UInt64, microseconds: UInt32,
        sequence: UInt64
    ) {
        labelSets[entry] = labelSet
        if microseconds >= activity[entry] {
            activity[entry] = microseconds
            if generation > 0 { generations[entry] = generation }
        }
        changed[entry] = UInt32(clamping: sequence - firstSequence)
        lastSequence = sequence
        if order.last != UInt32(entry) { order.append(UInt32(entry)) }
        if order.count > 2 * slots.count + 64 { order = lastTouches() }
        addCounters(counters, to: entry)
    }

    func counters(_ entry: Int) -> FlowCounters {
        if !wide.isEmpty, let counters = wide[UInt32(entry)] { return counters }
        var counters = FlowCounters()
        counters.packetsIn = UInt64(packetsIn[entry])
        counters.packetsOut = UInt64(packetsOut[entry])
        counters.bytesIn = bytesIn[entry]
        counters.bytesOut = bytesOut[entry]
        counters.connectionsStarted = UInt64(connectionsStarted[entry])
        counters.connectionsCompleted = UInt64(connectionsCompleted[entry])
        counters.connectionsLive = UInt64(connectionsLive[entry])
        return counters
    }

    private mutating func addCounters(_ counters: FlowCounters, to entry: Int) {
        var total = self.counters(entry)
        total += counters
        let widest = max(
            total.packetsIn, total.packetsOut, total.connectionsStarted, total.connectionsCompleted,
            total.connectionsLive)
        guard widest <= UInt64(UInt32.max) else {
            wide[UInt32(entry)] = total
            return
        }
        packetsIn[entry] = UInt32(total.packetsIn)
        packetsOut[entry] = UInt32(total.packetsOut)
        bytesIn[entry] = total.bytesIn
        bytesOut[entry] = total.bytesOut
        connectionsStarted[entry] = UInt32(total.connectionsStarted)
        connectionsCompleted[entry] = UInt32(total.connectionsCompleted)
        connectionsLive[entry] = UInt32(total.connectionsLive)
    }
}

// MARK: - Order of change

extension WindowColumns {
    /// Sequence of the latest change of an entry.
    func sequence(_ entry: Int) -> UInt64 { firstSequence + UInt64(changed[entry]) }

    /// Entries that changed after `sequence`, in the order of change. O(log entries) when sealed, else O(result).
    func entriesChanged(after sequence: UInt64) -> ChangedEntries {
        guard lastSequence > sequence else { return ChangedEntries(places: 0..<0) }
        guard isOpen else { return ChangedEntries(places: firstEntry(after: sequence)..<count) }
        let entries = lastTouches(after: sequence)
        return ChangedEntries(places: entries.indices, entries: entries)
    }

    /// How many entries changed after `sequence`.
    func changeCount(after sequence: UInt64) -> Int {
        guard lastSequence > sequence else { return 0 }
        return isOpen ? lastTouches(after: sequence).count : count - firstEntry(after: sequence)
    }

    private func firstEntry(after sequence: UInt64) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self.sequence(middle) > sequence { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Walks `order` backwards. An element is its entry's last one when the entry changed before all that
    /// were counted so far; an older element of a counted entry did not.
    private func lastTouches(after sequence: UInt64 = 0) -> [UInt32] {
        var result: [UInt32] = []
        var previous = UInt64(UInt32.max) + 1
        for entry in order.reversed() where UInt64(changed[Int(entry)]) < previous {
            if self.sequence(Int(entry)) <= sequence { break }
            previous = UInt64(changed[Int(entry)])
            result.append(entry)
        }
        result.reverse()
        return result
    }
}

/// Entries of one window in the order of change: a list, or places that are the entries themselves.
struct ChangedEntries {
    private(set) var places: Range<Int>
    private let entries: [UInt32]?

    fileprivate init(places: Range<Int>, entries: [UInt32]? = nil) {
        self.places = places
        self.entries = entries
    }

    /// The next entry; nil at the end.
    var first: Int? {
        guard let place = places.first else { return nil }
        return entries.map { Int($0[place]) } ?? place
    }

    mutating func removeFirst() { places.removeFirst() }
}

// MARK: - Life of a window

extension WindowColumns {
    /// Packs a window that is not expected to change again.
    mutating func seal() {
        guard isOpen else { return }
        let sorted = lastTouches()
        // Fewer when `changed` was clamped: then the window stays open, and nothing is lost.
        guard sorted.count == count else { return }
        func packed<Value>(_ column: [Value]) -> [Value] { sorted.map { column[Int($0)] } }
        var movedWide: [UInt32: FlowCounters] = [:]
        if !wide.isEmpty {
            for (place, entry) in sorted.enumerated() { movedWide[UInt32(place)] = wide[entry] }
        }
        wide = movedWide
        slots = packed(slots)
        labelSets = packed(labelSets)
        generations = packed(generations)
        activity = packed(activity)
        changed = packed(changed)
        packetsIn = packed(packetsIn)
        packetsOut = packed(packetsOut)
        connectionsStarted = packed(connectionsStarted)
        connectionsCompleted = packed(connectionsCompleted)
        connectionsLive = packed(connectionsLive)
        bytesIn = packed(bytesIn)
        bytesOut = packed(bytesOut)
        entryOfSlot = []
        order = []
        isOpen = false
    }

    private mutating func open() {
        order = Array(0..<UInt32(count))
        entryOfSlot = Array(repeating: KeyTable.none, count: Int(slots.max() ?? 0) + 1)
        for (entry, slot) in slots.enumerated() { entryOfSlot[Int(slot)] = UInt32(entry) }
        isOpen = true
    }
}
