// SPDX-License-Identifier: Apache-2.0

public import NetworkModel

/// policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy; also the form that the retired AdminNetworkPolicy and
/// BaselineAdminNetworkPolicy are converted to.
public struct ClusterPolicy: Hashable, Sendable {
    public enum Tier: String, Sendable, Hashable {
        case admin = "Admin"
        case baseline = "Baseline"

        /// The Calico tier that stands for it.
        public var tierName: String { self == .admin ? "kube-admin" : "kube-baseline" }
    }

    /// Which pods the policy governs.
    public enum Subject: Hashable, Sendable {
        /// Every pod of the namespaces.
        case namespaces(LabelSelector)
        case pods(namespaces: LabelSelector, pods: LabelSelector)
    }

    public var id: PolicyID
    public var tier: Tier
    /// 0 to 1000, smaller first: the order within the tier.
    public var priority: Int
    public var subject: Subject
    public var ingress: [ClusterRule] = []
    public var egress: [ClusterRule] = []

    public init(id: PolicyID, tier: Tier, priority: Int, subject: Subject) {
        self.id = id
        self.tier = tier
        self.priority = priority
        self.subject = subject
    }
}

/// One rule of a cluster policy: any of the peers on any of the ports; no ports means any traffic.
public struct ClusterRule: Hashable, Sendable {
    public var name: String
    /// `allow` (written Accept), `deny` or `pass`.
    public var action: RuleAction
    public var peers: [ClusterPeer]
    public var ports: [ClusterPort]

    public init(name: String = "", action: RuleAction, peers: [ClusterPeer] = [], ports: [ClusterPort] = []) {
        self.name = name
        self.action = action
        self.peers = peers
        self.ports = ports
    }
}

public enum ClusterPeer: Hashable, Sendable {
    /// Everything in the namespaces, network sets included.
    case namespaces(LabelSelector)
    case pods(namespaces: LabelSelector, pods: LabelSelector)
    /// Egress only.
    case networks([IPPrefix])
    /// `nodes`, `domainNames`: what Calico does not support; the field's name is kept for messages.
    case unsupported(String)
}

public enum ClusterPort: Hashable, Sendable {
    /// nil: every port of the protocol.
    case transport(IPProtocol, PortMatch?)
    /// A named port of the destination, of any protocol.
    case named(String)
}
