// SPDX-License-Identifier: Apache-2.0

internal import Glibc
public import NIOCore
internal import NIOHPACK
internal import NIOHTTP2
public import NIOPosix
public import NIOSSL
internal import Synchronization

/// Calls methods of one server, over one connection that is made when it is needed, and again after it was lost.
///
/// Silent servers are found by TCP's own means (keep-alive, user timeout): pings of HTTP/2 are taken for abuse by
/// common servers.
public final class GRPCClient: Sendable {
    /// TLS of a client.
    public struct Security: Sendable {
        /// Asked for each connection, so that changed certificates are used from the next one on.
        public var context: @Sendable () -> NIOSSLContext
        /// The name that the server's certificate must have; nil when an address was given, which is compared.
        public var serverName: String?

        public init(context: @escaping @Sendable () -> NIOSSLContext, serverName: String?) {
            self.context = context
            self.serverName = serverName
        }
    }

    public struct Configuration: Sendable {
        public var host: String
        public var port: Int
        /// Nil: plaintext.
        public var security: Security?
        /// Sent with each call; names in lower case.
        public var metadata: [(name: String, value: String)] = []
        /// For the connection with its handshake.
        public var connectTimeout = Duration.seconds(10)
        /// Longer messages end their call with RESOURCE_EXHAUSTED.
        public var maximumMessageBytes = 512 << 20
        /// Bytes that a call may have under way to us before more is asked for.
        public var streamWindowBytes = 1 << 20

        public init(host: String, port: Int, security: Security?) {
            self.host = host
            self.port = port
            self.security = security
        }
    }

    private struct State {
        var connection: EventLoopFuture<GRPCClientConnection>?
        var isClosed = false
    }

    public let configuration: Configuration
    private let group: any EventLoopGroup
    private let state = Mutex(State())

    public init(
        _ configuration: Configuration, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) {
        self.configuration = configuration
        self.group = group
    }

    deinit { state.withLock { $0.connection }?.whenSuccess { $0.close() } }

    /// Ends every call that is under way. No more can be made.
    public func close() async {
        let connection = state.withLock { state in
            state.isClosed = true
            return state.connection
        }
        guard let connection = try? await connection?.get() else { return }
        connection.close()
        // Closed is closed, with an error or without.
        try? await connection.closed.get()
    }

    /// Begins a call. Its messages are sent and received with what is returned.
    public func call(
        _ method: String, metadata: [(name: String, value: String)] = [], timeout: TimeAmount? = nil
    ) async throws(GRPCStatus) -> GRPCClientCall {
        var headers: HPACKHeaders = [
            ":method": "POST", ":scheme": configuration.security == nil ? "http" : "https", ":path": method,
            ":authority": "\(configuration.security?.serverName ?? configuration.host):\(configuration.port)",
            "te": "trailers", "content-type": "application/grpc", "grpc-accept-encoding": "identity",
        ]
        if let timeout { headers.add(name: "grpc-timeout", value: GRPCTimeout.text(timeout)) }
        for (name, value) in configuration.metadata + metadata { headers.add(name: name, value: value) }
        let allHeaders = headers
        do {
            return try await connection().flatMap { connection in
                connection.call(allHeaders, timeout: timeout, self.configuration.maximumMessageBytes)
            }.get()
        } catch {
            throw GRPCStatus(connecting: error, to: configuration)
        }
    }

    /// One message there, one back.
    public func unary(
        _ method: String, _ message: ByteBuffer, timeout: TimeAmount? = nil
    ) async throws(GRPCStatus) -> ByteBuffer {
        let call = try await call(method, timeout: timeout)
        var framed = ByteBuffer()
        framed.writeGRPCMessage { $0.writeImmutableBuffer(message) }
        try await call.send(framed, isLast: true)
        var answer: ByteBuffer?
        while let messages = try await call.next() {
            messages.forEach { answer = ByteBuffer(bytes: $0) }
        }
        guard let answer else { throw GRPCStatus(.internalError, "\(method) was answered without a message") }
        return answer
    }

    private func connection() -> EventLoopFuture<GRPCClientConnection> {
        state.withLock { state in
            let loop = group.any()
            guard !state.isClosed else {
                return loop.makeFailedFuture(GRPCStatus(.cancelled, "the client was closed"))
            }
            if let connection = state.connection { return connection }
            let connection = connect(on: loop)
            state.connection = connection
            connection.whenComplete { [weak self] result in
                switch result {
                case .success(let made):
                    made.whenOver { [weak self] in self?.forget(connection) }
                case .failure: self?.forget(connection)
                }
            }
            return connection
        }
    }

    private func forget(_ connection: EventLoopFuture<GRPCClientConnection>) {
        state.withLock { if $0.connection === connection { $0.connection = nil } }
    }

    private func connect(on loop: any EventLoop) -> EventLoopFuture<GRPCClientConnection> {
        let configuration = configuration
        let ready = loop.makePromise(of: GRPCClientConnection.self)
        ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.tcpOption(NIOBSDSocket.Option(rawValue: TCP_KEEPIDLE)), value: 20)
            .channelOption(.tcpOption(NIOBSDSocket.Option(rawValue: TCP_KEEPINTVL)), value: 5)
            .channelOption(.tcpOption(NIOBSDSocket.Option(rawValue: TCP_KEEPCNT)), value: 4)
            .channelOption(.tcpOption(NIOBSDSocket.Option(rawValue: TCP_USER_TIMEOUT)), value: 40_000)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let security = configuration.security {
                        try pipeline.addHandler(
                            NIOSSLClientHandler(
                                context: security.context(), serverHostname: security.serverName))
                    }
                    let http = NIOHTTP2Handler(
                        mode: .client, eventLoop: channel.eventLoop,
                        connectionConfiguration: .grpc(
                            streams: 0, window: 4 * configuration.streamWindowBytes,
                            streamWindow: configuration.streamWindowBytes),
                        streamConfiguration: .grpc(
                            window: configuration.streamWindowBytes, outboundBytes: 256 << 10)
                    ) { stream in stream.close() }
                    try pipeline.addHandler(http)
                    try pipeline.addHandler(
                        GRPCClientConnectionHandler(
                            ready: ready, timeout: TimeAmount(configuration.connectTimeout),
                            multiplexer: try http.syncMultiplexer()))
                }
            }
            .connect(host: configuration.host, port: configuration.port)
            .whenFailure { ready.fail($0) }
        return ready.futureResult
    }
}

extension GRPCStatus {
    /// Why a call did not come to be.
    fileprivate init(connecting error: any Error, to configuration: GRPCClient.Configuration) {
        if let status = error as? GRPCStatus {
            self = status
        } else {
            self.init(.unavailable, "\(configuration.host):\(configuration.port): \(Self.reason(error))")
        }
    }

    /// What the TLS library says of the usual mistakes, in words.
    private static let mistakes = [
        ("CERTIFICATE_REQUIRED", "the server asks for a client certificate, and none was given"),
        ("UNKNOWN_CA", "the server does not trust the authority of the client certificate"),
        (
            "CERTIFICATE_VERIFY_FAILED",
            "the server's certificate is not of a trusted authority, or has expired"
        ),
        ("failedToValidateHostname", "the server's certificate is for another name"),
        ("unableToValidateCertificate", "the server's certificate is for another name"),
        ("WRONG_VERSION_NUMBER", "the server does not speak TLS"),
        ("NO_SHARED_CIPHER", "client and server have no cipher suite in common"),
        ("PROTOCOL_VERSION", "client and server have no version of TLS in common"),
    ]

    private static func reason(_ error: any Error) -> String {
        let text = "\(error)"
        if let mistake = mistakes.first(where: { text.contains($0.0) }) { return mistake.1 }
        guard let error = error as? NIOConnectionError else { return "\(error)" }
        if let dns = error.dnsAError ?? error.dnsAAAAError, error.connectionErrors.isEmpty {
            return "the name cannot be resolved: \(dns)"
        }
        guard let last = error.connectionErrors.last?.error else { return "nothing to connect to" }
        return (last as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(last)"
    }
}

/// One connection of a client.
struct GRPCClientConnection: Sendable {
    fileprivate let channel: any Channel
    fileprivate let over: EventLoopFuture<Void>
    fileprivate let multiplexer: NIOHTTP2Handler.StreamMultiplexer

    var closed: EventLoopFuture<Void> { channel.closeFuture }

    func close() { channel.close(promise: nil) }

    /// Runs `body` when no more calls can be made on it.
    func whenOver(_ body: @escaping @Sendable () -> Void) { over.whenComplete { _ in body() } }

    func call(
        _ headers: HPACKHeaders, timeout: TimeAmount?, _ maximumMessageBytes: Int
    ) -> EventLoopFuture<GRPCClientCall> {
        let promise = channel.eventLoop.makePromise(of: (any Channel).self)
        multiplexer.createStreamChannel(promise: promise) { stream in
            stream.setOption(.autoRead, value: false).flatMapThrowing {
                try stream.pipeline.syncOperations.addHandler(
                    GRPCClientCallHandler(maximumMessageBytes: maximumMessageBytes))
            }
        }
        return promise.futureResult.flatMapThrowing { stream in
            let handler = try stream.pipeline.syncOperations.handler(type: GRPCClientCallHandler.self)
            handler.begin(headers, timeout: timeout)
            return GRPCClientCall(stream, NIOLoopBound(handler, eventLoop: stream.eventLoop))
        }
    }
}

/// Says when a connection is ready, and when it is over.
private final class GRPCClientConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame

    private var ready: EventLoopPromise<GRPCClientConnection>?
    private let over: EventLoopPromise<Void>
    private let multiplexer: NIOHTTP2Handler.StreamMultiplexer
    private let timeout: TimeAmount
    private var deadline: Scheduled<Void>?
    private var isOver = false
    private var failure: (any Error)?

    init(
        ready: EventLoopPromise<GRPCClientConnection>, timeout: TimeAmount,
        multiplexer: NIOHTTP2Handler.StreamMultiplexer
    ) {
        self.ready = ready
        self.timeout = timeout
        self.multiplexer = multiplexer
        over = ready.futureResult.eventLoop.makePromise()
    }

    // A connection that does not come to be is never active, and so never inactive.
    deinit { finish() }

    func channelActive(context: ChannelHandlerContext) {
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: timeout) {
            handler.value.failure = GRPCStatus(
                .unavailable, "the server takes the connection, but does not speak HTTP/2")
            channel.close(promise: nil)
        }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data).payload {
        case .settings:
            deadline?.cancel()
            ready?.succeed(
                GRPCClientConnection(
                    channel: context.channel, over: over.futureResult, multiplexer: multiplexer))
            ready = nil
        case .goAway:
            // What is under way goes on; the server closes.
            finish()
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if failure == nil { failure = error }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        ready?.fail(
            failure ?? GRPCStatus(.unavailable, "the server closed the connection at once; it may want TLS"))
        ready = nil
        finish()
        context.fireChannelInactive()
    }

    private func finish() {
        guard !isOver else { return }
        isOver = true
        over.succeed()
    }
}
