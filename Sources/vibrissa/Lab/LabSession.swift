// SPDX-License-Identifier: Apache-2.0

import Daemons
import FlowAPI
import FlowModel
import FlowStore
import Foundation
import GRPCTransport
import KubernetesClient
import Lab
import Logging
import NetworkModel
import NftablesDataplane
import PolicyEngine
import PolicyModel
import ServiceLifecycle
import UnixSignals
import WebBackend

/// One run of the lab: everything wired together in one process.
///
///     manifests ─▶ LabClusterSource ─▶ NodeAgent ─▶ data plane (nftables, or simulated)
///                        │                 ▲ events ──────┘
///                        ▼                 ▼ flow records
///                wires and workloads    Aggregator ─▶ ConsoleServer
struct LabSession {
    struct Options: Sendable {
        var manifests: String?
        var host: String
        var port: Int
        /// Where gRPC is answered; nil: nowhere.
        var grpc: ListenAddress?
        var scenario: Scenario?
        var isAutomatic: Bool
        var isSimulated: Bool
        var seed: UInt64
    }

    /// Ctrl-C, a request to end, and a terminal that was closed.
    static let shutdownSignals: [UnixSignal] = [.sigint, .sigterm, .sighup]

    private let options: Options
    private let logger: Logger

    init(_ options: Options, logger: Logger) {
        self.options = options
        self.logger = logger
    }

    func run() async throws {
        try ConsoleServer.check(.init(address: options.host, port: options.port))
        if options.isSimulated {
            try await runSimulated()
        } else {
            try await runReal()
        }
    }

    // MARK: - Real

    private func runReal() async throws {
        let missing = LabRequirements.missing()
        guard missing.isEmpty else { throw LabProblem.missing(missing) }
        let lock = try LabLock.acquire()
        // Held to the end, also when something fails: nobody else may clean up meanwhile.
        defer { withExtendedLifetime(lock) {} }
        let signals = await EarlySignals(Self.shutdownSignals)
        let directory = try workingDirectory(default: LabManifests.defaultDirectory)
        var runtimeOptions = LabRuntime.Options()
        runtimeOptions.seed = options.seed
        let runtime = try LabRuntime(runtimeOptions, logger: logger)
        do {
            let leftovers = try await runtime.start()
            if !leftovers.isEmpty {
                logger.notice(
                    "removed what an earlier lab left behind",
                    metadata: [
                        "namespaces": "\(leftovers.namespaces.count)",
                        "processes": "\(leftovers.processes.count)",
                    ])
            }
            let kernel = try await LabKernel.open(runtime, logger: logger)
            let source = LabClusterSource(completing: ManifestDirectory(path: directory)) { snapshot in
                await kernel.prepare(snapshot)
            }
            guard !signals.wereRaised else { throw CancellationError() }
            do {
                try await serve(
                    cluster: source, enforcer: kernel, events: kernel.events, kind: "nftables",
                    directory: directory, willEnforce: { _ in },
                    didListen: { try lock.publish(consoleAddress: $0) },
                    isAskedToStop: { signals.wereRaised })
            } catch let error as NodeAgentError {
                let reason = kernel.events.failure.map { ": \($0)" } ?? ""
                throw LabProblem(message: "\(error)\(reason)")
            }
        } catch is CancellationError {
            // Asked to stop while the lab was being built.
        } catch {
            await runtime.stop()
            throw error
        }
        await runtime.stop()
    }

    // MARK: - Simulated

    private func runSimulated() async throws {
        let base = FileManager.default.temporaryDirectory.appending(path: "vibrissa-lab-\(getpid())").path()
        defer {
            // Only this run's own copy; nothing is there when a person named a directory.
            try? FileManager.default.removeItem(atPath: base)
        }
        let directory = try workingDirectory(default: base)
        let current = CurrentSnapshot()
        let plane = SimulatedDataplane(seed: options.seed) { tuple, _, _ in current.decisions(tuple) }
        let source = LabClusterSource(completing: ManifestDirectory(path: directory)) { snapshot in
            plane.update(snapshot)
        }
        try await serve(
            cluster: source, enforcer: plane, events: plane, kind: "simulated", directory: directory,
            willEnforce: { current.set($0) }, didListen: { _ in }, isAskedToStop: { false })
    }

    // MARK: - Common

    /// A person's directory as it is, or a copy of the shop. Returns an absolute path.
    private func workingDirectory(default path: String) throws -> String {
        guard let named = options.manifests else {
            return path == LabManifests.defaultDirectory
                ? try LabManifests.prepare() : try LabManifests.prepare(directory: path)
        }
        let directory = URL(filePath: named).standardizedFileURL.path()
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory) else {
            Terminal.write("\(directory) is new: filled with the shop's manifests.\n")
            return try LabManifests.prepare(directory: directory)
        }
        guard isDirectory.boolValue, access(directory, R_OK | X_OK) == 0 else {
            throw LabProblem(
                message: "--manifests \(directory): "
                    + (isDirectory.boolValue ? "this user may not read it" : "it is a file, not a directory"))
        }
        let content = try FileManager.default.contentsOfDirectory(atPath: directory)
        guard content.isEmpty else { return directory }
        Terminal.write("\(directory) is empty: filled with the shop's manifests.\n")
        return try LabManifests.prepare(directory: directory)
    }

    private func serve(
        cluster: any ClusterStateSource, enforcer: any PolicyEnforcer, events: any PacketEventSource,
        kind: String,
        directory: String, willEnforce: @escaping @Sendable (PolicySnapshot) -> Void,
        didListen: @escaping @Sendable (String) throws -> Void,
        isAskedToStop: @escaping @Sendable () -> Bool
    ) async throws {
        let aggregator = Aggregator(clock: { LabTime.now })
        let agent = NodeAgent(
            configuration: .init(nodeName: "lab-node", sourceKind: kind), cluster: cluster,
            enforcer: enforcer,
            events: events, sink: aggregator, interface: { LabNetwork.interfaceName(for: $0) },
            willEnforce: willEnforce, now: { LabTime.now }, logger: logger)
        let status = LabStatus(
            agent: agent, aggregator: aggregator, isSimulated: options.isSimulated, version: Vibrissa.version)
        let server = try ConsoleServer(
            querying: aggregator, status: status,
            configuration: .init(address: options.host, port: options.port), logger: logger)
        let guide = LabGuide(
            options: options, directory: directory, server: server, aggregator: aggregator, status: status,
            didListen: didListen, isAskedToStop: isAskedToStop, logger: logger)
        let outcome = GuideOutcome()
        let grpc = options.grpc.map { listen in
            GRPCServer(
                .init(host: listen.host, port: listen.port, security: nil),
                methods: FlowServices(querying: aggregator, delivering: aggregator).methods, logger: logger)
        }
        let group = ServiceGroup(
            configuration: .init(
                services: (grpc.map { [.init(service: $0)] } ?? []) + [
                    .init(service: aggregator), .init(service: server), .init(service: agent),
                    .init(
                        service: GuideService(guide: guide, outcome: outcome),
                        successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .gracefullyShutdownGroup),
                ],
                gracefulShutdownSignals: Self.shutdownSignals, logger: Self.quiet))
        try await group.run()
        if let failure = outcome.failure { throw failure }
    }

    /// The service group's own chatter says nothing that the lab's messages do not.
    private static var quiet: Logger {
        Logger(label: "services") { _ in TerminalLogHandler(level: .error) }
    }
}
