// SPDX-License-Identifier: Apache-2.0

public import PolicyModel

extension Diagnostic {
    /// One line, as compilers write it: `file:line:column: error: resource: field: message (suggestion)`. Every part
    /// is escaped, whoever made it.
    public func text(_ style: TextStyle) -> String {
        var line = location.map { style.tinted($0.description.escapedForMessage, .strong) + ": " } ?? ""
        line += style.tinted(severity.rawValue, severity == .error ? .bad : .warning) + ": "
        for part in [resource, field] where !part.isEmpty { line += part.escapedForMessage + ": " }
        line += message.escapedForMessage
        return suggestion.isEmpty ? line : line + " (\(suggestion.escapedForMessage))"
    }
}
