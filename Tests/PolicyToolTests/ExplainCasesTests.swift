// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel
import Testing

@testable import PolicyTool

@Suite("Explanations of the conformance cases")
struct ExplainCasesTests {
    static let cases: [PolicyCase] = {
        let tests = "\(#filePath)".split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
        do {
            return try PolicyCaseFile.all(
                inDirectory: tests.joined(separator: "/") + "/Fixtures/policy-cases"
            ).cases
        } catch {
            Issue.record("the case files cannot be read: \(error)")
            return []
        }
    }()

    @Test("are decided by the steps of the trace, and as the verdict says", arguments: cases)
    func agreement(_ policyCase: PolicyCase) {
        let snapshot = PolicySnapshot(policyCase.state, generation: 1)
        let explanation = snapshot.explain(policyCase.connection.tuple)
        for direction in Direction.allCases {
            guard let walk = explanation.side(direction).walk else { continue }
            let decisions = walk.tiers.compactMap(\.decision) + [walk.profileDecision].compactMap(\.self)
            #expect(decisions.map(\.place) == walk.trace.enforced.map(\.place))
            let pending =
                walk.tiers.compactMap(\.pendingDecision) + [walk.pendingProfileDecision].compactMap(\.self)
            #expect(pending.map(\.place) == walk.trace.pending.map(\.place))
            if walk.outcome.missing.isEmpty {
                #expect(walk.outcome == (walk.verdict == .allow ? .allowed : .denied))
            }
        }
    }

    @Test("there are all of them")
    func completeness() { #expect(Self.cases.count >= 101) }
}
