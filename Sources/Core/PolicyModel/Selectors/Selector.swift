// SPDX-License-Identifier: Apache-2.0

/// Anything that can tell the value of a label: an endpoint, a network set, a plain list of labels.
public protocol LabelLookup {
    func value(forLabel key: String) -> String?
}

/// A parsed label selector of Calico's selector language (policy semantics, section 2).
///
/// A value: building, rewriting and printing never fail; only parsing text does (`Selector.init(parsing:)`).
public struct Selector: Hashable, Sendable {
    public indirect enum Node: Hashable, Sendable {
        case all
        /// `global()`: literally true; it gets its meaning from `replacingGlobal(with:)` in namespace
        /// selectors.
        case global
        case has(String)
        case equals(String, String)
        case notEquals(String, String)
        case contains(String, String)
        case startsWith(String, String)
        case endsWith(String, String)
        /// Values sorted bytewise, without duplicates.
        case isIn(String, [String])
        case notIn(String, [String])
        case not(Node)
        case and([Node])
        case or([Node])
    }

    public let root: Node

    public init(_ root: Node) { self.root = root }

    /// `all()`: matches everything.
    public static let all = Selector(.all)

    public func matches(_ labels: some LabelLookup) -> Bool { Self.matches(root, labels) }

    private static func matches(_ node: Node, _ labels: some LabelLookup) -> Bool {
        switch node {
        case .all, .global: true
        case .has(let key): labels.value(forLabel: key) != nil
        case .equals(let key, let wanted):
            labels.value(forLabel: key).map { $0.hasSameBytes(as: wanted) } ?? false
        case .notEquals(let key, let unwanted):
            !(labels.value(forLabel: key).map { $0.hasSameBytes(as: unwanted) } ?? false)
        case .contains(let key, let part):
            labels.value(forLabel: key).map { $0.utf8.contains(bytes: part.utf8) } ?? false
        case .startsWith(let key, let part):
            labels.value(forLabel: key).map { $0.utf8.starts(with: part.utf8) } ?? false
        case .endsWith(let key, let part):
            labels.value(forLabel: key).map { $0.utf8.reversed().starts(with: part.utf8.reversed()) } ?? false
        case .isIn(let key, let values):
            labels.value(forLabel: key).map { values.contains(bytesOf: $0) } ?? false
        case .notIn(let key, let values):
            !(labels.value(forLabel: key).map { values.contains(bytesOf: $0) } ?? false)
        case .not(let inner): !matches(inner, labels)
        case .and(let parts): parts.allSatisfy { matches($0, labels) }
        case .or(let parts): parts.contains { matches($0, labels) }
        }
    }
}

// MARK: - Rewriting

extension Selector {
    /// Both selectors must match. `all()` on either side disappears.
    public func and(_ other: Selector) -> Selector {
        if root == .all { return other }
        if other.root == .all { return self }
        return Selector(.and([root, other.root]))
    }

    public var negated: Selector { Selector(.not(root)) }

    /// Puts `prefix` before every label name: how namespace and service-account selectors address the labels
    /// that an endpoint inherits (`pcns.`, `pcsa.`).
    public func prefixingLabels(with prefix: String) -> Selector {
        mapLeaves { leaf in
            switch leaf {
            case .has(let key): .has(prefix + key)
            case .equals(let key, let value): .equals(prefix + key, value)
            case .notEquals(let key, let value): .notEquals(prefix + key, value)
            case .contains(let key, let value): .contains(prefix + key, value)
            case .startsWith(let key, let value): .startsWith(prefix + key, value)
            case .endsWith(let key, let value): .endsWith(prefix + key, value)
            case .isIn(let key, let values): .isIn(prefix + key, values)
            case .notIn(let key, let values): .notIn(prefix + key, values)
            default: leaf
            }
        }
    }

    public func replacingAll(with node: Node) -> Selector { mapLeaves { $0 == .all ? node : $0 } }

    public func replacingGlobal(with node: Node) -> Selector { mapLeaves { $0 == .global ? node : $0 } }

    private func mapLeaves(_ transform: (Node) -> Node) -> Selector {
        func map(_ node: Node) -> Node {
            switch node {
            case .not(let inner): .not(map(inner))
            case .and(let parts): .and(parts.map(map))
            case .or(let parts): .or(parts.map(map))
            default: transform(node)
            }
        }
        return Selector(map(root))
    }

    /// Every label name that the selector looks at, sorted, without duplicates.
    public var labelKeys: [String] {
        var keys: Set<String> = []
        func collect(_ node: Node) {
            switch node {
            case .all, .global: break
            case .has(let key), .equals(let key, _), .notEquals(let key, _), .contains(let key, _),
                .startsWith(let key, _), .endsWith(let key, _), .isIn(let key, _), .notIn(let key, _):
                keys.insert(key)
            case .not(let inner): collect(inner)
            case .and(let parts), .or(let parts): parts.forEach(collect)
            }
        }
        collect(root)
        return keys.sorted()
    }
}

// MARK: - Canonical text

extension Selector: CustomStringConvertible {
    /// The canonical text of section 2.3: what is displayed, compared and hashed.
    public var description: String { Self.canonical(root) }

    private static func canonical(_ node: Node) -> String {
        switch node {
        case .all: "all()"
        case .global: "global()"
        case .has(let key): "has(\(key))"
        case .equals(let key, let value): "\(key) == \(quoted(value))"
        case .notEquals(let key, let value): "\(key) != \(quoted(value))"
        case .contains(let key, let value): "\(key) contains \(quoted(value))"
        case .startsWith(let key, let value): "\(key) starts with \(quoted(value))"
        case .endsWith(let key, let value): "\(key) ends with \(quoted(value))"
        case .isIn(let key, let values): "\(key) in {\(values.map(quoted).joined(separator: ", "))}"
        case .notIn(let key, let values): "\(key) not in {\(values.map(quoted).joined(separator: ", "))}"
        case .not(let inner): "!" + canonical(inner)
        case .and(let parts): "(" + parts.map(canonical).joined(separator: " && ") + ")"
        case .or(let parts): "(" + parts.map(canonical).joined(separator: " || ") + ")"
        }
    }

    private static func quoted(_ value: String) -> String {
        value.utf8.contains(UInt8(ascii: "\"")) ? "'\(value)'" : "\"\(value)\""
    }
}
