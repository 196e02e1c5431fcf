// SPDX-License-Identifier: Apache-2.0

/// A set of small numbers, one bit each. Words that are not there are zero.
struct BitSet: Hashable, Sendable {
    private(set) var words: [UInt64] = []

    init() {}

    func contains(_ number: Int) -> Bool {
        let word = number >> 6
        return word < words.count && words[word] & (1 << UInt64(number & 63)) != 0
    }

    mutating func insert(_ number: Int) {
        let word = number >> 6
        while words.count <= word { words.append(0) }
        words[word] |= 1 << UInt64(number & 63)
    }

    mutating func remove(_ number: Int) {
        let word = number >> 6
        if word < words.count { words[word] &= ~(1 << UInt64(number & 63)) }
    }
}
