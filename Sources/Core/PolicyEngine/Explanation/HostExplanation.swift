// SPDX-License-Identifier: Apache-2.0

import NetworkModel
public import PolicyModel

/// What a host endpoint makes of a connection to or from a process of its node, stage by stage (policy semantics 3.6).
public struct HostExplanation: Hashable, Sendable {
    public let endpoint: HostEndpoint
    /// In the order that packets go through them; all of them, decided or not.
    public let stages: [Stage]
    /// What data planes do.
    public let result: HostOutcome
    public let outcome: Outcome

    public struct Stage: Hashable, Sendable {
        public let stage: HostStage
        /// The port is one of those that stay open whatever the policies say.
        public let isFailsafe: Bool
        public let tiers: [ExplainedTier]
        /// Of the stage `normal`.
        public let profiles: [ExplainedProfile]
        /// Where the walk ended when it came to the profiles; nil otherwise.
        public let profileDecision: RuleDecision?
    }
}

extension PolicySnapshot {
    /// Without destination NAT. Nil when there is no such endpoint.
    func explainHost(
        _ endpoint: HostEndpoint, _ direction: Direction, _ examiner: RuleExaminer
    ) -> HostExplanation? {
        let traffic = HostTraffic(examiner.tuple, path: .local, direction: direction)
        guard let result = evaluate(traffic, atHostEndpoint: endpoint.resource.name) else { return nil }
        var outcome = Outcome.denied
        var stages: [HostExplanation.Stage] = []
        // From the last to the first: what a stage leaves open is decided behind it.
        for stage in Self.localStages(of: endpoint, direction).reversed() {
            let isFailsafe = FailsafePorts.standard.accept(
                examiner.tuple, direction, isUntracked: stage == .untracked)
            let plan = WalkPlan(WalkSubject(endpoint, stage, in: cluster), direction, in: self)
            var explainer = WalkExplainer(plan, direction, examiner)
            var decisions = WalkExplainer.Decisions(tiers: plan.tiers.map { _ in nil })
            if isFailsafe {
                if stage == .normal { outcome = .allowed }
            } else {
                decisions = explainer.walk(includingStaged: false)
                outcome = explainer.outcome(includingStaged: false, atEnd: outcome)
            }
            stages.append(
                HostExplanation.Stage(
                    stage: stage, isFailsafe: isFailsafe,
                    tiers: explainer.explainedTiers(decisions, decisions),
                    profiles: explainer.explainedProfiles(), profileDecision: decisions.profiles))
        }
        return HostExplanation(
            endpoint: endpoint, stages: stages.reversed(), result: result, outcome: outcome)
    }

    /// The stages of packets to and from processes of the host.
    private static func localStages(of endpoint: HostEndpoint, _ direction: Direction) -> [HostStage] {
        let isEveryInterface = endpoint.resource.interfaceName == HostEndpointResource.everyInterface
        let untracked: [HostStage] = isEveryInterface ? [] : [.untracked]
        return direction == .ingress ? untracked + [.preDNAT, .normal] : untracked + [.normal]
    }
}
