// SPDX-License-Identifier: Apache-2.0

import FlowModel

/// A window that takes records: rows in pages by slot.
///
/// ```
/// pages ─▶ [ slots 0..63 | (none) | slots 128..191 ]     a page is made when a slot of it gets data
/// ```
/// A copy is a snapshot; what is written afterwards copies the page that it changes.
struct OpenWindow: Sendable {
    static let pageShift = 6

    struct Page: Sendable {
        /// Of the latest change in the page.
        var lastSequence: UInt64 = 0
        /// Empty, or a row for each slot of the page.
        var rows: ContiguousArray<WindowRow> = []
    }

    /// Unix seconds.
    let startSeconds: Int64
    private(set) var pages: ContiguousArray<Page> = []
    private(set) var slots = SlotSet()
    private(set) var count = 0
    /// Of the first and the latest change; 0 while empty.
    private(set) var firstSequence: UInt64 = 0
    private(set) var lastSequence: UInt64 = 0

    init(startSeconds: Int64) { self.startSeconds = startSeconds }

    @inline(__always)
    func row(_ slot: Int) -> WindowRow? {
        let page = slot >> Self.pageShift
        guard page < pages.count, !pages[page].rows.isEmpty else { return nil }
        let row = pages[page].rows[slot & 63]
        return row.exists ? row : nil
    }

    /// Changes a row, which is a new one when the window had no data of the slot.
    @inline(__always)
    mutating func update(_ slot: Int, sequence: UInt64, _ change: (inout WindowRow) -> Void) {
        let page = slot >> Self.pageShift
        if page >= pages.count || pages[page].rows.isEmpty { makePage(page) }
        let isNew = !pages[page].rows[slot & 63].exists
        change(&pages[page].rows[slot & 63])
        pages[page].rows[slot & 63].sequence = sequence
        pages[page].lastSequence = sequence
        lastSequence = sequence
        if isNew { noteNew(slot, sequence) }
    }

    private mutating func makePage(_ page: Int) {
        while pages.count <= page { pages.append(Page()) }
        pages[page].rows = ContiguousArray(repeating: WindowRow(), count: 1 << Self.pageShift)
    }

    private mutating func noteNew(_ slot: Int, _ sequence: UInt64) {
        slots.insert(slot)
        count += 1
        if firstSequence == 0 { firstSequence = sequence }
    }

    /// Rows in ascending order of slots.
    @inline(__always)
    func forEach(_ body: (Int, borrowing WindowRow) -> Void) {
        for page in pages.indices where !pages[page].rows.isEmpty {
            pages[page].rows.withUnsafeBufferPointer { rows in
                for index in rows.indices where rows[index].exists {
                    body(page << Self.pageShift | index, rows[index])
                }
            }
        }
    }

    /// Unpacks a sealed window, because a late record came for it.
    init(_ sealed: SealedWindow) {
        self.init(startSeconds: sealed.startSeconds)
        sealed.forEach { slot, row in
            update(slot, sequence: row.sequence) { $0 = row }
        }
        firstSequence = sealed.firstSequence
        lastSequence = sealed.lastSequence
    }
}
