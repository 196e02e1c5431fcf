// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
public import PolicyModel

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

extension PolicySnapshot {
    /// What the workload at the tuple's source (egress) or destination (ingress) decides about a new
    /// connection.
    ///
    /// The tuple is taken after destination NAT. Nil when no workload owns the address: nobody evaluates that
    /// side.
    public func evaluate(_ tuple: ConnectionTuple, _ direction: Direction) -> DirectionOutcome? {
        let address = direction == .ingress ? tuple.destination : tuple.source
        guard let endpoint = endpointAt[address] else { return nil }
        let compiled = classes[classOfEndpoint[endpoint]]
        let enforced = walk(compiled.enforced.program(direction), tuple, direction)
        let pending = walk(compiled.pending.program(direction), tuple, direction)
        return DirectionOutcome(
            verdict: enforced.verdict, pendingVerdict: pending.verdict,
            trace: PolicyTrace(enforced: enforced.hits, pending: pending.hits))
    }

    /// The walk of policy semantics 3.3.
    private func walk(
        _ program: DirectionProgram, _ tuple: ConnectionTuple, _ direction: Direction
    ) -> (verdict: Verdict, hits: [PolicyHit]) {
        var hits: [PolicyHit] = []
        func record(_ decision: RuleDecision) { hits.append(PolicyHit(decision, policyIndex: hits.count)) }

        for tier in program.tiers {
            let decision =
                firstDecision(in: tier.chains, tuple) ?? tier.endDecision(direction)
            record(decision)
            if decision.isFinal { return (decision.action == .allow ? .allow : .deny, hits) }
        }
        let decision =
            firstDecision(in: program.profiles, tuple)
            ?? RuleDecision(place: .noProfileMatch, tier: "", direction: direction, action: .deny)
        record(decision)
        return (decision.action == .allow ? .allow : .deny, hits)
    }

    /// The first rule that matches and decides, in chain and rule order.
    private func firstDecision(in chainIndexes: [Int], _ tuple: ConnectionTuple) -> RuleDecision? {
        for index in chainIndexes {
            let chain = chains[index]
            for position in chain.rules.indices
            where chain.rules[position].match.matches(tuple, sets: memberships) {
                if let decision = chain.decision(at: position) { return decision }
            }
        }
        return nil
    }
}
