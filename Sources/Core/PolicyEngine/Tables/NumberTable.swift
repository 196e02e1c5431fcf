// SPDX-License-Identifier: Apache-2.0

/// Small numbers for keys; numbers of keys that are gone are given out again.
struct NumberTable<Key: Hashable & Sendable>: Sendable {
    private var numbers: [Key: Int32] = [:]
    private var unused: [Int32] = []
    private var next: Int32 = 0

    var count: Int { numbers.count }

    subscript(key: Key) -> Int32? { numbers[key] }

    /// The key's number; a new one when it has none.
    mutating func insert(_ key: Key) -> Int32 {
        if let number = numbers[key] { return number }
        let number = unused.popLast() ?? next
        if number == next { next += 1 }
        numbers[key] = number
        return number
    }

    /// - Parameter keepingNumber: the number is not given out again until `free` is called.
    mutating func remove(_ key: Key, keepingNumber: Bool = false) {
        guard let number = numbers.removeValue(forKey: key), !keepingNumber else { return }
        unused.append(number)
    }

    mutating func free(_ number: Int32) { unused.append(number) }
}
