// SPDX-License-Identifier: Apache-2.0

internal import PolicyEngine
internal import PolicyModel

extension PolicyLine {
    /// Evaluates every connection that the line stands for; all must be as it says.
    func check(
        named name: String, at location: SourceLocation, in snapshot: PolicySnapshot
    ) throws(PolicyTestError) -> PolicyTestResult {
        let report: ExplanationReport
        do {
            report = try ExplanationReport(
                ConnectionRequest(source: source, destination: destination), in: snapshot)
        } catch {
            throw PolicyTestError(error.description, at: location)
        }
        for group in report.groups {
            let connection = group.representative
            let place =
                report.groups.count == 1
                ? "" : " from \(connection.source.name) to \(connection.destination.name)"
            let result = connection.explanation
            let now = enforced.mismatches("outcome\(place)", result.outcome, result.finalHits(\.enforced))
            let later = pending?.mismatches(
                "pending outcome\(place)", result.pendingOutcome, result.finalHits(\.pending))
            let mismatches = now + (later ?? [])
            guard mismatches.isEmpty else {
                // The sentence is about the enforced walk.
                let sentence = ExplanationSentence(connection: connection, cluster: snapshot.cluster)
                return PolicyTestResult(
                    name: name, location: location, status: .failed, mismatches: mismatches,
                    explanation: now.isEmpty ? "" : sentence.answer)
            }
        }
        return PolicyTestResult(name: name, location: location, status: .passed)
    }
}

extension PolicyLine.Expectation {
    /// What differs: the outcome, otherwise who decided.
    fileprivate func mismatches(
        _ subject: String, _ actual: Outcome, _ hits: [(direction: Direction, hit: PolicyHit)]
    ) -> [PolicyTestResult.Mismatch] {
        let deciding = hits.filter { $0.hit.action == (actual == .denied ? .deny : .allow) }
        let isMet =
            switch (outcome, actual) {
            case (.allow, .allowed), (.deny, .denied):
                decider.map { it in deciding.contains { it.matches($0.hit) } } ?? true
            case (.undecidable, .undecidable): true
            default: false
            }
        guard !isMet else { return [] }
        let expected = outcome.rawValue + (decider.map { " by \($0)" } ?? "")
        return [.init(subject, expected: expected, actual: Self.text(actual, deciding))]
    }

    private static func text(_ outcome: Outcome, _ hits: [(direction: Direction, hit: PolicyHit)]) -> String {
        if case .undecidable(let facts) = outcome {
            return "undecidable: not known: \(facts.map(\.description).joined(separator: "; "))"
        }
        let deciders = hits.map { "by \(Decider.text($0.hit)) (\($0.direction.rawValue.lowercased()))" }
        return
            ([outcome == .denied ? "deny" : "allow"]
            + [deciders.joined(separator: ", ")].filter { !$0.isEmpty })
            .joined(separator: " ")
    }
}

extension Decider {
    /// A decision as a test would name it.
    static func text(_ hit: PolicyHit) -> String {
        switch hit.place {
        case .rule(let id, let index):
            Decider.policy(
                kind: id.kind, namespace: id.namespace.isEmpty ? nil : id.namespace, name: id.name,
                rule: index
            ).description
        case .endOfTier(let id): "end of tier \(hit.tier), named \(id.traceText)"
        case .profileRule(let name, _): "profile \(name)"
        case .noProfileMatch: "no profile"
        }
    }
}

extension Explanation {
    /// The decisions that end the walks of both sides. A host endpoint's is the same for staged policies, which it is
    /// not asked about; a failsafe port is nobody's decision.
    fileprivate func finalHits(
        _ trace: KeyPath<PolicyTrace, [PolicyHit]>
    ) -> [(direction: Direction, hit: PolicyHit)] {
        [Direction.egress, .ingress].compactMap { direction in
            if case .hostEndpoint(let host) = side(direction) {
                return host.decision.map { (direction, PolicyHit($0, policyIndex: 0)) }
            }
            return side(direction).walk?.trace[keyPath: trace].last.map { (direction, $0) }
        }
    }
}
