// SPDX-License-Identifier: Apache-2.0
//
// PolicyModel: what people write. Selectors, every policy kind as its API states it, and one ordered form
// (`Policy`) that all kinds are converted to. Parsing and validating values lives here; reading files and
// talking to API servers does not, and neither does evaluation.

/// The policy kinds, by the names that Calico sorts and reports them under.
public enum PolicyKind: String, Sendable, Hashable, CaseIterable {
    case networkPolicy = "NetworkPolicy"
    case globalNetworkPolicy = "GlobalNetworkPolicy"
    case stagedNetworkPolicy = "StagedNetworkPolicy"
    case stagedGlobalNetworkPolicy = "StagedGlobalNetworkPolicy"
    case stagedKubernetesNetworkPolicy = "StagedKubernetesNetworkPolicy"
    case kubernetesNetworkPolicy = "KubernetesNetworkPolicy"
    case kubernetesClusterNetworkPolicy = "KubernetesClusterNetworkPolicy"

    /// The short form in textual traces: `np`, `gnp`, ... (policy semantics 6.1).
    public var shortName: String {
        switch self {
        case .networkPolicy: "np"
        case .globalNetworkPolicy: "gnp"
        case .stagedNetworkPolicy: "snp"
        case .stagedGlobalNetworkPolicy: "sgnp"
        case .stagedKubernetesNetworkPolicy: "sknp"
        case .kubernetesNetworkPolicy: "knp"
        case .kubernetesClusterNetworkPolicy: "kcnp"
        }
    }

    /// Staged kinds are evaluated for the pending trace and never programmed.
    public var isStaged: Bool {
        switch self {
        case .stagedNetworkPolicy, .stagedGlobalNetworkPolicy, .stagedKubernetesNetworkPolicy: true
        default: false
        }
    }

    public var isNamespaced: Bool {
        switch self {
        case .globalNetworkPolicy, .stagedGlobalNetworkPolicy, .kubernetesClusterNetworkPolicy: false
        default: true
        }
    }

    /// The name people know the kind by: the Kubernetes kind is "Kubernetes NetworkPolicy".
    public var displayName: String {
        switch self {
        case .kubernetesNetworkPolicy: "Kubernetes NetworkPolicy"
        case .kubernetesClusterNetworkPolicy: "ClusterNetworkPolicy"
        default: rawValue
        }
    }
}

/// A policy's identity: kind, namespace and name. The tier is an attribute, not part of the identity.
public struct PolicyID: Hashable, Sendable {
    public let kind: PolicyKind
    /// Empty for global kinds.
    public let namespace: String
    public let name: String

    public init(kind: PolicyKind, namespace: String = "", name: String) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }

    /// `np:prod/web`, `gnp:base`: the policy's part of a textual trace.
    public var traceText: String {
        "\(kind.shortName):" + (namespace.isEmpty ? name : "\(namespace)/\(name)")
    }

    /// What breaks ties between policies of equal order: `name/namespace/kind` as one string, bytewise.
    public var tieBreak: String { "\(name)/\(namespace)/\(kind.rawValue)" }
}

extension PolicyID: CustomStringConvertible {
    /// `NetworkPolicy prod/web`: how messages name a policy.
    public var description: String {
        "\(kind.displayName) " + (namespace.isEmpty ? name : "\(namespace)/\(name)")
    }
}

/// Which way traffic goes, seen from the endpoint that a policy selects.
public enum Direction: String, Sendable, Hashable, CaseIterable, Comparable {
    case ingress = "Ingress"
    case egress = "Egress"

    public static func < (left: Direction, right: Direction) -> Bool { left == .ingress && right == .egress }
}

/// What a rule does with traffic that matches it.
public enum RuleAction: String, Sendable, Hashable, CaseIterable {
    case allow = "Allow"
    case deny = "Deny"
    case pass = "Pass"
    /// Writes a log line and goes on with the next rule.
    case log = "Log"
}

/// What happens to a connection in the end.
public enum Verdict: String, Sendable, Hashable {
    case allow
    case deny
}
