// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel
import Synchronization

/// The newest policies, for the simulated data plane: the engine decides in place of the kernel.
final class CurrentSnapshot: Sendable {
    private let snapshot = Mutex<PolicySnapshot?>(nil)

    func set(_ new: PolicySnapshot) { snapshot.withLock { $0 = new } }

    func decisions(_ tuple: ConnectionTuple) -> (egress: [RuleDecision]?, ingress: [RuleDecision]?) {
        guard let current = snapshot.withLock({ $0 }) else { return (nil, nil) }
        return (
            current.evaluate(tuple, .egress)?.decisions(.egress),
            current.evaluate(tuple, .ingress)?.decisions(.ingress)
        )
    }
}
