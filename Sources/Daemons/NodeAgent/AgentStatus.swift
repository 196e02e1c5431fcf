// SPDX-License-Identifier: Apache-2.0

public import FlowModel
public import NetworkModel
public import PolicyEngine
public import PolicyModel

/// What a node agent says of itself.
public struct AgentStatus: Sendable {
    public var nodeName: String
    public var sourceKind: String
    /// Generation of the newest policies.
    public var generation: UInt64
    /// Generation that the data plane enforces; behind `generation` when it refused the newest.
    public var appliedGeneration: UInt64
    public var snapshot: PolicySnapshot
    public var state: ClusterState
    /// Problems of manifests and of enforcement, all of the current ones.
    public var diagnostics: [Diagnostic]
    public var losses: [EventLoss]
    public var lastEventAt: Timestamp?
}
