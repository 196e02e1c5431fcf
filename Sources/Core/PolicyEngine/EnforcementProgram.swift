// SPDX-License-Identifier: Apache-2.0
//
// PolicyEngine: the one evaluator. It compiles a cluster's state into rules over addresses, ports and
// protocols, walks them for verdicts with their traces, and hands the very same compiled rules to data planes
// as an `EnforcementProgram`. No I/O, no clock, no names of any particular data plane.

public import NetworkModel
public import PolicyModel

/// What a data plane has to enforce: compiled policies of one generation, staged policies left out.
///
/// Everything is referenced by index into the arrays of the same program. Names and contents are
/// deterministic functions of the cluster state, so two programs can be compared piece by piece to find the
/// smallest update.
///
///     bindings ──class──▶ classes ──▶ tiers ──chains──▶ chains ──▶ rules ──sets──▶ sets
public struct EnforcementProgram: Hashable, Sendable {
    /// Grows by one with every change of the compiled state; 0 is "nothing known yet".
    public var generation: UInt64
    public var sets: [EnforcementSet]
    public var chains: [EnforcementChain]
    public var classes: [EndpointClass]
    /// Sorted by interface name.
    public var bindings: [EndpointBinding]

    public init(
        generation: UInt64, sets: [EnforcementSet] = [], chains: [EnforcementChain] = [],
        classes: [EndpointClass] = [], bindings: [EndpointBinding] = []
    ) {
        self.generation = generation
        self.sets = sets
        self.chains = chains
        self.classes = classes
        self.bindings = bindings
    }
}

/// A set of addresses, or of address, protocol and port triples, that rules refer to.
public struct EnforcementSet: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        /// Sorted and without duplicates; blocks may overlap and may mix families.
        case addresses([IPPrefix])
        /// Sorted and without duplicates; families may be mixed.
        case addressPorts([AddressPort])
    }

    /// Stable for one definition: `s` and 16 hexadecimal digits. At most 17 ASCII letters and digits.
    public let name: String
    /// What the set stands for: a canonical selector, a service, a named port. For people.
    public let definition: String
    public let content: Content

    public init(name: String, definition: String, content: Content) {
        self.name = name
        self.definition = definition
        self.content = content
    }
}

/// One listening place: an address, a protocol, a port.
public struct AddressPort: Hashable, Sendable, Comparable {
    public let address: IPAddress
    public let transport: IPProtocol
    public let port: UInt16

    public init(address: IPAddress, transport: IPProtocol, port: UInt16) {
        self.address = address
        self.transport = transport
        self.port = port
    }

    public static func < (left: AddressPort, right: AddressPort) -> Bool {
        (left.address, left.transport, left.port) < (right.address, right.transport, right.port)
    }
}

/// The rules of one policy, or profile, for one direction.
public struct EnforcementChain: Hashable, Sendable {
    public enum Owner: Hashable, Sendable {
        case policy(PolicyID, tier: String)
        case profile(String)
    }

    public let owner: Owner
    public let direction: Direction
    public let rules: [EnforcementRule]

    public init(owner: Owner, direction: Direction, rules: [EnforcementRule]) {
        self.owner = owner
        self.direction = direction
        self.rules = rules
    }

    /// The decision that a hit on the rule at `position` of `rules` means; nil for `log` rules, which decide
    /// nothing.
    public func decision(at position: Int) -> RuleDecision? {
        let rule = rules[position]
        guard rule.action != .log else { return nil }
        return switch owner {
        case .policy(let id, let tier):
            RuleDecision(
                place: .rule(id, index: rule.index), tier: tier, direction: direction, action: rule.action)
        case .profile(let name):
            RuleDecision(
                place: .profileRule(name: name, index: rule.index), tier: "", direction: direction,
                action: rule.action)
        }
    }
}

/// A compiled rule.
public struct EnforcementRule: Hashable, Sendable {
    /// Index in the policy's converted rule list for the direction: what traces report.
    public let index: Int
    public let action: RuleAction
    public let match: RuleMatch

    public init(index: Int, action: RuleAction, match: RuleMatch) {
        self.index = index
        self.action = action
        self.match = match
    }
}

/// What traffic must look like to match a compiled rule. Every criterion that is present must hold.
public struct RuleMatch: Hashable, Sendable {
    /// The IP versions for which the rule exists at all (policy semantics 5.1); may be empty.
    public var families: Set<IPFamily>
    public var transport: IPProtocol?
    public var notTransport: IPProtocol?
    /// Type and code of ICMP in IPv4, of ICMPv6 in IPv6. Implies the protocol.
    public var icmp: ICMPMatch?
    /// Matches everything that `icmp` with the same value would not match.
    public var notICMP: ICMPMatch?
    public var source: SideMatch
    public var destination: SideMatch

    public init(
        families: Set<IPFamily> = [.v4, .v6], transport: IPProtocol? = nil, notTransport: IPProtocol? = nil,
        icmp: ICMPMatch? = nil, notICMP: ICMPMatch? = nil, source: SideMatch = SideMatch(),
        destination: SideMatch = SideMatch()
    ) {
        self.families = families
        self.transport = transport
        self.notTransport = notTransport
        self.icmp = icmp
        self.notICMP = notICMP
        self.source = source
        self.destination = destination
    }
}

/// The compiled criteria of one side. Set references are indexes into `EnforcementProgram.sets`.
public struct SideMatch: Hashable, Sendable {
    /// Address must be in one of these blocks; empty: no condition. Never matches across families.
    public var nets: [IPPrefix] = []
    /// Address must be in none of these blocks.
    public var notNets: [IPPrefix] = []
    /// Address must be in this set of addresses.
    public var addressSet: Int?
    /// Address must not be in this set of addresses.
    public var notAddressSet: Int?
    /// Address, protocol and port must be in this set (a Service of a rule).
    public var serviceSet: Int?
    /// Port conditions: numbers **or** the triples of `portSet`. Both absent: no condition. Numbers apply
    /// only when the packet's protocol has ports.
    public var ports: [PortRange] = []
    public var portSet: Int?
    /// Port must be none of these.
    public var notPorts: [PortRange] = []
    /// Address, protocol and port must not be in this set.
    public var notPortSet: Int?

    public init() {}

    public var isEmpty: Bool { self == SideMatch() }
}

/// What endpoints that no policy tells apart have in common.
public struct EndpointClass: Hashable, Sendable {
    public let ingress: DirectionProgram
    public let egress: DirectionProgram

    public init(ingress: DirectionProgram, egress: DirectionProgram) {
        self.ingress = ingress
        self.egress = egress
    }

    public func program(_ direction: Direction) -> DirectionProgram {
        direction == .ingress ? ingress : egress
    }
}

/// The policy walk of one direction (policy semantics 3.3): tiers in order, then profiles, then deny.
public struct DirectionProgram: Hashable, Sendable {
    /// Only tiers in which at least one policy governs the direction.
    public let tiers: [EnforcementTier]
    /// Indexes of profile chains in order. If none allows or denies, the packet is denied.
    public let profiles: [Int]

    public init(tiers: [EnforcementTier], profiles: [Int]) {
        self.tiers = tiers
        self.profiles = profiles
    }
}

/// One tier of a walk.
public struct EnforcementTier: Hashable, Sendable {
    public let name: String
    /// Indexes of policy chains in order of evaluation.
    public let chains: [Int]
    /// When no rule matched: `deny`, or `pass` to the next tier.
    public let endAction: RuleAction
    /// The policy that traces name for the end of the tier.
    public let endTrigger: PolicyID

    public init(name: String, chains: [Int], endAction: RuleAction, endTrigger: PolicyID) {
        self.name = name
        self.chains = chains
        self.endAction = endAction
        self.endTrigger = endTrigger
    }

    public func endDecision(_ direction: Direction) -> RuleDecision {
        RuleDecision(
            place: .endOfTier(trigger: endTrigger), tier: name, direction: direction, action: endAction)
    }
}

/// A workload's network interface on this node and the class of its endpoint.
public struct EndpointBinding: Hashable, Sendable {
    /// Interface name on the node's side, at most 15 bytes.
    public let interface: String
    /// Index into `EnforcementProgram.classes`.
    public let classIndex: Int
    public let endpoint: ResourceName

    public init(interface: String, classIndex: Int, endpoint: ResourceName) {
        self.interface = interface
        self.classIndex = classIndex
        self.endpoint = endpoint
    }
}

/// What a data plane did to reach a program.
public struct EnforcementReport: Hashable, Sendable {
    public var generation: UInt64
    public var chainsChanged: Int
    public var setsChanged: Int
    public var elementsChanged: Int

    public init(generation: UInt64, chainsChanged: Int = 0, setsChanged: Int = 0, elementsChanged: Int = 0) {
        self.generation = generation
        self.chainsChanged = chainsChanged
        self.setsChanged = setsChanged
        self.elementsChanged = elementsChanged
    }
}

/// A data plane as the engine sees it.
public protocol PolicyEnforcer: Sendable {
    /// Makes the program effective at once, or throws and leaves the last one in force untouched.
    func apply(_ program: EnforcementProgram) async throws -> EnforcementReport
}

/// One virtual address of a Service and the places it leads to. No backends: connections are refused.
public struct ServiceTranslation: Hashable, Sendable {
    public let service: ResourceName
    public let front: AddressPort
    /// Same family and protocol as `front`.
    public let backends: [AddressPort]

    public init(service: ResourceName, front: AddressPort, backends: [AddressPort]) {
        self.service = service
        self.front = front
        self.backends = backends
    }
}
