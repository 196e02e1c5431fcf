// SPDX-License-Identifier: Apache-2.0

/// A window of a history, whichever form it has.
enum HistoryWindow: Sendable {
    case open(OpenWindow)
    case sealed(SealedWindow)

    var startSeconds: Int64 {
        switch self {
        case .open(let window): window.startSeconds
        case .sealed(let window): window.startSeconds
        }
    }

    var slots: SlotSet {
        switch self {
        case .open(let window): window.slots
        case .sealed(let window): window.slots
        }
    }

    var firstSequence: UInt64 {
        switch self {
        case .open(let window): window.firstSequence
        case .sealed(let window): window.firstSequence
        }
    }

    var lastSequence: UInt64 {
        switch self {
        case .open(let window): window.lastSequence
        case .sealed(let window): window.lastSequence
        }
    }

    func row(_ slot: Int) -> WindowRow? {
        switch self {
        case .open(let window): window.row(slot)
        case .sealed(let window): window.row(slot)
        }
    }

    /// Rows in ascending order of slots.
    @inline(__always)
    func forEach(_ body: (Int, borrowing WindowRow) -> Void) {
        switch self {
        case .open(let window): window.forEach(body)
        case .sealed(let window): window.forEach(body)
        }
    }

    /// Rows of some slots, with their places in `slots`.
    @inline(__always)
    func forEach(of slots: ContiguousArray<UInt32>, _ body: (Int, borrowing WindowRow) -> Void) {
        switch self {
        case .open(let window):
            for (place, slot) in slots.enumerated() {
                if let row = window.row(Int(slot)) { body(place, row) }
            }
        case .sealed(let window):
            window.withReader { reader in
                for (place, slot) in slots.enumerated() {
                    if let row = reader.row(Int(slot)) { body(place, row) }
                }
            }
        }
    }

    var count: Int {
        switch self {
        case .open(let window): window.count
        case .sealed(let window): window.count
        }
    }

    /// How many rows changed after a sequence.
    func changeCount(after sequence: UInt64) -> Int {
        if firstSequence > sequence { return count }
        var changed = 0
        changes(after: sequence) { _, _ in changed += 1 }
        return changed
    }

    /// Slots that changed after a sequence, with the sequence of their latest change; in no order.
    func changes(after sequence: UInt64, _ body: (Int, UInt64) -> Void) {
        switch self {
        case .open(let window):
            for page in window.pages.indices where window.pages[page].lastSequence > sequence {
                let rows = window.pages[page].rows
                for index in rows.indices where rows[index].sequence > sequence {
                    body(page << OpenWindow.pageShift | index, rows[index].sequence)
                }
            }
        case .sealed(let window):
            guard window.lastSequence > sequence else { return }
            window.forEach { slot, row in
                if row.sequence > sequence { body(slot, row.sequence) }
            }
        }
    }
}
