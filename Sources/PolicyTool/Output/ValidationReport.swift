// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel

/// What `validate` found, in each form that it can be given in.
public struct ValidationReport: Sendable {
    public let world: World

    public init(_ world: World) { self.world = world }

    // MARK: Text

    /// A line per problem, notes, and a line that sums up.
    public func text(_ style: TextStyle) -> String {
        var lines = world.diagnostics.map { $0.text(style) }
        lines += world.notes.map { style.tinted("note:", .faint) + " \($0)" }
        lines.append(summary(style))
        return lines.joined(separator: "\n") + "\n"
    }

    private func summary(_ style: TextStyle) -> String {
        let files = Self.counted(world.files.count, "file")
        guard world.errorCount + world.warningCount > 0 else {
            return style.tinted("no problems", .good) + " in \(files): \(contents)"
        }
        let parts = [
            world.errorCount == 0 ? nil : style.tinted(Self.counted(world.errorCount, "error"), .bad),
            world.warningCount == 0
                ? nil : style.tinted(Self.counted(world.warningCount, "warning"), .warning),
        ]
        return parts.compactMap { $0 }.joined(separator: " and ") + " in \(files): \(contents)"
    }

    /// `3 policies, 1 namespace, 4 pods`: what counts in the end.
    private var contents: String {
        let parts = objectCounts.filter { $0.count > 0 }.map {
            $0.count == 1 ? "1 \($0.one)" : "\($0.count) \($0.many)"
        }
        return parts.isEmpty ? "nothing is left to evaluate" : parts.joined(separator: ", ")
    }

    private var objectCounts: [(one: String, many: String, key: String, count: Int)] {
        let state = world.state
        return [
            ("policy", "policies", "policies", state.policies.count),
            ("namespace", "namespaces", "namespaces", state.namespaces.values.count { !$0.isImplied }),
            ("pod", "pods", "pods", state.pods.count),
            ("service", "services", "services", state.services.count),
            ("network set", "network sets", "networkSets", state.networkSets.count),
            ("host endpoint", "host endpoints", "hostEndpoints", state.hostEndpoints.count),
        ]
    }

    static func policies(_ count: Int) -> String { count == 1 ? "1 policy" : "\(count) policies" }

    static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    // MARK: Structured

    /// The schema of `-o json` and `-o yaml`.
    public struct View: Encodable, Sendable {
        struct Problem: Encodable, Sendable {
            let severity: String
            let file: String
            /// From 1; 0 when unknown.
            let line: Int
            let column: Int
            let resource: String
            let field: String
            let message: String
            let suggestion: String
        }

        let problems: [Problem]
        let errorCount: Int
        let warningCount: Int
        let files: [String]
        let notes: [String]
        /// Number of objects that count, by kind.
        let objects: [String: Int]
    }

    public var view: View {
        View(
            problems: world.diagnostics.map { problem in
                View.Problem(
                    severity: problem.severity.rawValue, file: problem.location?.file.escapedForMessage ?? "",
                    line: problem.location?.line ?? 0, column: problem.location?.column ?? 0,
                    resource: problem.resource.escapedForMessage, field: problem.field.escapedForMessage,
                    message: problem.message.escapedForMessage,
                    suggestion: problem.suggestion.escapedForMessage)
            },
            errorCount: world.errorCount, warningCount: world.warningCount, files: world.files,
            notes: world.notes,
            objects: Dictionary(uniqueKeysWithValues: objectCounts.map { ($0.key, $0.count) }))
    }

    public var sarif: SARIFLog {
        SARIFLog(
            rules: [
                .init(id: "invalid-manifest", summary: "The document is left out because of an error."),
                .init(
                    id: "doubtful-manifest",
                    summary: "The document counts; it is probably not what was meant."),
            ],
            results: world.diagnostics.map { problem in
                SARIFLog.Result(
                    ruleID: problem.severity == .error ? "invalid-manifest" : "doubtful-manifest",
                    level: problem.severity.rawValue, message: Self.sentence(problem),
                    location: problem.location)
            })
    }

    /// A case per file; it fails when the file has an error, or a warning when warnings count.
    public func junit(strict: Bool) -> JUnitReport {
        let byFile = Dictionary(grouping: world.diagnostics) { $0.location?.file ?? "" }
        let files = world.files + Set(byFile.keys).subtracting(world.files).sorted()
        return JUnitReport(
            files.map { file in
                let counting = (byFile[file] ?? []).filter { $0.severity == .error || strict }
                let detail = counting.map { $0.text(TextStyle()) }.joined(separator: "\n")
                return JUnitReport.Case(
                    suite: "vibrissa policy validate", name: file.isEmpty ? "all files" : file, file: file,
                    line: counting.first?.location?.line ?? 0,
                    result: counting.isEmpty
                        ? .passed
                        : .failed(message: Self.counted(counting.count, "problem"), detail: detail))
            })
    }

    private static func sentence(_ problem: Diagnostic) -> String {
        let parts = [problem.resource, problem.field].filter { !$0.isEmpty } + [problem.message]
        let suggestion = problem.suggestion.isEmpty ? "" : " (\(problem.suggestion))"
        return (parts.joined(separator: ": ") + suggestion).escapedForMessage
    }
}
