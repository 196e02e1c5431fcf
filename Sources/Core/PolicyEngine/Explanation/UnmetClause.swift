// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
public import PolicyModel

/// One end of a connection.
public enum ConnectionEnd: String, Sendable, Hashable, CaseIterable {
    case source
    case destination
}

/// What one owner of an address lacks for a selector.
public struct SelectorMismatch: Hashable, Sendable {
    /// Whose labels were looked at.
    public let owner: AddressOwner
    /// The first part of the selector that is false for them.
    public let term: Selector
    /// The labels that the part names, as the owner has them; nil for one that it has not.
    public let labels: [ActualLabel]

    public init(owner: AddressOwner, term: Selector, labels: [ActualLabel]) {
        self.owner = owner
        self.term = term
        self.labels = labels
    }

    public struct ActualLabel: Hashable, Sendable {
        public let key: String
        public let value: String?

        public init(key: String, value: String?) {
            self.key = key
            self.value = value
        }
    }
}

/// A criterion of a rule that a connection does not meet: what is, beside what the rule wants.
public enum UnmetClause: Hashable, Sendable {
    /// The rule exists for these IP versions alone; for none when its blocks are of both.
    case family(wanted: Set<IPFamily>, actual: IPFamily)
    case transport(wanted: IPProtocol, actual: IPProtocol)
    case excludedTransport(IPProtocol)
    /// `actual` is nil for a connection that is not ICMP.
    case icmp(wanted: ICMPMatch, actual: ICMPMatch?)
    case excludedICMP(ICMPMatch)
    case nets(ConnectionEnd, IPAddress, wanted: [IPPrefix])
    case excludedNet(ConnectionEnd, IPAddress, IPPrefix)
    /// One mismatch for each owner of the address; none when nothing known owns it.
    case selector(ConnectionEnd, IPAddress, wanted: Selector, [SelectorMismatch])
    /// An owner of the address, the first of them, matches what the rule excludes.
    case excludedSelector(ConnectionEnd, IPAddress, excluded: Selector, owner: AddressOwner?)
    /// The address, or the address with the port, is none of the Service's.
    case service(ConnectionEnd, IPAddress, port: UInt16?, ResourceName)
    /// `actual` is nil when the protocol has no ports.
    case ports(ConnectionEnd, actual: UInt16?, wanted: [PortMatch])
    case excludedPort(ConnectionEnd, UInt16, PortMatch)
}

/// What became of one rule in a walk.
public enum RuleResult: Hashable, Sendable {
    case matched
    /// What is not met, in the order of the rule; never empty.
    case failed([UnmetClause])
    /// Whether the rule matches depends on facts that are not known. `seenAsMatch`: how a data plane takes it.
    case unknown([MissingFact], seenAsMatch: Bool)
    /// Decided before.
    case notReached

    /// Whether a data plane finds that the rule matches.
    var isSeenAsMatch: Bool {
        switch self {
        case .matched: true
        case .unknown(_, let seen): seen
        case .failed, .notReached: false
        }
    }
}
