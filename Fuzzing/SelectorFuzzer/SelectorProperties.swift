// SPDX-License-Identifier: Apache-2.0

import Harness
import PolicyModel

/// What must hold for every text that is given as a selector (policy semantics, section 2).
enum SelectorProperties {
    static func check(_ bytes: some Collection<UInt8>) {
        let text = String(decoding: bytes, as: UTF8.self)
        do {
            checkAccepted(try Selector(parsing: text), text)
        } catch {
            checkRefused(error, text)
        }
    }

    private static func checkRefused(_ error: SelectorSyntaxError, _ text: String) {
        require(
            (0...text.utf8.count).contains(error.offset),
            "the error is at \(error.offset) of \(text.utf8.count) bytes: \(error)")
        require(!error.message.isEmpty, "an error without a message at \(error.offset)")
        require(error.offender.count <= 24, "the offending text is too long: \(error)")
        require(
            error.offset < text.utf8.count || error.offender.isEmpty,
            "something is quoted from behind the end: \(error)")
    }

    private static func checkAccepted(_ selector: Selector, _ text: String) {
        let canonical = selector.description
        // Text near the limit may grow past it: canonical text has more blanks.
        guard text.utf8.count <= Selector.maximumTextBytes / 2 else { return }
        let parsed = parse(canonical, from: text)
        // Pairs of `!` cancel while parsing (section 2.3), so it takes one more round until the text stays.
        let settled = parsed.description
        require(
            parse(settled, from: text).description == settled,
            "canonical text changes: \(canonical), \(settled), \(parse(settled, from: text))")
        require(
            settled == canonical
                || canonical.utf8.count - settled.utf8.count >= 2 && canonical.contains("!!"),
            "canonical text changes: \(canonical), \(settled)")
        require(parsed.labelKeys == selector.labelKeys, "label names differ: \(canonical), \(settled)")
        for labels in LabelSample.all(for: selector) {
            let expected = labels.satisfy(selector.root)
            require(selector.matches(labels) == expected, "\(canonical) must be \(expected) of \(labels)")
            require(parsed.matches(labels) == expected, "\(settled) must be \(expected) of \(labels)")
        }
    }

    private static func parse(_ canonical: String, from text: String) -> Selector {
        do {
            return try Selector(parsing: canonical)
        } catch {
            require(false, "\(text) is accepted, its canonical text \(canonical) is not: \(error)")
            return .all
        }
    }
}
