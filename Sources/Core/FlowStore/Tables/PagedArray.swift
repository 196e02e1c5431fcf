// SPDX-License-Identifier: Apache-2.0

/// An array in pages, so that a copy is cheap and stays cheap: writing to the original after a copy was taken
/// copies the one page that is written to, not everything.
///
/// ```
/// pages ─▶ [ page 0 | page 1 | page 2 ]      each page: 2^shift elements
/// ```
struct PagedArray<Element: Sendable>: Sendable {
    private(set) var pages: ContiguousArray<ContiguousArray<Element>> = []
    private let shift: Int
    private let mask: Int
    private let filler: Element
    private(set) var count = 0

    /// `filler` stands in places that were not written yet.
    init(pageShift: Int = 8, filler: Element) {
        shift = pageShift
        mask = (1 << pageShift) - 1
        self.filler = filler
    }

    subscript(index: Int) -> Element {
        @inline(__always) get { pages[index >> shift][index & mask] }
        @inline(__always) _modify { yield &pages[index >> shift][index & mask] }
    }

    subscript(index: UInt32) -> Element {
        @inline(__always) get { self[Int(index)] }
        @inline(__always) _modify { yield &self[Int(index)] }
    }

    mutating func append(_ element: Element) {
        if count & mask == 0, count >> shift == pages.count {
            pages.append(ContiguousArray(repeating: filler, count: mask + 1))
        }
        self[count] = element
        count += 1
    }
}
