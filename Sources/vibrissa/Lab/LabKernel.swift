// SPDX-License-Identifier: Apache-2.0

import FlowModel
import Lab
import Logging
import NftablesDataplane
import PolicyEngine
import Synchronization

/// The real lab's data plane: nftables in the node's namespace, with the lab's wires kept in step.
///
/// The order is what makes it safe. Before the first pod is wired a program without endpoints drops everything on
/// workload interfaces; pods are wired before their rules, and workloads start once the first rules are in force.
final class LabKernel: PolicyEnforcer {
    let events: NetfilterEventSource
    private let runtime: LabRuntime
    private let policy: NftablesDataplane
    private let services: NftablesServiceTable
    private let logger: Logger

    private init(
        events: NetfilterEventSource, runtime: LabRuntime, policy: NftablesDataplane,
        services: NftablesServiceTable, logger: Logger
    ) {
        self.events = events
        self.runtime = runtime
        self.policy = policy
        self.services = services
        self.logger = logger
    }

    /// Call after `runtime.start()`.
    static func open(_ runtime: LabRuntime, logger: Logger) async throws -> LabKernel {
        guard let node = runtime.network.nodeNamespace else {
            throw LabProblem(message: "the lab's node is gone before it was used")
        }
        let policy = try NftablesDataplane.open(in: node)
        let kernel = LabKernel(
            events: try NetfilterEventSource.open(in: node, decisions: policy.decisions), runtime: runtime,
            policy: policy, services: try NftablesServiceTable.open(in: node), logger: logger)
        _ = try await policy.apply(EnforcementProgram(generation: 0))
        return kernel
    }

    /// Wires what the snapshot says, before its policies are applied.
    func prepare(_ snapshot: LabSnapshot) async {
        await runtime.update(snapshot)
        do {
            try await services.apply(snapshot.translations)
        } catch {
            logger.error("Services not updated, the last ones stay", metadata: ["reason": "\(error)"])
        }
    }

    func apply(_ program: EnforcementProgram) async throws -> EnforcementReport {
        let report = try await policy.apply(program)
        await runtime.startWorkloads()
        return report
    }
}
