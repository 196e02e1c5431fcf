// SPDX-License-Identifier: Apache-2.0

/// A value of a YAML or JSON document that knows where it stands. Lines and columns count from 1.
public struct ManifestValue: Sendable, Hashable {
    /// What the value is, scalars resolved by the YAML 1.2 core schema. Quoted text is always a string.
    public enum Content: Sendable, Hashable {
        case null
        case bool(Bool)
        case int(Int)
        case double(Double)
        case string(String)
        case array([ManifestValue])
        /// Keys in the order of the text, each once.
        case object([Entry])
    }

    /// A key of an object with its value.
    public struct Entry: Sendable, Hashable {
        public let key: String
        public let line: Int
        public let column: Int
        public let value: ManifestValue

        public init(key: String, line: Int, column: Int, value: ManifestValue) {
            self.key = key
            self.line = line
            self.column = column
            self.value = value
        }
    }

    public let content: Content
    public let line: Int
    public let column: Int
    /// A scalar as it is written, without quotes: `1.10` stays `1.10`. Empty for lists and objects.
    public let text: String

    public init(_ content: Content, line: Int, column: Int, text: String = "") {
        self.content = content
        self.line = line
        self.column = column
        self.text = text
    }

    /// The entry of an object; nil for anything else and when there is none. Linear in the object's size.
    public func entry(_ key: String) -> Entry? {
        guard case .object(let entries) = content else { return nil }
        return entries.first { $0.key == key }
    }

    /// The value under `key`; nil also when it is null, which Kubernetes' API treats as not given.
    public subscript(key: String) -> ManifestValue? {
        guard let value = entry(key)?.value, value.content != .null else { return nil }
        return value
    }

    /// The elements of a list; empty for anything else.
    public var elements: [ManifestValue] {
        if case .array(let elements) = content { elements } else { [] }
    }

    /// The text of a string; nil for anything else.
    public var string: String? {
        if case .string(let text) = content { text } else { nil }
    }

    /// `a list`, `the number 6`: the value as a message names it.
    var typeName: String {
        switch content {
        case .null: "null"
        case .bool: "the boolean \(text)"
        case .int, .double: "the number \(text)"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

extension ManifestValue {
    /// Where a person should look for the field `path` (`spec.ingress[0].source.selector`): a scalar itself,
    /// the key of an object or list. A path that leads nowhere gives the last part that exists.
    public func location(ofField path: String) -> (line: Int, column: Int) {
        var value = self
        var place = (line: line, column: column)
        var rest = path[...]
        while let segment = Self.takeSegment(&rest) {
            if case .array(let elements) = value.content, let index = Int(segment) {
                guard elements.indices.contains(index) else { break }
                value = elements[index]
                place = (value.line, value.column)
            } else if let entry = value.entry(String(segment)) {
                value = entry.value
                place = entry.location
            } else {
                break
            }
        }
        return place
    }

    /// `a.b[0].c` gives `a`, `b`, `0`, `c`; a bracket may also hold a key with dots: `labels[a.b/c]`.
    private static func takeSegment(_ rest: inout Substring) -> Substring? {
        if rest.first == "." { rest = rest.dropFirst() }
        guard let first = rest.first else { return nil }
        let isBracket = first == "["
        let body = isBracket ? rest.dropFirst() : rest
        let end = body.firstIndex { isBracket ? $0 == "]" : $0 == "." || $0 == "[" } ?? body.endIndex
        rest = isBracket ? body[end...].dropFirst() : body[end...]
        return body[..<end]
    }
}

extension ManifestValue.Entry {
    /// The value's own place for a scalar, the key's for a list or object.
    var location: (line: Int, column: Int) {
        switch value.content {
        case .array, .object, .null: (line, column)
        default: (value.line, value.column)
        }
    }
}
