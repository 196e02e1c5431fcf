// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
public import PolicyModel

/// Why policy treats a connection as it does: the walks of both ends, and what follows from them.
public struct Explanation: Hashable, Sendable {
    /// After destination NAT.
    public let connection: ConnectionTuple
    /// Everything that the address belongs to; empty for an address outside the cluster.
    public let sourceOwners: [AddressOwner]
    public let destinationOwners: [AddressOwner]
    public let egress: Side
    public let ingress: Side

    /// What evaluates one side of a connection.
    public enum Side: Hashable, Sendable {
        case workload(WorkloadEndpoint, WalkExplanation)
        /// A node's interface, for traffic to or from processes of the node.
        case hostEndpoint(HostExplanation)
        /// The address belongs to no endpoint: no policy looks at this side.
        case outside
        /// It is not known what is at this end, by the name that was asked for.
        case unknown(String)

        public var walk: WalkExplanation? {
            if case .workload(_, let walk) = self { walk } else { nil }
        }

        /// nil when no policy looks at this side.
        public var outcome: Outcome? {
            switch self {
            case .workload(_, let walk): walk.outcome
            case .unknown(let name): .undecidable([.endpoint(name)])
            case .hostEndpoint(let host): host.outcome
            case .outside: nil
            }
        }

        /// The outcome if staged policies were enforced.
        public var pendingOutcome: Outcome? {
            if case .workload(_, let walk) = self { walk.pendingOutcome } else { outcome }
        }
    }

    public func side(_ direction: Direction) -> Side { direction == .egress ? egress : ingress }

    public func owners(_ end: ConnectionEnd) -> [AddressOwner] {
        end == .source ? sourceOwners : destinationOwners
    }

    /// Both sides together: denied if one certainly denies, else undecidable if one is, else allowed.
    public var outcome: Outcome { Self.combined([egress.outcome, ingress.outcome]) }

    /// The outcome if staged policies were enforced.
    public var pendingOutcome: Outcome { Self.combined([egress.pendingOutcome, ingress.pendingOutcome]) }

    private static func combined(_ sides: [Outcome?]) -> Outcome {
        let present = sides.compactMap(\.self)
        if present.contains(.denied) { return .denied }
        let missing = present.reduce([]) { $0.adding($1.missing) }
        return missing.isEmpty ? .allowed : .undecidable(missing)
    }
}

/// What a person makes of a connection that was tried.
public enum ConnectionFinding: Hashable, Sendable {
    case allowed
    case denied
    case undecidable([MissingFact])
    /// Policy allows the connection and yet it fails: the cause is elsewhere.
    case notPolicy
}

extension Explanation {
    /// The outcome beside what was observed: whether the connection came about; nil when nobody tried.
    public func finding(didConnect: Bool? = nil) -> ConnectionFinding {
        switch outcome {
        case .allowed: didConnect == false ? .notPolicy : .allowed
        case .denied: .denied
        case .undecidable(let missing): .undecidable(missing)
        }
    }
}

extension Outcome {
    /// What is missing for a decision; empty when there is one.
    public var missing: [MissingFact] {
        if case .undecidable(let facts) = self { facts } else { [] }
    }
}
