// SPDX-License-Identifier: Apache-2.0

/// Small numbers that are given out, counted while they are used, and given out again.
///
/// Each number has a serial that changes when it is freed: who remembered a number with its serial can tell
/// whether it still means the same thing.
struct NumberPool: Sendable {
    private var free: ContiguousArray<UInt32> = []
    private var uses: ContiguousArray<UInt32> = []
    private var serials: ContiguousArray<UInt32> = []

    /// Numbers in use and free ones: one more than the greatest number.
    var capacity: Int { uses.count }
    /// Numbers in use.
    var count: Int { uses.count - free.count }

    /// A number that is not in use, with one use; `isNew` when it was never used.
    mutating func take() -> (number: UInt32, isNew: Bool) {
        if let number = free.popLast() {
            uses[Int(number)] = 1
            return (number, false)
        }
        uses.append(1)
        serials.append(0)
        return (UInt32(uses.count - 1), true)
    }

    mutating func retain(_ number: UInt32) { uses[Int(number)] += 1 }

    /// True when that was the last use: then the number is free.
    mutating func release(_ number: UInt32) -> Bool {
        uses[Int(number)] -= 1
        guard uses[Int(number)] == 0 else { return false }
        serials[Int(number)] &+= 1
        free.append(number)
        return true
    }

    @inline(__always)
    func serial(_ number: UInt32) -> UInt32 { serials[Int(number)] }
}
