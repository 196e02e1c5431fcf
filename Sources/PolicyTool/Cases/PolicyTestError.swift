// SPDX-License-Identifier: Apache-2.0

internal import KubernetesClient
public import PolicyModel

/// Why a test cannot be run: what is wrong with its text, and where.
public struct PolicyTestError: Error, Sendable, Hashable, CustomStringConvertible {
    public let location: SourceLocation
    /// What was expected and found, and what to try. Escaped.
    public let message: String

    public init(_ message: String, at location: SourceLocation) {
        self.location = location
        self.message = message
    }

    public var description: String { "\(location): \(message)" }

    /// The same as a problem of a file.
    public var diagnostic: Diagnostic { Diagnostic(.error, message: message, location: location) }
}

/// A value of a test file, read with errors that say where.
struct TestField {
    let value: ManifestValue
    let file: String

    var location: SourceLocation { SourceLocation(file: file, line: value.line, column: value.column) }

    func error(_ message: String) -> PolicyTestError { PolicyTestError(message, at: location) }

    /// nil when there is none, or it is null.
    subscript(key: String) -> TestField? { value[key].map { TestField(value: $0, file: file) } }

    func required(_ key: String) throws(PolicyTestError) -> TestField {
        guard let field = self[key] else { throw error("the field '\(key)' is missing") }
        return field
    }

    func elements() throws(PolicyTestError) -> [TestField] {
        guard case .array(let elements) = value.content else { throw error("expected a list") }
        return elements.map { TestField(value: $0, file: file) }
    }

    /// The elements of a list; none when there is no such key.
    func elements(_ key: String) throws(PolicyTestError) -> [TestField] { try self[key]?.elements() ?? [] }

    /// A string, or another scalar as it is written.
    func text() throws(PolicyTestError) -> String {
        switch value.content {
        case .string(let text): return text
        case .int, .double, .bool: return value.text
        default: throw error("expected a string")
        }
    }

    /// The text under `key`; empty when there is none.
    func text(_ key: String) throws(PolicyTestError) -> String { try self[key]?.text() ?? "" }

    func texts(_ key: String) throws(PolicyTestError) -> [String] {
        try elements(key).map { field throws(PolicyTestError) in try field.text() }
    }

    func flag() throws(PolicyTestError) -> Bool {
        guard case .bool(let flag) = value.content else { throw error("expected true or false") }
        return flag
    }

    func number<Number: FixedWidthInteger>(
        _ type: Number.Type = Number.self
    ) throws(PolicyTestError) -> Number {
        guard case .int(let number) = value.content, let result = Number(exactly: number) else {
            throw error(
                "expected a number from \(Number.min) to \(Number.max), found \(value.text.quotedForMessage)")
        }
        return result
    }

    /// A warning for each key that means nothing here: a misspelled one would be ignored silently.
    func warnings(unlessIn known: Set<String>) -> [Diagnostic] {
        guard case .object(let entries) = value.content else { return [] }
        return entries.filter { !known.contains($0.key) }.map { entry in
            Diagnostic(
                .warning, message: "the field \(entry.key.quotedForMessage) is not known here and is ignored",
                suggestion: "known are \(known.sorted().joined(separator: ", "))",
                location: SourceLocation(file: file, line: entry.line, column: entry.column))
        }
    }
}
