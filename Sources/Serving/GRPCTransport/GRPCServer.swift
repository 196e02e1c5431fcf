// SPDX-License-Identifier: Apache-2.0

internal import Glibc
public import Logging
public import NIOCore
internal import NIOHTTP2
public import NIOPosix
public import NIOSSL
public import ServiceLifecycle
internal import Synchronization

/// Answers gRPC calls on one address.
public final class GRPCServer: Service {
    /// TLS of a server.
    public struct Security: Sendable {
        /// Asked for each connection, so that changed certificates are used from the next one on.
        public var context: @Sendable () -> NIOSSLContext
        /// Names the owner of a verified certificate.
        public var identify: @Sendable (NIOSSLCertificate) -> String

        public init(
            context: @escaping @Sendable () -> NIOSSLContext,
            identify: @escaping @Sendable (NIOSSLCertificate) -> String
        ) {
            self.context = context
            self.identify = identify
        }
    }

    /// What bounds a server.
    public struct Limits: Sendable {
        public var maximumConnections = 20_000
        /// Calls of one connection at a time.
        public var maximumCallsPerConnection = 128
        /// Calls of all connections at a time; more are answered with RESOURCE_EXHAUSTED.
        public var maximumCalls = 40_000
        /// Longer messages end their call with RESOURCE_EXHAUSTED.
        public var maximumMessageBytes = 4 << 20
        /// Bytes that a call may have under way to us before more is asked for.
        public var streamWindowBytes = 256 << 10
        public var connectionWindowBytes = 1 << 20
        /// Bytes of answers that wait for the caller before writers wait.
        public var outboundBytes = 256 << 10
        /// How long a caller may not read before its call is ended.
        public var writeTimeout = TimeAmount.seconds(60)
        /// Time for the handshake and the first frame.
        public var beginTimeout = TimeAmount.seconds(20)
        /// Without a sign of life for one to two of these, the other end is asked for one.
        public var keepaliveInterval = TimeAmount.seconds(30)
        /// Time to answer that.
        public var probeTimeout = TimeAmount.seconds(5)
        /// Time between saying that we go and going.
        public var leaveTimeout = TimeAmount.milliseconds(500)

        public init() {}
    }

    public struct Configuration: Sendable {
        public var host: String
        /// 0: any.
        public var port: Int
        /// Nil: plaintext.
        public var security: Security?
        public var limits = Limits()

        public init(host: String, port: Int, security: Security?) {
            self.host = host
            self.port = port
            self.security = security
        }
    }

    /// The address cannot be listened on.
    public struct CannotListen: Error, CustomStringConvertible {
        public let description: String
    }

    let configuration: Configuration
    let methods: [String: GRPCMethod]
    let counters = GRPCCounters()
    let logger: Logger
    private let group: any EventLoopGroup
    private let nextConnection = Atomic<UInt64>(1)
    private let listening: EventLoopPromise<SocketAddress>
    private let connections = Mutex<[ObjectIdentifier: any Channel]>([:])

    /// `methods` by their paths, `/package.Service/Method`.
    public init(
        _ configuration: Configuration, methods: [String: GRPCMethod], logger: Logger,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) {
        self.configuration = configuration
        self.methods = methods
        self.logger = logger
        self.group = group
        listening = group.any().makePromise()
    }

    deinit { listening.fail(CancellationError()) }

    /// Where it listens, once it does. Throws what `run` throws when it cannot.
    public var address: SocketAddress { get async throws { try await listening.futureResult.get() } }

    public var statistics: GRPCServerStatistics { counters.statistics }

    /// Serves until the task is cancelled or the service group shuts down. Run once. Throws `CannotListen`.
    public func run() async throws {
        let listener: any Channel
        do {
            listener = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 1_024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelOption(.maxMessagesPerRead, value: 4)
                .childChannelOption(
                    .recvAllocator,
                    value: AdaptiveRecvByteBufferAllocator(minimum: 1_024, initial: 4_096, maximum: 128 << 10)
                )
                .childChannelInitializer { self.setUp($0) }
                .bind(host: configuration.host, port: configuration.port).get()
        } catch {
            let reason =
                (error as? IOError)?.errnoCode == EADDRINUSE
                ? "another server is there; choose another port, or 0 for any free one" : "\(error)"
            let problem = CannotListen(
                description:
                    "gRPC cannot listen on \(configuration.host) port \(configuration.port): \(reason)")
            listening.fail(problem)
            throw problem
        }
        if let address = listener.localAddress { listening.succeed(address) }
        logger.info(
            "gRPC: listening",
            metadata: [
                "address": "\(listener.localAddress?.ipAddress ?? configuration.host)",
                "port": "\(listener.localAddress?.port ?? configuration.port)",
                "tls": "\(configuration.security != nil)",
            ])
        await cancelWhenGracefulShutdown {
            await withTaskCancellationHandler {
                // Failing to close means that it is closed.
                try? await listener.closeFuture.get()
            } onCancel: {
                listener.close(promise: nil)
            }
        }
        let open = connections.withLock { Array($0.values) }
        for channel in open { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
        // Each closes soon; with an error or without is all the same now.
        for channel in open { try? await channel.closeFuture.get() }
    }

    private func setUp(_ channel: any Channel) -> EventLoopFuture<Void> {
        guard counters.openConnection(limit: configuration.limits.maximumConnections) else {
            return channel.close()
        }
        let number = ObjectIdentifier(channel)
        connections.withLock { $0[number] = channel }
        channel.closeFuture.whenComplete { _ in
            self.counters.change { $0.openConnections -= 1 }
            self.connections.withLock { $0[number] = nil }
        }
        return channel.eventLoop.makeCompletedFuture {
            let limits = configuration.limits
            let pipeline = channel.pipeline.syncOperations
            if let security = configuration.security {
                try pipeline.addHandler(NIOSSLServerHandler(context: security.context()))
            }
            let keeper = GRPCConnectionHandler(limits: limits, counters: counters)
            let connection = NIOLoopBound(
                LazyConnection(self, channel, keeper), eventLoop: channel.eventLoop)
            try pipeline.addHandler(
                NIOHTTP2Handler(
                    mode: .server, eventLoop: channel.eventLoop,
                    connectionConfiguration: .grpc(
                        streams: limits.maximumCallsPerConnection, window: limits.connectionWindowBytes,
                        streamWindow: limits.streamWindowBytes),
                    streamConfiguration: .grpc(
                        window: limits.streamWindowBytes, outboundBytes: limits.outboundBytes)
                ) { stream in
                    stream.eventLoop.makeCompletedFuture {
                        let lazy = connection.value
                        try stream.pipeline.syncOperations.addHandler(
                            GRPCCallHandler(server: self, connection: lazy.value, keeper: lazy.keeper))
                    }
                })
            try pipeline.addHandler(keeper)
        }
    }

    /// The connection as its calls see it, made with the first: then the handshake is over.
    private final class LazyConnection {
        let keeper: GRPCConnectionHandler
        private let server: GRPCServer
        private let channel: any Channel
        private var made: GRPCConnection?

        init(_ server: GRPCServer, _ channel: any Channel, _ keeper: GRPCConnectionHandler) {
            self.server = server
            self.channel = channel
            self.keeper = keeper
        }

        var value: GRPCConnection {
            if let made { return made }
            let certificate =
                server.configuration.security == nil
                ? nil
                : try? channel.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self).peerCertificate
            let bound = NIOLoopBound(keeper, eventLoop: channel.eventLoop)
            let loop = channel.eventLoop
            let connection = GRPCConnection(
                id: server.nextConnection.add(1, ordering: .relaxed).oldValue, channel: channel,
                peerIdentity: certificate.flatMap { server.configuration.security?.identify($0) },
                probe: { loop.flatSubmit { bound.value.probe(on: loop) } })
            made = connection
            return connection
        }
    }
}

extension NIOHTTP2Handler.ConnectionConfiguration {
    /// Both ends of a connection for gRPC.
    static func grpc(streams: Int, window: Int, streamWindow: Int) -> Self {
        var configuration = Self()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: streams),
            HTTP2Setting(parameter: .initialWindowSize, value: streamWindow),
            HTTP2Setting(parameter: .maxHeaderListSize, value: 16 << 10),
        ]
        configuration.targetWindowSize = window
        // GRPCConnectionHandler bounds pings as well, by what else arrives. The library keeps a time for each frame
        // that is allowed, so this is a high rate over a short time.
        configuration.controlFrameRateLimit.maximumCount = 512
        configuration.controlFrameRateLimit.windowLength = .milliseconds(5)
        return configuration
    }
}

extension NIOHTTP2Handler.StreamConfiguration {
    /// Both ends of a call.
    static func grpc(window: Int, outboundBytes: Int) -> Self {
        var configuration = Self()
        configuration.targetWindowSize = window
        configuration.outboundBufferSizeHighWatermark = outboundBytes
        configuration.outboundBufferSizeLowWatermark = outboundBytes / 2
        return configuration
    }
}
