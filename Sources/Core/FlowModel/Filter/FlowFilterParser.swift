// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel

extension FlowExpression {
    /// Longest text of a filter that is accepted, in bytes.
    public static let maximumTextBytes = 4_096
    /// Deepest nesting of parentheses and `not` that is accepted, so that hostile text cannot exhaust the stack.
    public static let maximumTextDepth = 64
    /// Most conditions in a text. Every value of a list counts, and a field that means either end counts twice.
    public static let maximumTextConditions = 256

    /// Parses a filter (docs/reference/filter-language.md). Empty or blank text holds for every flow. What is
    /// returned is `normalized`.
    public init(parsing text: String) throws(FlowFilterSyntaxError) {
        var parser = try FlowFilterParser(text)
        self = try parser.parse().normalized
    }
}

/// Recursive descent over the tokens, one of which is looked at ahead of time.
struct FlowFilterParser {
    private(set) var token: FlowFilterToken
    private var lexer: FlowFilterLexer
    private var depth = 0
    private var conditions = 0

    init(_ text: String) throws(FlowFilterSyntaxError) {
        lexer = FlowFilterLexer(text)
        guard lexer.bytes.count <= FlowExpression.maximumTextBytes else {
            throw lexer.error(
                "the filter has \(lexer.bytes.count) bytes; accepted: up to \(FlowExpression.maximumTextBytes)",
                at: FlowExpression.maximumTextBytes)
        }
        token = try lexer.next()
    }

    mutating func parse() throws(FlowFilterSyntaxError) -> FlowExpression {
        if token.kind == .end { return .always }
        let expression = try parseOr()
        switch token.kind {
        case .end: return expression
        case .close: throw error("this parenthesis closes nothing")
        default: throw missing("and, or, or the end of the filter", hint: joinHint)
        }
    }

    // MARK: - Logic

    private mutating func parseOr() throws(FlowFilterSyntaxError) -> FlowExpression {
        var parts = [try parseAnd()]
        while token.isOr {
            try advance()
            parts.append(try parseAnd())
        }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private mutating func parseAnd() throws(FlowFilterSyntaxError) -> FlowExpression {
        var parts = [try parseUnary()]
        while token.isAnd {
            try advance()
            parts.append(try parseUnary())
        }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private mutating func parseUnary() throws(FlowFilterSyntaxError) -> FlowExpression {
        if token.isNot {
            try nest()
            try advance()
            defer { depth -= 1 }
            return .not(try parseUnary())
        }
        guard token.kind == .open else { return try parseCondition() }
        let opening = token
        try nest()
        try advance()
        let inner = try parseOr()
        try close(opening, orElse: "and, or, or )", hint: joinHint)
        depth -= 1
        return inner
    }

    private mutating func nest() throws(FlowFilterSyntaxError) {
        depth += 1
        guard depth <= FlowExpression.maximumTextDepth else {
            throw error("the filter nests deeper than \(FlowExpression.maximumTextDepth) levels")
        }
    }

    /// For two conditions side by side.
    private var joinHint: String? {
        switch token.kind {
        case .word, .quoted, .open, .not: "join conditions with and or or; quote a value that has blanks"
        default: nil
        }
    }

    // MARK: - Tokens

    mutating func advance() throws(FlowFilterSyntaxError) { token = try lexer.next() }

    /// Takes the closing parenthesis.
    mutating func close(
        _ opening: FlowFilterToken, orElse expected: String, hint: String? = nil
    ) throws(FlowFilterSyntaxError) {
        if token.kind == .end { throw error("this parenthesis is never closed", at: opening) }
        guard token.kind == .close else { throw missing(expected, hint: hint) }
        try advance()
    }

    /// Counts a comparison with one value.
    mutating func count(
        _ number: Int, at place: FlowFilterToken
    ) throws(FlowFilterSyntaxError) {
        conditions += number
        guard conditions <= FlowExpression.maximumTextConditions else {
            throw error(
                "the filter has more than \(FlowExpression.maximumTextConditions) conditions",
                hint: "every value of a list counts, and twice when either end may have it", at: place)
        }
    }

    /// An error at a token; at the next one when none is given.
    func error(
        _ message: String, hint: String? = nil, at place: FlowFilterToken? = nil
    ) -> FlowFilterSyntaxError {
        lexer.error(message, hint: hint, at: (place ?? token).offset)
    }

    /// The next token is not what has to stand here.
    func missing(_ expected: String, hint: String? = nil) -> FlowFilterSyntaxError {
        let found = token.kind == .end ? "the filter ends" : "found \(token.source.quotedForMessage)"
        return error("expected \(expected), but \(found)", hint: hint)
    }
}
