// SPDX-License-Identifier: Apache-2.0

public import FlowModel
internal import PolicyModel

/// A flow that a scenario's step expects to see, or to see no longer.
public struct FlowExpectation: Hashable, Sendable {
    /// One end as flow records name it.
    public struct End: Hashable, Sendable {
        /// The aggregated name: `catalog-5c9f7d8b6d-*`, `db-0`, `pub`.
        public var name: String
        public var namespace: String

        public init(_ namespace: String, _ name: String) {
            self.namespace = namespace
            self.name = name
        }

        /// Addresses outside the cluster that no network set names.
        public static let publicNetwork = End("-", "pub")
    }

    public var source: End
    public var destination: End
    /// As the destination listens: after NAT.
    public var port: UInt16
    /// The end whose policy must have decided. An attempt denied at the destination is still allowed at the
    /// source.
    public var reporter: FlowReporter
    public var action: FlowAction
    /// What staged policies would do; nil: anything.
    public var pendingAction: FlowAction?
    /// Name of a policy in the enforced trace; nil: any.
    public var policy: String?
    /// Name of a policy in the pending trace; nil: any.
    public var pendingPolicy: String?
    /// False: no such flow may be seen any more.
    public var isPresent: Bool

    public init(
        from source: End, to destination: End, port: UInt16, reporter: FlowReporter, _ action: FlowAction,
        pending pendingAction: FlowAction? = nil, policy: String? = nil, pendingPolicy: String? = nil,
        isPresent: Bool = true
    ) {
        self.source = source
        self.destination = destination
        self.port = port
        self.reporter = reporter
        self.action = action
        self.pendingAction = pendingAction
        self.policy = policy
        self.pendingPolicy = pendingPolicy
        self.isPresent = isPresent
    }

    /// True when a flow of this key is the one described; presence is not considered.
    public func matches(_ key: FlowKey) -> Bool {
        key.source.name == source.name && key.source.namespace == source.namespace
            && key.destination.name == destination.name && key.destination.namespace == destination.namespace
            && key.destinationPort == port && key.reporter == reporter && key.action == action
            && pendingAction.map { $0 == Self.verdict(key.trace.pending) } ?? true
            && policy.map { name in key.trace.enforced.contains { $0.policy?.name == name } } ?? true
            && pendingPolicy.map { name in key.trace.pending.contains { $0.policy?.name == name } } ?? true
    }

    private static func verdict(_ hits: [FlowHit]) -> FlowAction? {
        switch hits.last?.action {
        case .allow: .allow
        case .deny: .deny
        case .pass, .unspecified, nil: nil
        }
    }
}

extension FlowExpectation: CustomStringConvertible {
    /// `deny shop/catalog-* -> data/db-0:5432 by db-access (seen at destination)`
    public var description: String {
        let by = policy.map { " by \($0)" } ?? ""
        let pending = pendingAction.map { ", pending \($0.name)" } ?? ""
        let pendingBy = pendingPolicy.map { " by \($0)" } ?? ""
        let end = reporter == .source ? "source" : "destination"
        return (isPresent ? "" : "no ") + "\(action.name) \(source.namespace)/\(source.name) -> "
            + "\(destination.namespace)/\(destination.name):\(port)\(by)\(pending)\(pendingBy)"
            + " (seen at \(end))"
    }
}
