// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel

/// Dual-stack addresses by one number: number n of the pool is `v4 + n` and `v6 + n`.
///
/// Numbers are given out in turn, so one that was released comes back only after all others have been used.
struct LabAddressPool<Owner: Hashable & Sendable>: Sendable {
    private let v4: IPAddress
    private let v6: IPAddress
    private let range: ClosedRange<Int>
    private var cursor: Int
    private var numbers: [Owner: Int] = [:]
    private var owners: [Int: Owner] = [:]

    /// `reserved` numbers may lie outside `range`; they are given only to the owner named.
    init(v4: IPAddress, v6: IPAddress, range: ClosedRange<Int>, reserved: [Owner: Int] = [:]) {
        self.v4 = v4
        self.v6 = v6
        self.range = range
        cursor = range.lowerBound
        for (owner, number) in reserved {
            numbers[owner] = number
            owners[number] = owner
        }
    }

    /// The owner's addresses, IPv4 first; the same at every call until released. Nil when the pool is
    /// exhausted.
    mutating func addresses(of owner: Owner) -> [IPAddress]? {
        guard let number = numbers[owner] ?? allocate(for: owner) else { return nil }
        return [IPAddress(bits: v4.bits + UInt128(number)), IPAddress(bits: v6.bits + UInt128(number))]
    }

    private mutating func allocate(for owner: Owner) -> Int? {
        for _ in range {
            let candidate = cursor
            cursor = cursor == range.upperBound ? range.lowerBound : cursor + 1
            guard owners[candidate] == nil else { continue }
            numbers[owner] = candidate
            owners[candidate] = owner
            return candidate
        }
        return nil
    }

    /// Releases the addresses of everyone who is not in `living`; reserved numbers outside the range stay.
    mutating func releaseAll(except living: Set<Owner>) {
        for (owner, number) in numbers where !living.contains(owner) && range.contains(number) {
            numbers[owner] = nil
            owners[number] = nil
        }
    }
}
