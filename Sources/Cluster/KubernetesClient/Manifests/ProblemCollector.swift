// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel

/// Every problem found in one document, in the order of its lines.
///
/// A reference shared by the `Field`s of one document while it is decoded; never leaves that call.
final class ProblemCollector {
    private let file: String
    private let root: ManifestValue
    /// Set once the document's name is known.
    var resource = ""
    private var found: [Diagnostic] = []
    /// Lists of which an element could not be read: positions in the decoded list differ from those in the
    /// text.
    private var incompleteLists: [String] = []

    init(file: String, root: ManifestValue) {
        self.file = file
        self.root = root
    }

    var hasErrors: Bool { found.contains { $0.severity == .error } }

    /// Sorted by place; within one place in the order found.
    var diagnostics: [Diagnostic] {
        found.enumerated().sorted { left, right in
            let a = left.element.location
            let b = right.element.location
            return (a?.line ?? 0, a?.column ?? 0, left.offset) < (b?.line ?? 0, b?.column ?? 0, right.offset)
        }.map { item in
            var diagnostic = item.element
            diagnostic.resource = resource
            return diagnostic
        }
    }

    func report(
        _ severity: Diagnostic.Severity, _ field: String, _ message: String, try suggestion: String = "",
        line: Int, column: Int
    ) {
        found.append(
            Diagnostic(
                severity, field: field.escapedForMessage, message: message, suggestion: suggestion,
                location: SourceLocation(file: file, line: line, column: column)))
    }

    func markIncomplete(list: String) { incompleteLists.append(list + "[") }

    /// Takes over the problems that the model found in the decoded value.
    func add(_ problems: [Diagnostic]) {
        for problem in problems {
            // Positions in an incomplete list would point at the wrong element.
            if incompleteLists.contains(where: { problem.field.hasPrefix($0) }) { continue }
            // What could not be read was replaced by a default; do not complain about it twice.
            if found.contains(where: { $0.field == problem.field && $0.severity == .error }) { continue }
            let place = root.location(ofField: problem.field)
            report(
                problem.severity, problem.field, problem.message, try: problem.suggestion, line: place.line,
                column: place.column)
        }
    }
}
