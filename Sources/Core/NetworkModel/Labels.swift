// SPDX-License-Identifier: Apache-2.0

/// A resource's labels, sorted by key (bytewise). Lookup is a binary search.
public struct Labels: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public let key: String
        public let value: String

        public init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    public let entries: [Entry]

    public init() { entries = [] }

    /// Builds from any sequence of pairs; of two pairs with one key the later wins.
    public init(_ pairs: some Sequence<(key: String, value: String)>) {
        var unique: [String: String] = [:]
        for (key, value) in pairs { unique[key] = value }
        entries = unique.map { Entry(key: $0.key, value: $0.value) }
            .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }

    private init(sorted entries: [Entry]) { self.entries = entries }

    /// Adds entries whose keys are not there yet.
    public func inheriting(_ others: Labels) -> Labels {
        if entries.isEmpty { return others }
        if others.entries.isEmpty { return self }
        var merged: [Entry] = []
        merged.reserveCapacity(entries.count + others.entries.count)
        var rest = others.entries[...]
        for entry in entries {
            while let next = rest.first, next.key.utf8.lexicographicallyPrecedes(entry.key.utf8) {
                merged.append(rest.removeFirst())
            }
            if rest.first?.key == entry.key { rest.removeFirst() }
            merged.append(entry)
        }
        return Labels(sorted: merged + rest)
    }

    public func filter(_ isIncluded: (Entry) -> Bool) -> Labels { Labels(sorted: entries.filter(isIncluded)) }

    public subscript(key: String) -> String? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            let candidate = entries[middle]
            if candidate.key == key { return candidate.value }
            if candidate.key.utf8.lexicographicallyPrecedes(key.utf8) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return nil
    }

    public var isEmpty: Bool { entries.isEmpty }

    /// `key=value` texts in key order, as flow records carry them.
    public var flowTexts: [String] { entries.map { "\($0.key)=\($0.value)" } }
}

extension Labels: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init(elements.map { (key: $0.0, value: $0.1) })
    }
}
