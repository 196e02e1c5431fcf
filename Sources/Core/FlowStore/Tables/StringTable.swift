// SPDX-License-Identifier: Apache-2.0

/// Texts by number. A copy is a snapshot: numbers in it keep their meaning.
typealias StringColumn = PagedArray<String>

/// The writing side of interned texts: each distinct text is kept once, under a number.
///
/// Texts are told apart by their bytes. Swift's own comparison holds for texts that are canonically equivalent,
/// which names in a cluster are not.
struct StringInterner: Sendable {
    private var numbers: [Bytewise: UInt32] = [:]
    private var pool = NumberPool()
    /// Bytes of all texts that are in use.
    private(set) var byteCount = 0

    var count: Int { pool.count }
    /// One more than the greatest number.
    var capacity: Int { pool.capacity }

    /// The text's number, with one use more.
    mutating func intern(_ text: String, _ column: inout StringColumn) -> UInt32 {
        let key = Bytewise(text)
        if let known = numbers[key] {
            pool.retain(known)
            return known
        }
        let (number, isNew) = pool.take()
        if isNew { column.append(text) } else { column[number] = text }
        numbers[key] = number
        byteCount += text.utf8.count
        return number
    }

    /// The text's number, if it has one.
    func number(of text: String) -> UInt32? { numbers[Bytewise(text)] }

    mutating func retain(_ number: UInt32) { pool.retain(number) }

    mutating func release(_ number: UInt32, _ column: inout StringColumn) {
        guard pool.release(number) else { return }
        let text = column[number]
        byteCount -= text.utf8.count
        numbers[Bytewise(text)] = nil
        column[number] = ""
    }
}

/// A text that is equal to another when their bytes are.
struct Bytewise: Hashable, Sendable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: Bytewise, right: Bytewise) -> Bool {
        var (left, right) = (left.text, right.text)
        return left.withUTF8 { left in
            right.withUTF8 { right in
                left.count == right.count
                    && haveEqualBytes(UnsafeRawBufferPointer(left), UnsafeRawBufferPointer(right))
            }
        }
    }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

/// The order of every name in the flow API: by UTF-8 bytes.
func bytewisePrecedes(_ left: String, _ right: String) -> Bool {
    // Native strings are contiguous; comparing their bytes in place is several times faster than their views.
    let isLess = left.utf8.withContiguousStorageIfAvailable { left in
        right.utf8.withContiguousStorageIfAvailable { right in left.lexicographicallyPrecedes(right) }
    }
    return isLess.flatMap { $0 } ?? left.utf8.lexicographicallyPrecedes(right.utf8)
}
