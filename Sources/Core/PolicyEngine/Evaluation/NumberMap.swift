// SPDX-License-Identifier: Apache-2.0

/// Numbers by 128-bit key: open addressing, linear probing, never more than half full.
///
/// The hash is one multiplication with a seed of the process, so that whoever chooses addresses cannot choose
/// collisions; Swift's own hashing of such a key costs as much as the rest of a verdict.
struct NumberMap: Sendable {
    private struct Slot: Sendable {
        var key: UInt128 = 0
        var number: Int32 = -1
    }

    private var slots = [Slot](repeating: Slot(), count: 64)
    private(set) var count = 0
    private let seed = UInt64(truncatingIfNeeded: Hasher().finalize()) | 1

    @inline(__always)
    private func start(_ key: UInt128) -> Int {
        let low = UInt64(truncatingIfNeeded: key) ^ seed
        let high = UInt64(truncatingIfNeeded: key >> 64) ^ 0x9e37_79b9_7f4a_7c15
        let product = low.multipliedFullWidth(by: high | 1)
        return Int(truncatingIfNeeded: (product.high ^ product.low ^ seed >> 32) & UInt64(slots.count - 1))
    }

    /// -1 when the key is not there.
    subscript(key: UInt128) -> Int32 {
        var place = start(key)
        while slots[place].number >= 0 {
            if slots[place].key == key { return slots[place].number }
            place = (place + 1) & (slots.count - 1)
        }
        return -1
    }

    /// The key must not be there yet.
    mutating func insert(_ number: Int32, for key: UInt128) {
        if count * 2 >= slots.count { grow() }
        var place = start(key)
        while slots[place].number >= 0 { place = (place + 1) & (slots.count - 1) }
        slots[place] = Slot(key: key, number: number)
        count += 1
    }

    mutating func removeAll() {
        for place in slots.indices { slots[place].number = -1 }
        count = 0
    }

    private mutating func grow() {
        let old = slots
        slots = [Slot](repeating: Slot(), count: old.count * 2)
        count = 0
        for slot in old where slot.number >= 0 { insert(slot.number, for: slot.key) }
    }
}
