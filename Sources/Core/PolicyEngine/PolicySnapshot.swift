// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
public import PolicyModel

/// A cluster's policies, compiled: answers verdicts with their traces and yields programs for data planes.
///
/// Immutable. Everything that can be said of a connection under one generation of the rules is said by one
/// snapshot, so yesterday's verdict is explained by yesterday's snapshot. A copy is one reference.
public struct PolicySnapshot: Sendable {
    public let generation: UInt64
    private let storage: Storage

    /// So that passing a snapshot around does not count references to a dozen tables.
    private final class Storage: Sendable {
        let tables: CompiledTables
        init(_ tables: CompiledTables) { self.tables = tables }
    }

    /// Lent, not copied: a copy counts a reference for each table.
    var tables: CompiledTables { _read { yield storage.tables } }

    init(_ tables: CompiledTables, generation: UInt64) {
        storage = Storage(tables)
        self.generation = generation
    }

    /// Compiles a whole cluster. For one that changes keep a `PolicyCompiler`.
    public init(_ state: ClusterState, generation: UInt64) {
        self = PolicyCompiler(state).snapshot(generation: generation)
    }

    /// The cluster that was compiled.
    public var cluster: ClusterState { tables.state }

    /// What the workload at the tuple's source (egress) or destination (ingress) decides about a new
    /// connection.
    ///
    /// The tuple is taken after destination NAT. Nil when no workload owns the address: nobody evaluates that
    /// side. For many connections under one snapshot keep a `PolicyEvaluator`.
    public func evaluate(_ tuple: ConnectionTuple, _ direction: Direction) -> DirectionOutcome? {
        var evaluator = PolicyEvaluator(self)
        return evaluator.evaluate(tuple, direction)
    }
}

/// What one endpoint decides about a connection, in one direction.
public struct DirectionOutcome: Hashable, Sendable {
    public let verdict: Verdict
    /// What the verdict would be if staged policies were enforced.
    public let pendingVerdict: Verdict
    public let trace: PolicyTrace

    /// The outcome as decisions: what a data plane reports for the first packet, in this order.
    public func decisions(_ direction: Direction) -> [RuleDecision] {
        trace.enforced.map {
            RuleDecision(place: $0.place, tier: $0.tier, direction: direction, action: $0.action)
        }
    }
}
