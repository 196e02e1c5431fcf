// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel

/// The results of test files, in each form that they can be given in.
struct PolicyTestReport: Sendable {
    let results: [PolicyTestResult]
    /// What is doubtful about the files and their worlds.
    let warnings: [Diagnostic]
    let notes: [String]

    func count(_ status: PolicyTestResult.Status) -> Int { results.count { $0.status == status } }

    /// 0 all passed, 1 some failed, 65 some could not be run.
    var exitStatus: Int32 { count(.unusable) > 0 ? 65 : count(.failed) > 0 ? 1 : 0 }

    // MARK: Text

    /// TAP version 14 (testanything.org), with a YAML block for everything that did not pass.
    func tap(_ style: TextStyle) -> String {
        var lines = ["TAP version 14", "1..\(results.count)"]
        for (index, result) in results.enumerated() {
            let mark = result.status == .passed ? style.tinted("ok", .good) : style.tinted("not ok", .bad)
            lines.append("\(mark) \(index + 1) - \(Self.tapName(result.name))")
            if result.status != .passed { lines += Self.block(result) }
        }
        lines += notes.map { "# note: \(Self.oneLine($0))" }
        lines.append("# " + summary(style))
        return lines.joined(separator: "\n") + "\n"
    }

    private func summary(_ style: TextStyle) -> String {
        var parts: [String] = []
        if count(.passed) > 0 { parts.append(style.tinted("\(count(.passed)) passed", .good)) }
        if count(.failed) > 0 { parts.append(style.tinted("\(count(.failed)) failed", .bad)) }
        if count(.unusable) > 0 { parts.append(style.tinted("\(count(.unusable)) could not be run", .bad)) }
        let tests = "\(results.count) test\(results.count == 1 ? "" : "s")"
        return parts.isEmpty ? tests : "\(tests): \(parts.joined(separator: ", "))"
    }

    /// A hash sign in a description would begin a directive.
    private static func tapName(_ name: String) -> String {
        oneLine(name).reduce(into: "") { $0 += $1 == "\\" || $1 == "#" ? "\\\($1)" : String($1) }
    }

    private static func oneLine(_ text: String) -> String { text.escapedForMessage }

    private static func block(_ result: PolicyTestResult) -> [String] {
        var lines = ["  ---", "  at: \(scalar(result.location.description))"]
        if !result.purpose.isEmpty { lines.append("  rule: \(scalar(result.purpose))") }
        if result.status == .unusable { lines.append("  problem: \(scalar(result.explanation))") }
        for mismatch in result.mismatches {
            lines.append("  \(mismatch.subject):")
            lines.append("    expected: \(scalar(mismatch.expected))")
            lines.append("    actual: \(scalar(mismatch.actual))")
        }
        if result.status == .failed, !result.explanation.isEmpty {
            lines.append("  why: \(scalar(result.explanation))")
        }
        return lines + ["  ..."]
    }

    /// YAML in double quotes, unless the text is plainly plain.
    private static func scalar(_ text: String) -> String {
        let escaped = oneLine(text)
        let isPlain =
            escaped.first?.isLetter ?? false
            && escaped.utf8.allSatisfy { byte in
                byte >= 0x80 || Character(Unicode.Scalar(byte)).isLetter || (0x30...0x39).contains(byte)
                    || " ./-_()".utf8.contains(byte)
            } && !["true", "false", "null", "yes", "no"].contains(escaped.lowercased()) && escaped.last != " "
        guard !isPlain else { return escaped }
        return "\"" + escaped.reduce(into: "") { $0 += $1 == "\\" || $1 == "\"" ? "\\\($1)" : String($1) }
            + "\""
    }

    // MARK: Structured

    /// The schema of `-o json` and `-o yaml`.
    struct View: Encodable {
        struct Mismatch: Encodable {
            let subject: String
            let expected: String
            let actual: String
        }

        struct Test: Encodable {
            let name: String
            let purpose: String
            let file: String
            let line: Int
            /// `passed`, `failed`, `unusable`.
            let status: String
            let mismatches: [Mismatch]
            let explanation: String
        }

        let tests: [Test]
        let passed: Int
        let failed: Int
        let unusable: Int
        let notes: [String]
    }

    var view: View {
        View(
            tests: results.map { result in
                View.Test(
                    name: result.name.escapedForMessage, purpose: result.purpose.escapedForMessage,
                    file: result.location.file,
                    line: result.location.line, status: result.status.rawValue,
                    mismatches: result.mismatches.map {
                        View.Mismatch(subject: $0.subject, expected: $0.expected, actual: $0.actual)
                    },
                    explanation: result.explanation)
            },
            passed: count(.passed), failed: count(.failed), unusable: count(.unusable), notes: notes)
    }

    /// A suite per file.
    var junit: JUnitReport {
        JUnitReport(
            results.map { result in
                let detail = Self.block(result).joined(separator: "\n")
                let outcome: JUnitReport.Case.Result =
                    switch result.status {
                    case .passed: .passed
                    case .unusable: .broken(message: result.explanation, detail: detail)
                    case .failed:
                        .failed(
                            message: result.mismatches.map {
                                "\($0.subject): expected \($0.expected), is \($0.actual)"
                            }
                            .joined(separator: "; "), detail: detail)
                    }
                return JUnitReport.Case(
                    suite: result.location.file, name: result.name, file: result.location.file,
                    line: result.location.line, result: outcome)
            })
    }
}
