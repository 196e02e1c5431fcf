// SPDX-License-Identifier: Apache-2.0

public import PolicyModel

/// A condition on flows, with the meaning of Goldmane's Filter (flow API 2.6): fields are ANDed, values of
/// one field ORed, an empty field is no condition.
public struct FlowFilter: Hashable, Sendable {
    public enum MatchType: String, Sendable, Hashable {
        case exact = "Exact"
        /// Case-sensitive substring.
        case fuzzy = "Fuzzy"
    }

    public struct StringMatch: Hashable, Sendable {
        public var value: String
        public var type: MatchType

        public init(_ value: String, _ type: MatchType = .exact) {
            self.value = value
            self.type = type
        }
    }

    /// The kinds of a hit as the flow API names them.
    public enum HitKind: String, Sendable, Hashable, CaseIterable {
        case calicoNetworkPolicy = "CalicoNetworkPolicy"
        case globalNetworkPolicy = "GlobalNetworkPolicy"
        case stagedNetworkPolicy = "StagedNetworkPolicy"
        case stagedGlobalNetworkPolicy = "StagedGlobalNetworkPolicy"
        case stagedKubernetesNetworkPolicy = "StagedKubernetesNetworkPolicy"
        case networkPolicy = "NetworkPolicy"
        case profile = "Profile"
        case endOfTier = "EndOfTier"
        case clusterNetworkPolicy = "ClusterNetworkPolicy"

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

        public init(_ place: DecisionPlace) {
            self =
                switch place {
                case .rule(let id, _): HitKind(id.kind)
                case .endOfTier: .endOfTier
                case .profileRule, .noProfileMatch: .profile
                }
        }
    }

    /// All present conditions must hold on the same hit, enforced or pending.
    public struct PolicyMatch: Hashable, Sendable {
        public var kind: HitKind?
        public var tier: StringMatch?
        public var namespace: StringMatch?
        public var name: StringMatch?
        public var action: RuleAction?

        public init(
            kind: HitKind? = nil, tier: StringMatch? = nil, namespace: StringMatch? = nil,
            name: StringMatch? = nil,
            action: RuleAction? = nil
        ) {
            self.kind = kind
            self.tier = tier
            self.namespace = namespace
            self.name = name
            self.action = action
        }
    }

    public var sourceNames: [StringMatch] = []
    public var sourceNamespaces: [StringMatch] = []
    public var destinationNames: [StringMatch] = []
    public var destinationNamespaces: [StringMatch] = []
    public var transports: [StringMatch] = []
    public var destinationPorts: [Int64] = []
    public var actions: [RuleAction] = []
    public var pendingActions: [RuleAction] = []
    public var policies: [PolicyMatch] = []
    public var reporter: FlowReporter?

    public init() {}
}

extension FlowFilter {
    public var isEmpty: Bool { self == FlowFilter() }

    public func matches(_ key: FlowKey) -> Bool {
        (reporter == nil || reporter == key.reporter)
            && (actions.isEmpty || actions.contains { $0.rawValue == key.action.rawValue })
            && (destinationPorts.isEmpty || destinationPorts.contains(Int64(key.destinationPort)))
            && Self.any(sourceNames, key.source.name, alias: Self.networkAlias)
            && Self.any(sourceNamespaces, key.source.namespace, alias: Self.namespaceAlias)
            && Self.any(destinationNames, key.destination.name, alias: Self.networkAlias)
            && Self.any(destinationNamespaces, key.destination.namespace, alias: Self.namespaceAlias)
            && Self.any(transports, key.transport, alias: { _ in nil })
            && (pendingActions.isEmpty || key.trace.pending.contains { pendingActions.contains($0.action) })
            && (policies.isEmpty || policies.contains { $0.matches(key.trace) })
    }

    static func networkAlias(_ name: String) -> String? {
        name == "pub" ? "PUBLIC NETWORK" : name == "pvt" ? "PRIVATE NETWORK" : nil
    }

    static func namespaceAlias(_ namespace: String) -> String? { namespace == "Global" ? "-" : nil }

    private static func any(_ wanted: [StringMatch], _ stored: String, alias: (String) -> String?) -> Bool {
        wanted.isEmpty || wanted.contains { $0.matches(stored) || (alias(stored).map($0.matches) ?? false) }
    }
}

extension FlowFilter.StringMatch {
    func matches(_ stored: String) -> Bool {
        type == .exact ? stored == value : value.isEmpty || stored.contains(value)
    }
}

extension FlowFilter.PolicyMatch {
    func matches(_ trace: PolicyTrace) -> Bool {
        trace.enforced.contains(where: matches) || trace.pending.contains(where: matches)
    }

    /// The hit itself is tested, never its trigger: the end of a tier has an empty name and namespace.
    func matches(_ hit: PolicyHit) -> Bool {
        let (hitNamespace, hitName) =
            switch hit.place {
            case .rule(let id, _): (id.namespace, id.name)
            case .profileRule(let profile, _): ("", profile)
            case .endOfTier: ("", "")
            case .noProfileMatch: ("", "__NO_MATCH__")
            }
        func holds(_ match: FlowFilter.StringMatch?, _ stored: String) -> Bool {
            guard let match, !match.value.isEmpty else { return true }
            return match.matches(stored)
        }
        return (kind == nil || kind == FlowFilter.HitKind(hit.place))
            && (action == nil || action == hit.action)
            && holds(tier, hit.tier) && holds(namespace, hitNamespace) && holds(name, hitName)
    }
}
