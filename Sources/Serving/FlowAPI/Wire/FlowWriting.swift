// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NIOCore

/// Writes flows without the messages of the generated code in between: lists and streams hold many.
///
/// Lengths come before what they are the length of, so each message is measured first. Fields with their default
/// value are left out, as the format has it.
enum FlowWriting {
    /// Appends a FlowResult (flow API 1.2) as field `number` of what is being written.
    static func writeResult(_ flow: FlowAggregate, as number: Int, to buffer: inout ByteBuffer) {
        buffer.writeLengthPrefix(number, resultSize(flow))
        writeResult(flow, to: &buffer)
    }

    /// Appends the fields of a FlowResult.
    static func writeResult(_ flow: FlowAggregate, to buffer: inout ByteBuffer) {
        buffer.writeNumber(1, Int64(clamping: flow.id))
        buffer.writeLengthPrefix(2, flowSize(flow))
        writeFlow(flow, to: &buffer)
    }

    /// Appends the fields of a Flow.
    static func writeFlow(_ flow: FlowAggregate, to buffer: inout ByteBuffer) {
        buffer.writeLengthPrefix(1, keySize(flow.key))
        write(flow.key, to: &buffer)
        buffer.writeNumber(2, flow.startSeconds)
        buffer.writeNumber(3, flow.endSeconds)
        for label in flow.sourceLabels { buffer.writeText(4, label, evenIfEmpty: true) }
        for label in flow.destinationLabels { buffer.writeText(5, label, evenIfEmpty: true) }
        for offset in 0..<7 {
            buffer.writeNumber(6 + offset, Int64(clamping: flow.counters.inOrder[offset]))
        }
    }

    static func resultSize(_ flow: FlowAggregate) -> Int {
        let size = flowSize(flow)
        return WireSize.number(1, Int64(clamping: flow.id)) + WireSize.prefix(2, size) + size
    }

    private static func flowSize(_ flow: FlowAggregate) -> Int {
        let key = keySize(flow.key)
        var size =
            WireSize.prefix(1, key) + key + WireSize.number(2, flow.startSeconds)
            + WireSize.number(3, flow.endSeconds)
        for label in flow.sourceLabels { size += WireSize.text(4, label, evenIfEmpty: true) }
        for label in flow.destinationLabels { size += WireSize.text(5, label, evenIfEmpty: true) }
        for offset in 0..<7 {
            size += WireSize.number(6 + offset, Int64(clamping: flow.counters.inOrder[offset]))
        }
        return size
    }

    private static func write(_ key: FlowKey, to buffer: inout ByteBuffer) {
        buffer.writeText(1, key.source.name)
        buffer.writeText(2, key.source.namespace)
        buffer.writeNumber(3, Int64(key.source.type.rawValue))
        buffer.writeText(4, key.destination.name)
        buffer.writeText(5, key.destination.namespace)
        buffer.writeNumber(6, Int64(key.destination.type.rawValue))
        buffer.writeNumber(7, key.destinationPort)
        buffer.writeText(8, key.service.name)
        buffer.writeText(9, key.service.namespace)
        buffer.writeText(10, key.service.portName)
        buffer.writeNumber(11, key.service.port)
        buffer.writeText(12, key.transport)
        buffer.writeNumber(13, Int64(key.reporter.rawValue))
        buffer.writeNumber(14, Int64(key.action.rawValue))
        let size = traceSize(key.trace)
        guard size > 0 else { return }
        buffer.writeLengthPrefix(15, size)
        for hit in key.trace.enforced { write(hit, as: 1, to: &buffer) }
        for hit in key.trace.pending { write(hit, as: 2, to: &buffer) }
    }

    private static func keySize(_ key: FlowKey) -> Int {
        let trace = traceSize(key.trace)
        return WireSize.text(1, key.source.name) + WireSize.text(2, key.source.namespace)
            + WireSize.number(3, Int64(key.source.type.rawValue))
            + WireSize.text(4, key.destination.name) + WireSize.text(5, key.destination.namespace)
            + WireSize.number(6, Int64(key.destination.type.rawValue))
            + WireSize.number(7, key.destinationPort) + WireSize.text(8, key.service.name)
            + WireSize.text(9, key.service.namespace) + WireSize.text(10, key.service.portName)
            + WireSize.number(11, key.service.port) + WireSize.text(12, key.transport)
            + WireSize.number(13, Int64(key.reporter.rawValue))
            + WireSize.number(14, Int64(key.action.rawValue))
            + (trace > 0 ? WireSize.prefix(15, trace) + trace : 0)
    }

    private static func traceSize(_ trace: FlowTrace) -> Int {
        var size = 0
        for hit in trace.enforced { size += hitFieldSize(hit, 1) }
        for hit in trace.pending { size += hitFieldSize(hit, 2) }
        return size
    }

    private static func hitFieldSize(_ hit: FlowHit, _ number: Int) -> Int {
        let size = hitSize(hit)
        return WireSize.prefix(number, size) + size
    }

    private static func hitSize(_ hit: FlowHit) -> Int {
        var size =
            WireSize.number(1, Int64(hit.kind.rawValue)) + WireSize.text(2, hit.namespace)
            + WireSize.text(3, hit.name) + WireSize.text(4, hit.tier)
            + WireSize.number(5, Int64(hit.action.rawValue)) + WireSize.number(6, hit.policyIndex)
            + WireSize.number(7, hit.ruleIndex)
        if let trigger = hit.trigger {
            let inner = triggerSize(trigger)
            size += WireSize.prefix(8, inner) + inner
        }
        return size
    }

    private static func triggerSize(_ trigger: FlowTrigger) -> Int {
        WireSize.number(1, Int64(trigger.kind.rawValue)) + WireSize.text(2, trigger.namespace)
            + WireSize.text(3, trigger.name) + WireSize.text(4, trigger.tier)
    }

    private static func write(_ hit: FlowHit, as number: Int, to buffer: inout ByteBuffer) {
        buffer.writeLengthPrefix(number, hitSize(hit))
        buffer.writeNumber(1, Int64(hit.kind.rawValue))
        buffer.writeText(2, hit.namespace)
        buffer.writeText(3, hit.name)
        buffer.writeText(4, hit.tier)
        buffer.writeNumber(5, Int64(hit.action.rawValue))
        buffer.writeNumber(6, hit.policyIndex)
        buffer.writeNumber(7, hit.ruleIndex)
        guard let trigger = hit.trigger else { return }
        buffer.writeLengthPrefix(8, triggerSize(trigger))
        buffer.writeNumber(1, Int64(trigger.kind.rawValue))
        buffer.writeText(2, trigger.namespace)
        buffer.writeText(3, trigger.name)
        buffer.writeText(4, trigger.tier)
    }
}

extension FlowCounters {
    /// As the fields of Flow from 6 on.
    var inOrder: InlineArray<7, UInt64> {
        [
            packetsIn, packetsOut, bytesIn, bytesOut, connectionsStarted, connectionsCompleted,
            connectionsLive,
        ]
    }
}

/// Bytes of fields on the wire. Field numbers are below 16, so a tag is one byte.
enum WireSize {
    @inline(__always)
    static func varint(_ value: UInt64) -> Int { (70 - (value | 1).leadingZeroBitCount) / 7 }

    @inline(__always)
    static func number(_ number: Int, _ value: Int64) -> Int {
        value == 0 ? 0 : 1 + varint(UInt64(bitPattern: value))
    }

    @inline(__always)
    static func prefix(_ number: Int, _ length: Int) -> Int { 1 + varint(UInt64(length)) }

    @inline(__always)
    static func text(_ number: Int, _ text: String, evenIfEmpty: Bool = false) -> Int {
        let count = text.utf8.count
        return count == 0 && !evenIfEmpty ? 0 : prefix(number, count) + count
    }
}

extension ByteBuffer {
    @inline(__always)
    mutating func writeVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        writeInteger(UInt8(truncatingIfNeeded: rest))
    }

    @inline(__always)
    mutating func writeLengthPrefix(_ number: Int, _ length: Int) {
        writeInteger(UInt8(number << 3 | 2))
        writeVarint(UInt64(length))
    }

    @inline(__always)
    mutating func writeNumber(_ number: Int, _ value: Int64) {
        guard value != 0 else { return }
        writeInteger(UInt8(number << 3))
        writeVarint(UInt64(bitPattern: value))
    }

    @inline(__always)
    mutating func writeText(_ number: Int, _ text: String, evenIfEmpty: Bool = false) {
        let count = text.utf8.count
        guard count > 0 || evenIfEmpty else { return }
        writeLengthPrefix(number, count)
        writeString(text)
    }
}
