// SPDX-License-Identifier: Apache-2.0

public import FlowModel
public import FlowStore
import GRPCTransport
public import NIOCore
import SwiftProtobuf

/// A question in its form on the wire, for those who look at the answer's time and not at what it says.
public struct FlowQuestion: Sendable {
    public let method: String
    public let message: ByteBuffer

    private init(_ method: String, _ message: some Message) {
        self.method = method
        do {
            self.message = try ByteBuffer(message)
        } catch {
            preconditionFailure("\(type(of: message)) cannot be encoded: \(error)")
        }
    }

    /// Of the whole history.
    public static func list(
        _ filter: FlowFilter, sortBy: FlowSortKey? = nil, paging: FlowPaging
    ) -> FlowQuestion {
        FlowQuestion(
            "/goldmane.Flows/List",
            Goldmane_FlowListRequest.with {
                $0.filter = Goldmane_Filter(filter)
                $0.page = paging.page
                $0.pageSize = paging.pageSize
                if let sortBy { $0.sortBy = [.with { $0.sortBy = Goldmane_SortBy(sortBy) }] }
            })
    }

    public static func hints(_ type: FlowHintType, paging: FlowPaging) -> FlowQuestion {
        FlowQuestion(
            "/goldmane.Flows/FilterHints",
            Goldmane_FilterHintsRequest.with {
                $0.type = Goldmane_FilterType(type)
                $0.page = paging.page
                $0.pageSize = paging.pageSize
            })
    }

    /// Packets, as a time series.
    public static func statistics(byRule: Bool) -> FlowQuestion {
        FlowQuestion(
            "/goldmane.Statistics/List",
            Goldmane_StatisticsRequest.with {
                $0.groupBy = byRule ? .policyRule : .policy
                $0.timeSeries = true
            })
    }

    public static func stream(startGTE: Int64) -> FlowQuestion {
        FlowQuestion(
            "/goldmane.Flows/Stream", Goldmane_FlowStreamRequest.with { $0.startTimeGte = startGTE })
    }
}

/// A FlowUpdate (flow API 1.2) that is sent many times with other times.
public struct FlowUpdateMessage: Sendable {
    /// Fields of the flow but its times.
    private let flow: ByteBuffer

    /// The record's own time is left out.
    public init(_ record: FlowRecord) {
        var aggregate = FlowAggregate(
            id: 0, key: record.key, startSeconds: 0, endSeconds: 0, sourceLabels: record.sourceLabels,
            destinationLabels: record.destinationLabels, counters: record.counters,
            lastActivity: record.time)
        aggregate.id = 0
        var buffer = ByteBuffer()
        FlowWriting.writeFlow(aggregate, to: &buffer)
        flow = buffer
    }

    /// Appends the message in its form on the wire, Unix seconds.
    public func write(start: Int64, end: Int64, to buffer: inout ByteBuffer) {
        let times = WireSize.number(2, start) + WireSize.number(3, end)
        buffer.writeGRPCMessage { buffer in
            buffer.writeLengthPrefix(1, flow.readableBytes + times)
            // Fields may come in any order.
            buffer.writeImmutableBuffer(flow)
            buffer.writeNumber(2, start)
            buffer.writeNumber(3, end)
        }
    }
}
