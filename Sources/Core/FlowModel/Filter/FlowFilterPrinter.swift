// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel

extension FlowExpression {
    /// The expression in the filter language (docs/reference/filter-language.md), on one line; empty for `.always`.
    ///
    /// Parsing it gives exactly `normalized`, byte by byte, as long as the text keeps to the bounds of parsing.
    public var filterText: String {
        let expression = normalized
        if case .always = expression { return "" }
        return FlowFilterPrinter.text(expression, isWhole: true)
    }
}

/// Writes normalized expressions.
private enum FlowFilterPrinter {
    static func text(_ expression: FlowExpression, isWhole: Bool = false) -> String {
        func group(_ parts: [String], _ word: String) -> String {
            let joined = parts.joined(separator: " \(word) ")
            return isWhole || parts.count == 1 ? joined : "(\(joined))"
        }
        switch expression {
        case .always: return "true"
        case .any(let parts): return parts.isEmpty ? "false" : group(alternatives(parts).map(\.text), "or")
        case .all(let parts): return group(parts.map { text($0) }, "and")
        case .not(let inner):
            let negated = FlowFilterTerm.only(inner).flatMap(\.negatedText)
            return negated ?? "not \(text(inner))"
        default: return FlowFilterTerm(expression)?.text ?? ""
        }
    }

    /// A part of an `any`: a term, or the text of something else.
    enum Alternative {
        case term(FlowFilterTerm)
        case other(String)

        var text: String {
            switch self {
            case .term(let term): term.text
            case .other(let text): text
            }
        }
    }

    /// Neighbours that the language writes as one are joined: the same for either end, and lists of values.
    static func alternatives(_ parts: [FlowExpression]) -> [Alternative] {
        var joined: [Alternative] = []
        for part in parts {
            guard let term = FlowFilterTerm(part) else {
                joined.append(.other(FlowFilterPrinter.text(part)))
                continue
            }
            if case .term(let last) = joined.last, let either = last.either(with: term) {
                joined[joined.count - 1] = .term(either)
            } else {
                joined.append(.term(term))
            }
        }
        return joined.reduce(into: []) { lists, alternative in
            if case .term(let term) = alternative, case .term(let last) = lists.last,
                let list = last.list(with: term)
            {
                lists[lists.count - 1] = .term(list)
            } else {
                lists.append(alternative)
            }
        }
    }
}

/// A condition as it is written.
private struct FlowFilterTerm {
    enum Form {
        case comparison
        case has
        /// The whole text stands in `field`.
        case policy
    }

    var form: Form
    /// With the key of a label.
    var field: String
    /// `isIn` for blocks of addresses and ranges of numbers as well.
    var comparison = FlowFilterOperator.equals
    var values: [String] = []

    /// Nil for what is no single condition.
    init?(_ expression: FlowExpression) {
        func name(_ subject: FlowFilterSubject) -> String {
            FlowFilterField.all.first { $0.subject == subject }?.name ?? ""
        }
        switch expression {
        case .always, .not, .all, .any: return nil
        case .text(let field, let match):
            self.init(
                name(.text([field])), match.kind.comparison,
                FlowFilterBareText.written(match, recordedStars: true, isTransport: field == .transport))
        case .number(let field, let range): self.init(name(.number(field)), range)
        case .endpointType(let end, let type): self.init(name(.endpointType([end])), .equals, type.words[0])
        case .action(let action): self.init(name(.action), .equals, action.words[0])
        case .pendingAction(let action): self.init(name(.pendingAction), .equals, action.words[0])
        case .reporter(let reporter): self.init(name(.reporter), .equals, reporter.words[0])
        case .policy(let condition): self.init(form: .policy, condition.filterText)
        case .label(let end, let key, let match):
            let isBare = FlowFilterBareText.allowsKey(key[...].utf8)
            let field = name(.label([end])) + (isBare ? ".\(key)" : "[\(FlowFilterBareText.quoted(key))]")
            if let match {
                self.init(field, match.kind.comparison, FlowFilterBareText.written(match))
            } else {
                self.init(form: .has, field)
            }
        case .address(let end, let block):
            let isOne = block.isSingleAddress
            self.init(name(.address([end])), isOne ? .equals : .isIn, isOne ? "\(block.address)" : "\(block)")
        }
    }

    private init(form: Form, _ field: String) { (self.form, self.field) = (form, field) }

    private init(_ field: String, _ comparison: FlowFilterOperator, _ value: String) {
        (form, self.field, self.comparison, values) = (.comparison, field, comparison, [value])
    }

    private init(_ field: String, _ range: ClosedRange<Int64>) {
        switch (range.lowerBound, range.upperBound) {
        case (let low, let high) where low == high: self.init(field, .equals, "\(low)")
        case (let low, .max): self.init(field, .atLeast, "\(low)")
        case (.min, let high): self.init(field, .atMost, "\(high)")
        case (let low, let high): self.init(field, .isIn, "\(low)-\(high)")
        }
    }

    /// The one term that an expression is written as.
    static func only(_ expression: FlowExpression) -> FlowFilterTerm? {
        guard case .any(let parts) = expression else { return FlowFilterTerm(expression) }
        let alternatives = FlowFilterPrinter.alternatives(parts)
        guard alternatives.count == 1, case .term(let term) = alternatives[0] else { return nil }
        return term
    }

    // MARK: - Joining

    /// This for the source or the other for the destination, when they ask the same.
    func either(with other: FlowFilterTerm) -> FlowFilterTerm? {
        guard form != .policy, form == other.form, comparison == other.comparison,
            values.elementsEqual(other.values, by: { $0.isByteEqual(to: $1) }),
            field.hasPrefix("source."), other.field.hasPrefix("dest.")
        else { return nil }
        var either = self
        either.field = String(field.dropFirst("source.".count))
        return either.field.isByteEqual(to: String(other.field.dropFirst("dest.".count))) ? either : nil
    }

    /// A list of the values of both.
    func list(with other: FlowFilterTerm) -> FlowFilterTerm? {
        guard form == .comparison, other.form == .comparison, field.isByteEqual(to: other.field),
            [comparison, other.comparison].allSatisfy({ $0 == .equals || $0 == .isIn })
        else { return nil }
        var list = self
        list.comparison = .isIn
        list.values += other.values
        return list
    }

    // MARK: - Text

    var text: String { written(comparison) }

    /// Nil when the opposite takes a `not` before the condition.
    var negatedText: String? { form == .comparison ? comparison.negated.map(written) : nil }

    private func written(_ comparison: FlowFilterOperator) -> String {
        switch form {
        case .policy: return field
        case .has: return "has(\(field))"
        case .comparison:
            let value = values.count == 1 ? values[0] : "(\(values.joined(separator: ", ")))"
            return "\(field) \(comparison.rawValue) \(value)"
        }
    }
}

extension FlowTextMatch.Kind {
    fileprivate var comparison: FlowFilterOperator {
        switch self {
        case .equals: .equals
        case .contains: .contains
        case .hasPrefix: .hasPrefix
        case .hasSuffix: .hasSuffix
        }
    }
}

extension FlowFilterBareText {
    /// The value of a comparison, in quotes if it would be read otherwise without.
    fileprivate static func written(
        _ match: FlowTextMatch, recordedStars: Bool = false, isTransport: Bool = false
    ) -> String {
        let value = match.value
        let isChanged =
            isTransport
            && value != (match.kind == .equals ? transport(value) : value.lowercased())
        return allows(value, recordedStars: recordedStars) && !isChanged ? value : quoted(value)
    }
}

extension FlowPolicyCondition {
    fileprivate var filterText: String {
        func part(_ name: String, _ match: FlowTextMatch?) -> String? {
            match.map { "\(name) \($0.kind.comparison.rawValue) \(FlowFilterBareText.written($0))" }
        }
        let parts = [
            stage.map { "stage = \($0.words[0])" }, kind.map { "kind = \($0.words[0])" }, part("tier", tier),
            part("namespace", namespace), part("name", name), action.map { "action = \($0.words[0])" },
            ruleIndex.map { "rule = \($0)" },
        ]
        return "policy(\(parts.compactMap { $0 }.joined(separator: ", ")))"
    }
}
