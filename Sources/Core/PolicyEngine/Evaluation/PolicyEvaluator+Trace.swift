// SPDX-License-Identifier: Apache-2.0

import NetworkModel
public import PolicyModel

extension PolicyEvaluator {
    /// The traces of the last decision, which was of this direction.
    public func trace(_ direction: Direction) -> PolicyTrace {
        PolicyTrace(
            enforced: hits(stepsAreEqual ? pendingSteps : enforcedSteps, direction, staged: false),
            pending: hits(pendingSteps, direction, staged: true))
    }

    private func hits(_ steps: ReusedList<WalkStep>, _ direction: Direction, staged: Bool) -> [PolicyHit] {
        guard lastClass >= 0, let walk = tables.classes[lastClass] else { return [] }
        return steps.elements.enumerated().compactMap { index, step in
            decision(step, walk, direction, staged: staged).map { PolicyHit($0, policyIndex: index) }
        }
    }

    private func decision(
        _ step: WalkStep, _ walk: EndpointWalk, _ direction: Direction, staged: Bool
    ) -> RuleDecision? {
        switch step {
        case .rule(let position):
            let rules = tables.rules(direction)
            guard let policy = tables.policies[Int(rules.owner[Int(position)])]?.policy else { return nil }
            return RuleDecision(
                place: .rule(policy.id, index: Int(rules.ruleIndex[Int(position)])), tier: policy.tier,
                direction: direction, action: rules.action[Int(position)])
        case .endOfTier(let number):
            let tier = walk.direction(direction).tiers[Int(number)]
            let trigger = staged ? tier.pendingTrigger : tier.enforcedTrigger
            guard let policy = tables.policies[Int(trigger)]?.policy else { return nil }
            return RuleDecision(
                place: .endOfTier(trigger: policy.id), tier: tier.name, direction: direction,
                action: tier.passesAtEnd ? .pass : .deny)
        case .profile(let place, let rule):
            guard let profile = tables.profiles[Int(walk.key.profiles[Int(place)])] else { return nil }
            return RuleDecision(
                place: .profileRule(name: profile.name, index: Int(rule)), tier: "", direction: direction,
                action: profile.rules(direction)[Int(rule)].action)
        case .noProfileMatch:
            return RuleDecision(place: .noProfileMatch, tier: "", direction: direction, action: .deny)
        }
    }
}
