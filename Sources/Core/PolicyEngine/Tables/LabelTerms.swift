// SPDX-License-Identifier: Apache-2.0

import PolicyModel

/// A label, or a label with a value, that something must have.
struct LabelTerm: Hashable {
    let key: String
    /// nil: any value.
    let value: String?
}

extension Selector {
    /// Terms of which at least one must hold wherever the selector matches; nil when it may match without any.
    /// Chosen so that few things have them.
    var anchors: [LabelTerm]? { Self.anchors(root) }

    private static func anchors(_ node: Node) -> [LabelTerm]? {
        switch node {
        case .equals(let key, let value): [LabelTerm(key: key, value: value)]
        case .isIn(let key, let values): values.map { LabelTerm(key: key, value: $0) }
        case .has(let key), .contains(let key, _), .startsWith(let key, _), .endsWith(let key, _):
            [LabelTerm(key: key, value: nil)]
        case .all, .global, .notEquals, .notIn, .not: nil
        case .and(let parts): parts.compactMap(anchors).min { cost($0) < cost($1) }
        case .or(let parts): alternatives(parts)
        }
    }

    private static func alternatives(_ parts: [Node]) -> [LabelTerm]? {
        var terms: [LabelTerm] = []
        for part in parts {
            guard let own = anchors(part) else { return nil }
            terms += own
        }
        return terms
    }

    /// How many things the terms are likely to hold for, as a rank.
    private static func cost(_ terms: [LabelTerm]) -> Int {
        terms.reduce(0) { sum, term in
            switch (term.key, term.value) {
            case (WellKnownLabel.orchestrator, _), (WellKnownLabel.namespace, nil): sum + 1000
            case (_, nil): sum + 100
            case (WellKnownLabel.namespace, _): sum + 3
            default: sum + (term.key.hasPrefix(WellKnownLabel.namespacePrefix) ? 6 : 2)
            }
        }
    }
}

/// Numbers by label term.
struct LabelTermIndex {
    private var byKey: [String: [Int]] = [:]
    private var byValue: [String: [String: [Int]]] = [:]

    mutating func insert(_ number: Int, _ term: LabelTerm) {
        if let value = term.value {
            byValue[term.key, default: [:]][value, default: []].append(number)
        } else {
            byKey[term.key, default: []].append(number)
        }
    }

    mutating func remove(_ number: Int, _ term: LabelTerm) {
        func drop(_ numbers: inout [Int]) {
            if let place = numbers.lastIndex(of: number) { numbers.remove(at: place) }
        }
        if let value = term.value {
            drop(&byValue[term.key, default: [:]][value, default: []])
            if byValue[term.key]?[value]?.isEmpty ?? false { byValue[term.key]?[value] = nil }
            if byValue[term.key]?.isEmpty ?? false { byValue[term.key] = nil }
        } else {
            drop(&byKey[term.key, default: []])
            if byKey[term.key]?.isEmpty ?? false { byKey[term.key] = nil }
        }
    }

    /// Those inserted with exactly this term.
    func numbers(_ term: LabelTerm) -> [Int] {
        if let value = term.value { return byValue[term.key]?[value] ?? [] }
        return byKey[term.key] ?? []
    }
}
