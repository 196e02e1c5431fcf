// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
import PolicyModel

extension PolicySnapshot {
    /// Explains a new connection: what the workload at its source (egress) and the one at its destination (ingress)
    /// make of it. The tuple is taken after destination NAT.
    ///
    /// `unknownEnds` holds ends that are not among the known endpoints, by the name they were asked for. Their address
    /// in the tuple is made up; whatever depends on it is unknown.
    public func explain(
        _ tuple: ConnectionTuple, unknownEnds: [ConnectionEnd: String] = [:]
    ) -> Explanation {
        let examiner = RuleExaminer(tuple, unknownEnds: unknownEnds, in: self)
        return Explanation(
            connection: tuple,
            sourceOwners: examiner.source.owners.map(\.owner),
            destinationOwners: examiner.destination.owners.map(\.owner),
            egress: side(.egress, examiner.source, examiner),
            ingress: side(.ingress, examiner.destination, examiner))
    }

    private func side(
        _ direction: Direction, _ end: RuleExaminer.End, _ examiner: RuleExaminer
    ) -> Explanation.Side {
        if case .endpoint(let name) = end.unknown { return .unknown(name) }
        if let endpoint = endpoint(at: end.address), let result = evaluate(examiner.tuple, direction) {
            return .workload(endpoint, explainWalk(endpoint, direction, result, examiner))
        }
        for case .host(let endpoint) in end.owners.map(\.owner) {
            return explainHost(endpoint, direction, examiner).map { .hostEndpoint($0) } ?? .outside
        }
        return .outside
    }

    private func explainWalk(
        _ endpoint: WorkloadEndpoint, _ direction: Direction, _ result: DirectionOutcome,
        _ examiner: RuleExaminer
    ) -> WalkExplanation {
        let plan = WalkPlan(WalkSubject(endpoint, in: cluster), direction, in: self)
        var explainer = WalkExplainer(plan, direction, examiner)
        let enforced = explainer.walk(includingStaged: false)
        let pending = explainer.walk(includingStaged: true)
        let outcome = explainer.outcome(includingStaged: false)
        let pendingOutcome = explainer.outcome(includingStaged: true)
        return WalkExplanation(
            direction: direction, tiers: explainer.explainedTiers(enforced, pending),
            profiles: explainer.explainedProfiles(), profileDecision: enforced.profiles,
            pendingProfileDecision: pending.profiles, verdict: result.verdict,
            pendingVerdict: result.pendingVerdict, trace: result.trace, outcome: outcome,
            pendingOutcome: pendingOutcome, divergence: Self.divergence(enforced, pending, plan))
    }

    /// The first tier that the two walks leave in different ways. Which policy is named for the end of a tier is no
    /// difference.
    private static func divergence(
        _ enforced: WalkExplainer.Decisions, _ pending: WalkExplainer.Decisions, _ plan: WalkPlan
    ) -> WalkExplanation.Divergence? {
        for (number, tier) in plan.tiers.enumerated() {
            guard let decision = pending.tiers[number] else { continue }
            let other = enforced.tiers[number]
            if let other, decision == other || decision.isEndOfTier && other.isEndOfTier { continue }
            return WalkExplanation.Divergence(tier: tier.name, pending: decision, enforced: other)
        }
        return nil
    }
}

extension RuleDecision {
    fileprivate var isEndOfTier: Bool {
        if case .endOfTier = place { true } else { false }
    }
}
