// SPDX-License-Identifier: Apache-2.0

internal import PolicyEngine
internal import PolicyModel

/// One walk as a lane shows it: a workload's, or one stage of a host endpoint's.
struct WalkLane {
    let tiers: [ExplainedTier]
    let profiles: [ExplainedProfile]
    let profileDecision: RuleDecision?
    let pendingProfileDecision: RuleDecision?
    /// What decided for data planes; nil when another stage did.
    let decision: RuleDecision?
    /// What would decide if staged policies were enforced.
    let pendingDecision: RuleDecision?
    let outcome: Outcome

    init(_ walk: WalkExplanation) {
        func decision(_ hit: PolicyHit?) -> RuleDecision? {
            hit.map {
                RuleDecision(place: $0.place, tier: $0.tier, direction: walk.direction, action: $0.action)
            }
        }
        tiers = walk.tiers
        profiles = walk.profiles
        profileDecision = walk.profileDecision
        pendingProfileDecision = walk.pendingProfileDecision
        self.decision = decision(walk.decision)
        pendingDecision = decision(walk.pendingDecision)
        outcome = walk.outcome
    }

    init(_ stage: HostExplanation.Stage, of host: HostExplanation) {
        tiers = stage.tiers
        profiles = stage.profiles
        profileDecision = stage.profileDecision
        pendingProfileDecision = nil
        let isDecisive = host.result.stage == stage.stage
        decision = isDecisive ? host.decision : nil
        pendingDecision = nil
        outcome = host.outcome
    }
}

extension HostExplanation {
    /// The step that decided for data planes; nil for a failsafe port.
    var decision: RuleDecision? {
        if case .policy(let decision) = result.reason { decision } else { nil }
    }

    /// The stage that decided for data planes.
    var decisiveStage: Stage? { stages.first { $0.stage == result.stage } }
}

extension Explanation.Side {
    /// What decides for data planes, with the tiers that led to it; nil where nobody looks.
    var lane: WalkLane? {
        switch self {
        case .workload(_, let walk): WalkLane(walk)
        case .hostEndpoint(let host): host.decisiveStage.map { WalkLane($0, of: host) }
        case .outside, .unknown: nil
        }
    }

    /// What data planes do; nil where nobody looks.
    var verdict: Verdict? {
        switch self {
        case .workload(_, let walk): walk.verdict
        case .hostEndpoint(let host): host.result.verdict
        case .outside, .unknown: nil
        }
    }
}
