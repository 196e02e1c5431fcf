// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
public import PolicyModel

/// A new connection at a host endpoint's interface.
public struct HostTraffic: Hashable, Sendable {
    public enum Path: Hashable, Sendable {
        /// To or from a process of the host itself.
        case local
        /// Through the host, from or to a workload or another interface.
        case forwarded
    }

    /// After destination NAT.
    public var tuple: ConnectionTuple
    /// As the packet came in, before destination NAT; equal to `tuple` when there is none.
    public var original: ConnectionTuple
    public var path: Path
    /// Seen from the host endpoint.
    public var direction: Direction

    public init(
        _ tuple: ConnectionTuple, original: ConnectionTuple? = nil, path: Path, direction: Direction
    ) {
        self.tuple = tuple
        self.original = original ?? tuple
        self.path = path
        self.direction = direction
    }
}

/// Where in the packet's way a host endpoint's policy acts (policy semantics 3.6).
public enum HostStage: String, Hashable, Sendable, CaseIterable {
    /// Before connection tracking: `doNotTrack` policies.
    case untracked
    /// Before Service NAT, incoming only: `preDNAT` policies.
    case preDNAT
    /// To and from processes of the host: all other policies.
    case normal
    /// Through the host: `applyOnForward` policies without the flags of the first two stages.
    case forward

    func includes(_ policy: Policy) -> Bool {
        switch self {
        case .untracked: policy.isUntracked
        case .preDNAT: policy.isPreDNAT
        case .normal: policy.appliesToWorkloads
        case .forward: policy.appliesToWorkloads && policy.appliesOnForward
        }
    }

    /// The tiers of the first two stages have no end: what no rule matches goes on.
    var endsTiers: Bool { self == .normal || self == .forward }
}

/// Ports that stay open at host endpoints whatever the policies say, so that nobody locks himself out.
public struct FailsafePorts: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public var transport: IPProtocol
        public var port: UInt16
        /// The peers it holds for; nil: all.
        public var peers: IPPrefix?

        public init(_ transport: IPProtocol, _ port: UInt16, peers: IPPrefix? = nil) {
            self.transport = transport
            self.port = port
            self.peers = peers
        }
    }

    public var inbound: [Entry]
    public var outbound: [Entry]

    public init(inbound: [Entry], outbound: [Entry]) {
        self.inbound = inbound
        self.outbound = outbound
    }

    /// Calico's own list (policy semantics 3.6): SSH, DHCP, BGP, etcd, Typha, the Kubernetes API; DNS outbound.
    public static let standard = FailsafePorts(
        inbound: [Entry(.tcp, 22), Entry(.udp, 68)] + shared,
        outbound: [Entry(.udp, 53), Entry(.udp, 67)] + shared)

    private static let shared = [179, 2379, 2380, 5473, 6443, 6666, 6667].map { Entry(.tcp, $0) }

    /// Whether the packet is accepted ahead of the policies of a stage.
    func accept(_ tuple: ConnectionTuple, _ direction: Direction, isUntracked: Bool) -> Bool {
        let (own, reverse) = direction == .ingress ? (inbound, outbound) : (outbound, inbound)
        let peer = direction == .ingress ? tuple.source : tuple.destination
        func holds(_ entry: Entry, _ port: UInt16) -> Bool {
            entry.transport == tuple.transport && entry.port == port && entry.peers?.contains(peer) ?? true
        }
        if own.contains(where: { holds($0, tuple.destinationPort) }) { return true }
        // Without connection tracking nothing else lets the replies of the other direction through.
        return isUntracked && reverse.contains { holds($0, tuple.sourcePort) }
    }
}

/// What a host endpoint decides about a connection.
public struct HostOutcome: Hashable, Sendable {
    public enum Reason: Hashable, Sendable {
        case failsafe
        /// A rule, the end of a tier, or a profile.
        case policy(RuleDecision)
        /// Forwarded, and no tier has an `applyOnForward` policy that selects the endpoint.
        case noForwardPolicy
        /// Forwarded, and the tiers have such policies, but none governs the direction.
        case noForwardPolicyInDirection
        /// Forwarded, and such policies or the ends of their tiers pass the packet on, down to the last tier.
        case forwardPolicyPassed
    }

    public let verdict: Verdict
    /// The stage that decided.
    public let stage: HostStage
    public let reason: Reason
    /// Decisions before the last: tiers that were passed, by stage.
    public let passed: [RuleDecision]

    /// What decided, as one phrase: `preDNAT: gnp pre rule 0`, `forward: end of tier default`, `failsafe`,
    /// `profile open rule 0`, `normal: no profile matched`.
    public var decidedBy: String {
        switch reason {
        case .failsafe: "failsafe"
        case .noForwardPolicy: "forward: no applyOnForward tiers"
        case .noForwardPolicyInDirection: "forward: no policy in this direction"
        case .forwardPolicyPassed: "forward: every tier passed"
        case .policy(let decision):
            switch decision.place {
            case .rule(let id, let index): "\(stage.rawValue): \(id.kind.shortName) \(id.name) rule \(index)"
            case .endOfTier: "\(stage.rawValue): end of tier \(decision.tier)"
            case .profileRule(let name, let index): "profile \(name) rule \(index)"
            case .noProfileMatch: "\(stage.rawValue): no profile matched"
            }
        }
    }
}
