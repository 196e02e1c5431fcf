// SPDX-License-Identifier: Apache-2.0

/// A small deterministic random source (SplitMix64): the same seed gives the same traffic.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return StableHash.finalize(state)
    }
}

/// A hash of text that is the same in every run and on every machine. Not for hostile table keys.
enum StableHash {
    /// 64 bits: FNV-1a, then a finaliser, so that texts which differ in one letter differ in every digit.
    static func bits(_ text: String) -> UInt64 {
        finalize(text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 })
    }

    /// The first `count` (at most 16) hexadecimal digits of the 64 bits.
    static func hexadecimal(_ text: String, digits count: Int) -> String {
        let digits = String(bits(text), radix: 16)
        return String((String(repeating: "0", count: 16 - digits.count) + digits).prefix(count))
    }

    fileprivate static func finalize(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
