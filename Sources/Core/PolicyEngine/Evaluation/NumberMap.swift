// SPDX-License-Identifier: Apache-2.0

/// Numbers by 128-bit key: open addressing, linear probing, never more than half full.
///
/// The hash is one multiplication of two halves that are each hidden by a seed of the process, so that whoever chooses
/// addresses cannot choose collisions; Swift's own hashing of such a key costs as much as the rest of a verdict.
struct NumberMap: Sendable {
    private struct Slot: Sendable {
        var key: UInt128 = 0
        var number: Int32 = -1
    }

    static let bytesOfPlace = MemoryLayout<Slot>.stride

    private var slots = [Slot](repeating: Slot(), count: 64)
    private(set) var count = 0
    private let lowSeed = Self.seed(1)
    private let highSeed = Self.seed(2)

    private static func seed(_ number: Int) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(number)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    @inline(__always)
    private func start(_ key: UInt128) -> Int {
        let low = UInt64(truncatingIfNeeded: key) ^ lowSeed
        let high = UInt64(truncatingIfNeeded: key >> 64) ^ highSeed
        let product = low.multipliedFullWidth(by: high | 1)
        return Int(truncatingIfNeeded: (product.high ^ product.low) & UInt64(slots.count - 1))
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
