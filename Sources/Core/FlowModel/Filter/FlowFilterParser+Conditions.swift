// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyModel

// One condition: `field operator value`, `has(label)`, `policy(…)`, `true`, `false`, or a text to search for.
extension FlowFilterParser {
    mutating func parseCondition() throws(FlowFilterSyntaxError) -> FlowExpression {
        let first = token
        switch first.kind {
        case .quoted(let text):
            try advance()
            if case .compare = token.kind {
                throw error("a field stands without quotes", hint: "quotes are for values", at: first)
            }
            return try search(text, at: first)
        case .word(let word):
            try advance()
            switch first.keyword {
            case "true": return .always
            case "false": return .never
            case "and", "or", "in": throw misplaced(first)
            case "has" where token.kind == .open: return try parseHas()
            case "policy" where token.kind == .open: return try parsePolicy()
            case "has", "policy": throw missing("( after \(word.lowercased())", hint: callHint(first))
            default: return try parseComparison(word, at: first)
            }
        case .and, .or: throw misplaced(first)
        default: throw missing("a condition", hint: "such as dest.namespace = shop")
        }
    }

    private func misplaced(_ place: FlowFilterToken) -> FlowFilterSyntaxError {
        error(
            "expected a condition, but found \(place.source.quotedForMessage)",
            hint: "and and or stand between two conditions", at: place)
    }

    private func callHint(_ place: FlowFilterToken) -> String {
        place.keyword == "has" ? "has(source.label.app)" : "policy(tier = default, name ~ web)"
    }

    // MARK: - Search

    /// A text alone: a part of either end's name.
    private mutating func search(
        _ text: String, at place: FlowFilterToken
    ) throws(FlowFilterSyntaxError) -> FlowExpression {
        try count(2, at: place)
        let match = FlowTextMatch(.contains, text)
        return .any([.text(.sourceName, match), .text(.destinationName, match)])
    }

    /// Longer texts are not repeated in a hint.
    private static let maximumHintBytes = 64

    /// What a word alone was probably meant for, in text that is understood but for a `…`; nil when it may well be
    /// a part of a name.
    private func meant(by word: String) -> String? {
        if let action = FlowAction(word: word), action != .unspecified {
            return "action = \(action.words[0])"
        }
        if IPAddress(word) != nil { return "ip = \(word)" }
        if let block = try? IPPrefix.parse(word, .lenient) { return "ip in \(block)" }
        if word.utf8.first != UInt8(ascii: "-"), let port = Int64(word) { return "dest.port = \(port)" }
        let transport = FlowFilterBareText.transport(word)
        if (UInt8.min ... .max).contains(where: { IPProtocol(rawValue: $0).flowName == transport }) {
            return "protocol = \(transport)"
        }
        guard let colon = word.firstIndex(of: ":"),
            let field = FlowFilterField.named(String(word[..<colon]))
        else { return nil }
        if case .label = field.subject { return "\(field.name).app = …" }
        let written = "\(field.name) = \(word[word.index(after: colon)...])"
        let isUsable =
            written.utf8.count <= Self.maximumHintBytes && (try? FlowExpression(parsing: written)) != nil
        return isUsable ? written : "\(field.name) = …"
    }

    mutating func parseWordAlone(
        _ word: String, at place: FlowFilterToken
    ) throws(FlowFilterSyntaxError) -> FlowExpression {
        if let meant = meant(by: word) {
            throw error(
                "\(word.quotedForMessage) alone would search names",
                hint: "write \(meant), or quote it to search", at: place)
        }
        return try search(try checked(word, allowsRecordedStars: true, at: place), at: place)
    }

    // MARK: - Labels

    /// `has(source.label.app)`
    private mutating func parseHas() throws(FlowFilterSyntaxError) -> FlowExpression {
        let opening = token
        try advance()
        let place = token
        guard case .word(let word) = place.kind, let field = FlowFilterField.named(word),
            case .label(let ends) = field.subject
        else {
            var key = "app"
            if case .word(let word) = place.kind, word.utf8.count <= Self.maximumHintBytes,
                FlowFilterField.named(word) == nil
            {
                key = word
            }
            throw missing(
                "a label", hint: "label.\(key) of either end, source.label.\(key) or dest.label.\(key)")
        }
        try advance()
        let key = try parseKey(of: field, at: place)
        try close(opening, orElse: ")")
        try count(ends.count, at: place)
        let parts = ends.map { FlowExpression.label($0, key: key, nil) }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    /// The key of a label: `.app` in the word itself, or `["app"]` after it.
    mutating func parseKey(
        of field: FlowFilterField.Named, at place: FlowFilterToken
    ) throws(FlowFilterSyntaxError) -> String {
        if let key = field.key {
            guard FlowFilterBareText.allowsKey(key.utf8) else {
                throw error(
                    "this is no label key without quotes",
                    hint: "write \(field.name).app, or \(field.name)[\"app\"] for any other key", at: place)
            }
            return String(key)
        }
        guard token.kind == .openBracket else {
            throw missing(
                "the key of a label", hint: "write \(field.name).app or \(field.name)[\"app\"]")
        }
        try advance()
        let key: String
        switch token.kind {
        case .quoted(let text): key = text
        case .word(let word) where FlowFilterBareText.allowsKey(word[...].utf8): key = word
        default: throw missing("the key of a label", hint: "write it in quotes: \(field.name)[\"app\"]")
        }
        try advance()
        guard token.kind == .closeBracket else { throw missing("]") }
        try advance()
        return key
    }
}
