// SPDX-License-Identifier: Apache-2.0

public import FlowModel
public import FlowStore
import GRPCTransport
import SwiftProtobuf

extension FlowClient {
    public func changes(_ query: FlowChangesQuery) async throws(FlowQueryError) -> FlowChanges {
        var request = Vibrissa_V1_ChangesRequest()
        request.filter = query.filter.filterText
        request.limit = Int64(query.limit)
        request.maximumBacklog = Int64(query.maximumBacklog)
        switch query.start {
        case .now: break
        case .secondsAgo(let seconds): request.sinceSeconds = seconds
        case .cursor(let cursor): request.cursor = cursor.rawValue
        }
        guard let bytes = try await askOwn("Changes", request) else {
            throw .unsupported("live changes are not part of its flow API")
        }
        let answer = try Self.decoded(Vibrissa_V1_ChangesResponse.self, bytes)
        return FlowChanges(
            rows: answer.rows.map { row in
                FlowChange(
                    flow: FlowAggregate(row), isFilling: row.live, cursor: FlowCursor(rawValue: row.cursor))
            },
            cursor: FlowCursor(rawValue: answer.cursor), hasMore: answer.hasMore_p,
            gap: answer.hasGap ? FlowGap(answer.gap) : nil)
    }

    public func changeTicks() async throws(FlowQueryError) -> AsyncStream<Void> {
        guard let call = try await streamOwn("Ticks", Vibrissa_V1_TicksRequest()) else {
            throw .unsupported("live changes are not part of its flow API")
        }
        // A lost stream ends this one; who asks again is told why.
        return AsyncStream { (try? await call.next()).flatMap { $0 }.map { _ in } }
    }

    public func windows(
        startTimeGTE: Int64, filter: FlowExpression
    ) async throws(FlowQueryError) -> AsyncThrowingStream<FlowWindow, any Error> {
        var own = Vibrissa_V1_WindowsRequest()
        own.startTimeGte = startTimeGTE
        own.filter = filter.filterText
        if let call = try await streamOwn("Windows", own) {
            let reader = WindowReader(call) { messages throws(GRPCStatus) in
                try messages.decoded(Vibrissa_V1_Window.self).map(FlowWindow.init)
            }
            return AsyncThrowingStream { try await reader.next() }
        }
        let (remote, rest) = try filter.forCommonServer()
        var request = Goldmane_FlowStreamRequest()
        request.startTimeGte = startTimeGTE
        request.filter = remote
        do {
            let call = try await stream("/goldmane.Flows/Stream", request)
            let reader = WindowReader(call) { messages throws(GRPCStatus) in
                let flows = try messages.decoded(Goldmane_FlowResult.self).map(FlowAggregate.init)
                return FlowWindow.pieces(of: flows.filter(rest.holds))
            }
            return AsyncThrowingStream { try await reader.next() }
        } catch {
            throw FlowQueryError(error)
        }
    }
}

/// Reads the windows of a stream, or pieces of them, as they are asked for.
private actor WindowReader {
    typealias Decode = @Sendable (GRPCReceivedMessages) throws(GRPCStatus) -> [FlowWindow]

    private let call: GRPCClientCall
    private let decode: Decode
    private var pieces: [FlowWindow] = []

    init(_ call: GRPCClientCall, _ decode: @escaping Decode) {
        self.call = call
        self.decode = decode
    }

    /// The next piece, until the stream is lost, which is an error.
    func next() async throws -> FlowWindow? {
        while pieces.isEmpty {
            do throws(GRPCStatus) {
                guard let messages = try await call.next() else {
                    throw GRPCStatus(.unavailable, "the server ended the stream")
                }
                pieces = try decode(messages).filter { !$0.flows.isEmpty }
            } catch {
                if Task.isCancelled { return nil }
                throw FlowQueryError(error)
            }
        }
        return pieces.removeFirst()
    }
}

extension FlowWindow {
    fileprivate init(_ message: Vibrissa_V1_Window) {
        self.init(
            startSeconds: message.startTime, endSeconds: message.endTime,
            flows: message.rows.map(FlowAggregate.init))
    }

    /// Results of one stream, by their windows.
    fileprivate static func pieces(of flows: [FlowAggregate]) -> [FlowWindow] {
        var pieces: [FlowWindow] = []
        for flow in flows {
            if pieces.last?.startSeconds != flow.startSeconds {
                pieces.append(
                    FlowWindow(startSeconds: flow.startSeconds, endSeconds: flow.endSeconds, flows: []))
            }
            pieces[pieces.count - 1].flows.append(flow)
        }
        return pieces
    }
}
