// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel

// `policy(tier = default, name ~ web, action = deny)`: conditions on one hit of a trace.
extension FlowFilterParser {
    private static let parts = ["tier", "namespace", "name", "kind", "action", "rule", "stage"]

    /// The word `policy` is taken, the parenthesis is next.
    mutating func parsePolicy() throws(FlowFilterSyntaxError) -> FlowExpression {
        let opening = token
        try count(1, at: opening)
        try advance()
        var condition = FlowPolicyCondition()
        var seen: Set<String> = []
        if token.kind != .close {
            try parsePart(of: &condition, &seen)
            while token.kind == .comma || token.isAnd {
                try advance()
                try parsePart(of: &condition, &seen)
            }
        }
        let hint = token.isOr ? "alternatives are two conditions: policy(…) or policy(…)" : nil
        try close(opening, orElse: ", and, or ) in policy(…)", hint: hint)
        return .policy(condition)
    }

    private mutating func parsePart(
        of condition: inout FlowPolicyCondition, _ seen: inout Set<String>
    ) throws(FlowFilterSyntaxError) {
        let place = token
        guard case .word(let word) = place.kind else {
            let negates = place.isNot
            throw missing(
                "one of \(Self.parts.joined(separator: ", "))",
                hint: negates ? "no hit at all fits: not policy(…)" : "such as policy(name ~ web)")
        }
        let name = word.lowercased()
        guard Self.parts.contains(name) else {
            let near = FlowFilterField.nearest(to: String(name.prefix(64)), in: Self.parts)
            throw error(
                place.isNot
                    ? "not cannot stand in policy(…)" : "unknown part of a policy: \(word.quotedForMessage)",
                hint: place.isNot
                    ? "no hit at all fits: not policy(…)"
                    : near.map { "did you mean \($0)?" } ?? "known are \(Self.parts.joined(separator: ", "))",
                at: place)
        }
        guard seen.insert(name).inserted else {
            throw error(
                "\(name) is given twice", hint: "alternatives are two conditions: policy(…) or policy(…)",
                at: place
            )
        }
        try advance()
        let isText = name == "tier" || name == "namespace" || name == "name"
        let comparison = try parsePolicyOperator(of: name, isText: isText)
        let value = try parseValue()
        switch name {
        case "tier": condition.tier = try textMatch(comparison, value, allowsRecordedStars: false)
        case "namespace": condition.namespace = try textMatch(comparison, value, allowsRecordedStars: false)
        case "name": condition.name = try textMatch(comparison, value, allowsRecordedStars: false)
        case "kind": condition.kind = try choice(FlowPolicyKind.self, of: name, value)
        case "action": condition.action = try choice(FlowAction.self, of: name, value)
        case "rule": condition.ruleIndex = try number(value)
        default: condition.stage = try choice(FlowPolicyCondition.Stage.self, of: name, value)
        }
    }

    private mutating func parsePolicyOperator(
        of name: String, isText: Bool
    ) throws(FlowFilterSyntaxError) -> FlowFilterOperator {
        let place = token
        if case .compare(let compare) = place.kind, compare.affirmed != nil {
            throw error(
                "\(compare.rawValue) cannot stand in policy(…)", hint: "no hit at all fits: not policy(…)",
                at: place)
        }
        if place.keyword == "in" || place.keyword == "not" {
            throw error(
                "lists cannot stand in policy(…)",
                hint: "alternatives are two conditions: policy(…) or policy(…)", at: place)
        }
        return try parseOperator(
            of: name, allowed: isText ? [.equals, .contains, .hasPrefix, .hasSuffix] : [.equals])
    }
}
