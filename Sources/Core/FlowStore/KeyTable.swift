// SPDX-License-Identifier: Apache-2.0

import FlowModel

/// Labels of both ends of a flow, each bytewise ascending.
struct LabelSet: Hashable, Sendable {
    var source: [String] = []
    var destination: [String] = []

    /// What both have.
    func intersection(_ other: LabelSet) -> LabelSet {
        LabelSet(
            source: source.filter(other.source.contains),
            destination: destination.filter(other.destination.contains))
    }

    /// Whether every label is in `other` too; one walk, as both are in the same order.
    func isSubset(of other: LabelSet) -> Bool {
        Self.isSubset(source, of: other.source) && Self.isSubset(destination, of: other.destination)
    }

    private static func isSubset(_ part: [String], of whole: [String]) -> Bool {
        guard part.count <= whole.count else { return false }
        var index = 0
        for label in part {
            while index < whole.count, whole[index] != label { index += 1 }
            guard index < whole.count else { return false }
            index += 1
        }
        return true
    }
}

/// Flow keys interned to small numbers ("slots"), with the id and the label sets of each.
///
///     hash ──▶ buckets (open addressing, linear probing) ──▶ slot ──▶ key, id, label sets, windows
///
/// A slot lives while at least one window holds data of its key, then its number is used again. A known key is
/// found without allocation. Hashing is the standard library's, seeded per process, so keys
/// cannot be chosen to collide.
struct KeyTable: Sendable {
    static let none = UInt32.max
    /// Label sets of one key are numbered by a byte; 0 is the empty set.
    static let maximumLabelSets = 255
    /// Longer labels are left out. Kubernetes allows 381 bytes: 253 + 1 + 63 for the key, 1, 63 for the value.
    private static let maximumLabelBytes = 512

    private(set) var keys: ContiguousArray<FlowKey?> = []
    private(set) var ids: ContiguousArray<UInt64> = []
    private var hashes: ContiguousArray<Int> = []
    private var windowCounts: ContiguousArray<UInt16> = []
    private var labelSets: ContiguousArray<[LabelSet]> = []
    private var recentLabelSet: ContiguousArray<UInt8> = []
    private var freeSlots: [UInt32] = []
    private var buckets = ContiguousArray<UInt32>(repeating: none, count: 16)
    private var nextID: UInt64 = 1
    private(set) var count = 0
    /// Label sets that did not fit and count as empty.
    private(set) var refusedLabelSets: UInt64 = 0

    /// Slots in use and free ones: one more than the greatest slot.
    var slotCount: Int { keys.count }

    func slot(of key: FlowKey, hash: Int) -> UInt32? {
        var bucket = hash & (buckets.count - 1)
        while buckets[bucket] != Self.none {
            let slot = buckets[bucket]
            if hashes[Int(slot)] == hash, keys[Int(slot)] == key { return slot }
            bucket = (bucket + 1) & (buckets.count - 1)
        }
        return nil
    }

    /// Adds a key that is not there. Its windows are still none: call `retain` next.
    mutating func add(_ key: FlowKey, hash: Int) -> UInt32 {
        if (count + 1) * 4 > buckets.count * 3 { grow() }
        let slot: UInt32
        if let free = freeSlots.popLast() {
            slot = free
            keys[Int(slot)] = key
            ids[Int(slot)] = nextID
            hashes[Int(slot)] = hash
        } else {
            slot = UInt32(keys.count)
            keys.append(key)
            ids.append(nextID)
            hashes.append(hash)
            windowCounts.append(0)
            labelSets.append([])
            recentLabelSet.append(0)
        }
        nextID += 1
        count += 1
        place(slot)
        return slot
    }

    /// One more window holds data of the key.
    mutating func retain(_ slot: UInt32) { windowCounts[Int(slot)] += 1 }

    /// One window less holds data of the key; after the last the key is forgotten.
    mutating func release(_ slot: UInt32) {
        windowCounts[Int(slot)] -= 1
        guard windowCounts[Int(slot)] == 0 else { return }
        unplace(slot)
        keys[Int(slot)] = nil
        labelSets[Int(slot)] = []
        recentLabelSet[Int(slot)] = 0
        freeSlots.append(slot)
        count -= 1
    }

    // MARK: - Buckets

    private mutating func grow() {
        let old = buckets
        buckets = ContiguousArray(repeating: Self.none, count: old.count * 2)
        for slot in old where slot != Self.none { place(slot) }
    }

    private mutating func place(_ slot: UInt32) {
        var bucket = hashes[Int(slot)] & (buckets.count - 1)
        while buckets[bucket] != Self.none { bucket = (bucket + 1) & (buckets.count - 1) }
        buckets[bucket] = slot
    }

    /// Empties the slot's bucket and moves later entries of the same run back, so that no tombstones are
    /// needed.
    private mutating func unplace(_ slot: UInt32) {
        let mask = buckets.count - 1
        var hole = hashes[Int(slot)] & mask
        while buckets[hole] != slot { hole = (hole + 1) & mask }
        var next = (hole + 1) & mask
        while buckets[next] != Self.none {
            let home = hashes[Int(buckets[next])] & mask
            if (next - home) & mask >= (next - hole) & mask {
                buckets[hole] = buckets[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        buckets[hole] = Self.none
    }
}

// MARK: - Labels

extension KeyTable {
    func labels(_ slot: UInt32, _ index: UInt8) -> LabelSet {
        index == 0 ? LabelSet() : labelSets[Int(slot)][Int(index) - 1]
    }

    /// The number of these labels among the key's sets; the empty set when there are too many.
    mutating func labelSet(
        _ slot: UInt32, source: [String], destination: [String], maximumLabels: Int
    ) -> UInt8 {
        if source.isEmpty, destination.isEmpty { return 0 }
        let recent = recentLabelSet[Int(slot)]
        if recent > 0 {
            let set = labelSets[Int(slot)][Int(recent) - 1]
            if set.source == source, set.destination == destination { return recent }
        }
        let set = LabelSet(source: source, destination: destination)
        let index =
            find(set, slot)
            ?? findOrAdd(
                LabelSet(
                    source: Self.canonical(source, maximum: maximumLabels),
                    destination: Self.canonical(destination, maximum: maximumLabels)), slot)
        recentLabelSet[Int(slot)] = index
        return index
    }

    /// The number of what two of the key's sets have in common.
    mutating func intersection(_ slot: UInt32, _ left: UInt8, _ right: UInt8) -> UInt8 {
        guard left != right, left > 0, right > 0 else { return left == right ? left : 0 }
        let (leftSet, rightSet) = (labels(slot, left), labels(slot, right))
        if leftSet.isSubset(of: rightSet) { return left }
        if rightSet.isSubset(of: leftSet) { return right }
        return findOrAdd(leftSet.intersection(rightSet), slot)
    }

    private func find(_ set: LabelSet, _ slot: UInt32) -> UInt8? {
        labelSets[Int(slot)].firstIndex(of: set).map { UInt8($0 + 1) }
    }

    private mutating func findOrAdd(_ set: LabelSet, _ slot: UInt32) -> UInt8 {
        if set.source.isEmpty, set.destination.isEmpty { return 0 }
        if let known = find(set, slot) { return known }
        guard labelSets[Int(slot)].count < Self.maximumLabelSets else {
            refusedLabelSets += 1
            return 0
        }
        labelSets[Int(slot)].append(set)
        return UInt8(labelSets[Int(slot)].count)
    }

    /// Bytewise ascending, each once, no more than `maximum`. A part is a sound answer: labels are what all
    /// share.
    private static func canonical(_ labels: [String], maximum: Int) -> [String] {
        var unique: [String] = []
        for label in labels.sorted(by: bytewisePrecedes)
        where unique.last != label && label.utf8.count <= maximumLabelBytes { unique.append(label) }
        return Array(unique.prefix(maximum))
    }
}

/// The order of every name in the flow API: by UTF-8 bytes.
func bytewisePrecedes(_ left: String, _ right: String) -> Bool {
    // Native strings are contiguous; comparing their bytes in place is several times faster than their views.
    let isLess = left.utf8.withContiguousStorageIfAvailable { left in
        right.utf8.withContiguousStorageIfAvailable { right in left.lexicographicallyPrecedes(right) }
    }
    return isLess.flatMap { $0 } ?? left.utf8.lexicographicallyPrecedes(right.utf8)
}
