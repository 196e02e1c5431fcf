// SPDX-License-Identifier: Apache-2.0

/// A list that is emptied and filled again for every verdict, without giving its memory back in between.
struct ReusedList<Element: Sendable>: Sendable {
    private var storage: [Element]
    private(set) var count = 0
    private let filler: Element

    init(filler: Element) {
        self.filler = filler
        storage = [Element](repeating: filler, count: 16)
    }

    @inline(__always)
    mutating func removeAll() { count = 0 }

    @inline(__always)
    mutating func append(_ element: Element) {
        if count == storage.count { storage.append(filler) }
        storage[count] = element
        count &+= 1
    }

    subscript(index: Int) -> Element { storage[index] }

    var elements: ArraySlice<Element> { storage[..<count] }
}
