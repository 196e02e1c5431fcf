// SPDX-License-Identifier: Apache-2.0

import FlowModel
import Harness
import PolicyModel

/// What must hold for every text that is given as a filter (docs/reference/filter-language.md).
enum FlowFilterProperties {
    static func check(_ bytes: some Collection<UInt8>) {
        let text = String(decoding: bytes, as: UTF8.self)
        do {
            checkAccepted(try FlowExpression(parsing: text), text)
        } catch {
            checkRefused(error, text)
        }
        // Texts that are much longer take long and say nothing new.
        if text.utf8.count <= 512 { checkValues(text) }
    }

    // MARK: - Refused

    private static func checkRefused(_ error: FlowFilterSyntaxError, _ text: String) {
        require(
            (0...text.utf8.count).contains(error.offset),
            "the error is at \(error.offset) of \(text.utf8.count) bytes: \(error)")
        require(
            (1...error.offset + 1).contains(error.column),
            "byte \(error.offset) is in column \(error.column): \(error)")
        require(!error.message.isEmpty, "an error without a message at \(error.offset)")
        require(error.hint?.isEmpty != true, "an empty hint: \(error)")
        let description = error.description
        require(description.utf8.count <= 1_024, "\(description.utf8.count) bytes of message: \(description)")
        require(isPlain(description), "not fit for a terminal: \(description.escapedForMessage)")
        checkSuggestion(error)
        checkExcerpt(error, text)
        // Of another text the place may lie behind the end.
        for other in ["", "\n", String(text.prefix(error.column / 2)), "\(text)\r\n\(text)"] {
            checkExcerpt(error, other)
        }
    }

    /// What is to be written instead of a word alone is understood, unless part of it is left open.
    private static func checkSuggestion(_ error: FlowFilterSyntaxError) {
        guard let hint = error.hint, hint.hasPrefix("write "), hint.hasSuffix(", or quote it to search")
        else {
            return
        }
        let suggestion = String(hint.dropFirst(6).dropLast(23))
        require(
            suggestion.hasSuffix("…") || (try? FlowExpression(parsing: suggestion)) != nil,
            "the hint suggests what is refused: \(error)")
    }

    private static func checkExcerpt(_ error: FlowFilterSyntaxError, _ text: String) {
        let excerpt = error.excerpt(of: text)
        let lines = excerpt.split(separator: "\n", omittingEmptySubsequences: false)
        require(lines.count == 2, "an excerpt of \(lines.count) lines: \(excerpt.escapedForMessage)")
        require(
            lines.allSatisfy { isPlain(String($0)) }, "not fit for a terminal: \(excerpt.escapedForMessage)")
        require(
            lines[1].last == "^" && lines[1].dropLast().allSatisfy { $0 == " " }
                && lines[1].count <= lines[0].count + 1 && lines[0].count <= 122,
            "no caret below the line: \(excerpt)")
    }

    private static func isPlain(_ text: String) -> Bool {
        text.escapedForMessage.utf8.elementsEqual(text.utf8)
    }

    // MARK: - Accepted

    private static func checkAccepted(_ expression: FlowExpression, _ text: String) {
        require(text.utf8.count <= FlowExpression.maximumTextBytes, "\(text.utf8.count) bytes are accepted")
        require(expression.normalized == expression, "not normalized: \(text)")
        checkCanonical(expression, from: text)
        let (remote, rest) = expression.split()
        let remoteExpression = remote.expression
        for flow in FlowSample.all(for: expression) {
            let expected = flow.matches(expression)
            require(
                (flow.matches(remoteExpression) && flow.matches(rest)) == expected,
                "\(text) must be \(expected) of \(flow); its halves are \(remote) and \(rest.filterText)")
            require(flow.matches(.not(expression)) != expected, "\(text) and its opposite are \(expected)")
        }
    }

    /// The canonical text says the same and stays as it is. It may be longer and deeper than what was written, so
    /// it may be refused for its size.
    private static func checkCanonical(_ expression: FlowExpression, from text: String) {
        let canonical = expression.filterText
        do {
            let parsed = try FlowExpression(parsing: canonical)
            require(parsed == expression, "\(text) is not what its canonical text says: \(canonical)")
            let again = parsed.filterText
            // Texts are equal when their characters are; bytes must be.
            require(
                again.utf8.elementsEqual(canonical.utf8), "canonical text changes: \(canonical), \(again)")
        } catch {
            require(
                canonical.utf8.count > FlowExpression.maximumTextBytes
                    || error.message.hasPrefix("the filter nests deeper"),
                "\(text) is accepted, its canonical text \(canonical) is not: \(error)")
        }
    }

    /// Whatever a value is, its canonical text is read as the same value, byte by byte.
    private static func checkValues(_ text: String) {
        let match = FlowTextMatch(.equals, text)
        let policy = FlowPolicyCondition(tier: match, namespace: match, name: match)
        let conditions: [FlowExpression] =
            FlowTextField.allCases.map { .text($0, match) }
            + FlowTextMatch.Kind.allCases.map { .text(.transport, FlowTextMatch($0, text)) }
            + FlowEnd.allCases.map { .label($0, key: text, nil) }
            + FlowEnd.allCases.map { .label($0, key: text, match) } + [.policy(policy)]
        for condition in conditions { checkCanonical(condition, from: text) }
    }
}
