// SPDX-License-Identifier: Apache-2.0

public import Daemons
import FlowAPI
public import FlowExport
import FlowModel
import FlowStore
import Foundation
import GRPCTransport
import Glibc
import Logging
import Monitoring
import NIOCore
import NIOSSL
import NetworkModel
import ServerSettings
import ServiceLifecycle
import Synchronization
import TransportSecurity
import UnixSignals
import WebBackend

/// One run of the server, wired by its settings.
///
///     nodes ──gRPC──▶ FlowServices ──▶ Aggregator ◀── ConsoleServer ◀──HTTP── browsers
///     clients ─gRPC──▶      │              ▲
///                           └──────────────┘
///
/// or, over a server elsewhere:
///
///     Goldmane ◀──gRPC── FlowClient ◀── RemoteFlows ◀── ConsoleServer ◀──HTTP── browsers
struct ServerSession {
    private let settings: ServerSettings
    private let logger: Logger

    init(_ settings: ServerSettings, logger: Logger) {
        self.settings = settings
        self.logger = logger
    }

    /// The wall clock, to less than a microsecond.
    static func now() -> Timestamp {
        Timestamp(nanoseconds: Int64((Date().timeIntervalSince1970 * 1e9).rounded()))
    }

    func run() async throws {
        if let threads = settings.general.threads { NIOSingletons.groupLoopCountSuggestion = threads }
        let parts = try settings.isRemote ? remoteParts() : ownParts()
        var services = parts.services
        services += monitoring(parts).map { $0 as any Service }
        let group = ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0) },
                gracefulShutdownSignals: [.sigint, .sigterm], logger: Self.quiet))
        do {
            try await group.run()
        } catch let error as GRPCServer.CannotListen {
            throw ServerProblem(description: "\(error)")
        } catch let error as MonitoringServer.CannotListen {
            throw ServerProblem(description: "\(error)")
        }
        logger.info("ended")
    }

    /// What a run is made of.
    private struct Parts {
        var services: [any Service]
        var health: @Sendable () -> [HealthReport]
        var metrics: @Sendable () -> [Metric]
    }

    // MARK: - One process

    private func ownParts() throws -> Parts {
        let aggregator = Aggregator(limits: limits, clock: Self.now)
        let services = FlowServices(querying: aggregator, delivering: aggregator)
        var certificates: [TLSContextSource] = []
        var security: GRPCServer.Security?
        if let certificate = settings.grpc.certificate, let key = settings.grpc.key {
            let source = try context(
                CertificateFiles(
                    certificateChain: certificate, privateKey: key, authorities: settings.grpc.clientCA),
                .server(verifiesClients: true), ["h2"])
            certificates.append(source)
            security = GRPCServer.Security(
                context: { source.context }, identify: { PeerIdentity($0).description })
        }
        let listen = settings.grpc.listen
        let server = GRPCServer(
            GRPCServer.Configuration(
                host: Self.host(listen.host), port: listen.port, security: security),
            methods: services.methods, logger: logger)
        let emitter = try emitter(aggregator, &certificates)
        let metrics = ServerMetrics(
            aggregator: aggregator, services: services, server: server, emitter: emitter,
            started: Self.now())
        let console = try console(
            aggregator, ServerStatus(aggregator: aggregator, services: services, emitter: emitter),
            &certificates)
        let isListening = Listening()
        let certificatesNow = certificates
        return Parts(
            services: [aggregator, server, console, ListeningWatch(server: server, state: isListening)]
                + (emitter.map { [$0] } ?? []) + certificates,
            health: { Self.health(aggregator, isListening.isTrue) },
            metrics: { metrics.all + ServerMetrics.certificates(certificatesNow) })
    }

    private var limits: Aggregator.Limits {
        let store = settings.store
        return Aggregator.Limits(
            store: FlowStoreLimits(
                windowSeconds: store.aggregationWindow.components.seconds,
                windowCount: store.historyWindows + 2, maximumKeys: store.maximumKeys,
                maximumKeyShare: store.maximumKeyShare, maximumRows: store.maximumRows,
                maximumLabels: store.maximumLabels, maximumKeyBytes: store.maximumKeyBytes,
                maximumAliasBytes: store.maximumEncodedBytes, maximumDeliveries: store.maximumDeliveries,
                deliveryMemorySeconds: store.deduplicationWindow.components.seconds),
            maximumWindowStreams: store.maximumStreams + settings.http.maximumSubscribers,
            maximumLiveReaders: max(1_000, 2 * settings.http.maximumSubscribers))
    }

    /// Sends flows on, when there is an address for them.
    private func emitter(
        _ aggregator: Aggregator, _ certificates: inout [TLSContextSource]
    ) throws -> FlowEmitter? {
        let settings = self.settings.emitter
        guard let url = settings.url else { return nil }
        var tls: (@Sendable () -> TLSConfiguration)?
        if url.isSecure {
            let source = try context(
                CertificateFiles(
                    certificateChain: settings.certificate, privateKey: settings.key,
                    authorities: settings.ca),
                .client, [])
            certificates.append(source)
            tls = { source.current.configuration }
        }
        let receiver = try HTTPFlowReceiver(.init(url: url.text, serverName: settings.serverName), tls: tls)
        let window = self.settings.store.aggregationWindow.components.seconds
        return FlowEmitter(
            FlowEmitter.Configuration(
                windowsPerBlock: Int(settings.aggregationWindow.components.seconds / window),
                delayWindows: Int(settings.emitAfter.components.seconds / window),
                progressFile: self.settings.general.stateDirectory.map { "\($0)/flow-emitter" },
                switchFile: settings.switchFile),
            source: aggregator, receiver: receiver, logger: logger, now: Self.now)
    }

    private static func health(_ aggregator: Aggregator, _ isListening: Bool) -> [HealthReport] {
        let statistics = aggregator.statistics
        // The future window begins one window from now at most; longer means that nobody rolls over.
        let behind = now().seconds - statistics.headSeconds
        let isRolling = behind < 4 * aggregator.limits.store.windowSeconds
        return [
            HealthReport("startup", isReady: isListening, detail: isListening ? "" : "not listening yet"),
            HealthReport(
                "aggregator", isLive: isRolling, isReady: isRolling,
                detail: isRolling ? "" : "the last roll-over is \(behind) s late"),
        ]
    }

    // MARK: - Over a server elsewhere

    private func remoteParts() throws -> Parts {
        guard let address = settings.goldmane.address else {
            throw ServerProblem(description: "there is no server to ask")
        }
        var certificates: [TLSContextSource] = []
        var security: GRPCClient.Security?
        if !settings.general.isInsecure {
            let source = try context(
                CertificateFiles(
                    certificateChain: settings.goldmane.certificate, privateKey: settings.goldmane.key,
                    authorities: settings.goldmane.ca),
                .client, ["h2"])
            certificates.append(source)
            security = GRPCClient.Security(
                context: { source.context },
                serverName: TLSContextSource.serverHostname(
                    for: settings.goldmane.serverName ?? address.host))
        }
        let client = FlowClient(
            GRPCClient(
                GRPCClient.Configuration(host: address.host, port: address.port, security: security)))
        let remote = RemoteFlows(
            client, copy: Aggregator(limits: limits, clock: Self.now), logger: logger)
        let console = try console(remote, RemoteStatus(remote: remote, address: "\(address)"), &certificates)
        let started = Self.now()
        let certificatesNow = certificates
        return Parts(
            services: [remote, console] + certificates,
            health: { [HealthReport("startup", isReady: true)] },
            metrics: {
                ServerMetrics.process(started: started) + ServerMetrics.losses(remote.losses)
                    + ServerMetrics.certificates(certificatesNow)
            })
    }

    // MARK: - Common

    private func context(
        _ files: CertificateFiles, _ role: TLSContextSource.Role, _ protocols: [String]
    ) throws(TransportSecurityError) -> TLSContextSource {
        let general = settings.general
        let policy = try TLSPolicy(
            minimumVersion: general.minimumTLSVersion == .tls13 ? .tls13 : .tls12,
            cipherSuites: general.cipherSuites)
        return try TLSContextSource(
            .init(
                files: files, role: role, applicationProtocols: protocols, policy: policy,
                pollInterval: general.certificatePollInterval),
            logger: logger)
    }

    private func console(
        _ querying: any FlowQuerying, _ status: any StatusProviding, _ certificates: inout [TLSContextSource]
    ) throws -> ConsoleServer {
        let http = settings.http
        var configuration = ConsoleServer.Configuration(
            address: Self.host(http.listen.host), port: http.listen.port)
        if let certificate = http.certificate, let key = http.key {
            let source = try context(
                CertificateFiles(certificateChain: certificate, privateKey: key),
                .server(verifiesClients: false), ["h2", "http/1.1"])
            certificates.append(source)
            configuration.tls = source.followingConfiguration
        }
        configuration.limits.maximumSubscribers = http.maximumSubscribers
        configuration.limits.maximumConnections = max(512, 2 * http.maximumSubscribers)
        return try ConsoleServer(
            querying: querying, status: status, configuration: configuration, logger: logger)
    }

    private func monitoring(_ parts: Parts) -> [MonitoringServer] {
        let health = settings.health
        var configurations: [MonitoringServer.Configuration] = []
        if health.isEnabled {
            var one = MonitoringServer.Configuration(host: Self.host(health.host), port: health.port)
            one.health = parts.health
            configurations.append(one)
        }
        if health.prometheusPort != 0 {
            var one = MonitoringServer.Configuration(
                host: Self.host(health.prometheusHost), port: health.prometheusPort)
            one.metrics = parts.metrics
            configurations.append(one)
        }
        return configurations.map { one in
            MonitoringServer(one, logger: Self.quiet) { [logger] port in
                logger.info(
                    "\(one.health == nil ? "metrics are" : "health is") served", metadata: ["port": "\(port)"]
                )
            }
        }
    }

    /// All addresses, for IPv4 and IPv6 when the machine has that.
    private static func host(_ host: String?) -> String {
        if let host, !host.isEmpty { return host }
        let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return "0.0.0.0" }
        close(descriptor)
        return "::"
    }

    /// The libraries' own chatter says nothing that ours does not.
    private static var quiet: Logger { Logger(label: "services") { _ in TerminalLogHandler(level: .error) } }
}

/// Whether the gRPC server listens.
private final class Listening: Sendable {
    private let value = Atomic<Bool>(false)
    var isTrue: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}

private struct ListeningWatch: Service {
    let server: GRPCServer
    let state: Listening

    func run() async throws {
        // When it cannot listen, the server itself says why.
        if (try? await server.address) != nil { state.set() }
        try? await gracefulShutdown()
    }
}

extension Aggregator: FlowEmissionSource {}
