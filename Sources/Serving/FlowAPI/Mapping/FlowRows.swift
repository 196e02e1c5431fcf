// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NIOCore
import NetworkModel
import SwiftProtobuf

// Between the model and messages that hold flows.

extension FlowWriting {
    /// Appends a vibrissa.v1.FlowRow as field `number` of what is being written.
    static func writeRow(
        _ flow: FlowAggregate, isFilling: Bool = false, cursor: FlowCursor? = nil, as number: Int,
        to buffer: inout ByteBuffer
    ) {
        let cursor = Int64(bitPattern: cursor?.rawValue ?? 0)
        let result = resultSize(flow)
        let generation = Int64(bitPattern: flow.generation)
        let pairs = flow.addresses.map { pair in
            (source: pair.source.networkBytes, destination: pair.destination.networkBytes)
        }
        func size(_ pair: (source: [UInt8], destination: [UInt8])) -> Int {
            WireSize.prefix(1, pair.source.count) + pair.source.count
                + WireSize.prefix(2, pair.destination.count) + pair.destination.count
        }
        var total =
            WireSize.prefix(1, result) + result + WireSize.number(2, isFilling ? 1 : 0)
            + WireSize.number(3, flow.lastActivity.nanoseconds) + WireSize.number(4, generation)
        for pair in pairs { total += WireSize.prefix(5, size(pair)) + size(pair) }
        total += WireSize.number(6, cursor)
        buffer.writeLengthPrefix(number, total)
        buffer.writeLengthPrefix(1, result)
        writeResult(flow, to: &buffer)
        buffer.writeNumber(2, isFilling ? 1 : 0)
        buffer.writeNumber(3, flow.lastActivity.nanoseconds)
        buffer.writeNumber(4, generation)
        for pair in pairs {
            buffer.writeLengthPrefix(5, size(pair))
            buffer.writeLengthPrefix(1, pair.source.count)
            buffer.writeBytes(pair.source)
            buffer.writeLengthPrefix(2, pair.destination.count)
            buffer.writeBytes(pair.destination)
        }
        buffer.writeNumber(6, cursor)
    }
}

extension FlowPage {
    /// Goldmane's numbers of an answer.
    var metadata: Goldmane_ListMetadata {
        .with {
            $0.totalPages = Int64(totalPages)
            $0.totalResults = Int64(totalResults)
        }
    }
}
