// SPDX-License-Identifier: Apache-2.0

import PolicyModel

/// Labels made of what a selector asks for, so that its terms have a chance to hold.
struct LabelSample: LabelLookup, CustomStringConvertible {
    private let values: [String: String]

    func value(forLabel key: String) -> String? { values[key] }

    var description: String { values.sorted { $0.key < $1.key }.description }

    /// Eight samples; each gives every label one of the selector's own values, something near one, or nothing.
    static func all(for selector: Selector) -> [LabelSample] {
        let wanted = selector.root.values.prefix(16)
        // The last one is equal to `K` for whoever compares characters instead of bytes.
        let choices = wanted + wanted.map { $0 + "x" } + wanted.map { String($0.dropLast()) } + ["", "K"]
        return (0..<8).map { sample in
            var values: [String: String] = [:]
            for (index, key) in selector.labelKeys.enumerated() {
                let choice = (sample * 5 + index * 3) % (choices.count + 1)
                if choice < choices.count { values[key] = choices[choice] }
            }
            return LabelSample(values: values)
        }
    }

    /// Section 2.2 word by word, on bytes.
    func satisfy(_ node: Selector.Node) -> Bool {
        func bytes(_ key: String) -> [UInt8]? { values[key].map { Array($0.utf8) } }
        switch node {
        case .all, .global: return true
        case .has(let key): return values[key] != nil
        case .equals(let key, let text): return bytes(key) == Array(text.utf8)
        case .notEquals(let key, let text): return bytes(key) != Array(text.utf8)
        case .isIn(let key, let texts): return texts.contains { Array($0.utf8) == bytes(key) }
        case .notIn(let key, let texts): return !texts.contains { Array($0.utf8) == bytes(key) }
        case .startsWith(let key, let text): return bytes(key)?.starts(with: text.utf8) ?? false
        case .endsWith(let key, let text): return bytes(key)?.suffix(text.utf8.count) == Array(text.utf8)[...]
        case .contains(let key, let text):
            guard let value = bytes(key), value.count >= text.utf8.count else { return false }
            return (0...(value.count - text.utf8.count)).contains {
                value[$0...].starts(with: text.utf8)
            }
        case .not(let inner): return !satisfy(inner)
        case .and(let parts): return parts.allSatisfy(satisfy)
        case .or(let parts): return parts.contains(where: satisfy)
        }
    }
}

extension Selector.Node {
    /// Every text that a label is compared with.
    fileprivate var values: [String] {
        switch self {
        case .all, .global, .has: []
        case .equals(_, let text), .notEquals(_, let text), .contains(_, let text), .startsWith(_, let text),
            .endsWith(_, let text):
            [text]
        case .isIn(_, let texts), .notIn(_, let texts): texts
        case .not(let inner): inner.values
        case .and(let parts), .or(let parts): parts.flatMap(\.values)
        }
    }
}
