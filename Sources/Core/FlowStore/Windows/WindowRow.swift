// SPDX-License-Identifier: Apache-2.0

import FlowModel
import NetworkModel

/// What one window counted for one flow key.
///
/// One row, and not a column a field: an update changes every field, and a sum reads every field, so a row in one
/// or two cache lines costs one or two misses where columns cost ten (ADR 0010).
struct WindowRow: BitwiseCopyable, Sendable {
    var packetsIn: UInt64 = 0
    var packetsOut: UInt64 = 0
    var bytesIn: UInt64 = 0
    var bytesOut: UInt64 = 0
    var connectionsStarted: UInt64 = 0
    var connectionsCompleted: UInt64 = 0
    var connectionsLive: UInt64 = 0
    /// The latest that a record named; 0 when none did.
    var generation: UInt64 = 0
    /// Of the latest change; 0 when the window has no data of the key.
    var sequence: UInt64 = 0
    var sourceLabels: UInt32 = 0
    var destinationLabels: UInt32 = 0
    /// Time of the latest record, microseconds after the window's start.
    var activity: UInt32 = 0

    @inline(__always) var exists: Bool { sequence != 0 }

    var counters: FlowCounters {
        var counters = FlowCounters()
        counters.packetsIn = packetsIn
        counters.packetsOut = packetsOut
        counters.bytesIn = bytesIn
        counters.bytesOut = bytesOut
        counters.connectionsStarted = connectionsStarted
        counters.connectionsCompleted = connectionsCompleted
        counters.connectionsLive = connectionsLive
        return counters
    }

    /// Adds with saturation: a counter never wraps.
    @inline(__always)
    mutating func add(_ counters: FlowCounters) {
        Self.add(&packetsIn, counters.packetsIn)
        Self.add(&packetsOut, counters.packetsOut)
        Self.add(&bytesIn, counters.bytesIn)
        Self.add(&bytesOut, counters.bytesOut)
        Self.add(&connectionsStarted, counters.connectionsStarted)
        Self.add(&connectionsCompleted, counters.connectionsCompleted)
        Self.add(&connectionsLive, counters.connectionsLive)
    }

    @inline(__always)
    private static func add(_ sum: inout UInt64, _ value: UInt64) {
        let (total, overflow) = sum.addingReportingOverflow(value)
        sum = overflow ? .max : total
    }
}

/// A set of slots: one bit each.
struct SlotSet: Sendable {
    private(set) var words: ContiguousArray<UInt64> = []

    @inline(__always)
    func contains(_ slot: Int) -> Bool {
        let word = slot >> 6
        return word < words.count && words[word] & (1 << UInt64(slot & 63)) != 0
    }

    mutating func insert(_ slot: Int) {
        let word = slot >> 6
        while words.count <= word { words.append(0) }
        words[word] |= 1 << UInt64(slot & 63)
    }

    mutating func formUnion(_ other: SlotSet) {
        while words.count < other.words.count { words.append(0) }
        for index in other.words.indices { words[index] |= other.words[index] }
    }

    mutating func subtract(_ other: SlotSet) {
        for index in 0..<min(words.count, other.words.count) { words[index] &= ~other.words[index] }
    }

    mutating func formIntersection(_ other: SlotSet) {
        for index in words.indices {
            words[index] &= index < other.words.count ? other.words[index] : 0
        }
    }

    @inline(__always)
    mutating func filterInPlace(_ isIncluded: (Int) -> Bool) {
        for index in words.indices {
            var word = words[index]
            var kept = word
            while word != 0 {
                let bit = word.trailingZeroBitCount
                if !isIncluded(index << 6 | bit) { kept &= ~(1 << UInt64(bit)) }
                word &= word - 1
            }
            words[index] = kept
        }
    }

    /// Slots in ascending order.
    @inline(__always)
    func forEach(_ body: (Int) -> Void) {
        for index in words.indices {
            var word = words[index]
            while word != 0 {
                body(index << 6 | word.trailingZeroBitCount)
                word &= word - 1
            }
        }
    }

    var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
}
