// SPDX-License-Identifier: Apache-2.0

import NetworkModel
public import PolicyEngine
import PolicyModel

/// What in the policies of a world is pointless, dangerous or not what it seems.
///
/// Rules that get no traffic are found exactly, by walking all traffic between everything that rules can tell apart.
/// Enforced policies are judged without the staged ones, staged policies as if they were enforced.
public struct PolicyLint: Sendable {
    /// By place in files, then by policy and rule.
    public let findings: [LintFinding]

    public init(_ snapshot: PolicySnapshot, limits: AnalysisLimits = AnalysisLimits()) throws(AnalysisError) {
        let enforced = try RuleUsage(snapshot, includingStaged: false, limits: limits)
        var report = LintReport(snapshot)
        report.addFormFindings()
        report.addWorldFindings()
        report.addUsageFindings(enforced, staged: false)
        report.addExposureFindings(enforced)
        if report.policies.contains(where: { $0.id.kind.isStaged }) {
            report.addUsageFindings(
                try RuleUsage(snapshot, includingStaged: true, limits: limits), staged: true)
        }
        findings = report.findings.sorted()
    }
}

/// Collects findings and knows where policies come from.
struct LintReport {
    let snapshot: PolicySnapshot
    /// In order of evaluation.
    let policies: [Policy]
    private(set) var findings: [LintFinding] = []
    /// Policies about which it was said that they select nothing: no more needs to be said of their rules.
    var idle: Set<PolicyID> = []

    init(_ snapshot: PolicySnapshot) {
        self.snapshot = snapshot
        policies = snapshot.policies
    }

    func policy(_ id: PolicyID) -> Policy? { policies.first { $0.id == id } }

    mutating func add(
        _ id: LintID, _ severity: LintSeverity, _ policy: PolicyID, _ direction: Direction? = nil,
        rule: Int? = nil, because explanation: String, suggestion: String
    ) {
        let resource = snapshot.cluster.policies[policy]
        var location = resource?.origin
        if let direction, let rule, let origin = location, let lines = resource?.ruleLines[direction],
            lines.indices.contains(rule)
        {
            location = SourceLocation(file: origin.file, line: lines[rule])
        }
        findings.append(
            LintFinding(
                id: id, severity: severity, policy: policy, direction: direction, ruleIndex: rule,
                location: location, explanation: explanation, suggestion: suggestion))
    }
}

extension RuleDecision {
    /// `ingress rule 2 of NetworkPolicy shop/db`, counted as it was written; `the end of tier default`.
    func lintText(in policies: [PolicyID: Policy]) -> String {
        switch place {
        case .rule(let id, let index):
            let rules = policies[id]?.rules(direction) ?? []
            let written = rules.indices.contains(index) ? rules[index].sourceIndex : index
            return "\(direction.rawValue.lowercased()) rule \(written) of \(id)"
        case .endOfTier: return "the end of tier \(tier)"
        case .profileRule(let name, _): return "profile \(name)"
        case .noProfileMatch: return "the end of the profiles"
        }
    }
}
