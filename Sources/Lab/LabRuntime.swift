// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import LinuxKernel
public import Logging
internal import NetworkModel

/// The running lab: its network and its processes, kept as the latest snapshot has them.
public actor LabRuntime {
    /// What a lab is made with.
    public struct Options: Sendable {
        /// For the zone file; exists already (`LabLock` creates it).
        public var runDirectory = LabLock.defaultRunDirectory
        public var namespacePrefix = LabNetwork.defaultPrefix
        /// Started as `vibrissa workload ...` for every pod and host.
        public var executable = "/proc/self/exe"
        public var hosts = InternetHost.shop
        /// Of the workloads' jitter.
        public var seed: UInt64 = 1

        public init() {}
    }

    /// The wires; `nodeNamespace` is where a data plane works.
    public nonisolated let network: LabNetwork
    private let processes: LabProcesses
    private let options: Options
    private let logger: Logger
    private var snapshot = LabSnapshot()
    private var hasStartedWorkloads = false
    /// Pods whose policy is in force: their workloads run.
    private var released: Set<ResourceName> = []
    private var isStopping = false

    public init(_ options: Options = Options(), logger: Logger) throws {
        self.options = options
        self.logger = logger
        network = LabNetwork(prefix: options.namespacePrefix, hosts: options.hosts)
        processes = try LabProcesses(executable: options.executable, logger: logger)
    }

    /// Counts of the workloads' processes.
    public nonisolated var processCounts: LabProcessCounts { processes.counts }

    /// Removes what a crashed lab left, then creates node and internet. Returns what was left.
    @discardableResult
    public func start() async throws -> LabLeftovers {
        let prefix = options.namespacePrefix
        let network = network
        return try await LabThread.run {
            let leftovers = try LabNetwork.cleanUpLeftovers(prefix: prefix)
            try network.bringUp()
            return leftovers
        }
    }

    /// Wires and runs what the snapshot says. Failures are logged, and tried again with the next snapshot.
    ///
    /// No workload starts before the next `startWorkloads`.
    public func update(_ snapshot: LabSnapshot) async {
        guard !isStopping else { return }
        self.snapshot = snapshot
        let staying = Set(snapshot.pods.map(\.name))
        // Whoever leaves is told before its wire is cut; whoever comes starts when its wire is there.
        released.formIntersection(staying)
        runProcesses { staying.contains($0.name) }
        let network = network
        do {
            try LabFile.write(snapshot.zone.text, to: zonePath)
            let failures = try await LabThread.run { network.reconcile(pods: snapshot.pods) }
            for (pod, error) in failures.sorted(by: { $0.key < $1.key }) {
                logger.error("pod not wired", metadata: ["pod": "\(pod)", "reason": "\(error)"])
            }
        } catch {
            logger.error("lab not updated", metadata: ["reason": "\(error)"])
        }
        runProcesses { _ in true }
    }

    /// Starts the workloads of the last snapshot: call it whenever its policy has come into force.
    public func startWorkloads() {
        hasStartedWorkloads = true
        released = Set(snapshot.pods.map(\.name))
        runProcesses { _ in true }
    }

    /// Ends the processes, then removes the network. Safe to call at any time, also when `start` failed.
    public func stop() async {
        isStopping = true
        await processes.stop()
        let network = network
        do {
            for error in try await LabThread.run({ network.tearDown() }) {
                logger.error("lab not removed completely", metadata: ["reason": "\(error)"])
            }
        } catch {
            logger.error("lab not removed", metadata: ["reason": "\(error)"])
        }
    }

    // MARK: Processes

    private var zonePath: String { options.runDirectory + "/zone" }

    private func runProcesses(_ isIncluded: (LabPod) -> Bool) {
        guard hasStartedWorkloads, !isStopping else { return }
        let pods = snapshot.pods.filter {
            isIncluded($0) && released.contains($0.name) && network.incarnation(of: $0.name) != nil
                && $0.behavior != WorkloadBehavior()
        }
        processes.reconcile(pods.map(process(for:)) + options.hosts.map(process(for:)))
    }

    private func process(for pod: LabPod) -> LabProcess {
        var placement = placement(pod.name.description)
        placement.nameServers = snapshot.nameServers
        if pod.behavior.servers.contains(where: { $0.kind == .dns }) { placement.zonePath = zonePath }
        return LabProcess(
            id: placement.name, arguments: ["workload"] + placement.placementArguments + pod.arguments,
            networkNamespacePath: path(ofNamespace: network.podNamespaceName(pod.name)),
            incarnation: network.incarnation(of: pod.name) ?? 0)
    }

    private func process(for host: InternetHost) -> LabProcess {
        var placement = placement("internet/\(host.name)")
        placement.localAddresses = host.addresses
        return LabProcess(
            id: placement.name, arguments: ["workload"] + placement.placementArguments + host.arguments,
            networkNamespacePath: path(ofNamespace: network.internetNamespaceName))
    }

    private func path(ofNamespace name: String) -> String { "\(NetworkNamespace.directory)/\(name)" }

    private func placement(_ name: String) -> WorkloadOptions {
        var placement = WorkloadOptions()
        placement.name = name
        placement.parent = getpid()
        placement.seed = StableHash.bits(name) ^ options.seed
        return placement
    }
}

/// Blocking calls away from the cooperative pool.
enum LabThread {
    /// Runs `body` on a thread of its own while the task is suspended.
    static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            do throws(KernelError) {
                _ = try DedicatedThread.start("lab") { continuation.resume(with: Result { try body() }) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}
