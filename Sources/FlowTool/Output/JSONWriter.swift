// SPDX-License-Identifier: Apache-2.0

/// Writes JSON text byte by byte, commas included. The caller keeps objects and arrays balanced.
///
/// Everything that is not plain and printable is escaped, so a value is one line and moves no terminal's
/// cursor.
struct JSONWriter {
    private(set) var text = ""
    private var needsComma = false

    mutating func object(_ members: (inout JSONWriter) -> Void) {
        separate()
        text += "{"
        needsComma = false
        members(&self)
        text += "}"
        needsComma = true
    }

    mutating func array<Item>(_ items: some Sequence<Item>, _ write: (inout JSONWriter, Item) -> Void) {
        separate()
        text += "["
        needsComma = false
        for item in items { write(&self, item) }
        text += "]"
        needsComma = true
    }

    /// A member's name; its value comes next. The name is ours and needs no escapes.
    mutating func key(_ name: StaticString) {
        separate()
        text += "\"\(name)\":"
        needsComma = false
    }

    mutating func string(_ value: String) {
        separate()
        text += "\""
        for scalar in value.unicodeScalars { append(scalar) }
        text += "\""
    }

    mutating func integer(_ value: some FixedWidthInteger) {
        separate()
        text += String(value)
    }

    mutating func bool(_ value: Bool) {
        separate()
        text += value ? "true" : "false"
    }

    mutating func null() {
        separate()
        text += "null"
    }

    /// RFC 3339 in UTC, whole seconds.
    mutating func time(seconds: Int64) { string(RFC3339.text(seconds: seconds)) }

    private mutating func separate() {
        if needsComma { text += "," }
        needsComma = true
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": text += "\\\""
        case "\\": text += "\\\\"
        case "\n": text += "\\n"
        case "\r": text += "\\r"
        case "\t": text += "\\t"
        case " "..."~": text.unicodeScalars.append(scalar)
        default:
            guard Self.isEscaped(scalar) else {
                text.unicodeScalars.append(scalar)
                return
            }
            for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
                let digits = String(unit, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
    }

    private static func isEscaped(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
            true
        default: false
        }
    }
}
