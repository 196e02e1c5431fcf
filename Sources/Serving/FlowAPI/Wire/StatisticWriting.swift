// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NIOCore

extension FlowWriting {
    /// Appends the fields of a StatisticsResult (flow API 1.2). A time series over an hour has thousands of
    /// numbers, most of them zero, in each of thousands of results.
    static func writeStatistic(
        _ statistic: FlowStatistic, _ query: FlowStatisticsQuery, to buffer: inout ByteBuffer
    ) {
        let policy = statistic.policy
        let rule = statistic.ruleIndex ?? 0
        buffer.writeLengthPrefix(
            1,
            WireSize.number(1, Int64(policy.kind.rawValue)) + WireSize.text(2, policy.namespace)
                + WireSize.text(3, policy.name) + WireSize.text(4, policy.tier)
                + WireSize.number(5, Int64(statistic.action.rawValue)) + WireSize.number(7, rule))
        buffer.writeNumber(1, Int64(policy.kind.rawValue))
        buffer.writeText(2, policy.namespace)
        buffer.writeText(3, policy.name)
        buffer.writeText(4, policy.tier)
        buffer.writeNumber(5, Int64(statistic.action.rawValue))
        buffer.writeNumber(7, rule)
        buffer.writeNumber(2, Int64(statistic.direction.rawValue))
        buffer.writeNumber(3, query.grouping == .policy ? 0 : 1)
        buffer.writeNumber(4, Int64(query.measure.rawValue))
        let values = statistic.values
        buffer.writePacked(5, values.count) { values[$0].allowedIn }
        buffer.writePacked(6, values.count) { values[$0].allowedOut }
        buffer.writePacked(7, values.count) { values[$0].deniedIn }
        buffer.writePacked(8, values.count) { values[$0].deniedOut }
        buffer.writePacked(9, values.count) { values[$0].passedIn }
        buffer.writePacked(10, values.count) { values[$0].passedOut }
        let starts = statistic.starts
        buffer.writePacked(11, starts.count) { UInt64(bitPattern: starts[$0]) }
    }
}

extension ByteBuffer {
    /// Appends a packed field of numbers, which are cut at the largest that the field can hold.
    @inline(__always)
    fileprivate mutating func writePacked(_ number: Int, _ count: Int, _ value: (Int) -> UInt64) {
        guard count > 0 else { return }
        var size = 0
        for place in 0..<count { size += WireSize.varint(Self.cut(value(place), number)) }
        writeLengthPrefix(number, size)
        writeWithUnsafeMutableBytes(minimumWritableBytes: size) { bytes in
            var at = 0
            for place in 0..<count {
                var rest = Self.cut(value(place), number)
                while rest >= 0x80 {
                    bytes[at] = UInt8(truncatingIfNeeded: rest) | 0x80
                    at += 1
                    rest >>= 7
                }
                bytes[at] = UInt8(truncatingIfNeeded: rest)
                at += 1
            }
            return at
        }
    }

    /// Starts, the last field, may be negative; counts may not.
    @inline(__always)
    private static func cut(_ value: UInt64, _ number: Int) -> UInt64 {
        number == 11 ? value : min(value, UInt64(Int64.max))
    }
}
