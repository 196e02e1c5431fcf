// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import GRPCTransport
import NIOCore
import SwiftProtobuf

// vibrissa.v1.FlowQueries (proto/vibrissa/v1/flows.proto).
extension FlowServices {
    func listRows(_ message: ByteBuffer) async throws -> ByteBuffer {
        let request = try FlowRequests.decode(Vibrissa_V1_ListRequest.self, message)
        let query = FlowListQuery(
            filter: try FlowRequests.filter(request.filter), range: FlowTimeRange(request.range),
            sortBy: [try FlowRequests.sort(request.sortBy)],
            paging: FlowPaging(page: request.page, pageSize: request.pageSize))
        let page = try await ask { flows throws(FlowQueryError) in try await flows.list(query) }
        return try answer(page) { FlowWriting.writeRow($0, as: 2, to: &$1) }
    }

    func count(_ message: ByteBuffer) async throws -> ByteBuffer {
        let request = try FlowRequests.decode(Vibrissa_V1_CountRequest.self, message)
        let query = FlowCountQuery(
            filter: try FlowRequests.filter(request.filter), range: FlowTimeRange(request.range))
        let count = try await ask { flows throws(FlowQueryError) in try await flows.count(query) }
        return try ByteBuffer(Vibrissa_V1_CountResponse.with { $0.flows = Int64(count) })
    }

    func ownHints(_ message: ByteBuffer) async throws -> ByteBuffer {
        let request = try FlowRequests.decode(Vibrissa_V1_HintsRequest.self, message)
        return try await hints(
            FlowHintsQuery(
                type: try FlowRequests.hints(request.type), filter: try FlowRequests.filter(request.filter),
                range: FlowTimeRange(request.range),
                paging: FlowPaging(page: request.page, pageSize: request.pageSize)))
    }

    func windows(_ message: ByteBuffer, _ writer: GRPCResponseWriter) async throws {
        let request = try FlowRequests.decode(Vibrissa_V1_WindowsRequest.self, message)
        let filter = try FlowRequests.filter(request.filter)
        let windows = try await ask { flows throws(FlowQueryError) in
            try await flows.windows(startTimeGTE: request.startTimeGte, filter: filter)
        }
        var begin = ByteBuffer()
        begin.writeEmptyGRPCMessages(1)
        try await writer.write(begin)
        for try await window in windows {
            var rows = window.flows[...]
            repeat {
                var piece = ByteBuffer()
                piece.writeGRPCMessage { piece in
                    piece.writeNumber(1, window.startSeconds)
                    piece.writeNumber(2, window.endSeconds)
                    while let row = rows.first, piece.readableBytes < Self.pieceBytes {
                        FlowWriting.writeRow(row, as: 3, to: &piece)
                        rows.removeFirst()
                    }
                }
                try await writer.write(piece)
            } while !rows.isEmpty
        }
        throw GRPCStatus(.unavailable, "the server shuts down; ask again later")
    }

    func changes(_ message: ByteBuffer) async throws -> ByteBuffer {
        let request = try FlowRequests.decode(Vibrissa_V1_ChangesRequest.self, message)
        var query = FlowChangesQuery(start: .now, filter: try FlowRequests.filter(request.filter))
        switch request.start {
        case nil: break
        case .sinceSeconds(let seconds): query.start = .secondsAgo(seconds)
        case .cursor(let cursor): query.start = .cursor(FlowCursor(rawValue: cursor))
        }
        // The answer's size is bounded by the rows looked at.
        if request.limit > 0 { query.limit = min(Int(clamping: request.limit), Self.maximumChanges) }
        if request.maximumBacklog > 0 { query.maximumBacklog = Int(clamping: request.maximumBacklog) }
        let changes = try await ask { flows throws(FlowQueryError) in try await flows.changes(query) }
        var buffer = ByteBuffer()
        for row in changes.rows {
            FlowWriting.writeRow(row.flow, isFilling: row.isFilling, cursor: row.cursor, as: 1, to: &buffer)
        }
        buffer.writeNumber(2, Int64(bitPattern: changes.cursor.rawValue))
        buffer.writeNumber(3, changes.hasMore ? 1 : 0)
        if let gap = changes.gap {
            let bytes: [UInt8] = try Vibrissa_V1_Gap(gap).serializedBytes()
            buffer.writeLengthPrefix(4, bytes.count)
            buffer.writeBytes(bytes)
        }
        return buffer
    }

    func ticks(_ writer: GRPCResponseWriter) async throws {
        let ticks = try await ask { flows throws(FlowQueryError) in try await flows.changeTicks() }
        var tick = ByteBuffer()
        tick.writeEmptyGRPCMessages(1)
        try await writer.write(tick)
        for await _ in ticks { try await writer.write(tick) }
        throw GRPCStatus(.unavailable, "the server shuts down; ask again later")
    }

    func histogram(_ message: ByteBuffer) async throws -> ByteBuffer {
        let request = try FlowRequests.decode(Vibrissa_V1_HistogramRequest.self, message)
        let query = FlowHistogramQuery(
            filter: try FlowRequests.filter(request.filter), range: FlowTimeRange(request.range),
            binSeconds: request.binSeconds)
        let bins = try await ask { flows throws(FlowQueryError) in try await flows.histogram(query) }
        return try ByteBuffer(
            Vibrissa_V1_HistogramResponse.with { response in
                response.binSeconds = query.binSeconds
                response.bins = bins.map(Vibrissa_V1_HistogramBin.init)
            })
    }

    func top(_ message: ByteBuffer) async throws -> ByteBuffer {
        let request = try FlowRequests.decode(Vibrissa_V1_TopTalkersRequest.self, message)
        guard let grouping = FlowTopQuery.Grouping(known: request.groupBy.rawValue) else {
            throw GRPCStatus(.invalidArgument, "group_by: there is no grouping \(request.groupBy.rawValue)")
        }
        guard let measure = FlowTopQuery.Measure(known: request.measure.rawValue) else {
            throw GRPCStatus(.invalidArgument, "measure: there is no measure \(request.measure.rawValue)")
        }
        let query = FlowTopQuery(
            filter: try FlowRequests.filter(request.filter), range: FlowTimeRange(request.range),
            grouping: grouping, measure: measure,
            limit: request.limit == 0 ? 10 : Int(clamping: request.limit))
        let talkers = try await ask { flows throws(FlowQueryError) in try await flows.topTalkers(query) }
        return try ByteBuffer(
            Vibrissa_V1_TopTalkersResponse.with { $0.talkers = talkers.map(Vibrissa_V1_Talker.init) })
    }

    /// Rows that one answer looks at.
    private static let maximumChanges = 10_000
}

extension ByteBuffer {
    init(_ message: some Message) throws {
        let bytes: [UInt8] = try message.serializedBytes()
        self.init(bytes: bytes)
    }
}
