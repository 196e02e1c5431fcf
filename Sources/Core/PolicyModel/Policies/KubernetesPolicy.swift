// SPDX-License-Identifier: Apache-2.0

public import NetworkModel

/// networking.k8s.io/v1 NetworkPolicy, or Calico's StagedKubernetesNetworkPolicy of the same shape.
public struct KubernetesPolicy: Hashable, Sendable {
    public var id: PolicyID
    public var podSelector = LabelSelector()
    /// nil or empty: see `KubernetesPolicy.converted`.
    public var policyTypes: [Direction]?
    public var ingress: [KubernetesRule] = []
    public var egress: [KubernetesRule] = []
    public var stagedAction = StagedAction.set

    public init(id: PolicyID) { self.id = id }
}

/// One ingress or egress rule: any of the peers on any of the ports; an empty list means any.
public struct KubernetesRule: Hashable, Sendable {
    public var peers: [KubernetesPeer]
    public var ports: [KubernetesPort]

    public init(peers: [KubernetesPeer] = [], ports: [KubernetesPort] = []) {
        self.peers = peers
        self.ports = ports
    }
}

public enum KubernetesPeer: Hashable, Sendable {
    case ipBlock(IPPrefix, except: [IPPrefix])
    /// A nil namespace selector means the policy's own namespace, an empty one every namespace.
    case pods(LabelSelector?, namespaces: LabelSelector?)
}

public struct KubernetesPort: Hashable, Sendable {
    public var transport: IPProtocol
    /// nil: every port of the protocol.
    public var port: PortMatch?

    public init(transport: IPProtocol = .tcp, port: PortMatch? = nil) {
        self.transport = transport
        self.port = port
    }
}

/// A meta/v1 LabelSelector; empty matches everything.
public struct LabelSelector: Hashable, Sendable {
    public enum Operator: String, Sendable, Hashable {
        case isIn = "In"
        case notIn = "NotIn"
        case exists = "Exists"
        case doesNotExist = "DoesNotExist"
    }

    public struct Requirement: Hashable, Sendable {
        public var key: String
        public var `operator`: Operator
        public var values: [String]

        public init(key: String, operator: Operator, values: [String] = []) {
            self.key = key
            self.operator = `operator`
            self.values = values
        }
    }

    public var matchLabels: Labels
    public var matchExpressions: [Requirement]

    public init(matchLabels: Labels = Labels(), matchExpressions: [Requirement] = []) {
        self.matchLabels = matchLabels
        self.matchExpressions = matchExpressions
    }

    public var isEmpty: Bool { matchLabels.isEmpty && matchExpressions.isEmpty }

    /// The terms as selector nodes: labels in key order, then expressions in order (policy semantics 7.1).
    var terms: [Selector.Node] {
        matchLabels.entries.map { .equals($0.key, $0.value) }
            + matchExpressions.map { requirement in
                let values = Set(requirement.values).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
                switch requirement.operator {
                case .isIn: return .isIn(requirement.key, values)
                case .notIn: return .notIn(requirement.key, values)
                case .exists: return .has(requirement.key)
                case .doesNotExist: return .not(.has(requirement.key))
                }
            }
    }
}

/// A policy of any kind as its API states it, with the place it was read from.
public struct PolicyResource: Hashable, Sendable {
    public enum Form: Hashable, Sendable {
        case calico(CalicoPolicy)
        case kubernetes(KubernetesPolicy)
        case cluster(ClusterPolicy)
    }

    public var form: Form
    public var origin: SourceLocation?
    /// Line of each rule as written, in the file of `origin`, by direction; empty when not known.
    public var ruleLines: [Direction: [Int]] = [:]

    public init(_ policy: CalicoPolicy, origin: SourceLocation? = nil) {
        form = .calico(policy)
        self.origin = origin
    }

    public init(_ policy: KubernetesPolicy, origin: SourceLocation? = nil) {
        form = .kubernetes(policy)
        self.origin = origin
    }

    public init(_ policy: ClusterPolicy, origin: SourceLocation? = nil) {
        form = .cluster(policy)
        self.origin = origin
    }

    public var id: PolicyID {
        switch form {
        case .calico(let policy): policy.id
        case .kubernetes(let policy): policy.id
        case .cluster(let policy): policy.id
        }
    }
}
