// SPDX-License-Identifier: Apache-2.0

/// A place in a file that a person can open. Lines and columns count from 1; 0 means unknown.
public struct SourceLocation: Hashable, Sendable, CustomStringConvertible {
    public let file: String
    public let line: Int
    public let column: Int

    public init(file: String, line: Int, column: Int = 0) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `shop.yaml:12:5`, the form that editors and terminals make clickable.
    public var description: String {
        line == 0 ? file : column == 0 ? "\(file):\(line)" : "\(file):\(line):\(column)"
    }
}

/// One problem of one document: what, where, why, and what to try.
public struct Diagnostic: Hashable, Sendable {
    public enum Severity: String, Sendable, Hashable {
        /// The document is treated as absent.
        case error
        /// The document is used; something about it is probably not what was meant.
        case warning
    }

    public var severity: Severity
    /// `NetworkPolicy shop/allow-db`; empty when the document could not be read that far.
    public var resource: String
    /// `spec.ingress[0].action`; empty for the document as a whole.
    public var field: String
    public var message: String
    /// What to try; empty when the message says it all.
    public var suggestion: String
    public var location: SourceLocation?

    public init(
        _ severity: Severity, resource: String = "", field: String = "", message: String,
        suggestion: String = "",
        location: SourceLocation? = nil
    ) {
        self.severity = severity
        self.resource = resource
        self.field = field
        self.message = message
        self.suggestion = suggestion
        self.location = location
    }
}

extension Diagnostic: CustomStringConvertible {
    /// One line: `shop.yaml:12:5: error: NetworkPolicy shop/db: spec.selector: ... (try ...)`.
    public var description: String {
        var parts: [String] = []
        if let location { parts.append(location.description) }
        parts.append(severity.rawValue)
        if !resource.isEmpty { parts.append(resource) }
        if !field.isEmpty { parts.append(field) }
        return parts.joined(separator: ": ") + ": " + message + (suggestion.isEmpty ? "" : " (\(suggestion))")
    }
}
