// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyModel

// `field operator value` and `field in (value, …)`.
extension FlowFilterParser {
    mutating func parseComparison(
        _ word: String, at first: FlowFilterToken
    ) throws(FlowFilterSyntaxError) -> FlowExpression {
        guard let field = FlowFilterField.named(word) else {
            guard startsOperator else { return try parseWordAlone(word, at: first) }
            throw error(
                "unknown field \(word.quotedForMessage)", hint: FlowFilterField.hint(for: word), at: first)
        }
        var key = ""
        if case .label = field.subject { key = try parseKey(of: field, at: first) }
        let comparison = try parseOperator(of: field.name, allowed: field.subject.operators)
        var parts: [FlowExpression] = []
        for value in try parseValues(comparison) {
            let atoms = try atoms(field, key: key, comparison.affirmed ?? comparison, value)
            try count(atoms.count, at: value)
            parts += atoms
        }
        let expression = parts.count == 1 ? parts[0] : FlowExpression.any(parts)
        return comparison.affirmed == nil ? expression : .not(expression)
    }

    // MARK: - Operators

    private var startsOperator: Bool {
        switch token.kind {
        case .compare, .openBracket: true
        default: token.keyword == "in" || token.keyword == "not"
        }
    }

    /// Words that stand for operators in other languages.
    private static let foreignOperators = [
        "contains": "~", "has": "~", "like": "~", "matches": "~", "starts": "^=", "startswith": "^=",
        "ends": "$=",
        "endswith": "$=", "is": "=", "eq": "=", "equals": "=", "ne": "!=",
    ]

    mutating func parseOperator(
        of name: String, allowed: [FlowFilterOperator]
    ) throws(FlowFilterSyntaxError) -> FlowFilterOperator {
        let place = token
        let found: FlowFilterOperator
        switch (place.kind, place.keyword) {
        case (.compare(let compare), _): found = compare
        case (_, "in"): found = .isIn
        case (_, "not"):
            try advance()
            guard token.keyword == "in" else { throw missing("in after not") }
            found = .notIn
        default:
            let meant = place.keyword.flatMap { Self.foreignOperators[$0] }
            throw missing(
                "an operator after \(name)",
                hint: meant.map { "write \(name) \($0) …" } ?? "it takes \(FlowFilterOperator.list(allowed))")
        }
        guard allowed.contains(found) else {
            throw error(
                "\(name) cannot be compared with \(found.rawValue)",
                hint: "it takes \(FlowFilterOperator.list(allowed))", at: place)
        }
        try advance()
        return found
    }

    // MARK: - Values

    /// One value, or after `in` also a list.
    private mutating func parseValues(
        _ comparison: FlowFilterOperator
    ) throws(FlowFilterSyntaxError) -> [FlowFilterToken] {
        let opening = token
        guard opening.kind == .open else { return [try parseValue()] }
        guard comparison == .isIn || comparison == .notIn else {
            throw missing("a value", hint: "a list comes after in or not in: in (a, b)")
        }
        try advance()
        if token.kind == .close { throw error("the list is empty", hint: "write at least one value") }
        var values = [try parseValue()]
        while token.kind == .comma {
            try advance()
            values.append(try parseValue())
        }
        try close(opening, orElse: ", or ) in the list", hint: joinHintForList)
        return values
    }

    private var joinHintForList: String? {
        switch token.kind {
        case .word, .quoted: "part values with commas; quote a value that has blanks"
        default: nil
        }
    }

    /// A word or a quoted value.
    mutating func parseValue() throws(FlowFilterSyntaxError) -> FlowFilterToken {
        let value = token
        switch value.kind {
        case .word where !FlowFilterBareText.keywords.contains(value.keyword ?? ""), .quoted:
            try advance()
            return value
        case .word, .and, .or, .not:
            throw missing("a value", hint: "quote a value that is a keyword: \"and\"")
        default: throw missing("a value", hint: "quote a value that is empty or has other characters: \"\"")
        }
    }

    private func atoms(
        _ field: FlowFilterField.Named, key: String, _ comparison: FlowFilterOperator,
        _ value: FlowFilterToken
    ) throws(FlowFilterSyntaxError) -> [FlowExpression] {
        switch field.subject {
        case .text(let fields):
            var match = try textMatch(comparison, value, allowsRecordedStars: true)
            if field.subject == .text([.transport]), case .word = value.kind {
                match.value =
                    match.kind == .equals
                    ? FlowFilterBareText.transport(match.value) : match.value.lowercased()
            }
            return fields.map { .text($0, match) }
        case .label(let ends):
            let match = try textMatch(comparison, value, allowsRecordedStars: false)
            return ends.map { .label($0, key: key, match) }
        case .number(let number): return [.number(number, try range(comparison, value))]
        case .endpointType(let ends):
            let type = try choice(FlowEndpointType.self, of: field.name, value)
            return ends.map { .endpointType($0, type) }
        case .action: return [.action(try choice(FlowAction.self, of: field.name, value))]
        case .pendingAction: return [.pendingAction(try choice(FlowAction.self, of: field.name, value))]
        case .reporter: return [.reporter(try choice(FlowReporter.self, of: field.name, value))]
        case .address(let ends):
            let block = try block(value)
            return ends.map { .address($0, block) }
        }
    }

    func textMatch(
        _ comparison: FlowFilterOperator, _ value: FlowFilterToken, allowsRecordedStars: Bool
    ) throws(FlowFilterSyntaxError) -> FlowTextMatch {
        let text =
            switch value.kind {
            case .word(let word): try checked(word, allowsRecordedStars: allowsRecordedStars, at: value)
            default: value.text
            }
        return FlowTextMatch(comparison.matchKind, text)
    }

    /// A word that is compared as a text: stars that look like wildcards are refused.
    func checked(
        _ word: String, allowsRecordedStars: Bool, at place: FlowFilterToken
    ) throws(FlowFilterSyntaxError) -> String {
        guard FlowFilterBareText.hasForeignStar(word, allowsRecorded: allowsRecordedStars) else {
            return word
        }
        throw error(
            "* is no wildcard",
            hint: "^= finds a beginning, $= an end, ~ a part; quote the value if the star belongs to it",
            at: place)
    }

    func choice<Words: FlowFilterWords>(
        _: Words.Type, of name: String, _ value: FlowFilterToken
    ) throws(FlowFilterSyntaxError) -> Words {
        if let found = Words(word: value.text) { return found }
        let choices = Words.choices
        let near = FlowFilterField.nearest(
            to: String(value.text.lowercased().prefix(64)), in: choices.map { $0.lowercased() })
        let meant = choices.first { $0.lowercased() == near }
        throw error(
            "unknown \(name) \(value.text.quotedForMessage)",
            hint: (meant.map { "did you mean \($0)? " } ?? "")
                + "known are \(choices.joined(separator: ", "))",
            at: value)
    }

    private func block(_ value: FlowFilterToken) throws(FlowFilterSyntaxError) -> IPPrefix {
        do {
            let strict = value.text.utf8.contains(UInt8(ascii: "/"))
            return try IPPrefix.parse(value.text, strict ? .strict : .lenient)
        } catch {
            let (message, hint) =
                switch error {
                case .unmasked(let meant):
                    ("has bits set behind its length", "the block is \(meant), the address \(value.address)")
                case .badLength: ("has a length that does not fit", "IPv4: 0 to 32, IPv6: 0 to 128")
                default:
                    ("is neither an address nor a block", "such as 10.0.0.7, 10.0.0.0/8 or 2001:db8::/32")
                }
            throw self.error("\(value.text.quotedForMessage) \(message)", hint: hint, at: value)
        }
    }
}

extension FlowFilterToken {
    /// The text of a value.
    var text: String {
        switch kind {
        case .word(let text), .quoted(let text): text
        default: source
        }
    }

    /// What stands before the slash of a block.
    fileprivate var address: Substring { text.prefix { $0 != "/" } }
}

extension FlowFilterOperator {
    static func list(_ operators: [FlowFilterOperator]) -> String {
        operators.map(\.rawValue).joined(separator: ", ")
    }

    /// For texts; lists compare whole values.
    fileprivate var matchKind: FlowTextMatch.Kind {
        switch self {
        case .contains: .contains
        case .hasPrefix: .hasPrefix
        case .hasSuffix: .hasSuffix
        default: .equals
        }
    }
}

extension FlowFilterSubject {
    fileprivate var operators: [FlowFilterOperator] {
        switch self {
        case .text, .label:
            [.equals, .notEquals, .contains, .notContains, .hasPrefix, .hasSuffix, .isIn, .notIn]
        case .number: [.equals, .notEquals, .less, .atMost, .greater, .atLeast, .isIn, .notIn]
        case .endpointType, .action, .pendingAction, .reporter, .address:
            [.equals, .notEquals, .isIn, .notIn]
        }
    }
}
