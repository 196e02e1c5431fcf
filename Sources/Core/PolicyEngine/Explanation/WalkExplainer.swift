// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

/// Walks a plan with one connection, as data planes do and with all that is not known left open, and keeps what became
/// of every rule that one of the walks looked at.
struct WalkExplainer {
    let plan: WalkPlan
    let direction: Direction
    let examiner: RuleExaminer
    /// Results by tier, policy and rule; `notReached` until a walk looks at the rule.
    private var results: [[[RuleResult]]]
    private var profileResults: [[RuleResult]]

    init(_ plan: WalkPlan, _ direction: Direction, _ examiner: RuleExaminer) {
        self.plan = plan
        self.direction = direction
        self.examiner = examiner
        results = plan.tiers.map { tier in
            tier.policies.map { Array(repeating: .notReached, count: $0.rules.count) }
        }
        profileResults = plan.profiles.map { Array(repeating: .notReached, count: $0.rules.count) }
    }

    // MARK: - Rules

    mutating func result(_ tier: Int, _ policy: Int, _ rule: Int) -> RuleResult {
        if results[tier][policy][rule] == .notReached {
            let candidate = plan.tiers[tier].policies[policy]
            results[tier][policy][rule] = examiner.examine(
                candidate.rules[rule],
                request: .httpRequest(candidate.policy.id, direction, ruleIndex: rule))
        }
        return results[tier][policy][rule]
    }

    mutating func result(profile: Int, _ rule: Int) -> RuleResult {
        if profileResults[profile][rule] == .notReached {
            profileResults[profile][rule] = examiner.examine(plan.profiles[profile].rules[rule], request: nil)
        }
        return profileResults[profile][rule]
    }

    // MARK: - The walk as data planes see it

    /// What decided each tier, parallel to the plan's; nil for tiers that take no part or are not reached.
    struct Decisions {
        var tiers: [RuleDecision?]
        var profiles: RuleDecision?

        var last: RuleDecision? { profiles ?? tiers.last { $0 != nil } ?? nil }
    }

    /// Policy semantics 3.3.
    mutating func walk(includingStaged: Bool) -> Decisions {
        var decisions = Decisions(tiers: Array(repeating: nil, count: plan.tiers.count))
        for tier in plan.tiers.indices {
            guard let decision = decision(ofTier: tier, includingStaged) else { continue }
            decisions.tiers[tier] = decision
            if decision.isFinal { return decisions }
        }
        if plan.decidesAll { decisions.profiles = profileDecision() }
        return decisions
    }

    private mutating func decision(ofTier number: Int, _ includingStaged: Bool) -> RuleDecision? {
        let tier = plan.tiers[number]
        let participants = tier.policies.indices.filter {
            tier.policies[$0].selection.asSeen
                && (includingStaged || !tier.policies[$0].policy.id.kind.isStaged)
        }
        for policy in participants {
            let candidate = tier.policies[policy]
            for (index, rule) in candidate.rules.enumerated() {
                guard result(number, policy, index).isSeenAsMatch, rule.action != .log else { continue }
                return RuleDecision(
                    place: .rule(candidate.policy.id, index: index), tier: tier.name, direction: direction,
                    action: rule.action)
            }
        }
        // Traces name the last policy for the end of an enforced tier, the first for a pending one (6.3).
        guard let trigger = includingStaged ? participants.first : participants.last else { return nil }
        return RuleDecision(
            place: .endOfTier(trigger: tier.policies[trigger].policy.id), tier: tier.name,
            direction: direction, action: tier.endAction)
    }

    private mutating func profileDecision() -> RuleDecision {
        for (number, profile) in plan.profiles.enumerated() {
            for (index, rule) in profile.rules.enumerated() {
                guard result(profile: number, index).isSeenAsMatch, rule.action != .log else { continue }
                // Leaves the profile, not the walk.
                if rule.action == .pass { break }
                return RuleDecision(
                    place: .profileRule(name: profile.name, index: index), tier: "", direction: direction,
                    action: rule.action)
            }
        }
        return RuleDecision(place: .noProfileMatch, tier: "", direction: direction, action: .deny)
    }

    // MARK: - What was found

    /// Tiers and profiles with all results so far.
    func explainedTiers(_ enforced: Decisions, _ pending: Decisions) -> [ExplainedTier] {
        plan.tiers.indices.map { number in
            let tier = plan.tiers[number]
            let policies = tier.policies.indices.map { index in
                let candidate = tier.policies[index]
                return ExplainedPolicy(
                    policy: candidate.policy, selectionDependsOn: candidate.selection.missing,
                    isSeenAsSelecting: candidate.selection.asSeen,
                    rules: Self.rules(candidate.rules, results[number][index]))
            }
            return ExplainedTier(
                name: tier.name, isDefined: tier.isDefined, endAction: tier.endAction, policies: policies,
                decision: enforced.tiers[number], pendingDecision: pending.tiers[number])
        }
    }

    func explainedProfiles() -> [ExplainedProfile] {
        zip(plan.profiles, profileResults).map { profile, results in
            ExplainedProfile(
                name: profile.name, missing: profile.missing, rules: Self.rules(profile.rules, results))
        }
    }

    private static func rules(_ rules: [Rule], _ results: [RuleResult]) -> [ExplainedRule] {
        zip(rules, results).enumerated().map {
            ExplainedRule(index: $0.offset, rule: $0.element.0, result: $0.element.1)
        }
    }
}
