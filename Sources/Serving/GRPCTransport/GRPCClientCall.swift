// SPDX-License-Identifier: Apache-2.0

public import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// Messages that one wait for them gave.
public struct GRPCReceivedMessages: Sendable {
    /// Whole messages with their prefixes.
    let bytes: ByteBuffer
    public let count: Int
    /// Bytes of all messages, with their prefixes.
    public var byteCount: Int { bytes.readableBytes }

    /// The bytes that `body` gets are there for the time of its call.
    public func forEach(_ body: (UnsafeRawBufferPointer) -> Void) {
        bytes.withUnsafeReadableBytes { GRPCMessages($0, count: count).forEach(body) }
    }
}

/// One call of a client. Ended when the last reference goes.
public final class GRPCClientCall: Sendable {
    private let channel: any Channel
    private let handler: NIOLoopBound<GRPCClientCallHandler>

    init(_ channel: any Channel, _ handler: NIOLoopBound<GRPCClientCallHandler>) {
        self.channel = channel
        self.handler = handler
    }

    deinit { cancel() }

    /// Tells the server that the answer is not wanted any more.
    public func cancel() {
        let handler = handler
        channel.eventLoop.execute { handler.value.cancel() }
    }

    /// Sends messages that are in their form on the wire; returns when they went out. Throws how the call ended.
    public func send(_ framed: ByteBuffer, isLast: Bool = false) async throws(GRPCStatus) {
        let handler = handler
        let loop = channel.eventLoop
        do {
            try await loop.flatSubmit { handler.value.send(framed, isLast: isLast, on: loop) }.get()
        } catch {
            throw GRPCStatus(error)
        }
    }

    /// The next messages; nil when the call ended with OK, otherwise throws how it did. One waits at a time; a
    /// cancelled wait ends the call.
    public func next() async throws(GRPCStatus) -> GRPCReceivedMessages? {
        let handler = handler
        let loop = channel.eventLoop
        do {
            return try await withTaskCancellationHandler {
                try await loop.flatSubmit { handler.value.next(on: loop) }.get()
            } onCancel: {
                cancel()
            }
        } catch {
            throw GRPCStatus(error)
        }
    }
}

/// Reads when somebody waits, so that a slow reader holds up the server and not this process's memory.
final class GRPCClientCallHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private var context: ChannelHandlerContext?
    private var deframer: GRPCDeframer
    private var waiting: EventLoopPromise<GRPCReceivedMessages?>?
    /// How it ended.
    private var status: GRPCStatus?
    private var deadline: Scheduled<Void>?
    private var hasHeaders = false
    private var hasSentAll = false

    init(maximumMessageBytes: Int) { deframer = GRPCDeframer(maximumMessageBytes: maximumMessageBytes) }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func begin(_ headers: HPACKHeaders, timeout: TimeAmount?) {
        guard let context else { return }
        context.writeAndFlush(wrapOutboundOut(.headers(.init(headers: headers))), promise: nil)
        guard let timeout else { return }
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: timeout) {
            handler.value.end(
                GRPCStatus(.deadlineExceeded, "the server did not answer in time"), resets: true)
        }
    }

    func send(_ framed: ByteBuffer, isLast: Bool, on loop: any EventLoop) -> EventLoopFuture<Void> {
        guard status == nil, let context else {
            return loop.makeFailedFuture(status ?? GRPCStatus(.cancelled, "the call is over"))
        }
        let promise = loop.makePromise(of: Void.self)
        hasSentAll = isLast
        context.writeAndFlush(
            wrapOutboundOut(.data(.init(data: .byteBuffer(framed), endStream: isLast))), promise: promise)
        return promise.futureResult.flatMapErrorThrowing { [status] error in
            throw status ?? GRPCStatus(.unavailable, "\(error)")
        }
    }

    func next(on loop: any EventLoop) -> EventLoopFuture<GRPCReceivedMessages?> {
        guard waiting == nil else {
            return loop.makeFailedFuture(GRPCStatus(.internalError, "somebody else waits for messages"))
        }
        let promise = loop.makePromise(of: GRPCReceivedMessages?.self)
        waiting = promise
        deliver()
        if waiting != nil { context?.read() }
        return promise.futureResult
    }

    func cancel() { end(GRPCStatus(.cancelled, "the call was cancelled here"), resets: true) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(let headers):
            if headers.endStream {
                end(Self.status(headers.headers, hasHeaders: hasHeaders), resets: false)
            } else {
                let code = headers.headers.first(name: ":status") ?? ""
                // Interim answers come before the one that counts.
                guard !code.hasPrefix("1") else { return }
                hasHeaders = true
                if code != "200" { end(Self.status(http: code), resets: true) }
            }
        case .data(let data):
            guard case .byteBuffer(var bytes) = data.data else { return }
            deframer.append(&bytes)
            if data.endStream {
                end(GRPCStatus(.internalError, "the answer ended without a status"), resets: false)
            }
        default: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        deliver()
        if waiting != nil { context.read() }
        context.fireChannelReadComplete()
    }

    private func deliver() {
        guard let promise = waiting else { return }
        var received: GRPCReceivedMessages?
        do {
            try deframer.takeMessages { messages in
                received = GRPCReceivedMessages(
                    bytes: ByteBuffer(bytes: messages.bytes), count: messages.count)
            }
        } catch let error as GRPCDeframer.TooLong {
            end(
                GRPCStatus(
                    .resourceExhausted,
                    "a message of \(error.length) bytes is longer than the limit of \(error.limit)"),
                resets: true)
        } catch {
            end(GRPCStatus(.internalError, "a message is compressed, which was not agreed on"), resets: true)
        }
        guard waiting != nil else { return }
        if let received {
            waiting = nil
            promise.succeed(received)
        } else if let status {
            waiting = nil
            status.code == .ok ? promise.succeed(nil) : promise.fail(status)
        }
    }

    private func end(_ status: GRPCStatus, resets: Bool) {
        guard self.status == nil else { return }
        self.status = status
        deadline?.cancel()
        if resets || !hasSentAll, let context {
            context.writeAndFlush(wrapOutboundOut(.rstStream(.cancel)), promise: nil)
        }
        if resets, let promise = waiting {
            waiting = nil
            promise.fail(status)
        }
        deliver()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(GRPCStatus(.unavailable, "the connection was lost"), resets: false)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(GRPCStatus(.unavailable, "\(error)"), resets: false)
        context.close(promise: nil)
    }

    private static func status(_ trailers: HPACKHeaders, hasHeaders: Bool) -> GRPCStatus {
        guard let number = trailers.first(name: "grpc-status").flatMap(Int.init) else {
            return status(http: hasHeaders ? "200" : trailers.first(name: ":status") ?? "")
        }
        let message = trailers.first(name: "grpc-message").map(GRPCStatus.decodedMessage) ?? ""
        return GRPCStatus(GRPCStatus.Code(rawValue: number) ?? .unknown, message)
    }

    /// What an answer without a status of gRPC means.
    private static func status(http code: String) -> GRPCStatus {
        let status: GRPCStatus.Code =
            switch code {
            case "401": .unauthenticated
            case "403": .permissionDenied
            case "404", "415": .unimplemented
            case "429", "502", "503", "504": .unavailable
            default: .unknown
            }
        return GRPCStatus(status, "the server answers with HTTP status '\(code.prefix(8))', not with gRPC")
    }
}
