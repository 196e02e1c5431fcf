// SPDX-License-Identifier: Apache-2.0

public import PolicyModel

/// The whole policy walk of one endpoint in one direction: what every tier, policy and rule makes of a connection.
///
///     tiers ──▶ policies in order, staged ones in their places ──▶ rules with their results
///     profiles ──▶ rules with their results
///
/// `verdict`, `pendingVerdict` and `trace` are those of `PolicySnapshot.evaluate`: what a data plane does, to which an
/// unknown label is absent and an HTTP condition is met. `outcome` is what can be said for certain.
public struct WalkExplanation: Hashable, Sendable {
    public let direction: Direction
    public let tiers: [ExplainedTier]
    public let profiles: [ExplainedProfile]
    /// Where the enforced walk ended when it came to the profiles; nil otherwise.
    public let profileDecision: RuleDecision?
    /// The same for the walk that includes staged policies.
    public let pendingProfileDecision: RuleDecision?
    public let verdict: Verdict
    public let pendingVerdict: Verdict
    public let trace: PolicyTrace
    public let outcome: Outcome
    /// The outcome if staged policies were enforced.
    public let pendingOutcome: Outcome
    /// The first step at which the pending walk does something else than the enforced one; nil when it never does.
    public let divergence: Divergence?

    /// The step that decided the enforced walk.
    public var decision: PolicyHit? { trace.enforced.last }
    public var pendingDecision: PolicyHit? { trace.pending.last }

    /// One step at which the two walks part.
    public struct Divergence: Hashable, Sendable {
        public let tier: String
        /// What decides the tier with staged policies.
        public let pending: RuleDecision
        /// What decides the tier without; nil when the tier takes no part in the enforced walk.
        public let enforced: RuleDecision?
    }
}

/// One tier of a walk, with every policy of it that selects the endpoint and governs the direction.
public struct ExplainedTier: Hashable, Sendable {
    public let name: String
    /// False for a tier that policies name and that there is not: it comes last and ends in deny.
    public let isDefined: Bool
    /// What happens when no rule of the tier matches: `deny`, or `pass` to the next tier.
    public let endAction: RuleAction
    public let policies: [ExplainedPolicy]
    /// What decided the tier in the enforced walk; nil when the walk did not come here, or when no enforced policy of
    /// the tier applies and it is skipped.
    public let decision: RuleDecision?
    /// The same for the walk that includes staged policies.
    public let pendingDecision: RuleDecision?
}

/// One policy of a walk.
public struct ExplainedPolicy: Hashable, Sendable {
    public let policy: Policy
    /// Facts on which it depends whether the policy selects the endpoint; empty when it certainly does.
    public let selectionDependsOn: [MissingFact]
    /// As a data plane sees it; false only where `selectionDependsOn` is not empty.
    public let isSeenAsSelecting: Bool
    /// Rules of the direction, in order.
    public let rules: [ExplainedRule]

    public var id: PolicyID { policy.id }
    public var isStaged: Bool { policy.id.kind.isStaged }
}

/// One rule of a walk.
public struct ExplainedRule: Hashable, Sendable {
    /// Index in the converted rule list for the direction: what traces report.
    public let index: Int
    public let rule: Rule
    public let result: RuleResult
}

/// One profile of a walk.
public struct ExplainedProfile: Hashable, Sendable {
    public let name: String
    /// The object that the profile is derived from and that there is not; the profile then denies everything.
    public let missing: MissingFact?
    public let rules: [ExplainedRule]
}
