// SPDX-License-Identifier: Apache-2.0

import Glibc
import PolicyEngine
import PolicyModel
import Testing

/// The conformance cases of `Tests/Fixtures/policy-cases`, and of the directory that `POLICY_CASES_DIR`
/// names.
///
/// Cases that need a kind which is not read yet are listed by `casesOfUnreadKinds`, so that nobody takes them
/// for run.
@Suite("PolicyCasesTests")
struct PolicyCasesTests {
    static let own: [PolicyCase] = load(
        "\(#filePath)".replacingSuffix("PolicyCasesTests/PolicyCasesTests.swift", "Fixtures/policy-cases"))

    /// Empty when the variable is not set.
    static let further: [PolicyCase] = getenv("POLICY_CASES_DIR").map { load(String(cString: $0)) } ?? []

    private static func load(_ directory: String) -> [PolicyCase] {
        do {
            return try PolicyCase.all(in: directory)
        } catch {
            Issue.record("case files of \(directory): \(error)")
            return []
        }
    }

    @Test(
        "verdicts and traces are as the case says",
        arguments: (own + further).filter { $0.unsupported == nil })
    func conformance(_ policyCase: PolicyCase) { check(policyCase) }

    @Test("the case files were found, and only host endpoints, profiles and cluster policies are left out")
    func casesOfUnreadKinds() {
        #expect(Self.own.filter { $0.unsupported == nil }.count >= 80)
        #expect(
            Set(Self.own.compactMap(\.unsupported)).isSubset(of: [
                "HostEndpoint", "ClusterNetworkPolicy", "Profile",
            ]))
        if getenv("POLICY_CASES_DIR") != nil { #expect(!Self.further.isEmpty) }
    }

    private func check(_ policyCase: PolicyCase) {
        let snapshot = PolicySnapshot(policyCase.state, generation: 1)
        for (direction, expected) in [(Direction.egress, policyCase.egress), (.ingress, policyCase.ingress)] {
            guard let expected else { continue }
            let outcome = snapshot.evaluate(policyCase.tuple, direction)
            #expect(outcome?.verdict.rawValue == expected.verdict)
            #expect(outcome?.trace.enforced.map(\.traceText) == expected.enforced)
            // With the quirk `pending` the case states what upstream's less exact evaluator says; ours
            // matches fully.
            guard policyCase.quirk != "pending" else { continue }
            #expect(outcome?.pendingVerdict.rawValue == expected.pendingVerdict)
            #expect(outcome?.trace.pending.map(\.traceText) == expected.pending)
        }
        if let allowed = policyCase.allowed {
            let verdicts = Direction.allCases.compactMap { snapshot.evaluate(policyCase.tuple, $0)?.verdict }
            #expect(verdicts.allSatisfy { $0 == .allow } == allowed)
        }
    }
}

extension String {
    fileprivate func replacingSuffix(_ suffix: String, _ replacement: String) -> String {
        hasSuffix(suffix) ? dropLast(suffix.count) + replacement : self
    }
}
