// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

/// Rows of the rule tables that an evaluator has worked out, one after the other: a bit for each position.
struct EvaluatorRows: Sendable {
    private var words: [UInt64] = []
    private(set) var ingressWords = 0
    private(set) var egressWords = 0
    /// Offsets of rows that many share: sources and destinations with no bit of their own, positions of staged rules.
    private var bases: [Int] = []

    var byteCount: Int { words.count * 8 }

    mutating func removeAll() {
        words.removeAll(keepingCapacity: true)
        bases.removeAll(keepingCapacity: true)
    }

    /// Must come first: the rows of addresses that no set and no block holds.
    mutating func addBases(of tables: CompiledTables) {
        ingressWords = max(1, tables.ingress.wordCount)
        egressWords = max(1, tables.egress.wordCount)
        for direction in Direction.allCases {
            let rules = tables.rules(direction)
            for base in [rules.source.open, rules.destination.open, rules.staged] {
                bases.append(words.count)
                append(base, direction)
            }
        }
    }

    func staged(_ direction: Direction) -> Int { bases[direction == .ingress ? 2 : 5] }

    func isSet(_ position: Int, _ row: Int) -> Bool {
        words[row + position >> 6] & (1 << UInt64(position & 63)) != 0
    }

    /// The row of the rules that an address may be source or destination of.
    mutating func addRow(
        isSource: Bool, _ direction: Direction, _ address: IPAddress, _ tables: CompiledTables
    ) -> Int32 {
        direction == .ingress
            ? addRow(
                isSource ? tables.ingress.source : tables.ingress.destination, isSource, direction, address,
                tables)
            : addRow(
                isSource ? tables.egress.source : tables.egress.destination, isSource, direction, address,
                tables)
    }

    private mutating func addRow(
        _ side: SideIndex, _ isSource: Bool, _ direction: Direction, _ address: IPAddress,
        _ tables: CompiledTables
    ) -> Int32 {
        let base = bases[(direction == .ingress ? 0 : 3) + (isSource ? 0 : 1)]
        guard !side.isOpenToAll else { return Int32(base) }
        let start = words.count
        append(side.open, direction)
        var hasOwn = false
        tables.endpoints.forEachLabelSet(at: address) { labelSet in
            tables.matching.forEach(in: labelSet) { set in
                side.bySet.forEach(in: set) { position in
                    setBit(position, from: start)
                    hasOwn = true
                }
            }
        }
        for (set, positions) in side.byService where tables.isMember(address, ofSet: set) {
            for position in positions { setBit(Int(position), from: start) }
            hasOwn = true
        }
        if !side.byBlock.isEmpty {
            side.byBlock.forEachMatch(address) { positions in
                for position in positions { setBit(Int(position), from: start) }
                hasOwn = true
            }
        }
        guard hasOwn else {
            words.removeLast(words.count - start)
            return Int32(base)
        }
        return Int32(start)
    }

    /// The row of the rules that a protocol and destination port may match, in a family.
    mutating func addTrafficRow(
        _ direction: Direction, _ family: IPFamily, _ transport: IPProtocol, _ port: UInt16,
        _ tables: CompiledTables
    ) -> Int32 {
        let index = direction == .ingress ? tables.ingress.traffic : tables.egress.traffic
        let start = words.count
        append(index.anyProtocol, direction)
        if let own = index.byProtocol[transport.rawValue]?.words {
            for place in own.indices { words[start + place] |= own[place] }
        }
        if transport.hasPolicyPorts {
            for position in index.byPort[TrafficIndex.portKey(transport, port)] ?? [] {
                setBit(Int(position), from: start)
            }
            for range in index.byRange
            where range.transport == transport.rawValue && range.first <= port && port <= range.last {
                setBit(Int(range.position), from: start)
            }
        }
        let exists = (family == .v4 ? index.v4 : index.v6).words
        for place in exists.indices { words[start + place] &= exists[place] }
        for place in start + exists.count..<words.count { words[place] = 0 }
        return Int32(start)
    }

    // MARK: Search

    /// The first position from `low` and below `high` that is in three rows, and not in the row at `excluded` unless
    /// that is -1; -1 when there is none.
    func nextMatch(
        from low: Int, to high: Int, _ first: Int, _ second: Int, _ third: Int, without excluded: Int
    ) -> Int {
        words.withUnsafeBufferPointer { words in
            guard let base = words.baseAddress, low < high else { return -1 }
            let (a, b, c) = (base + first, base + second, base + third)
            var index = low >> 6
            let last = (high - 1) >> 6
            var mask = UInt64.max << UInt64(low & 63)
            while index <= last {
                // Long ranges are mostly empty: four words at a time until one is not.
                while index &+ 4 <= last, mask == .max {
                    let any =
                        a[index] & b[index] & c[index]
                        | a[index &+ 1] & b[index &+ 1] & c[index &+ 1]
                        | a[index &+ 2] & b[index &+ 2] & c[index &+ 2]
                        | a[index &+ 3] & b[index &+ 3] & c[index &+ 3]
                    guard any == 0 else { break }
                    index &+= 4
                }
                if index == last { mask &= UInt64.max >> UInt64(63 - (high - 1) & 63) }
                var bits = a[index] & b[index] & c[index] & mask
                if excluded >= 0 { bits &= ~base[excluded + index] }
                if bits != 0 { return index << 6 + bits.trailingZeroBitCount }
                index &+= 1
                mask = .max
            }
            return -1
        }
    }

    // MARK: Building

    private func wordCount(_ direction: Direction) -> Int {
        direction == .ingress ? ingressWords : egressWords
    }

    private mutating func append(_ bits: BitSet, _ direction: Direction) {
        let count = wordCount(direction)
        words.append(contentsOf: bits.words)
        words.append(contentsOf: repeatElement(0, count: count - bits.words.count))
    }

    @inline(__always)
    private mutating func setBit(_ number: Int, from start: Int) {
        words[start + number >> 6] |= 1 << UInt64(number & 63)
    }
}
