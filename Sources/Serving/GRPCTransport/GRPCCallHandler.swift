// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// One call on a server.
///
/// ```
/// headers ──▶ unknown method, wrong form ──▶ status
///         ──▶ unary, server stream: one message, the end ──▶ task ──▶ messages, status
///         ──▶ messages: receiver opens ──▶ batch in, replies out, here on the connection's thread ──▶ end, status
/// ```
/// A caller that does not read holds up its own call only: reading from it stops, its writers wait, and after a
/// time its call is ended.
final class GRPCCallHandler: ChannelInboundHandler, ChannelOutboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private enum State {
        case waitingForHeaders
        /// A message and the end are still to come.
        case waitingForMessage(GRPCMethod)
        /// Nothing is read until the receiver is there.
        case opening
        case receiving(any GRPCMessageReceiver)
        /// All of the request is there.
        case answering
        case ended
    }

    private let server: GRPCServer
    private let connection: GRPCConnection
    private let keeper: GRPCConnectionHandler
    private var state = State.waitingForHeaders
    private var call: GRPCCall?
    private var hasPlace = false
    private var deframer: GRPCDeframer
    private var message: ByteBuffer?
    private var isRequestOver = false
    private var hasSentHeaders = false
    private var task: Task<Void, Never>?
    private var deadline: Scheduled<Void>?
    private var context: ChannelHandlerContext?
    private var heldRead = false
    /// Those who wait for the caller to read.
    private var waiting: [EventLoopPromise<Void>] = []
    private var writeTimeout: Scheduled<Void>?

    init(server: GRPCServer, connection: GRPCConnection, keeper: GRPCConnectionHandler) {
        self.server = server
        self.connection = connection
        self.keeper = keeper
        deframer = GRPCDeframer(maximumMessageBytes: server.configuration.limits.maximumMessageBytes)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    // MARK: - Reading

    func read(context: ChannelHandlerContext) {
        switch state {
        case .opening: heldRead = true
        case .receiving where !context.channel.isWritable:
            heldRead = true
            startWriteTimeout(context)
        default: context.read()
        }
    }

    private func readOn(_ context: ChannelHandlerContext) {
        guard heldRead else { return }
        heldRead = false
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(let headers):
            if case .waitingForHeaders = state { begin(headers.headers, context) }
            if headers.endStream { isRequestOver = true }
        case .data(let data):
            guard case .byteBuffer(var bytes) = data.data else { return }
            deframer.append(&bytes)
            if data.endStream { isRequestOver = true }
        default: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        process(context)
        context.fireChannelReadComplete()
    }

    private func process(_ context: ChannelHandlerContext) {
        do {
            switch state {
            case .waitingForMessage(let method): try gather(method, context)
            case .receiving(let receiver): try receive(receiver, context)
            case .waitingForHeaders, .opening, .answering, .ended: break
            }
        } catch let error as GRPCDeframer.TooLong {
            end(
                GRPCStatus(
                    .resourceExhausted,
                    "a message of \(error.length) bytes is longer than the limit of \(error.limit)"))
        } catch is GRPCDeframer.Compressed {
            end(GRPCStatus(.unimplemented, "compressed messages are not supported; send them as they are"))
        } catch {
            end(GRPCStatus(error))
        }
    }

    private func begin(_ headers: HPACKHeaders, _ context: ChannelHandlerContext) {
        let method = headers.first(name: ":path") ?? ""
        guard headers.first(name: ":method") == "POST",
            headers.first(name: "content-type")?.hasPrefix("application/grpc") == true
        else { return refuseHTTP(context) }
        let call = GRPCCall(method: method, connection: connection, headers: headers)
        self.call = call
        if let encoding = headers.first(name: "grpc-encoding"), encoding != "identity" {
            return end(GRPCStatus(.unimplemented, "messages are compressed by '\(encoding.prefix(32))'"))
        }
        guard let answer = server.methods[method] else {
            self.call = GRPCCall(method: "", connection: connection, headers: headers)
            return end(GRPCStatus(.unimplemented, "there is no method \(method.prefix(128))"))
        }
        guard server.counters.openCall(limit: server.configuration.limits.maximumCalls) else {
            return end(
                GRPCStatus(
                    .resourceExhausted,
                    "\(server.configuration.limits.maximumCalls) calls are going on; try again later"))
        }
        hasPlace = true
        if let text = headers.first(name: "grpc-timeout") {
            guard let timeout = GRPCTimeout.parse(text) else {
                return end(GRPCStatus(.internalError, "the timeout '\(text.prefix(32))' cannot be read"))
            }
            let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
            deadline = context.eventLoop.scheduleTask(in: timeout) {
                handler.value.end(GRPCStatus(.deadlineExceeded, "the caller's time is over"))
            }
        }
        if case .messages(let open) = answer {
            state = .opening
            start(context) { handler in
                let receiver = try await open(call)
                handler { $0.opened(receiver) }
            }
        } else {
            state = .waitingForMessage(answer)
        }
    }

    private func opened(_ receiver: any GRPCMessageReceiver) {
        guard case .opening = state, let context else { return receiver.ended() }
        state = .receiving(receiver)
        sendHeaders(context)
        context.flush()
        process(context)
        readOn(context)
    }

    private func receive(_ receiver: any GRPCMessageReceiver, _ context: ChannelHandlerContext) throws {
        var replies = ByteBuffer()
        // What was taken is answered, also when what follows is wrong.
        defer {
            if replies.readableBytes > 0 {
                context.writeAndFlush(dataFrame(replies), promise: nil)
            }
        }
        try deframer.takeMessages { messages in
            keeper.noteMessages()
            try receiver.receive(messages, replies: &replies)
        }
        guard isRequestOver else { return }
        if replies.readableBytes > 0 {
            context.write(dataFrame(replies), promise: nil)
            replies.clear()
        }
        end(deframer.pendingBytes == 0 ? .ok : Self.cutOff)
    }

    private static let cutOff = GRPCStatus(.internalError, "the request ended in the middle of a message")

    private func gather(_ method: GRPCMethod, _ context: ChannelHandlerContext) throws {
        var count = 0
        try deframer.takeMessages { messages in
            keeper.noteMessages()
            count = messages.count
            messages.forEach { if message == nil { message = ByteBuffer(bytes: $0) } }
        }
        guard count <= 1 else {
            return end(GRPCStatus(.internalError, "the method takes one message, \(count) came"))
        }
        guard isRequestOver else { return }
        guard deframer.pendingBytes == 0 else { return end(Self.cutOff) }
        guard let message, let call else {
            return end(GRPCStatus(.internalError, "the method takes one message, none came"))
        }
        self.message = nil
        state = .answering
        switch method {
        case .unary(let answer):
            start(context) { handler in
                let reply = try await answer(call, message)
                handler { $0.answer(reply) }
            }
        case .serverStream(let answer):
            let loop = context.eventLoop
            let bound = NIOLoopBound(self, eventLoop: loop)
            let writer = GRPCResponseWriter { framed in loop.flatSubmit { bound.value.write(framed, loop) } }
            start(context) { handler in
                try await answer(call, message, writer)
                handler { $0.end(.ok) }
            }
        case .messages: break
        }
    }

    /// Goes on with the call on its connection's thread.
    private typealias Continue = @Sendable (@escaping @Sendable (GRPCCallHandler) -> Void) -> Void

    /// Runs a part of the call as a task, which ends when the call does.
    private func start(
        _ context: ChannelHandlerContext, _ body: @escaping @Sendable (Continue) async throws -> Void
    ) {
        let loop = context.eventLoop
        let bound = NIOLoopBound(self, eventLoop: loop)
        task = Task {
            do {
                try await body { step in loop.execute { step(bound.value) } }
            } catch {
                let status = GRPCStatus(error)
                loop.execute { bound.value.end(status) }
            }
        }
    }

    // MARK: - Writing

    private func dataFrame(_ bytes: ByteBuffer) -> NIOAny {
        wrapOutboundOut(.data(.init(data: .byteBuffer(bytes))))
    }

    private func sendHeaders(_ context: ChannelHandlerContext) {
        guard !hasSentHeaders else { return }
        hasSentHeaders = true
        let headers: HPACKHeaders = [
            ":status": "200", "content-type": "application/grpc", "grpc-accept-encoding": "identity",
        ]
        context.write(wrapOutboundOut(.headers(.init(headers: headers))), promise: nil)
    }

    private func answer(_ reply: ByteBuffer) {
        guard case .answering = state, let context else { return }
        sendHeaders(context)
        var framed = context.channel.allocator.buffer(
            capacity: GRPCMessages.prefixBytes + reply.readableBytes)
        framed.writeGRPCMessage { $0.writeImmutableBuffer(reply) }
        context.write(dataFrame(framed), promise: nil)
        end(.ok)
    }

    private func write(_ framed: ByteBuffer, _ loop: any EventLoop) -> EventLoopFuture<Void> {
        guard case .answering = state, let context else {
            return loop.makeFailedFuture(GRPCStatus(.cancelled, "the caller is gone"))
        }
        sendHeaders(context)
        if framed.readableBytes > 0 { context.write(dataFrame(framed), promise: nil) }
        context.flush()
        guard !context.channel.isWritable else { return loop.makeSucceededVoidFuture() }
        startWriteTimeout(context)
        let promise = loop.makePromise(of: Void.self)
        waiting.append(promise)
        return promise.futureResult
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            writeTimeout?.cancel()
            writeTimeout = nil
            let ready = waiting
            waiting = []
            for promise in ready { promise.succeed() }
            readOn(context)
        }
        context.fireChannelWritabilityChanged()
    }

    private func startWriteTimeout(_ context: ChannelHandlerContext) {
        guard writeTimeout == nil else { return }
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        writeTimeout = context.eventLoop.scheduleTask(in: server.configuration.limits.writeTimeout) {
            let handler = handler.value
            handler.server.counters.change { $0.slowCalls += 1 }
            handler.end(GRPCStatus(.deadlineExceeded, "the caller does not read"))
            // The status cannot reach it either.
            handler.context?.close(promise: nil)
        }
    }

    // MARK: - The end

    /// An answer in HTTP to what is no gRPC.
    private func refuseHTTP(_ context: ChannelHandlerContext) {
        state = .ended
        let headers: HPACKHeaders = [":status": "415"]
        context.writeAndFlush(
            wrapOutboundOut(.headers(.init(headers: headers, endStream: true))), promise: nil)
    }

    /// Sends the status, once, and lets go of everything.
    private func end(_ status: GRPCStatus) {
        guard let context else { return finish(status.code) }
        if case .ended = state { return }
        var headers: HPACKHeaders =
            hasSentHeaders ? [:] : [":status": "200", "content-type": "application/grpc"]
        headers.add(name: "grpc-status", value: "\(status.code.rawValue)")
        if !status.message.isEmpty { headers.add(name: "grpc-message", value: status.encodedMessage) }
        context.writeAndFlush(
            wrapOutboundOut(.headers(.init(headers: headers, endStream: true))), promise: nil)
        if !isRequestOver {
            // What the caller still sends is of no use.
            context.writeAndFlush(wrapOutboundOut(.rstStream(.noError)), promise: nil)
        }
        finish(status.code)
    }

    private func finish(_ code: GRPCStatus.Code) {
        if case .ended = state { return }
        if case .receiving(let receiver) = state { receiver.ended() }
        state = .ended
        deadline?.cancel()
        writeTimeout?.cancel()
        task?.cancel()
        task = nil
        let left = waiting
        waiting = []
        for promise in left { promise.fail(GRPCStatus(.cancelled, "the call is over")) }
        if let call { server.counters.endCall(call.method, code, hadPlace: hasPlace) }
        hasPlace = false
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.cancelled)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The stream is of no use any more; what is wrong with the connection, its handler counts.
        finish(.internalError)
        context.close(promise: nil)
    }
}
