// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel

/// Ranges of addresses or ports in the form that interval sets want: sorted, disjoint, not adjacent.
enum KeyRanges {
    /// The blocks of one family, merged. O(n) when the blocks come sorted, else O(n log n).
    static func merged(_ prefixes: [IPPrefix], family: IPFamily) -> [KeyRange] {
        merged(prefixes.lazy.filter { $0.family == family }.map { range(of: $0) })
    }

    /// The port ranges, merged.
    static func merged(_ ports: [PortRange]) -> [KeyRange] {
        merged(ports.lazy.map { KeyRange(first: UInt128($0.first), last: UInt128($0.last)) })
    }

    /// A block's first and last address as numbers of the block's own family.
    static func range(of prefix: IPPrefix) -> KeyRange {
        let first = key(of: prefix.address, family: prefix.family)
        let hostBits = prefix.family.bitCount - Int(prefix.length)
        let span = hostBits == 128 ? UInt128.max : (1 << UInt128(hostBits)) - 1
        return KeyRange(first: first, last: first | span)
    }

    /// An address as a number of 32 or 128 bits.
    static func key(of address: IPAddress, family: IPFamily) -> UInt128 {
        family == .v4 ? UInt128(address.v4Value) : address.bits
    }

    /// The largest address of a family.
    static func maximum(_ family: IPFamily) -> UInt128 { family == .v4 ? UInt128(UInt32.max) : .max }

    /// The block that is exactly this range; nil when the range is not one block.
    static func prefix(of range: KeyRange, family: IPFamily) -> IPPrefix? {
        let span = range.last - range.first
        guard span & (span &+ 1) == 0, range.first & span == 0 else { return nil }
        let address =
            family == .v4
            ? IPAddress(v4: UInt32(truncatingIfNeeded: range.first)) : IPAddress(bits: range.first)
        let length = family.bitCount - span.nonzeroBitCount
        // A wide IPv6 block may start inside the IPv4-mapped range, which the address type reads as IPv4.
        return address.family == family ? IPPrefix(address, length: length) : nil
    }

    private static func merged(_ ranges: some Sequence<KeyRange>) -> [KeyRange] {
        var sorted = Array(ranges)
        var isSorted = true
        for index in sorted.indices.dropFirst() where sorted[index] < sorted[index - 1] {
            isSorted = false
            break
        }
        if !isSorted { sorted.sort() }
        var result: [KeyRange] = []
        for range in sorted {
            // `- 1` instead of `+ 1`: the last address of a family has no successor.
            if let last = result.last, range.first == 0 || range.first - 1 <= last.last {
                if range.last > last.last {
                    result[result.count - 1] = KeyRange(first: last.first, last: range.last)
                }
            } else {
                result.append(range)
            }
        }
        return result
    }
}
