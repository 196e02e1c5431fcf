// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyEngine
internal import PolicyModel

extension PolicyCase {
    /// Evaluates the connection in the case's world and compares everything that the case states.
    public func check() -> PolicyTestResult {
        let snapshot = PolicySnapshot(state, generation: 1)
        var comparison = Comparison()
        for (direction, expected) in [(Direction.egress, egress), (.ingress, ingress)] {
            guard let expected else { continue }
            comparison.compare(direction, expected, snapshot.evaluate(connection.tuple, direction))
        }
        // Everything on the way must allow: the host endpoint, and the workloads at both ends.
        var verdicts: [Verdict] = []
        if let hostEndpoint {
            guard let outcome = hostOutcome(of: snapshot, hostEndpoint) else {
                return PolicyTestResult(
                    name: name, purpose: rule, location: location, status: .unusable,
                    explanation:
                        "there is no host endpoint \(hostEndpoint.name.quotedForMessage) in this case")
            }
            comparison.compare(
                "verdict of \(hostEndpoint.name)", hostEndpoint.verdict, outcome.verdict.rawValue)
            if !hostEndpoint.decidedBy.isEmpty {
                comparison.compare(
                    "decision of \(hostEndpoint.name)", hostEndpoint.decidedBy, outcome.decidedBy)
            }
            verdicts.append(outcome.verdict)
        }
        if let allowed {
            verdicts += Direction.allCases.compactMap { snapshot.evaluate(connection.tuple, $0)?.verdict }
            comparison.compare("allowed", "\(allowed)", "\(verdicts.allSatisfy { $0 == .allow })")
        }
        let mismatches = comparison.mismatches
        return PolicyTestResult(
            name: name, purpose: rule, location: location, status: mismatches.isEmpty ? .passed : .failed,
            mismatches: mismatches)
    }

    /// What the host endpoint of the case decides; nil when there is none of the name.
    private func hostOutcome(of snapshot: PolicySnapshot, _ expected: HostExpectation) -> HostOutcome? {
        let traffic = HostTraffic(
            connection.tuple, path: connection.isForwarded ? .forwarded : .local,
            direction: expected.direction)
        return snapshot.evaluate(traffic, atHostEndpoint: expected.name)
    }
}

/// Collects what differs.
private struct Comparison {
    var mismatches: [PolicyTestResult.Mismatch] = []

    mutating func compare(_ subject: String, _ expected: String, _ actual: String) {
        guard expected != actual else { return }
        mismatches.append(.init(subject, expected: expected, actual: actual))
    }

    mutating func compare(
        _ direction: Direction, _ expected: PolicyCase.Expectation, _ outcome: DirectionOutcome?
    ) {
        let side = direction.rawValue.lowercased()
        guard let outcome else {
            return compare("\(side) verdict", expected.verdict, "not evaluated: no workload has the address")
        }
        compare("\(side) verdict", expected.verdict, outcome.verdict.rawValue)
        compare(
            "\(side) trace", Self.text(expected.enforced), Self.text(outcome.trace.enforced.map(\.traceText)))
        if let verdict = expected.pendingVerdict {
            compare("\(side) pending verdict", verdict, outcome.pendingVerdict.rawValue)
        }
        if let pending = expected.pending {
            compare(
                "\(side) pending trace", Self.text(pending), Self.text(outcome.trace.pending.map(\.traceText))
            )
        }
    }

    private static func text(_ trace: [String]) -> String {
        trace.isEmpty ? "none" : trace.joined(separator: ", ")
    }
}
