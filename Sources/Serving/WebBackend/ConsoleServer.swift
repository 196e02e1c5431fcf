// SPDX-License-Identifier: Apache-2.0
//
// WebBackend: the HTTP server of the web console. Whisker's paths (flow API section 4), our own under
// /api/v1, and the page itself, over `FlowQuerying` and `StatusProviding`. Nothing here decides what a flow
// or a policy means.

public import FlowStore
import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
public import Logging
import NIOCore
public import NIOSSL
import NetworkModel
public import ServiceLifecycle
import Synchronization

/// Serves the web console and its HTTP API.
///
/// There is no login. Without TLS it listens on loopback addresses only and answers only requests that name one,
/// which keeps web pages of other origins out (DNS rebinding); with TLS the certificate does that.
public struct ConsoleServer: Service {
    /// Where to listen, and what bounds the server.
    public struct Configuration: Sendable {
        /// Without TLS a loopback address or `localhost`.
        public var address: String
        /// 0: any free port, see `boundPort`.
        public var port: Int
        /// A folder to serve the page from in place of the one built in.
        public var webFolder: String?
        /// For HTTPS, HTTP/2 included; nil: plaintext.
        public var tls: TLSConfiguration?
        public var limits: Limits

        public init(
            address: String = "127.0.0.1", port: Int = 8080, tls: TLSConfiguration? = nil,
            webFolder: String? = nil, limits: Limits = Limits()
        ) {
            self.address = address
            self.port = port
            self.tls = tls
            self.webFolder = webFolder
            self.limits = limits
        }
    }

    /// What bounds the server.
    public struct Limits: Hashable, Sendable {
        public var maximumConnections = 512
        /// Live streams and watches together.
        public var maximumSubscribers = 100
        /// Rows in one message of a live stream.
        public var maximumRowsPerMessage = 1_000
        /// Changed entries that a live reader may be behind; beyond, it gets a gap.
        public var maximumBacklog = 50_000
        /// The same for readers with a filter, most of whose entries are not sent.
        public var maximumFilteredBacklog = 500_000
        /// Least time between two messages with flows when a reader is up to date.
        public var flowsInterval = Duration.milliseconds(250)
        /// Time between two status messages.
        public var statusInterval = Duration.seconds(1)
        /// A connection that takes nothing for this long is closed.
        public var stallTimeout = Duration.seconds(30)
        /// Quiet connections without a running request are closed after this.
        public var idleTimeout = Duration.seconds(60)

        public init() {}
    }

    private let configuration: Configuration
    private let responder: ConsoleResponder
    private let port: BoundPort
    private let logger: Logger

    /// Reads the files of the page; does not listen yet.
    public init(
        querying: any FlowQuerying, status: any StatusProviding,
        configuration: Configuration = Configuration(),
        logger: Logger
    ) throws(ConsoleError) {
        try Self.check(configuration)
        let files = try StaticFiles(folder: configuration.webFolder ?? Self.builtInWebFolder)
        self.configuration = configuration
        self.logger = logger
        port = BoundPort()
        responder = ConsoleResponder(
            files: files,
            whisker: WhiskerAPI(
                querying: querying, subscribers: .init(limit: configuration.limits.maximumSubscribers)),
            console: ConsoleAPI(querying: querying, status: StatusFeed(status)),
            reports: FlowReportsAPI(querying: querying), limits: configuration.limits,
            isPlaintext: configuration.tls == nil)
    }

    /// Refuses an address or port that cannot be served, before anything else is started.
    public static func check(_ configuration: Configuration) throws(ConsoleError) {
        guard configuration.tls != nil || isLoopback(configuration.address) else {
            throw ConsoleError(
                code: .addressRefused, operation: "listen", subject: configuration.address,
                message: "without a certificate only loopback addresses are served; "
                    + "use 127.0.0.1 or ::1 and forward the port (kubectl port-forward, ssh -L)")
        }
        guard (0...65_535).contains(configuration.port) else {
            throw ConsoleError(
                code: .addressRefused, operation: "listen", subject: "port \(configuration.port)",
                message: "a port is 1 to 65535, or 0 for any free one")
        }
    }

    /// The port that is listened on; waits until it is. Nil when the server ended without listening.
    public var boundPort: Int? {
        get async { await port.value() }
    }

    /// Serves until the task is cancelled or the service group shuts down. Run once.
    public func run() async throws {
        defer { port.set(nil) }
        let limits = configuration.limits
        let channel = HTTP1Channel.Configuration(
            idleTimeout: .nanoseconds(limits.idleTimeout.wholeNanoseconds),
            // The decoder counts the address as a field and refuses without words, so it lets pass a little more
            // than the largest address that gets an answer.
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: RequestQuery.maximumTargetBytes + 32_768,
                maxHeaderListSize: RequestQuery.maximumTargetBytes + 65_536, maxHeaderFieldCount: 100))
        let builder: HTTPServerBuilder
        if let tls = configuration.tls {
            builder = try .http2Upgrade(
                tlsConfiguration: tls,
                configuration: .init(idleTimeout: limits.idleTimeout, streamConfiguration: channel))
        } else {
            builder = .http1(configuration: channel)
        }
        // The library announces what is announced below.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        let application = Application(
            responder: responder, server: builder,
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.address, port: configuration.port),
                availableConnectionsDelegate: .maximum(limits.maximumConnections, logger: logger)),
            onServerRunning: { [port, logger] channel in
                let bound = channel.localAddress?.port
                port.set(bound)
                logger.info(
                    "console is served",
                    metadata: [
                        "address": "\(channel.localAddress?.ipAddress ?? "")", "port": "\(bound ?? 0)",
                    ])
            },
            logger: quiet)
        do {
            try await application.run()
        } catch let error as IOError {
            throw ConsoleError(
                code: .cannotListen, operation: "listen",
                subject: "\(configuration.address):\(configuration.port)",
                message: Self.reason(error.errnoCode), cause: error)
        }
    }

    private static func reason(_ code: CInt) -> String {
        let text = String(cString: strerror(code))
        return switch code {
        case EADDRINUSE: "\(text): another server is there; choose another port, or 0 for any free one"
        case EACCES: "\(text): ports below 1024 need root; choose another port"
        default: text
        }
    }

    /// `Bundle.module` ends the process when its folder is missing; then a path that fails with a reason is
    /// better.
    private static var builtInWebFolder: String {
        let beside = Bundle.main.bundleURL.appending(path: "vibrissa_WebBackend.resources/web").path
        if FileManager.default.fileExists(atPath: beside) { return beside }
        #if DEBUG
            return Bundle.module.bundleURL.appending(path: "web").path
        #else
            return beside
        #endif
    }

    private static func isLoopback(_ address: String) -> Bool {
        address == "localhost" || IPAddress(address)?.isLoopback == true
    }
}

extension Duration {
    /// Rounded down; for durations of up to 292 years.
    var wholeNanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}

/// The port, once it is known.
private final class BoundPort: Sendable {
    private enum State {
        case waiting([CheckedContinuation<Int?, Never>])
        case known(Int?)
    }

    private let state = Mutex(State.waiting([]))

    /// The first call counts.
    func set(_ port: Int?) {
        let waiting: [CheckedContinuation<Int?, Never>] = state.withLock { state in
            guard case .waiting(let waiting) = state else { return [] }
            state = .known(port)
            return waiting
        }
        for continuation in waiting { continuation.resume(returning: port) }
    }

    func value() async -> Int? {
        await withCheckedContinuation { continuation in
            let known: Int?? = state.withLock { state in
                switch state {
                case .known(let port): return .some(port)
                case .waiting(let waiting):
                    state = .waiting(waiting + [continuation])
                    return nil
                }
            }
            if case .some(let port) = known { continuation.resume(returning: port) }
        }
    }
}
