// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import TransportSecurity

/// A server on loopback that tells each client who the client is, and the client for it.
struct LoopbackTLS {
    let channel: any Channel
    var port: Int { channel.localAddress?.port ?? 0 }

    /// Every connection gets the context that the source has then.
    static func start(_ source: TLSContextSource) async throws -> LoopbackTLS {
        try await start { NIOSSLServerHandler(context: source.context) }
    }

    static func start(
        _ makeHandler: @escaping @Sendable () throws -> NIOSSLServerHandler
    ) async throws
        -> LoopbackTLS
    {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([try makeHandler(), Greeter()])
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return LoopbackTLS(channel: channel)
    }

    func stop() async throws { try await channel.close() }

    /// What the server says; an error when the handshake fails on either side.
    func greeting(_ source: TLSContextSource, host: String = "localhost") async throws -> String {
        let promise = channel.eventLoop.makePromise(of: String.self)
        let context = source.context
        do {
            let client = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let name = TLSContextSource.serverHostname(for: host)
                        try channel.pipeline.syncOperations.addHandlers([
                            try NIOSSLClientHandler(context: context, serverHostname: name),
                            Listener(promise: promise),
                        ])
                    }
                }
                .connect(host: "127.0.0.1", port: port).get()
            defer { client.close(promise: nil) }
            return try await promise.futureResult.get()
        } catch {
            promise.fail(error)
            throw error
        }
    }
}

/// Writes the client's identity once the handshake is done, and closes.
private final class Greeter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case TLSUserEvent.handshakeCompleted(let negotiated)? = event as? TLSUserEvent else { return }
        let operations = context.pipeline.syncOperations
        let handler = try? operations.handler(type: NIOSSLServerHandler.self)
        let identity = handler?.peerCertificate.map { "\(PeerIdentity($0))" } ?? "anonymous"
        let text = "\(negotiated ?? "-") \(identity)\n"
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

private final class Listener: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let promise: EventLoopPromise<String>
    private var text = ""

    init(promise: EventLoopPromise<String>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        text += String(buffer: unwrapInboundIn(data))
        if text.hasSuffix("\n") { promise.succeed(String(text.dropLast())) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(ChannelError.eof)
    }
}
