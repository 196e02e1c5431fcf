// SPDX-License-Identifier: Apache-2.0

import PolicyModel

/// The outcome of a walk when not everything is known.
///
/// The walk is laid out as a line of steps. At a step whose answer is unknown it forks; both branches go on further
/// down the line. Which steps can be reached is found from the front, what each leads to from the back:
///
///     select p1 ─▶ rule 0 ─▶ rule 1 ─▶ select p2 ─▶ … ─▶ end of tier ─▶ … ─▶ profiles ─▶ deny
///
/// Each step has two states: whether a policy of its tier is known to have selected the endpoint so far. Without one
/// the end of the tier is skipped. Unknown answers count as independent of each other, so an outcome may be called
/// undecidable that cleverer reasoning could decide; it is never decided wrongly.
extension WalkExplainer {
    private enum Step {
        case select(tier: Int, policy: Int)
        case rule(tier: Int, policy: Int, index: Int)
        case endOfTier(Int)
        case profileRule(profile: Int, index: Int)
        case end
    }

    /// Where a step leads: to an outcome, or to another step.
    private enum Target {
        case outcome(Outcome)
        case step(Int, hasSelected: Bool)
    }

    private struct Branch {
        let target: Target
        /// Taken instead when the unknown facts turn out the other way; nil when everything is known.
        var alternative: (target: Target, missing: [MissingFact])?
    }

    /// `atEnd` is the outcome when nothing in the walk decides.
    mutating func outcome(includingStaged: Bool, atEnd: Outcome = .denied) -> Outcome {
        let line = steps(includingStaged)
        // Index of the first step after each tier.
        var afterTier = Array(repeating: line.count - 1, count: plan.tiers.count)
        for (number, step) in line.enumerated() {
            if case .endOfTier(let tier) = step { afterTier[tier] = number + 1 }
        }
        var branches: [[Branch?]] = Array(repeating: [nil, nil], count: line.count)
        var isReached = Array(repeating: [false, false], count: line.count)
        func reach(_ target: Target) {
            if case .step(let number, let selected) = target { isReached[number][selected ? 1 : 0] = true }
        }
        isReached[0][0] = true
        for number in line.indices {
            for state in 0...1 where isReached[number][state] {
                let branch =
                    number == line.count - 1
                    ? Branch(target: .outcome(atEnd))
                    : branch(line, number, hasSelected: state == 1, afterTier)
                reach(branch.target)
                if let alternative = branch.alternative { reach(alternative.target) }
                branches[number][state] = branch
            }
        }
        return Self.outcome(of: branches)
    }

    private func steps(_ includingStaged: Bool) -> [Step] {
        var line: [Step] = []
        for (tier, content) in plan.tiers.enumerated() {
            for (policy, candidate) in content.policies.enumerated()
            where includingStaged || !candidate.policy.id.kind.isStaged {
                line.append(.select(tier: tier, policy: policy))
                line += candidate.rules.indices.map { .rule(tier: tier, policy: policy, index: $0) }
            }
            line.append(.endOfTier(tier))
        }
        for (profile, content) in plan.profiles.enumerated() {
            line += content.rules.indices.map { .profileRule(profile: profile, index: $0) }
        }
        return line + [.end]
    }

    private mutating func branch(
        _ line: [Step], _ number: Int, hasSelected: Bool, _ afterTier: [Int]
    ) -> Branch {
        let next = Target.step(number + 1, hasSelected: hasSelected)
        switch line[number] {
        case .select(let tier, let policy):
            let selected = Target.step(number + 1, hasSelected: true)
            let selection = plan.tiers[tier].policies[policy].selection
            guard !selection.isCertain else { return Branch(target: selected) }
            let skip = number + 1 + plan.tiers[tier].policies[policy].rules.count
            return Branch(
                target: selected,
                alternative: (.step(skip, hasSelected: hasSelected), selection.missing))
        case .rule(let tier, let policy, let index):
            let action = plan.tiers[tier].policies[policy].rules[index].action
            let taken = target(of: action, next, passed: afterTier[tier])
            return branch(result(tier, policy, index), taken, next)
        case .endOfTier(let tier):
            let after = Target.step(number + 1, hasSelected: false)
            guard hasSelected, plan.tiers[tier].endAction == .deny else { return Branch(target: after) }
            return Branch(target: .outcome(.denied))
        case .profileRule(let profile, let index):
            let content = plan.profiles[profile]
            let afterProfile = number + content.rules.count - index
            let taken = target(of: content.rules[index].action, next, passed: afterProfile)
            guard let missing = content.missing else {
                return branch(result(profile: profile, index), taken, next)
            }
            // If the object exists after all, the profile of a namespace allows and that of an account says nothing.
            _ = result(profile: profile, index)
            if case .namespaceLabels = missing {
                return Branch(target: taken, alternative: (.outcome(.allowed), [missing]))
            }
            return Branch(target: taken, alternative: (next, [missing]))
        case .end:
            return Branch(target: .outcome(.denied))
        }
    }

    private func branch(_ result: RuleResult, _ taken: Target, _ next: Target) -> Branch {
        switch result {
        case .matched: Branch(target: taken)
        case .unknown(let missing, _): Branch(target: taken, alternative: (next, missing))
        case .failed, .notReached: Branch(target: next)
        }
    }

    private func target(of action: RuleAction, _ next: Target, passed: Int) -> Target {
        switch action {
        case .allow: .outcome(.allowed)
        case .deny: .outcome(.denied)
        case .log: next
        case .pass: .step(passed, hasSelected: false)
        }
    }

    /// The outcome of the first step, found from the last.
    private static func outcome(of branches: [[Branch?]]) -> Outcome {
        var outcomes: [[Outcome]] = Array(repeating: [.denied, .denied], count: branches.count)
        func outcome(_ target: Target) -> Outcome {
            switch target {
            case .outcome(let outcome): outcome
            case .step(let number, let selected): outcomes[number][selected ? 1 : 0]
            }
        }
        for number in branches.indices.reversed() {
            for state in 0...1 {
                guard let branch = branches[number][state] else { continue }
                let first = outcome(branch.target)
                guard let (target, missing) = branch.alternative else {
                    outcomes[number][state] = first
                    continue
                }
                let second = outcome(target)
                // When both ways lead to the same, what parts them does not matter.
                outcomes[number][state] =
                    first == second
                    ? first : .undecidable(missing.adding(first.missing).adding(second.missing))
            }
        }
        return outcomes[0][0]
    }
}
