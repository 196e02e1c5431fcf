// SPDX-License-Identifier: Apache-2.0

import Daemons
import Lab
import NetworkModel
import PolicyEngine
import PolicyModel
import Synchronization
import WebBackend

/// What the console shows beside flows, gathered from the lab's parts.
final class LabStatus: StatusProviding {
    private let agent: NodeAgent
    private let aggregator: Aggregator
    private let isSimulated: Bool
    private let version: String
    private let progress = Mutex<ScenarioProgress?>(nil)

    init(agent: NodeAgent, aggregator: Aggregator, isSimulated: Bool, version: String) {
        self.agent = agent
        self.aggregator = aggregator
        self.isSimulated = isSimulated
        self.version = version
    }

    func report(_ current: ScenarioProgress?) { progress.withLock { $0 = current } }

    func status() async -> StatusSnapshot {
        let agent = await agent.status()
        let staged = agent.snapshot.policies.count { $0.id.kind.isStaged }
        return StatusSnapshot(
            version: version, mode: "lab", isSimulated: isSimulated, now: LabTime.now,
            generation: agent.appliedGeneration,
            sources: [
                .init(
                    name: agent.nodeName, kind: agent.sourceKind, isConnected: true,
                    lastEvent: agent.lastEventAt)
            ],
            flowsPerSecond: aggregator.recordsPerSecond, flowKeys: aggregator.flowKeyCount,
            endpoints: agent.snapshot.endpoints.count,
            enforcedPolicies: agent.snapshot.policies.count - staged, stagedPolicies: staged,
            losses: agent.losses + aggregator.losses, policyErrors: agent.diagnostics,
            scenario: progress.withLock { $0 }.map {
                .init(name: $0.name, step: $0.step, steps: $0.steps, title: $0.stepTitle, hint: $0.hint)
            })
    }

    func policies() async -> PolicyListing {
        let agent = await agent.status()
        let counts = agent.snapshot.endpointCounts
        return PolicyListing(
            generation: agent.generation,
            items: agent.snapshot.policies.map { policy in
                PolicyListing.Item(
                    id: policy.id, tier: policy.tier, order: policy.order.isFinite ? policy.order : nil,
                    selector: policy.selector.description, location: agent.state.policies[policy.id]?.origin,
                    endpoints: counts[policy.id] ?? 0, ingress: policy.ingress.map(\.text),
                    egress: policy.egress.map(\.text))
            })
    }
}
