// SPDX-License-Identifier: Apache-2.0

import FlowModel
import NetworkModel
import PolicyEngine
import PolicyModel

/// One generation of the cluster, as the flow collector asks about it.
struct AgentContext: FlowContext, Sendable {
    let snapshot: PolicySnapshot
    private let naming: FlowNaming

    init(_ snapshot: PolicySnapshot) {
        self.snapshot = snapshot
        naming = FlowNaming(snapshot.cluster)
    }

    func pendingTrace(_ tuple: ConnectionTuple, _ direction: Direction) -> [PolicyHit] {
        snapshot.evaluate(tuple, direction)?.trace.pending ?? []
    }

    func names(_ forwarded: ConnectionTuple, original: ConnectionTuple?) -> FlowNames {
        naming.names(forwarded, original: original)
    }

    func isWorkload(_ address: IPAddress) -> Bool { naming.isWorkload(address) }
}
