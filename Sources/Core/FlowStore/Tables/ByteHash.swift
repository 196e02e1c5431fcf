// SPDX-License-Identifier: Apache-2.0

/// A keyed hash of bytes, some times faster than the standard library's on texts of hundreds of bytes.
///
/// Folded 128-bit products over three lanes. The keys are random for each instance, so that input cannot be chosen
/// to collide without seeing the hashes; they never leave the process.
struct ByteHash: Sendable {
    private let keys: (UInt64, UInt64, UInt64, UInt64)

    init() {
        var random = SystemRandomNumberGenerator()
        // Odd numbers: none of the products is lost to a zero.
        keys = (random.next() | 1, random.next() | 1, random.next() | 1, random.next() | 1)
    }

    @inline(__always)
    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }

    func callAsFunction(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        guard let start = bytes.baseAddress else { return Self.fold(keys.0, keys.1) }
        @inline(__always) func word(_ offset: Int) -> UInt64 {
            start.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        }
        let count = bytes.count
        var (first, second, third) = (keys.0, keys.0, keys.0)
        var offset = 0
        while count &- offset > 48 {
            first = Self.fold(word(offset) ^ keys.1, word(offset &+ 8) ^ first)
            second = Self.fold(word(offset &+ 16) ^ keys.2, word(offset &+ 24) ^ second)
            third = Self.fold(word(offset &+ 32) ^ keys.3, word(offset &+ 40) ^ third)
            offset &+= 48
        }
        first ^= second ^ third
        while count &- offset > 16 {
            first = Self.fold(word(offset) ^ keys.1, word(offset &+ 8) ^ first)
            offset &+= 16
        }
        var (low, high): (UInt64, UInt64) = (0, 0)
        if count >= 16 {
            (low, high) = (word(count - 16), word(count - 8))
        } else {
            for index in offset..<count {
                let byte = UInt64(bytes[index])
                if index - offset < 8 { low = low << 8 | byte } else { high = high << 8 | byte }
            }
        }
        let last = Self.fold(low ^ keys.2, high ^ first)
        return Self.fold(last ^ UInt64(truncatingIfNeeded: count), keys.3)
    }
}
