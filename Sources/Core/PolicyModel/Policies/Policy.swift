// SPDX-License-Identifier: Apache-2.0

public import NetworkModel

/// Label names that Calico gives endpoints and that selectors are rewritten to.
public enum WellKnownLabel {
    public static let namespace = "projectcalico.org/namespace"
    public static let serviceAccount = "projectcalico.org/serviceaccount"
    public static let orchestrator = "projectcalico.org/orchestrator"
    /// Added by us to namespaces and service accounts under their prefix, holding the object's name.
    public static let name = "projectcalico.org/name"
    /// Put by Kubernetes on every namespace, holding its name.
    public static let namespaceName = "kubernetes.io/metadata.name"
    /// Put before the labels that an endpoint or network set inherits from its namespace.
    public static let namespacePrefix = "pcns."
    /// Put before the labels that an endpoint inherits from its service account.
    public static let serviceAccountPrefix = "pcsa."
}

/// A policy of any kind in the one form that is evaluated and compiled: flat selectors, converted rules.
public struct Policy: Hashable, Sendable {
    public let id: PolicyID
    public let tier: String
    /// Missing order sorts last: positive infinity.
    public let order: Double
    /// Which endpoints the policy applies to, over their full label set (policy semantics 2.4).
    public let selector: Selector
    public let directions: Set<Direction>
    public let ingress: [Rule]
    public let egress: [Rule]
    public let isUntracked: Bool
    public let isPreDNAT: Bool
    public let appliesOnForward: Bool

    public func rules(_ direction: Direction) -> [Rule] { direction == .ingress ? ingress : egress }

    /// False for the host-endpoint stages: `doNotTrack` and `preDNAT` policies never govern a workload.
    public var appliesToWorkloads: Bool { !isUntracked && !isPreDNAT }
}

/// One converted rule. Every criterion that is present must hold.
public struct Rule: Hashable, Sendable {
    public var action: RuleAction
    /// From `ipVersion` or the protocols `ICMP`, `ICMPv6`.
    public var family: IPFamily?
    public var transport: IPProtocol?
    public var notTransport: IPProtocol?
    public var icmp: ICMPMatch?
    public var notICMP: ICMPMatch?
    public var source: EntityMatch
    public var destination: EntityMatch
    /// The rule carries an HTTP condition that packet data planes do not see.
    public var hasHTTPMatch: Bool
    /// Position of the rule as written that this one comes from, in the list of its direction. Kubernetes kinds
    /// become several rules for one that is written.
    public var sourceIndex: Int

    public init(
        action: RuleAction, family: IPFamily? = nil, transport: IPProtocol? = nil,
        notTransport: IPProtocol? = nil,
        icmp: ICMPMatch? = nil, notICMP: ICMPMatch? = nil, source: EntityMatch = EntityMatch(),
        destination: EntityMatch = EntityMatch(), hasHTTPMatch: Bool = false, sourceIndex: Int = 0
    ) {
        self.action = action
        self.family = family
        self.transport = transport
        self.notTransport = notTransport
        self.icmp = icmp
        self.notICMP = notICMP
        self.source = source
        self.destination = destination
        self.hasHTTPMatch = hasHTTPMatch
        self.sourceIndex = sourceIndex
    }
}

/// The criteria of one side of a rule after selector rewriting.
public struct EntityMatch: Hashable, Sendable {
    public var nets: [IPPrefix]
    public var notNets: [IPPrefix]
    /// Address must belong to an endpoint or set that matches.
    public var selector: Selector?
    /// Address must belong to no endpoint or set that matches.
    public var notSelector: Selector?
    public var ports: [PortMatch]
    public var notPorts: [PortMatch]
    /// Namespace filled in.
    public var service: ResourceName?

    public init(
        nets: [IPPrefix] = [], notNets: [IPPrefix] = [], selector: Selector? = nil,
        notSelector: Selector? = nil,
        ports: [PortMatch] = [], notPorts: [PortMatch] = [], service: ResourceName? = nil
    ) {
        self.nets = nets
        self.notNets = notNets
        self.selector = selector
        self.notSelector = notSelector
        self.ports = ports
        self.notPorts = notPorts
        self.service = service
    }
}
