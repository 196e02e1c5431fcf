// SPDX-License-Identifier: Apache-2.0

internal import PolicyAnalysis
internal import PolicyModel

/// What `lint` found, in each form that it can be given in.
struct FindingsReport: Sendable {
    let findings: [LintFinding]
    let world: World

    /// Where a lint is described; the path is that of the repository.
    static func documentation(_ id: LintID) -> String { "docs/reference/policy-lints.md#\(id.rawValue)" }

    func count(_ severity: LintSeverity) -> Int { findings.count { $0.severity == severity } }

    // MARK: Text

    /// A line per finding, with the lint's name at the end, and a line that sums up.
    func text(_ style: TextStyle) -> String {
        let lines = findings.map { finding -> String in
            let place =
                finding.location.map { style.tinted($0.description.escapedForMessage, .strong) + ": " } ?? ""
            let tone: TextStyle.Tone = finding.severity == .warning ? .warning : .faint
            return place + style.tinted(finding.severity.rawValue, tone) + ": " + Self.sentence(finding)
                + style.tinted(" [\(finding.id.rawValue)]", .faint)
        }
        return (lines + [summary(style)]).joined(separator: "\n") + "\n"
    }

    /// `ingress rule 2 of NetworkPolicy shop/db never gets any traffic: … (remove the rule, …)`.
    private static func sentence(_ finding: LintFinding) -> String {
        let explanation = finding.explanation.escapedForMessage
        let sentence = explanation.hasSuffix(".") ? String(explanation.dropLast()) : explanation
        return finding.suggestion.isEmpty ? sentence : "\(sentence) (\(finding.suggestion.escapedForMessage))"
    }

    private func summary(_ style: TextStyle) -> String {
        let policies = ValidationReport.policies(world.state.policies.count)
        guard !findings.isEmpty else { return style.tinted("no findings", .good) + " in \(policies)" }
        let parts = [(LintSeverity.warning, "warning", TextStyle.Tone.warning), (.note, "note", .faint)]
            .filter { count($0.0) > 0 }
            .map { style.tinted(ValidationReport.counted(count($0.0), $0.1), $0.2) }
        return parts.joined(separator: " and ") + " in \(policies)"
    }

    // MARK: Structured

    /// The schema of `-o json` and `-o yaml`.
    struct View: Encodable {
        struct Finding: Encodable {
            /// The lint's name, and the anchor of its description.
            let id: String
            /// `warning`, `note`.
            let severity: String
            let file: String
            let line: Int
            let policy: String
            /// `spec.ingress[2]`; empty for the policy as a whole.
            let field: String
            let explanation: String
            let suggestion: String
            let documentation: String
        }

        let findings: [Finding]
        let warningCount: Int
        let noteCount: Int
        let notes: [String]
    }

    var view: View {
        View(
            findings: findings.map { finding in
                View.Finding(
                    id: finding.id.rawValue, severity: finding.severity.rawValue,
                    file: finding.location?.file.escapedForMessage ?? "", line: finding.location?.line ?? 0,
                    policy: finding.policy.description.escapedForMessage, field: finding.field,
                    explanation: finding.explanation.escapedForMessage,
                    suggestion: finding.suggestion.escapedForMessage,
                    documentation: Self.documentation(finding.id))
            },
            warningCount: count(.warning), noteCount: count(.note), notes: world.remarks)
    }

    var sarif: SARIFLog {
        let used = Set(findings.map(\.id))
        return SARIFLog(
            rules: LintID.allCases.filter(used.contains).map {
                SARIFLog.Rule(
                    id: $0.rawValue, summary: $0.title + ".", help: "See \(Self.documentation($0)).")
            },
            results: findings.map {
                SARIFLog.Result(
                    ruleID: $0.id.rawValue, level: $0.severity.rawValue, message: Self.sentence($0),
                    location: $0.location)
            })
    }

    /// A case per policy; it fails when the policy has a warning, or a note when notes count.
    func junit(strict: Bool) -> JUnitReport {
        let byPolicy = Dictionary(
            grouping: findings.filter { strict || $0.severity == .warning }, by: \.policy)
        let policies = world.state.policies.values.sorted { $0.id.traceText < $1.id.traceText }
        return JUnitReport(
            policies.map { policy in
                let counting = byPolicy[policy.id] ?? []
                let detail = counting.map { "[\($0.id.rawValue)] \(Self.sentence($0))" }.joined(
                    separator: "\n")
                return JUnitReport.Case(
                    suite: "vibrissa policy lint", name: policy.id.description,
                    file: policy.origin?.file ?? "",
                    line: policy.origin?.line ?? 0,
                    result: counting.isEmpty
                        ? .passed
                        : .failed(
                            message: ValidationReport.counted(counting.count, "finding"), detail: detail))
            })
    }
}
