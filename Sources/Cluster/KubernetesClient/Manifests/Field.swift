// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel

/// A value of a document with its path. Readers report what is wrong and go on with a default, so that one
/// pass finds every problem of the document.
struct Field {
    let value: ManifestValue
    /// `spec.ingress[0]`; empty for the document.
    let path: String
    let line: Int
    let column: Int
    let problems: ProblemCollector

    init(root: ManifestValue, problems: ProblemCollector) {
        value = root
        path = ""
        line = root.line
        column = root.column
        self.problems = problems
    }

    private init(
        _ value: ManifestValue, _ path: String, _ place: (line: Int, column: Int),
        _ problems: ProblemCollector
    ) {
        self.value = value
        self.path = path
        line = place.line
        column = place.column
        self.problems = problems
    }

    // MARK: Problems

    func error(_ message: String, try suggestion: String = "") {
        problems.report(.error, path, message, try: suggestion, line: line, column: column)
    }

    func warning(_ message: String, try suggestion: String = "") {
        problems.report(.warning, path, message, try: suggestion, line: line, column: column)
    }

    /// Reports a field that is not there, at the place of the object that should have it.
    func missing(_ key: String, try suggestion: String = "") {
        problems.report(
            .error, path(of: key), "the required field '\(key)' is missing", try: suggestion, line: line,
            column: column)
    }

    private func wrongType(_ expected: String, try suggestion: String = "") {
        error("expected \(expected), found \(value.typeName)", try: suggestion)
    }

    // MARK: Steps

    func path(of key: String) -> String { FieldPath.child(key, of: path) }

    /// The field under `key`; nil when there is none or it is null.
    func child(_ key: String) -> Field? {
        guard let entry = value.entry(key), entry.value.content != .null else { return nil }
        return Field(entry.value, path(of: key), entry.location, problems)
    }

    /// The field under `key` if it is an object; anything else but nothing is reported.
    func object(_ key: String) -> Field? {
        guard let field = child(key) else { return nil }
        return field.isObject() ? field : nil
    }

    func isObject() -> Bool {
        if case .object = value.content { return true }
        wrongType("an object")
        return false
    }

    /// The entries of an object as fields, in order; nulls included.
    var entries: [(key: String, field: Field)] {
        guard case .object(let entries) = value.content else { return [] }
        return entries.map { ($0.key, Field($0.value, path(of: $0.key), $0.location, problems)) }
    }

    /// Reports every key that is not in `known`: a misspelled field would otherwise be ignored silently.
    func allowOnly(_ known: [String], severity: Diagnostic.Severity = .error) {
        guard case .object(let entries) = value.content else { return }
        for entry in entries where !known.contains(entry.key) {
            problems.report(
                severity, path(of: entry.key), "the field \(entry.key.quotedForMessage) is not known here",
                try: Spelling.advice(for: entry.key, in: known), line: entry.line, column: entry.column)
        }
    }

    /// The elements of the list under `key`; empty when there is none.
    func list(_ key: String, atMost maximum: Int = .max) -> [Field] {
        guard let field = child(key) else { return [] }
        guard case .array(let elements) = field.value.content else {
            field.wrongType("a list", try: "write it as '- …' lines or in brackets")
            return []
        }
        if elements.count > maximum {
            field.error("\(elements.count) elements, at most \(maximum) are allowed")
        }
        return elements.enumerated().map { index, element in
            Field(element, "\(field.path)[\(index)]", (element.line, element.column), problems)
        }
    }

    /// Reads each element of a list; one that cannot be read is reported by `read` and left out.
    func list<Element>(_ key: String, _ read: (Field) -> Element?) -> [Element] {
        let decoded = list(key).enumerated().compactMap { index, element in
            read(element).map { (index: index, value: $0) }
        }
        problems.remember(list: path(of: key), positions: decoded.map(\.index))
        return decoded.map(\.value)
    }

    // MARK: Scalars

    func text() -> String? {
        switch value.content {
        case .string(let text): return text
        case .int, .double, .bool: wrongType("a string", try: "put it in quotes: \"\(value.text)\"")
        default: wrongType("a string")
        }
        return nil
    }

    /// The string under `key`; empty when there is none.
    func text(_ key: String) -> String { child(key)?.text() ?? "" }

    func texts(_ key: String) -> [String] { list(key) { $0.text() } }

    func flag(_ key: String) -> Bool {
        guard let field = child(key) else { return false }
        if case .bool(let flag) = field.value.content { return flag }
        field.wrongType("true or false")
        return false
    }

    func number(_ key: String) -> Double? {
        guard let field = child(key) else { return nil }
        switch field.value.content {
        case .int(let number): return Double(number)
        case .double(let number) where number.isFinite: return number
        default:
            field.wrongType(
                "a finite number", try: Double(field.value.text) == nil ? "" : "remove the quotes")
            return nil
        }
    }

    func integer(_ range: ClosedRange<Int>, _ what: String) -> Int? {
        guard case .int(let number) = value.content else {
            let isQuoted = Int(value.text) != nil
            wrongType(
                "\(what), a number from \(range.lowerBound) to \(range.upperBound)",
                try: isQuoted ? "remove the quotes" : "")
            return nil
        }
        guard range.contains(number) else {
            error(
                "\(number) is no \(what): expected a number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    /// One of a fixed set of words, spelled exactly.
    func choice<Value>(_ values: [(name: String, value: Value)], _ what: String) -> Value? {
        guard let text = text() else { return nil }
        if let match = values.first(where: { $0.name == text }) { return match.value }
        let names = values.map(\.name)
        error(
            "\(text.quotedForMessage) is no \(what): expected \(names.joined(separator: ", "))",
            try: Spelling.advice(for: text, in: names))
        return nil
    }
}
