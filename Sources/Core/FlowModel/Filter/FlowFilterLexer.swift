// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel

/// How a condition compares.
enum FlowFilterOperator: String, CaseIterable {
    case equals = "="
    case notEquals = "!="
    case contains = "~"
    case notContains = "!~"
    case hasPrefix = "^="
    case hasSuffix = "$="
    case less = "<"
    case atMost = "<="
    case greater = ">"
    case atLeast = ">="
    case isIn = "in"
    case notIn = "not in"

    /// The operator whose opposite this is.
    var affirmed: FlowFilterOperator? {
        switch self {
        case .notEquals: .equals
        case .notContains: .contains
        case .notIn: .isIn
        default: nil
        }
    }

    /// The operator for the opposite; nil when it takes a `not` before the condition.
    var negated: FlowFilterOperator? { Self.allCases.first { $0.affirmed == self } }
}

/// A piece of a filter's text.
struct FlowFilterToken {
    enum Kind: Equatable {
        /// A keyword, a field or a value.
        case word(String)
        /// A value between quotes, its escapes resolved.
        case quoted(String)
        case compare(FlowFilterOperator)
        case open, close, openBracket, closeBracket, comma
        case and, or, not
        case end
    }

    var kind: Kind
    /// Where it begins, in bytes.
    var offset: Int
    /// As it stands in the text.
    var source: String

    /// The word in lower case, as keywords and fields are compared.
    var keyword: String? {
        if case .word(let word) = kind { word.lowercased() } else { nil }
    }

    var isAnd: Bool { kind == .and || keyword == "and" }
    var isOr: Bool { kind == .or || keyword == "or" }
    var isNot: Bool { kind == .not || keyword == "not" }
}

/// Cuts a filter's text into tokens, one at a time, so that the first mistake is the one that is told.
struct FlowFilterLexer {
    let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    func error(_ message: String, hint: String? = nil, at offset: Int) -> FlowFilterSyntaxError {
        FlowFilterSyntaxError(message, hint: hint, at: offset, in: bytes)
    }

    mutating func next() throws(FlowFilterSyntaxError) -> FlowFilterToken {
        while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
        let start = position
        let kind = try takeKind()
        return FlowFilterToken(
            kind: kind, offset: start, source: String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d
    }

    /// Longer symbols before shorter ones that they begin with.
    private static let symbols: [(text: String, kind: FlowFilterToken.Kind)] = [
        ("==", .compare(.equals)), ("=", .compare(.equals)), ("!=", .compare(.notEquals)),
        ("!~", .compare(.notContains)), ("~", .compare(.contains)), ("^=", .compare(.hasPrefix)),
        ("$=", .compare(.hasSuffix)), ("<=", .compare(.atMost)), ("<", .compare(.less)),
        (">=", .compare(.atLeast)), (">", .compare(.greater)), ("&&", .and), ("||", .or), ("!", .not),
        ("(", .open), (")", .close), ("[", .openBracket), ("]", .closeBracket), (",", .comma),
    ]

    /// What other languages write, and what is meant here.
    private static let foreign: [(text: String, hint: String)] = [
        ("=~", "there are no regular expressions; ~ finds a part, ^= a beginning, $= an end"),
        ("&", "write and, or &&"), ("|", "write or, or ||"), ("^", "a beginning is found with ^="),
        ("$", "an end is found with $="), ("{", "lists stand in parentheses: in (a, b)"),
        ("“", "use straight quotes: \""), ("”", "use straight quotes: \""), ("‘", "use straight quotes: '"),
        ("’", "use straight quotes: '"), ("%", "the text is still URL-encoded"),
        ("+", "the text is still URL-encoded"),
    ]

    private mutating func takeKind() throws(FlowFilterSyntaxError) -> FlowFilterToken.Kind {
        guard position < bytes.count else { return .end }
        let rest = bytes[position...]
        if rest[position] == UInt8(ascii: "\"") || rest[position] == UInt8(ascii: "'") {
            return .quoted(try takeQuoted())
        }
        let wordEnd = rest.firstIndex { !Self.isWordByte($0) } ?? bytes.count
        if wordEnd > position {
            position = wordEnd
            return .word(String(decoding: rest[..<wordEnd], as: UTF8.self))
        }
        if rest.starts(with: "=~".utf8) { throw unexpected("=~") }
        for symbol in Self.symbols where rest.starts(with: symbol.text.utf8) {
            position += symbol.text.utf8.count
            return symbol.kind
        }
        throw unexpected(String(String(decoding: rest.prefix(64), as: UTF8.self).prefix(1)))
    }

    private func unexpected(_ text: String) -> FlowFilterSyntaxError {
        error(
            "unexpected \(text.quotedForMessage)",
            hint: Self.foreign.first { text == $0.text }?.hint
                ?? "quote values with other characters than letters, digits and - _ . : / *",
            at: position)
    }

    /// What words are made of: names, numbers, ranges, addresses, label keys.
    static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "*"):
            true
        default: false
        }
    }

    // MARK: - Quoted values

    private mutating func takeQuoted() throws(FlowFilterSyntaxError) -> String {
        let start = position
        let quote = bytes[position]
        var value: [UInt8] = []
        position += 1
        while position < bytes.count, bytes[position] != quote {
            if bytes[position] == UInt8(ascii: "\\") {
                value += try takeEscape()
            } else {
                value.append(bytes[position])
                position += 1
            }
        }
        guard position < bytes.count else {
            throw error("this quoted value is never closed", hint: "end it with the same quote", at: start)
        }
        position += 1
        return String(decoding: value, as: UTF8.self)
    }

    private mutating func takeEscape() throws(FlowFilterSyntaxError) -> [UInt8] {
        let start = position
        position += 1
        let next = position < bytes.count ? bytes[position] : 0
        position += 1
        switch next {
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"): return [next]
        case UInt8(ascii: "n"): return [0x0a]
        case UInt8(ascii: "r"): return [0x0d]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            if let scalar = takeScalar() { return Array(String(Character(scalar)).utf8) }
        default: break
        }
        throw error(
            "unknown escape in a quoted value",
            hint: #"known are \" \' \\ \n \r \t and \u{…} with up to six hexadecimal digits"#, at: start)
    }

    /// `{1f600}`
    private mutating func takeScalar() -> Unicode.Scalar? {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "{"),
            let end = bytes[position...].prefix(8).firstIndex(of: UInt8(ascii: "}"))
        else { return nil }
        let digits = bytes[(position + 1)..<end]
        guard !digits.isEmpty, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { return nil }
        position = end + 1
        return Unicode.Scalar(value)
    }
}
