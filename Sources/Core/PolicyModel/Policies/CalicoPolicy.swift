// SPDX-License-Identifier: Apache-2.0

public import NetworkModel

/// NetworkPolicy, GlobalNetworkPolicy, StagedNetworkPolicy or StagedGlobalNetworkPolicy as
/// `projectcalico.org/v3` states it. Selectors are text: what a person wrote is kept for display and
/// messages.
public struct CalicoPolicy: Hashable, Sendable {
    public var id: PolicyID
    public var tier = "default"
    /// nil sorts last.
    public var order: Double?
    public var selector = ""
    /// Global kinds only.
    public var namespaceSelector = ""
    public var serviceAccountSelector = ""
    /// nil or empty: inferred from the rules (policy semantics 1.5).
    public var types: [Direction]?
    public var ingress: [CalicoRule] = []
    public var egress: [CalicoRule] = []
    public var isUntracked = false
    public var isPreDNAT = false
    public var appliesOnForward = false
    /// `performanceHints: [AssumeNeededOnEveryNode]`: nodes program the policy before an endpoint of theirs needs it.
    /// Never changes a verdict.
    public var isNeededOnEveryNode = false
    /// Staged kinds only.
    public var stagedAction = StagedAction.set

    public init(id: PolicyID) { self.id = id }
}

/// What a staged policy asks for. `delete` is discarded before evaluation; the others are evaluated alike.
public enum StagedAction: String, Sendable, Hashable {
    case set = "Set"
    case delete = "Delete"
    case learn = "Learn"
    case ignore = "Ignore"
}

/// One rule of a Calico policy.
public struct CalicoRule: Hashable, Sendable {
    public var action: RuleAction
    public var family: IPFamily?
    public var transport: ProtocolName?
    public var notTransport: ProtocolName?
    public var icmp: ICMPMatch?
    public var notICMP: ICMPMatch?
    public var source = CalicoEntityRule()
    public var destination = CalicoEntityRule()
    /// HTTP methods and paths are not enforced by packet data planes; only their presence is kept.
    public var hasHTTPMatch = false

    public init(action: RuleAction) { self.action = action }
}

/// A protocol as a rule names it. The *name* matters: `ICMP` implies IPv4, the number 1 does not.
public struct ProtocolName: Hashable, Sendable {
    public let number: IPProtocol
    public let isNumeric: Bool

    public init(_ number: IPProtocol, isNumeric: Bool = false) {
        self.number = number
        self.isNumeric = isNumeric
    }

    /// The family that the name implies.
    public var impliedFamily: IPFamily? {
        guard !isNumeric else { return nil }
        return number == .icmp ? .v4 : number == .icmpv6 ? .v6 : nil
    }
}

/// `icmp: {type, code}`; a nil code matches every code.
public struct ICMPMatch: Hashable, Sendable {
    public var type: UInt8
    public var code: UInt8?

    public init(type: UInt8, code: UInt8? = nil) {
        self.type = type
        self.code = code
    }

    public func matches(type otherType: UInt8, code otherCode: UInt8) -> Bool {
        type == otherType && (code == nil || code == otherCode)
    }
}

/// One side of a rule.
public struct CalicoEntityRule: Hashable, Sendable {
    public var nets: [IPPrefix] = []
    public var notNets: [IPPrefix] = []
    public var selector = ""
    public var notSelector = ""
    public var namespaceSelector = ""
    public var ports: [PortMatch] = []
    public var notPorts: [PortMatch] = []
    public var serviceAccountNames: [String] = []
    public var serviceAccountSelector = ""
    public var service: ServiceMatch?

    public init() {}
}

/// A port in a rule: a number or range, or the name of a container port.
public enum PortMatch: Hashable, Sendable {
    case range(PortRange)
    case named(String)
}

/// `services: {name, namespace}` of a rule.
public struct ServiceMatch: Hashable, Sendable {
    public var name: String
    /// Empty in a namespaced policy means the policy's own namespace.
    public var namespace: String

    public init(name: String, namespace: String = "") {
        self.name = name
        self.namespace = namespace
    }
}
