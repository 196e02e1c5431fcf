// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import GRPCTransport
import NIOCore
import SwiftProtobuf

// goldmane.Flows and goldmane.Statistics (flow API 1.1, section 2).
extension FlowServices {
    func list(_ message: ByteBuffer) async throws -> ByteBuffer {
        let request = try FlowRequests.decode(Goldmane_FlowListRequest.self, message)
        var query = FlowListQuery(filter: try FlowRequests.filter(request.filter))
        query.range = FlowTimeRange(startGTE: request.startTimeGte, startLT: request.startTimeLt)
        query.paging = FlowPaging(page: request.page, pageSize: request.pageSize)
        for option in request.sortBy { query.sortBy.append(try FlowRequests.sort(option.sortBy)) }
        let page = try await ask { flows throws(FlowQueryError) in try await flows.list(query) }
        return try answer(page) { FlowWriting.writeResult($0, as: 2, to: &$1) }
    }

    func hints(_ message: ByteBuffer) async throws -> ByteBuffer {
        let request = try FlowRequests.decode(Goldmane_FilterHintsRequest.self, message)
        let query = FlowHintsQuery(
            type: try FlowRequests.hints(request.type), filter: try FlowRequests.filter(request.filter),
            range: FlowTimeRange(startGTE: request.startTimeGte, startLT: request.startTimeLt),
            paging: FlowPaging(page: request.page, pageSize: request.pageSize))
        return try await hints(query)
    }

    func hints(_ query: FlowHintsQuery) async throws -> ByteBuffer {
        let page = try await ask { flows throws(FlowQueryError) in try await flows.hints(query) }
        return try answer(page) { value, buffer in
            buffer.writeLengthPrefix(2, WireSize.text(1, value))
            buffer.writeText(1, value)
        }
    }

    func stream(_ message: ByteBuffer, _ writer: GRPCResponseWriter) async throws {
        let request = try FlowRequests.decode(Goldmane_FlowStreamRequest.self, message)
        let filter = try FlowRequests.filter(request.filter)
        let windows = try await ask { flows throws(FlowQueryError) in
            try await flows.windows(startTimeGTE: request.startTimeGte, filter: filter)
        }
        // Says that the stream is there.
        try await writer.write(ByteBuffer())
        for try await window in windows {
            var piece = ByteBuffer()
            for flow in window.flows {
                piece.writeGRPCMessage { FlowWriting.writeResult(flow, to: &$0) }
                guard piece.readableBytes >= Self.pieceBytes else { continue }
                try await writer.write(piece)
                piece = ByteBuffer()
            }
            try await writer.write(piece)
        }
        throw GRPCStatus(.unavailable, "the server shuts down; ask again later")
    }

    func statistics(_ message: ByteBuffer, _ writer: GRPCResponseWriter) async throws {
        let request = try FlowRequests.decode(Goldmane_StatisticsRequest.self, message)
        guard let measure = FlowStatisticsQuery.Measure(known: request.type.rawValue) else {
            throw GRPCStatus(
                .invalidArgument, "type: there are no statistics of type \(request.type.rawValue)")
        }
        let grouping: FlowStatisticsQuery.Grouping
        switch request.groupBy {
        case .policy: grouping = .policy
        case .policyRule: grouping = .rule
        case .UNRECOGNIZED(let number):
            throw GRPCStatus(.invalidArgument, "group_by: there is no grouping \(number)")
        }
        let query = FlowStatisticsQuery(
            range: FlowTimeRange(startGTE: request.startTimeGte, startLT: request.startTimeLt),
            measure: measure, grouping: grouping, match: try FlowRequests.policy(request.policyMatch),
            isTimeSeries: request.timeSeries)
        let statistics = try await ask { flows throws(FlowQueryError) in try await flows.statistics(query) }
        guard !statistics.isEmpty else {
            var empty = ByteBuffer()
            empty.writeEmptyGRPCMessages(1)
            try await writer.write(empty)
            throw GRPCStatus(.notFound, "no policy did anything in the time range")
        }
        var piece = ByteBuffer()
        for statistic in statistics {
            piece.writeGRPCMessage { FlowWriting.writeStatistic(statistic, query, to: &$0) }
            guard piece.readableBytes >= Self.pieceBytes else { continue }
            try await writer.write(piece)
            piece = ByteBuffer()
        }
        try await writer.write(piece)
    }
}

extension FlowServices {
    /// Bytes of one answer; longer ones must be asked for in pages.
    static let maximumAnswerBytes = 512 << 20
    /// Streams hand over their results in pieces of about this many bytes.
    static let pieceBytes = 32 << 10

    /// What a question to the flows gives, with its error as the caller sees it.
    func ask<Answer>(
        _ question: (any FlowQuerying) async throws(FlowQueryError) -> Answer
    ) async throws(GRPCStatus) -> Answer {
        do {
            return try await question(querying)
        } catch {
            throw GRPCStatus(error)
        }
    }

    /// A page as a message whose field 1 is the size of the whole, and field 2 an item.
    func answer<Item>(
        _ page: FlowPage<Item>, _ write: (Item, inout ByteBuffer) -> Void
    ) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        let metadata: [UInt8] = try page.metadata.serializedBytes()
        buffer.writeLengthPrefix(1, metadata.count)
        buffer.writeBytes(metadata)
        for item in page.items {
            write(item, &buffer)
            guard buffer.readableBytes <= Self.maximumAnswerBytes else {
                throw GRPCStatus(
                    .resourceExhausted,
                    "the answer is longer than \(Self.maximumAnswerBytes) bytes; ask for it in pages")
            }
        }
        return buffer
    }
}
