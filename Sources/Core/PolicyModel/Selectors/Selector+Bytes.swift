// SPDX-License-Identifier: Apache-2.0

// Selectors compare bytes (policy semantics, section 2.2). Swift's `==` on text compares characters: U+212A, the
// Kelvin sign, equals "K" there, and two spellings of one accented letter are equal.

extension String {
    /// True for the very same bytes.
    func hasSameBytes(as other: String) -> Bool {
        // Equal bytes are equal characters; the first comparison is fast and nearly always settles it.
        self == other && utf8.elementsEqual(other.utf8)
    }
}

extension [String] {
    func contains(bytesOf value: String) -> Bool { contains { $0.hasSameBytes(as: value) } }

    fileprivate func hasSameBytes(as other: [String]) -> Bool {
        elementsEqual(other) { $0.hasSameBytes(as: $1) }
    }
}

extension String.UTF8View {
    /// Bytewise substring test; the empty text is part of everything.
    func contains(bytes part: String.UTF8View) -> Bool {
        guard let first = part.first else { return true }
        var start = startIndex
        while let candidate = self[start...].firstIndex(of: first) {
            if self[candidate...].starts(with: part) { return true }
            start = index(after: candidate)
        }
        return false
    }
}

extension Selector.Node {
    /// Equal selectors share their sets in the engine, so two that differ in a byte must not be equal. Texts that
    /// are equal as characters only share a hash, which is allowed.
    public static func == (left: Selector.Node, right: Selector.Node) -> Bool {
        switch (left, right) {
        case (.all, .all), (.global, .global): true
        case (.has(let key), .has(let other)): key.hasSameBytes(as: other)
        case (.equals(let key, let text), .equals(let otherKey, let otherText)),
            (.notEquals(let key, let text), .notEquals(let otherKey, let otherText)),
            (.contains(let key, let text), .contains(let otherKey, let otherText)),
            (.startsWith(let key, let text), .startsWith(let otherKey, let otherText)),
            (.endsWith(let key, let text), .endsWith(let otherKey, let otherText)):
            key.hasSameBytes(as: otherKey) && text.hasSameBytes(as: otherText)
        case (.isIn(let key, let texts), .isIn(let otherKey, let otherTexts)),
            (.notIn(let key, let texts), .notIn(let otherKey, let otherTexts)):
            key.hasSameBytes(as: otherKey) && texts.hasSameBytes(as: otherTexts)
        case (.not(let inner), .not(let other)): inner == other
        case (.and(let parts), .and(let others)), (.or(let parts), .or(let others)): parts == others
        default: false
        }
    }
}
