// SPDX-License-Identifier: Apache-2.0

public import PolicyModel

/// What decided, as a hit of a flow's trace names it. Raw values are the numbers of the flow API (1.3).
public enum FlowPolicyKind: UInt8, Sendable, Hashable, CaseIterable, BitwiseCopyable {
    case unspecified = 0
    case calicoNetworkPolicy = 1
    case globalNetworkPolicy = 2
    case stagedNetworkPolicy = 3
    case stagedGlobalNetworkPolicy = 4
    case stagedKubernetesNetworkPolicy = 5
    case networkPolicy = 6
    case profile = 9
    case endOfTier = 10
    case clusterNetworkPolicy = 11

    /// The kind that the flow API gives a policy.
    public init(_ kind: PolicyKind) {
        self =
            switch kind {
            case .networkPolicy: .calicoNetworkPolicy
            case .globalNetworkPolicy: .globalNetworkPolicy
            case .stagedNetworkPolicy: .stagedNetworkPolicy
            case .stagedGlobalNetworkPolicy: .stagedGlobalNetworkPolicy
            case .stagedKubernetesNetworkPolicy: .stagedKubernetesNetworkPolicy
            case .kubernetesNetworkPolicy: .networkPolicy
            case .kubernetesClusterNetworkPolicy: .clusterNetworkPolicy
            }
    }

    /// The name in the flow API.
    public var name: String {
        switch self {
        case .unspecified: "KindUnspecified"
        case .calicoNetworkPolicy: "CalicoNetworkPolicy"
        case .globalNetworkPolicy: "GlobalNetworkPolicy"
        case .stagedNetworkPolicy: "StagedNetworkPolicy"
        case .stagedGlobalNetworkPolicy: "StagedGlobalNetworkPolicy"
        case .stagedKubernetesNetworkPolicy: "StagedKubernetesNetworkPolicy"
        case .networkPolicy: "NetworkPolicy"
        case .profile: "Profile"
        case .endOfTier: "EndOfTier"
        case .clusterNetworkPolicy: "ClusterNetworkPolicy"
        }
    }

    /// `np`, `gnp`, ...: the code in the compact form (flow API 1.5).
    public var code: String {
        switch self {
        case .unspecified: "?"
        case .calicoNetworkPolicy: "np"
        case .globalNetworkPolicy: "gnp"
        case .stagedNetworkPolicy: "snp"
        case .stagedGlobalNetworkPolicy: "sgnp"
        case .stagedKubernetesNetworkPolicy: "sknp"
        case .networkPolicy: "knp"
        case .profile: "pro"
        case .endOfTier: "eot"
        case .clusterNetworkPolicy: "kcnp"
        }
    }
}

/// The policy that is named for the end of a tier.
public struct FlowTrigger: Hashable, Sendable {
    public var kind: FlowPolicyKind
    /// Empty for kinds without namespace.
    public var namespace: String
    public var name: String
    public var tier: String

    public init(kind: FlowPolicyKind, namespace: String, name: String, tier: String) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.tier = tier
    }
}

/// One decision in a flow's trace (flow API 1.2, PolicyHit).
public struct FlowHit: Hashable, Sendable {
    public var kind: FlowPolicyKind
    /// Empty for kinds without namespace, and at the end of a tier.
    public var namespace: String
    /// Empty at the end of a tier.
    public var name: String
    /// Empty for profiles.
    public var tier: String
    public var action: FlowAction
    /// Position in its trace.
    public var policyIndex: Int64
    /// -1 at the end of a tier.
    public var ruleIndex: Int64
    /// At the end of a tier: the policy that is named for it.
    public var trigger: FlowTrigger?

    public init(
        kind: FlowPolicyKind, namespace: String, name: String, tier: String, action: FlowAction,
        policyIndex: Int64, ruleIndex: Int64, trigger: FlowTrigger? = nil
    ) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.tier = tier
        self.action = action
        self.policyIndex = policyIndex
        self.ruleIndex = ruleIndex
        self.trigger = trigger
    }

    /// A decision of the engine or of a data plane.
    public init(_ hit: PolicyHit) {
        self.init(
            kind: .profile, namespace: "", name: "", tier: hit.tier, action: FlowAction(hit.action),
            policyIndex: Int64(hit.policyIndex), ruleIndex: Int64(hit.ruleIndex))
        switch hit.place {
        case .rule(let policy, _):
            kind = FlowPolicyKind(policy.kind)
            namespace = policy.namespace
            name = policy.name
        case .endOfTier(let policy):
            kind = .endOfTier
            trigger = FlowTrigger(
                kind: FlowPolicyKind(policy.kind), namespace: policy.namespace, name: policy.name,
                tier: hit.tier)
        case .profileRule(let profile, _): name = profile
        case .noProfileMatch: name = "__NO_MATCH__"
        }
    }

    /// Whom the decision is ascribed to: the trigger at the end of a tier, else the hit's own policy. Nil for
    /// profiles.
    public var policy: FlowTrigger? {
        if let trigger { return trigger }
        return kind == .profile ? nil : FlowTrigger(kind: kind, namespace: namespace, name: name, tier: tier)
    }

    /// `0|default|np:prod/web|allow|0`: the compact form (flow API 1.5).
    public var traceText: String {
        let named = trigger ?? FlowTrigger(kind: kind, namespace: namespace, name: name, tier: tier)
        let tier = kind == .profile && tier.isEmpty ? "__PROFILE__" : tier
        let subject = named.namespace.isEmpty ? named.name : "\(named.namespace)/\(named.name)"
        return "\(policyIndex)|\(tier)|\(named.kind.code):\(subject)|\(action.name.lowercased())|\(ruleIndex)"
    }
}

/// The two traces of a flow.
public struct FlowTrace: Hashable, Sendable {
    /// What decided, staged policies left out.
    public var enforced: [FlowHit]
    /// What would decide a new connection if staged policies were enforced.
    public var pending: [FlowHit]

    public init(enforced: [FlowHit] = [], pending: [FlowHit] = []) {
        self.enforced = enforced
        self.pending = pending
    }

    public init(_ trace: PolicyTrace) {
        self.init(enforced: trace.enforced.map(FlowHit.init), pending: trace.pending.map(FlowHit.init))
    }
}

extension FlowAction {
    /// `log` is no decision and becomes unspecified.
    public init(_ action: RuleAction) {
        self =
            switch action {
            case .allow: .allow
            case .deny: .deny
            case .pass: .pass
            case .log: .unspecified
            }
    }
}
