// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import ServiceLifecycle

/// What a part of the server says about itself.
public struct HealthReport: Sendable {
    public var name: String
    /// False: restarting the process may help.
    public var isLive: Bool
    /// False: send no traffic now.
    public var isReady: Bool
    /// For people; empty when all is well.
    public var detail: String

    public init(_ name: String, isLive: Bool = true, isReady: Bool, detail: String = "") {
        self.name = name
        self.isLive = isLive
        self.isReady = isReady
        self.detail = detail
    }
}

/// Serves `/readiness` and `/liveness`, or `/metrics`, over plain HTTP on one address.
///
/// Nothing that is served here is secret, and nothing can be changed: Kubernetes and Prometheus ask without
/// certificates.
public struct MonitoringServer: Service {
    public struct Configuration: Sendable {
        public var host: String
        public var port: Int
        /// Nil: no health.
        public var health: (@Sendable () -> [HealthReport])?
        /// Nil: no metrics.
        public var metrics: (@Sendable () async -> [Metric])?

        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// The address cannot be listened on.
    public struct CannotListen: Error, CustomStringConvertible {
        public let description: String
    }

    private static let maximumConnections = 64
    private static let idleTimeout = TimeAmount.seconds(60)

    private let configuration: Configuration
    private let didListen: @Sendable (Int) -> Void
    private let logger: Logger

    /// `didListen` gets the port.
    public init(
        _ configuration: Configuration, logger: Logger,
        didListen: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.logger = logger
        self.didListen = didListen
    }

    /// Serves until the task is cancelled or the service group shuts down. Run once. Throws `CannotListen`.
    public func run() async throws {
        let application = Application(
            responder: MonitoringResponder(configuration: configuration),
            server: .http1(configuration: .init(idleTimeout: Self.idleTimeout)),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port),
                availableConnectionsDelegate: .maximum(Self.maximumConnections, logger: logger)),
            onServerRunning: { [didListen] channel in didListen(channel.localAddress?.port ?? 0) },
            logger: logger)
        do {
            try await application.run()
        } catch let error as IOError {
            throw CannotListen(
                description: "health and metrics cannot be served on \(configuration.host) port "
                    + "\(configuration.port): \(error)")
        }
    }
}

private struct MonitoringResponder: HTTPResponder {
    let configuration: MonitoringServer.Configuration

    func respond(to request: Request, context: BasicRequestContext) async -> Response {
        guard request.method == .get || request.method == .head else {
            return Self.text("only GET is possible here\n", .methodNotAllowed)
        }
        let response: Response
        switch (request.uri.path, configuration.health, configuration.metrics) {
        case ("/readiness", .some(let health), _):
            response = Self.health(health(), \.isReady)
        case ("/liveness", .some(let health), _):
            response = Self.health(health(), \.isLive)
        case ("/metrics", _, .some(let metrics)):
            response = Self.text(MetricText.text(await metrics()), .ok, type: MetricText.contentType)
        default:
            response = Self.text("there is nothing at this path\n", .notFound)
        }
        return request.method == .head ? response.createHeadResponse() : response
    }

    private static func health(
        _ reports: [HealthReport], _ isGood: KeyPath<HealthReport, Bool>
    ) -> Response {
        let isAllGood = reports.allSatisfy { $0[keyPath: isGood] }
        let lines = reports.map { report in
            "\(report.name): \(report[keyPath: isGood] ? "ok" : "failing")"
                + (report.detail.isEmpty ? "" : ", \(report.detail)") + "\n"
        }
        return text(lines.joined(), isAllGood ? .ok : .serviceUnavailable)
    }

    private static func text(
        _ text: String, _ status: HTTPResponse.Status, type: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
