// SPDX-License-Identifier: Apache-2.0
//
// Daemons: the long-running loops, written against the ports that the core owns. Which cluster, which data
// plane and which store they talk to is decided by whoever starts them.

public import FlowModel
public import FlowStore
public import Logging
public import NetworkModel
public import PolicyEngine
public import PolicyModel
public import ServiceLifecycle

/// A loop of the agent ended though nobody asked it to.
public struct NodeAgentError: Error, CustomStringConvertible {
    /// What stopped coming.
    public let ended: String

    public var description: String { "the agent stopped: the source of \(ended) ended" }
}

/// The loop of one node: cluster state in, rules to the data plane, kernel events to flow records.
///
///     ClusterStateSource ─▶ compiler ─▶ snapshot ─▶ program ─▶ PolicyEnforcer
///     PacketEventSource ─▶ FlowCollector (names and pending traces from the snapshot) ─▶ FlowIngesting
///
/// One actor owns all state. When the agent stops, the data plane keeps the rules that were last applied.
public actor NodeAgent: Service {
    public struct Configuration: Sendable {
        /// How this node is called in status and records.
        public var nodeName: String
        /// `nftables`, `simulated`: what reports the events.
        public var sourceKind: String
        /// How often the collector's clock ticks.
        public var tickInterval = Duration.milliseconds(250)
        /// Wait before a program that the data plane refused is tried again.
        public var retryInterval = Duration.seconds(5)

        public init(nodeName: String, sourceKind: String) {
            self.nodeName = nodeName
            self.sourceKind = sourceKind
        }
    }

    private let configuration: Configuration
    private let cluster: any ClusterStateSource
    private let enforcer: any PolicyEnforcer
    private let events: any PacketEventSource
    private let sink: any FlowIngesting
    private let interface: @Sendable (ResourceName) -> String?
    private let willEnforce: @Sendable (PolicySnapshot) -> Void
    private let now: @Sendable () -> Timestamp
    private let logger: Logger

    private var compiler = PolicyCompiler()
    private var context = AgentContext(PolicyCompiler().snapshot(generation: 0))
    private var collector = FlowCollector()
    private var audit = VerdictAudit()
    private var diagnostics: [Diagnostic] = []
    private var enforcementFailure: Diagnostic?
    private var appliedGeneration: UInt64 = 0
    private var needsRetry = false
    private var isEnforcing = false
    private var mustEnforceAgain = false
    private var losses: [EventLoss] = []
    private var lastEventAt: Timestamp?

    /// - Parameters:
    ///   - interface: the node-side interface of a workload; nil when the workload is elsewhere.
    ///   - willEnforce: told of each new snapshot before the data plane is.
    public init(
        configuration: Configuration, cluster: any ClusterStateSource, enforcer: any PolicyEnforcer,
        events: any PacketEventSource, sink: any FlowIngesting,
        interface: @escaping @Sendable (ResourceName) -> String?,
        willEnforce: @escaping @Sendable (PolicySnapshot) -> Void = { _ in },
        now: @escaping @Sendable () -> Timestamp,
        logger: Logger
    ) {
        self.configuration = configuration
        self.cluster = cluster
        self.enforcer = enforcer
        self.events = events
        self.sink = sink
        self.interface = interface
        self.willEnforce = willEnforce
        self.now = now
        self.logger = logger
    }

    /// Runs until cancelled or asked to shut down. The data plane is left as it is.
    ///
    /// Throws `NodeAgentError` when a source ends by itself: a node that no longer follows its cluster or its
    /// kernel must not look alive.
    public func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup(of: String.self) { group in
                group.addTask {
                    await self.followCluster()
                    return "cluster state"
                }
                group.addTask {
                    await self.followEvents()
                    return "kernel events"
                }
                group.addTask {
                    await self.tickRegularly()
                    return "the clock"
                }
                let ended = try await group.next()
                group.cancelAll()
                if !Task.isCancelled { throw NodeAgentError(ended: ended ?? "") }
            }
        }
    }

    private func followCluster() async {
        for await update in cluster.updates() { await apply(update) }
    }

    private func followEvents() async {
        for await batch in events.batches() { await collect(batch) }
    }

    private func tickRegularly() async {
        var sinceRetry = Duration.zero
        while (try? await Task.sleep(for: configuration.tickInterval)) != nil {
            // Cancellation is the only way the sleep fails, and it ends the loop.
            await collect(KernelEventBatch(events: []))
            sinceRetry += configuration.tickInterval
            if needsRetry, sinceRetry >= configuration.retryInterval {
                sinceRetry = .zero
                await enforce()
            }
        }
    }

    // MARK: - Policy

    private func apply(_ update: ClusterUpdate) async {
        compiler.apply(update.changes)
        report(update.diagnostics + compiler.state.problems())
        guard !update.changes.isEmpty else { return }
        context = AgentContext(compiler.snapshot(generation: context.snapshot.generation + 1))
        collector.contextChanged()
        willEnforce(context.snapshot)
        await enforce()
    }

    /// One program at a time, and always the newest last: applying suspends, and changes may come meanwhile.
    private func enforce() async {
        guard !isEnforcing else {
            mustEnforceAgain = true
            return
        }
        isEnforcing = true
        defer { isEnforcing = false }
        repeat {
            mustEnforceAgain = false
            await enforceNewest()
        } while mustEnforceAgain
    }

    private func enforceNewest() async {
        let program = context.snapshot.program(interface: interface)
        audit.programChanged(at: now())
        do {
            let result = try await enforcer.apply(program)
            appliedGeneration = result.generation
            needsRetry = false
            enforcementFailure = nil
            audit.programChanged(at: now())
            let staged = context.snapshot.policies.count { $0.id.kind.isStaged }
            logger.notice(
                "policy in force",
                metadata: [
                    "generation": "\(result.generation)", "staged": "\(staged)",
                    "enforced": "\(context.snapshot.policies.count - staged)",
                    "endpoints": "\(context.snapshot.endpointCount)", "chains": "\(result.chainsChanged)",
                    "sets": "\(result.setsChanged)", "elements": "\(result.elementsChanged)",
                ])
        } catch {
            needsRetry = true
            enforcementFailure = Diagnostic(
                .error, resource: "generation \(program.generation)",
                message: "the data plane refused the rules: \(error)",
                suggestion:
                    "generation \(appliedGeneration) stays in force; it is tried again every few seconds")
            logger.error(
                "policy not applied, the last good rules stay in force",
                metadata: ["generation": "\(program.generation)", "error": "\(error)"])
        }
    }

    /// Logs problems that are new and keeps all of them for the status.
    private func report(_ current: [Diagnostic]) {
        let known = Set(diagnostics)
        for problem in current where !known.contains(problem) {
            logger.log(level: problem.severity == .error ? .error : .warning, "\(problem)")
        }
        let remaining = Set(current)
        for problem in diagnostics where !remaining.contains(problem) { logger.notice("solved: \(problem)") }
        diagnostics = current
    }

    // MARK: - Events

    private func collect(_ batch: KernelEventBatch) async {
        var records: [FlowRecord] = []
        for event in batch.events {
            collector.collect(event, context: context, into: &records)
            // While the data plane is behind, its decisions are another generation's.
            if case .packet(let packet) = event, appliedGeneration == context.snapshot.generation {
                audit.check(packet, against: context)
            }
        }
        let time = now()
        collector.tick(time, context: context, into: &records)
        if !batch.events.isEmpty { lastEventAt = time }
        // The clock's own batches know of no losses.
        if !batch.losses.isEmpty { losses = batch.losses }
        if !records.isEmpty { await sink.ingest(records) }
    }

    // MARK: - Status

    public func status() -> AgentStatus {
        AgentStatus(
            nodeName: configuration.nodeName, sourceKind: configuration.sourceKind,
            generation: context.snapshot.generation, appliedGeneration: appliedGeneration,
            snapshot: context.snapshot, state: compiler.state,
            diagnostics: diagnostics + (enforcementFailure.map { [$0] } ?? []),
            losses: losses + collectorLosses + [audit.loss], lastEventAt: lastEventAt)
    }

    private var collectorLosses: [EventLoss] {
        [
            EventLoss(
                name: "connections_over_limit", count: collector.counters.connectionsOverLimit,
                help: "Connections that were not followed because too many were open at once "
                    + "(\(collector.maximumConnections))."),
            EventLoss(
                name: "connections_without_verdict", count: collector.counters.connectionsWithoutVerdict,
                help:
                    "Connections that ended without a rule hit: they are older than the agent, or nothing polices "
                    + "them."),
        ]
    }
}
