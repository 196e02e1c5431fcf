// SPDX-License-Identifier: Apache-2.0

import Glibc
import PolicyTool
import Testing

/// The conformance cases of `Tests/Fixtures/policy-cases`, and of the directory that `POLICY_CASES_DIR` names; read
/// and compared as `vibrissa policy test` does.
@Suite("PolicyCasesTests")
struct PolicyCasesTests {
    static let own = load(fixtures)
    /// Empty when the variable is not set.
    static let further =
        getenv("POLICY_CASES_DIR").map { load(String(cString: $0)) } ?? PolicyCaseFile(cases: [], broken: [])

    private static let fixtures =
        "\(#filePath)".split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(
            separator: "/")
        + "/Fixtures/policy-cases"

    private static func load(_ directory: String) -> PolicyCaseFile {
        do {
            return try PolicyCaseFile.all(inDirectory: directory)
        } catch {
            Issue.record("case files of \(directory): \(error)")
            return PolicyCaseFile(cases: [], broken: [])
        }
    }

    @Test("verdicts and traces are as the case says", arguments: own.cases + further.cases)
    func conformance(_ policyCase: PolicyCase) {
        let result = policyCase.check()
        #expect(result.status == .passed, "\(result.explanation) \(result.mismatches)")
    }

    @Test("every case of the case files is run, and every field of them means something")
    func completeness() {
        #expect(Self.own.cases.count >= 101)
        for file in [Self.own, Self.further] {
            #expect(file.broken.isEmpty)
            #expect(file.cases.flatMap(\.warnings).isEmpty)
        }
        if getenv("POLICY_CASES_DIR") != nil { #expect(!Self.further.cases.isEmpty) }
    }

    @Test("cases that state what other software does are compared with our own expectation in full")
    func quirks() {
        let quirks = Self.own.cases.filter { $0.quirk == "pending" }
        #expect(quirks.count == 2)
        for policyCase in quirks {
            #expect(policyCase.ingress?.pending != nil, "\(policyCase.name) has none in expectations.yaml")
        }
    }

    @Test("a case that expects something else fails, and says what")
    func canFail() throws {
        let policyCase = try #require(Self.own.cases.first { $0.name == "no-policy-profile-allows" })
        var wrong = policyCase
        wrong.ingress?.verdict = "deny"
        wrong.egress?.pending = ["0|__PROFILE__|pro:kns.prod|deny|0"]
        let result = wrong.check()
        #expect(result.status == .failed)
        #expect(result.mismatches.map(\.subject) == ["egress pending trace", "ingress verdict"])
        #expect(result.mismatches.last?.actual == "allow")
    }
}
