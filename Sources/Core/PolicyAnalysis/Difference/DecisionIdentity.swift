// SPDX-License-Identifier: Apache-2.0

import PolicyEngine
import PolicyModel

/// What makes two deciding steps the same in two worlds.
enum DecisionIdentity: Hashable {
    /// By content, not by index: a rule that others were put before is still the same.
    case rule(PolicyID, Direction, Rule)
    case endOfTier(String, Direction, RuleAction)
    case profile(String, Direction, RuleAction)
    case noProfileMatch(Direction)

    init(_ decision: RuleDecision, in book: RuleBook) {
        switch decision.place {
        case .rule(let id, let index):
            let rules = book.policies[id]?.rules(decision.direction) ?? []
            var rule = rules.indices.contains(index) ? rules[index] : Rule(action: decision.action)
            rule.sourceIndex = 0
            self = .rule(id, decision.direction, rule)
        case .endOfTier: self = .endOfTier(decision.tier, decision.direction, decision.action)
        case .profileRule(let name, _): self = .profile(name, decision.direction, decision.action)
        case .noProfileMatch: self = .noProfileMatch(decision.direction)
        }
    }
}
