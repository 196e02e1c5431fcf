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
    /// Lists of which an element could not be read, by path: for each decoded element its position in the text.
    private var positions: [String: [Int]] = [:]

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

    /// Notes which elements of a list could be read, so that what is said of them later names the right ones.
    func remember(list: String, positions: [Int]) {
        guard positions != Array(positions.indices) else { return }
        self.positions[list] = positions
    }

    /// Takes over the problems that the model found in the decoded value.
    func add(_ problems: [Diagnostic]) {
        // What could not be read was replaced by a default; do not complain about it twice.
        let reported = Set(found.filter { $0.severity == .error }.map(\.field))
        for problem in problems {
            let field = pathInText(problem.field)
            if reported.contains(field.escapedForMessage) { continue }
            let place = root.location(ofField: field)
            report(
                problem.severity, field, problem.message, try: problem.suggestion, line: place.line,
                column: place.column)
        }
    }

    /// The path of a field of the decoded value, with the positions that list elements have in the text.
    private func pathInText(_ field: String) -> String {
        guard !positions.isEmpty else { return field }
        var result = ""
        var rest = field[...]
        while let bracket = rest.firstIndex(of: "[") {
            result += rest[..<bracket]
            let body = rest[rest.index(after: bracket)...]
            guard let end = body.firstIndex(of: "]") else { break }
            let position = Int(body[..<end]).flatMap { index in
                positions[result].flatMap { $0.indices.contains(index) ? $0[index] : nil }
            }
            result += "[\(position.map(String.init) ?? String(body[..<end]))]"
            rest = body[body.index(after: end)...]
        }
        return result + rest
    }
}
