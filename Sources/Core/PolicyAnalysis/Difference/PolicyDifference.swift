// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
public import PolicyEngine
public import PolicyModel

/// What changes for connections between two worlds, usually the same endpoints under two sets of policies.
///
/// Exact: every connection that opens, closes or is decided by another rule is in one of `changes`, and nothing else
/// is. Pods are compared by name, so their addresses may differ.
public struct PolicyDifference: Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Was denied, is allowed.
        case opens
        /// Was allowed, is denied.
        case closes
        /// The same verdict by other rules. Rules of one policy with the same content are the same rule, whatever
        /// their index; ends of one tier are the same, whichever policy is named for them.
        case redecided
    }

    public enum Cause: String, Hashable, Sendable {
        /// Both ends are in both worlds.
        case rules
        /// One of the ends, or its address of the IP version, is in one of the worlds only.
        case endpoints
    }

    /// Connections that change in the same way: all of `traffic` from every member of `sources` to every member of
    /// `destinations`.
    public struct Change: Sendable {
        public let kind: Kind
        public let cause: Cause
        public let sources: [PeerGroup]
        public let destinations: [PeerGroup]
        public let traffic: ReachabilityMatrix.Cell
        /// What decided before, and what decides after: distinct steps, those that did not change left out. At most
        /// `maximumSteps`; empty when an end was not there.
        public let before: [RuleDecision]
        public let after: [RuleDecision]
        public let example: Example

        public static let maximumSteps = 8

        /// How many pairs of a source and a destination the change is about.
        public var pairCount: Int {
            sources.reduce(0) { $0 + $1.members.count } * destinations.reduce(0) { $0 + $1.members.count }
        }
    }

    /// One connection of a change.
    public struct Example: Hashable, Sendable {
        public let source: PeerGroup.Member
        public let destination: PeerGroup.Member
        /// The connection in the old world; nil when an end is not there. Addresses of a pod may differ.
        public let before: ConnectionTuple?
        /// The connection in the new world; nil when an end is not there.
        public let after: ConnectionTuple?
    }

    /// First what opens, then what closes, then what is decided by another rule.
    public let changes: [Change]
    /// Objects that are in one of the worlds only, or differ, by kind and name.
    public let objects: [ObjectChange]
    /// Pods with an address, in either world.
    public let workloadCount: Int

    /// Nothing changes for any connection of these worlds.
    public var isEmpty: Bool { changes.isEmpty }

    public func changes(_ kind: Kind) -> [Change] { changes.filter { $0.kind == kind } }

    /// - Parameters:
    ///   - oldIncludesStaged, newIncludesStaged: take the staged policies of that world as enforced. The same snapshot
    ///     twice, with staged policies only the second time, tells what enforcing them would change.
    public init(
        from old: PolicySnapshot, to new: PolicySnapshot, oldIncludesStaged: Bool = false,
        newIncludesStaged: Bool = false, limits: AnalysisLimits = AnalysisLimits()
    ) throws(AnalysisError) {
        var comparison = try WorldComparison(
            [
                Connectivity(old, includingStaged: oldIncludesStaged),
                Connectivity(new, includingStaged: newIncludesStaged),
            ], limits: limits)
        changes = try comparison.changes(limits: limits)
        objects = ObjectChange.changes(from: old.cluster, to: new.cluster)
        workloadCount = Set(old.endpoints.map(\.name)).union(new.endpoints.map(\.name)).count
    }
}

extension PolicyDifference {
    /// The whole in one sentence: "3 kinds of connections open and 1 closes ...", or that nothing changes, exactly.
    public var explanation: String {
        guard !isEmpty else {
            return
                "No difference: every connection "
                + (workloadCount == 1
                    ? "between the one pod and any other address"
                    : "between the \(workloadCount) pods, and between them and any other address,")
                + " is decided as before, by the same rules."
        }
        func count(_ kind: Kind, _ words: String) -> String? {
            let found = changes(kind)
            guard !found.isEmpty else { return nil }
            let pairs = found.reduce(0) { $0 + $1.pairCount }
            return "\(found.count) \(found.count == 1 ? "group" : "groups") of connections \(words) "
                + "(\(pairs) \(pairs == 1 ? "pair" : "pairs"))"
        }
        let parts = [
            count(.opens, "opened"), count(.closes, "closed"), count(.redecided, "decided by another rule"),
        ].compactMap(\.self)
        return parts.joined(separator: ", ") + "."
    }
}

extension PolicyDifference.Change {
    /// The change in one sentence: `opens: shop/cart → shop/db, tcp/5432`. Escape before it reaches a terminal.
    public var explanation: String {
        func list(_ groups: [PeerGroup]) -> String {
            let shown = groups.prefix(3).map(\.summary).joined(separator: ", ")
            return groups.count > 3 ? "\(shown) and \(groups.count - 3) more groups" : shown
        }
        let what =
            switch kind {
            case .opens: "opens"
            case .closes: "closes"
            case .redecided: "is decided by another rule"
            }
        let why = cause == .rules ? "" : ", because an end is in one of the worlds only"
        return "\(traffic.text) from \(list(sources)) to \(list(destinations)) \(what)\(why)"
    }
}
