// SPDX-License-Identifier: Apache-2.0

extension String {
    /// The text in double quotes as a message may show it: at most 60 characters, otherwise as
    /// `escapedForMessage`.
    public var quotedForMessage: String {
        let isLong = unicodeScalars.count > 60
        let shown = isLong ? String(String.UnicodeScalarView(unicodeScalars.prefix(60))) : self
        return "\"\(shown.escapedForMessage)\(isLong ? "…" : "")\""
    }

    /// The text with everything that is not plain and printable escaped as `\u{hex}`. Names and selectors
    /// come from outside; a message must not move a terminal's cursor or turn the reading direction around.
    public var escapedForMessage: String {
        if utf8.allSatisfy({ (0x20...0x7e).contains($0) }) { return self }
        return unicodeScalars.reduce(into: "") { text, scalar in
            text += Self.isPlain(scalar) ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
        }
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
            false
        default: true
        }
    }
}
