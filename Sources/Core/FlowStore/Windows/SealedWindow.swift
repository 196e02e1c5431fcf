// SPDX-License-Identifier: Apache-2.0

import FlowModel

/// A window that is not expected to change: its rows packed, in the order of slots.
///
/// ```
/// words  ─▶ which slots have a row          ranks ─▶ rows before each word
/// bytes  ─▶ | row 0 | row 1 | ...           all rows of one width
/// row    =  | packetsIn | packetsOut | ... | sequence |
/// ```
/// Each field takes as many bytes as its greatest value in this window needs, after its least value is taken off;
/// a field that is the same in all rows takes none. Twenty to thirty bytes a row is usual.
final class SealedWindow: Sendable {
    private static let fieldCount = 12

    fileprivate struct Field: Sendable {
        var offset = 0
        var mask: UInt64 = 0
        var base: UInt64 = 0
    }

    /// Unix seconds.
    let startSeconds: Int64
    let slots: SlotSet
    let count: Int
    let firstSequence: UInt64
    let lastSequence: UInt64
    private let ranks: ContiguousArray<UInt32>
    private let fields: ContiguousArray<Field>
    private let stride: Int
    private let bytes: ContiguousArray<UInt8>

    init(packing window: OpenWindow) {
        startSeconds = window.startSeconds
        slots = window.slots
        count = window.count
        firstSequence = window.firstSequence
        lastSequence = window.lastSequence
        var least = [UInt64](repeating: .max, count: Self.fieldCount)
        var greatest = [UInt64](repeating: 0, count: Self.fieldCount)
        window.forEach { _, row in
            Self.forEachField(of: row) { field, value in
                least[field] = min(least[field], value)
                greatest[field] = max(greatest[field], value)
            }
        }
        var fields = ContiguousArray<Field>(repeating: Field(), count: Self.fieldCount)
        var stride = 0
        var widths = [Int](repeating: 0, count: Self.fieldCount)
        for index in fields.indices where window.count > 0 {
            let width = (64 - (greatest[index] - least[index]).leadingZeroBitCount + 7) / 8
            fields[index] = Field(
                offset: stride, mask: width == 0 ? 0 : UInt64.max >> UInt64(64 - 8 * width),
                base: least[index])
            widths[index] = width
            stride += width
        }
        // Eight bytes more, so that the last field can be read as a whole word.
        var bytes = ContiguousArray<UInt8>(repeating: 0, count: stride * window.count + 8)
        bytes.withUnsafeMutableBytes { bytes in
            var place = 0
            window.forEach { _, row in
                Self.forEachField(of: row) { field, value in
                    var rest = value - fields[field].base
                    for offset in 0..<widths[field] {
                        bytes[place + fields[field].offset + offset] = UInt8(truncatingIfNeeded: rest)
                        rest >>= 8
                    }
                }
                place += stride
            }
        }
        var ranks = ContiguousArray<UInt32>()
        var rank: UInt32 = 0
        for word in window.slots.words {
            ranks.append(rank)
            rank += UInt32(word.nonzeroBitCount)
        }
        self.ranks = ranks
        self.fields = fields
        self.stride = stride
        self.bytes = bytes
    }

    /// Bytes of memory, but for what is fixed.
    var byteCount: Int { bytes.count + slots.words.count * 12 }

    @inline(__always)
    private static func forEachField(of row: borrowing WindowRow, _ body: (Int, UInt64) -> Void) {
        body(0, row.packetsIn)
        body(1, row.packetsOut)
        body(2, row.bytesIn)
        body(3, row.bytesOut)
        body(4, row.connectionsStarted)
        body(5, row.connectionsCompleted)
        body(6, row.connectionsLive)
        body(7, row.generation)
        body(8, row.sequence)
        body(9, UInt64(row.sourceLabels))
        body(10, UInt64(row.destinationLabels))
        body(11, UInt64(row.activity))
    }

    /// Reads rows without checks of its own; lives as long as the closure it is given to.
    struct Reader {
        fileprivate let window: SealedWindow
        fileprivate let bytes: UnsafeRawPointer
        fileprivate let fields: UnsafePointer<Field>

        @inline(__always)
        fileprivate func value(_ field: Int, _ row: UnsafeRawPointer) -> UInt64 {
            let field = fields[field]
            let word = UInt64(littleEndian: (row + field.offset).loadUnaligned(as: UInt64.self))
            return (word & field.mask) &+ field.base
        }

        @inline(__always)
        fileprivate func row(at place: Int) -> WindowRow {
            let start = bytes + place &* window.stride
            var row = WindowRow()
            row.packetsIn = value(0, start)
            row.packetsOut = value(1, start)
            row.bytesIn = value(2, start)
            row.bytesOut = value(3, start)
            row.connectionsStarted = value(4, start)
            row.connectionsCompleted = value(5, start)
            row.connectionsLive = value(6, start)
            row.generation = value(7, start)
            row.sequence = value(8, start)
            row.sourceLabels = UInt32(truncatingIfNeeded: value(9, start))
            row.destinationLabels = UInt32(truncatingIfNeeded: value(10, start))
            row.activity = UInt32(truncatingIfNeeded: value(11, start))
            return row
        }

        @inline(__always)
        func row(_ slot: Int) -> WindowRow? {
            let index = slot >> 6
            guard index < window.ranks.count else { return nil }
            let (word, bit) = (window.slots.words[index], UInt64(slot & 63))
            guard word & (1 << bit) != 0 else { return nil }
            let before = word & ((1 << bit) &- 1)
            return row(at: Int(window.ranks[index]) &+ before.nonzeroBitCount)
        }
    }

    @inline(__always)
    func withReader<Result>(_ body: (Reader) -> Result) -> Result {
        bytes.withUnsafeBytes { bytes in
            fields.withUnsafeBufferPointer { fields in
                // Neither is ever empty: there are always eight bytes and twelve fields.
                guard let base = bytes.baseAddress, let first = fields.baseAddress else {
                    preconditionFailure("a packed window has bytes and fields")
                }
                return body(Reader(window: self, bytes: base, fields: first))
            }
        }
    }

    func row(_ slot: Int) -> WindowRow? { withReader { $0.row(slot) } }

    /// Rows in ascending order of slots.
    @inline(__always)
    func forEach(_ body: (Int, borrowing WindowRow) -> Void) {
        withReader { reader in
            var place = 0
            slots.forEach { slot in
                body(slot, reader.row(at: place))
                place &+= 1
            }
        }
    }
}
