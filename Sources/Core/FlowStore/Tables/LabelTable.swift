// SPDX-License-Identifier: Apache-2.0

import FlowModel

/// A list of labels: as it is answered, and by the numbers of its texts, both in the order of bytes.
struct LabelRow: Sendable {
    var labels: [String] = []
    var texts: ContiguousArray<UInt32> = []
}

/// Label lists by number; 0 is the empty list. A copy is a snapshot.
typealias LabelColumn = PagedArray<LabelRow>

/// The writing side of interned label lists.
///
/// A list lives as long as a window that used it. That is noted when it is used, and looked at in passing
/// (`sweep`), so that recycling a window does not have to walk its rows.
struct LabelInterner: Sendable {
    /// Longer labels are left out. Kubernetes allows 381 bytes: 253 + 1 + 63 for the key, 1, 63 for the value.
    static let maximumLabelBytes = 512

    private var numbers: [ContiguousArray<UInt32>: UInt32] = [:]
    private var pool = NumberPool()
    /// Start of the newest window that used a list, Unix seconds.
    private var lastUse: ContiguousArray<Int64> = []
    private var intersections: [UInt64: UInt32] = [:]
    private var sweepPosition = 0
    /// Labels that were left out: beyond the count for an end, or too long.
    private(set) var refusedLabels: UInt64 = 0

    init(_ column: inout LabelColumn) {
        _ = pool.take()
        column.append(LabelRow())
        numbers[[]] = 0
        lastUse.append(.max)
    }

    var count: Int { pool.count }

    @inline(__always)
    func serial(_ number: UInt32) -> UInt32 { pool.serial(number) }

    @inline(__always)
    mutating func use(_ number: UInt32, window start: Int64) {
        if lastUse[Int(number)] < start { lastUse[Int(number)] = start }
    }

    /// The number of a list, of which at most `maximum` labels are kept. A part is a sound answer: labels are
    /// what all connections share.
    mutating func intern(
        _ labels: [String], maximum: Int, window start: Int64, _ column: inout LabelColumn,
        _ strings: inout StringInterner, _ texts: inout StringColumn
    ) -> UInt32 {
        guard !labels.isEmpty else { return 0 }
        var unique: [String] = []
        unique.reserveCapacity(labels.count)
        for label in labels.sorted(by: bytewisePrecedes) {
            if let last = unique.last, Bytewise(last) == Bytewise(label) { continue }
            guard unique.count < maximum, label.utf8.count <= Self.maximumLabelBytes else {
                refusedLabels += 1
                continue
            }
            unique.append(label)
        }
        let numbers = ContiguousArray(unique.map { strings.intern($0, &texts) })
        return intern(unique, numbers, window: start, &column, &strings, &texts)
    }

    /// What both lists have.
    mutating func intersection(
        _ left: UInt32, _ right: UInt32, window start: Int64, _ column: inout LabelColumn,
        _ strings: inout StringInterner, _ texts: inout StringColumn
    ) -> UInt32 {
        if left == right { return left }
        if left == 0 || right == 0 { return 0 }
        let pair = UInt64(min(left, right)) << 32 | UInt64(max(left, right))
        if let known = intersections[pair] {
            use(known, window: start)
            return known
        }
        let other = Set(column[right].texts)
        let row = column[left]
        var labels: [String] = []
        var numbers: ContiguousArray<UInt32> = []
        for (label, text) in zip(row.labels, row.texts) where other.contains(text) {
            labels.append(label)
            numbers.append(text)
            strings.retain(text)
        }
        let result = intern(labels, numbers, window: start, &column, &strings, &texts)
        if intersections.count >= 65_536 { intersections.removeAll(keepingCapacity: true) }
        intersections[pair] = result
        return result
    }

    /// Takes over one use of each text.
    private mutating func intern(
        _ labels: [String], _ list: ContiguousArray<UInt32>, window start: Int64,
        _ column: inout LabelColumn, _ strings: inout StringInterner, _ texts: inout StringColumn
    ) -> UInt32 {
        if let known = numbers[list] {
            for text in list { strings.release(text, &texts) }
            use(known, window: start)
            return known
        }
        let (number, isNew) = pool.take()
        let row = LabelRow(labels: labels, texts: list)
        if isNew {
            column.append(row)
            lastUse.append(start)
        } else {
            column[number] = row
            lastUse[Int(number)] = start
        }
        numbers[list] = number
        return number
    }

    /// Frees lists that no window since `oldest` used, looking at no more than `limit` of them.
    mutating func sweep(
        oldest: Int64, limit: Int, _ column: inout LabelColumn, _ strings: inout StringInterner,
        _ texts: inout StringColumn
    ) {
        var isAnyFreed = false
        for _ in 0..<min(limit, pool.capacity) {
            sweepPosition = sweepPosition + 1 < pool.capacity ? sweepPosition + 1 : 0
            // The empty list stays; free ones are marked.
            guard sweepPosition > 0, lastUse[sweepPosition] < oldest, lastUse[sweepPosition] != .min else {
                continue
            }
            let row = column[sweepPosition]
            numbers[row.texts] = nil
            for text in row.texts { strings.release(text, &texts) }
            column[sweepPosition] = LabelRow()
            lastUse[sweepPosition] = .min
            _ = pool.release(UInt32(sweepPosition))
            isAnyFreed = true
        }
        // Its numbers may come to mean other lists.
        if isAnyFreed { intersections.removeAll(keepingCapacity: true) }
    }
}
