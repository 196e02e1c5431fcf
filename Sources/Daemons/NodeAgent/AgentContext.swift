// SPDX-License-Identifier: Apache-2.0

import FlowModel
import NetworkModel
import PolicyEngine
import PolicyModel
import Synchronization

/// One generation of the cluster, as the flow collector asks about it.
struct AgentContext: FlowContext, Sendable {
    let snapshot: PolicySnapshot
    private let naming: FlowNaming
    private let evaluator: RememberingEvaluator

    /// Keeps what was worked out about addresses and ports for as long as the generation lasts.
    private final class RememberingEvaluator: Sendable {
        private let evaluator: Mutex<PolicyEvaluator>

        init(_ snapshot: PolicySnapshot) { evaluator = Mutex(PolicyEvaluator(snapshot)) }

        func evaluate(_ tuple: ConnectionTuple, _ direction: Direction) -> DirectionOutcome? {
            evaluator.withLock { $0.evaluate(tuple, direction) }
        }
    }

    init(_ snapshot: PolicySnapshot) {
        self.snapshot = snapshot
        naming = FlowNaming(snapshot.cluster)
        evaluator = RememberingEvaluator(snapshot)
    }

    func evaluate(_ tuple: ConnectionTuple, _ direction: Direction) -> DirectionOutcome? {
        evaluator.evaluate(tuple, direction)
    }

    func pendingTrace(_ tuple: ConnectionTuple, _ direction: Direction) -> [PolicyHit] {
        evaluate(tuple, direction)?.trace.pending ?? []
    }

    func names(_ forwarded: ConnectionTuple, original: ConnectionTuple?) -> FlowNames {
        naming.names(forwarded, original: original)
    }

    func isWorkload(_ address: IPAddress) -> Bool { naming.isWorkload(address) }
}
