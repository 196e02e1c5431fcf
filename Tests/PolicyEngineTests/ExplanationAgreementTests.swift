// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel
import TestSupport
import Testing

@Suite("Explanations agree with the evaluator")
struct ExplanationAgreementTests {
    /// The decisions of a walk as `evaluate` would trace them.
    private func trace(_ walk: WalkExplanation, pending: Bool) -> [String] {
        let tiers = walk.tiers.compactMap { pending ? $0.pendingDecision : $0.decision }
        let profile = pending ? walk.pendingProfileDecision : walk.profileDecision
        return (tiers + (profile.map { [$0] } ?? [])).enumerated().map {
            PolicyHit($0.element, policyIndex: $0.offset).traceText
        }
    }

    @Test("every tier of the explanation is decided by the step that the trace names", arguments: 0..<300)
    func decisiveSteps(seed: Int) throws {
        var world = RandomWorld(seed: UInt64(seed))
        let snapshot = PolicySnapshot(world.state, generation: 1)
        for _ in 0..<15 {
            let tuple = world.connection()
            let explanation = snapshot.explain(tuple)
            for direction in Direction.allCases {
                let outcome = snapshot.evaluate(tuple, direction)
                let walk = explanation.side(direction).walk
                #expect((walk == nil) == (outcome == nil), "seed \(seed), \(tuple)")
                guard let walk, let outcome else { continue }
                #expect(walk.trace == outcome.trace)
                #expect(
                    trace(walk, pending: false) == outcome.trace.enforced.map(\.traceText),
                    "seed \(seed), \(tuple)")
                #expect(
                    trace(walk, pending: true) == outcome.trace.pending.map(\.traceText),
                    "seed \(seed), \(tuple)")
                expectOutcome(walk.outcome, outcome.verdict, "seed \(seed), \(tuple) \(direction)")
                expectOutcome(
                    walk.pendingOutcome, outcome.pendingVerdict, "seed \(seed), \(tuple) \(direction)")
                if walk.divergence == nil { #expect(walk.verdict == walk.pendingVerdict) }
            }
        }
    }

    /// A decided outcome is the verdict; an undecidable one names Services without slices, the only unknown of a world
    /// with all its objects.
    private func expectOutcome(_ outcome: Outcome, _ verdict: Verdict, _ comment: Comment) {
        switch outcome {
        case .allowed: #expect(verdict == .allow, comment)
        case .denied: #expect(verdict == .deny, comment)
        case .undecidable(let missing):
            #expect(!missing.isEmpty, comment)
            for fact in missing {
                guard case .serviceEndpoints = fact else {
                    Issue.record("unexpected \(fact)")
                    continue
                }
            }
        }
    }

    @Test("a rule is matched exactly when the compiled rule matches", arguments: 0..<100)
    func rules(seed: Int) throws {
        var world = RandomWorld(seed: UInt64(seed), policies: 12)
        let snapshot = PolicySnapshot(world.state, generation: 1)
        for _ in 0..<15 {
            let tuple = world.connection()
            guard case .workload(_, let walk) = snapshot.explain(tuple).ingress,
                let endpoint = snapshot.endpointIndex(at: tuple.destination)
            else { continue }
            let program = snapshot.walk(ofEndpoint: endpoint, .ingress, includingStaged: true)
            let chains = program.tiers.flatMap(\.chains).map { snapshot.chain($0) }
            let policies = walk.tiers.flatMap(\.policies)
            #expect(policies.map(\.id) == chains.compactMap(\.policyID), "seed \(seed)")
            for (policy, chain) in zip(policies, chains) {
                for (rule, compiled) in zip(policy.rules, chain.rules) where rule.result != .notReached {
                    let isMatch = snapshot.matches(compiled.match, tuple)
                    #expect(
                        rule.result.isMatch == isMatch, "seed \(seed), \(tuple), \(policy.id) \(rule.index)")
                }
            }
        }
    }

    @Test("what is decided with unknown labels is the same however the labels turn out", arguments: 0..<120)
    func completions(seed: Int) throws {
        var world = RandomWorld(seed: UInt64(seed))
        let namespaces = ["prod", "dev"]
        let missing = namespaces[seed % 2]
        let resources = world.resources.filter { $0.key != .namespace(missing) }
        let snapshot = PolicySnapshot(ClusterState(resources), generation: 1)
        let completions = ["a", "b", "c", nil].map { value in
            let labels: Labels = value.map { ["env": $0] } ?? Labels()
            return PolicySnapshot(
                ClusterState(resources + [.namespace(NamespaceResource(name: missing, labels: labels))]),
                generation: 1)
        }
        for _ in 0..<20 {
            let tuple = world.connection()
            let explanation = snapshot.explain(tuple)
            for direction in Direction.allCases {
                guard let outcome = explanation.side(direction).walk?.outcome, outcome.missing.isEmpty else {
                    continue
                }
                let wanted: Verdict = outcome == .allowed ? .allow : .deny
                let verdicts = completions.map { $0.evaluate(tuple, direction)?.verdict }
                #expect(
                    verdicts == Array(repeating: wanted, count: verdicts.count),
                    "seed \(seed), \(tuple) \(direction)")
            }
        }
    }

    @Test("an unknown end is decided only when every known end gives the same", arguments: 0..<60)
    func unknownEnds(seed: Int) throws {
        var world = RandomWorld(seed: UInt64(seed))
        let snapshot = PolicySnapshot(world.state, generation: 1)
        let unspecified = IPAddress(v4: 0)
        for _ in 0..<20 {
            var tuple = world.connection()
            guard tuple.family == .v4 else { continue }
            let source = tuple.source
            tuple.source = unspecified
            let explanation = snapshot.explain(tuple, unknownEnds: [.source: "shop/gone"])
            guard let outcome = explanation.ingress.outcome, outcome.missing.isEmpty else { continue }
            tuple.source = source
            let verdict = snapshot.evaluate(tuple, .ingress)?.verdict
            #expect(verdict == (outcome == .allowed ? .allow : .deny), "seed \(seed), \(tuple)")
        }
    }
}

extension EnforcementChain {
    fileprivate var policyID: PolicyID? {
        if case .policy(let id, _) = owner { id } else { nil }
    }
}

extension RuleResult {
    /// As a data plane sees it.
    fileprivate var isMatch: Bool {
        switch self {
        case .matched: true
        case .unknown(_, let seenAsMatch): seenAsMatch
        case .failed, .notReached: false
        }
    }
}
