// SPDX-License-Identifier: Apache-2.0

/// Counts durations in bins that are about 3 % wide, from a nanosecond to hours, in constant memory.
struct LatencyHistogram: Sendable {
    /// Bins for each power of two.
    private static let steps = 32
    private static let stepBits = 5

    private var counts = [UInt64](repeating: 0, count: 64 * steps)
    private(set) var count: UInt64 = 0
    private(set) var longest: Int64 = 0

    mutating func add(nanoseconds: Int64, count added: UInt64 = 1) {
        counts[Self.bin(max(0, nanoseconds))] += added
        count += added
        longest = max(longest, nanoseconds)
    }

    mutating func add(_ other: LatencyHistogram) {
        for bin in counts.indices { counts[bin] += other.counts[bin] }
        count += other.count
        longest = max(longest, other.longest)
    }

    /// Nanoseconds that so many percent of the durations do not exceed, to 3 %; 0 without any.
    func percentile(_ percent: Double) -> Int64 {
        guard count > 0 else { return 0 }
        let rank = max(1, UInt64((Double(count) * percent / 100).rounded(.up)))
        var seen: UInt64 = 0
        for (bin, number) in counts.enumerated() {
            seen += number
            if seen >= rank { return min(Self.upperBound(bin), longest) }
        }
        return longest
    }

    private static func bin(_ value: Int64) -> Int {
        guard value >= steps else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        let rest = Int(value >> Int64(exponent - stepBits)) - steps
        return (exponent - stepBits + 1) * steps + rest
    }

    private static func upperBound(_ bin: Int) -> Int64 {
        guard bin >= steps else { return Int64(bin) }
        let (shift, rest) = (bin / steps - 1, Int64(bin % steps + steps))
        return ((rest + 1) << Int64(shift)) &- 1
    }
}
