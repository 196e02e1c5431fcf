// SPDX-License-Identifier: Apache-2.0

/// The place in the policy walk where a packet's way through a tier, or its fate, was decided.
public enum DecisionPlace: Hashable, Sendable {
    /// Rule `index` of the policy's converted rule list for the direction.
    case rule(PolicyID, index: Int)
    /// No rule of the tier matched; the tier's default action applied. `trigger` is the policy that is named
    /// for it.
    case endOfTier(trigger: PolicyID)
    /// Rule `index` of a profile.
    case profileRule(name: String, index: Int)
    /// No profile allowed the traffic.
    case noProfileMatch
}

/// One decision of the policy walk: where, in which tier and direction, and with what result.
///
/// This is what a data plane reports for a packet; the evaluator produces the same values.
public struct RuleDecision: Hashable, Sendable {
    public let place: DecisionPlace
    /// Empty for profiles.
    public let tier: String
    public let direction: Direction
    /// `allow`, `deny` or `pass`; never `log`.
    public let action: RuleAction

    public init(place: DecisionPlace, tier: String, direction: Direction, action: RuleAction) {
        self.place = place
        self.tier = tier
        self.direction = direction
        self.action = action
    }

    /// True when evaluation of the direction ends here.
    public var isFinal: Bool { action == .allow || action == .deny }
}

/// A decision at its position in a trace (policy semantics, section 6).
public struct PolicyHit: Hashable, Sendable {
    public let place: DecisionPlace
    public let tier: String
    public let action: RuleAction
    /// Position in its trace, from 0, across all tiers and profiles.
    public let policyIndex: Int

    public init(place: DecisionPlace, tier: String, action: RuleAction, policyIndex: Int) {
        self.place = place
        self.tier = tier
        self.action = action
        self.policyIndex = policyIndex
    }

    public init(_ decision: RuleDecision, policyIndex: Int) {
        self.init(
            place: decision.place, tier: decision.tier, action: decision.action, policyIndex: policyIndex)
    }

    /// Index of the rule in the policy's list for the direction; -1 for the end of a tier.
    public var ruleIndex: Int {
        switch place {
        case .rule(_, let index), .profileRule(_, let index): index
        case .endOfTier: -1
        case .noProfileMatch: 0
        }
    }

    /// The policy that decided, or that is named for the end of its tier; nil for profiles.
    public var policy: PolicyID? {
        switch place {
        case .rule(let id, _), .endOfTier(let id): id
        case .profileRule, .noProfileMatch: nil
        }
    }

    /// `0|default|np:prod/web|allow|0`: the textual form of policy semantics 6.1.
    public var traceText: String {
        let subject =
            switch place {
            case .rule(let id, _), .endOfTier(let id): "\(tier)|\(id.traceText)"
            case .profileRule(let name, _): "__PROFILE__|pro:\(name)"
            case .noProfileMatch: "__PROFILE__|pro:__NO_MATCH__"
            }
        return "\(policyIndex)|\(subject)|\(action.rawValue.lowercased())|\(ruleIndex)"
    }
}

/// The two traces of one connection in one direction.
public struct PolicyTrace: Hashable, Sendable {
    /// What decided, staged policies left out.
    public var enforced: [PolicyHit]
    /// What would decide a new connection now if staged policies were enforced.
    public var pending: [PolicyHit]

    public init(enforced: [PolicyHit] = [], pending: [PolicyHit] = []) {
        self.enforced = enforced
        self.pending = pending
    }
}
