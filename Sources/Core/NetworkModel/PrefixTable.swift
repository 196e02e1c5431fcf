// SPDX-License-Identifier: Apache-2.0

/// Values by CIDR block, found by longest prefix.
///
/// Lookup costs one hash probe per distinct prefix length in the table, longest first.
public struct PrefixTable<Value: Sendable>: Sendable {
    private var values: [IPPrefix: Value] = [:]
    /// Distinct lengths per family, longest first.
    private var lengthsV4: [UInt8] = []
    private var lengthsV6: [UInt8] = []

    public init() {}

    public var isEmpty: Bool { values.isEmpty }

    public subscript(prefix: IPPrefix) -> Value? {
        get { values[prefix] }
        set {
            let isNew = values.updateValue(newValue, forKey: prefix)
            if isNew { noteLength(of: prefix) }
        }
    }

    private mutating func noteLength(of prefix: IPPrefix) {
        func insert(_ lengths: inout [UInt8]) {
            if let place = lengths.firstIndex(where: { $0 <= prefix.length }) {
                if lengths[place] != prefix.length { lengths.insert(prefix.length, at: place) }
            } else {
                lengths.append(prefix.length)
            }
        }
        if prefix.family == .v4 { insert(&lengthsV4) } else { insert(&lengthsV6) }
    }

    /// Every entry that holds `address`, the longest prefix first.
    public func forEachMatch(_ address: IPAddress, _ body: (Value) -> Void) {
        for length in address.family == .v4 ? lengthsV4 : lengthsV6 {
            guard let prefix = IPPrefix(address, length: Int(length)) else { continue }
            if let value = values[prefix] { body(value) }
        }
    }

    /// In no particular order.
    public var entries: some Sequence<(key: IPPrefix, value: Value)> { values }

    /// The entry with the longest prefix that holds `address`.
    public func longestMatch(_ address: IPAddress) -> (prefix: IPPrefix, value: Value)? {
        for length in address.family == .v4 ? lengthsV4 : lengthsV6 {
            guard let prefix = IPPrefix(address, length: Int(length)) else { continue }
            if let value = values[prefix] { return (prefix, value) }
        }
        return nil
    }
}

extension Dictionary {
    /// Sets or removes; true when the key was not there before and is now.
    fileprivate mutating func updateValue(_ value: Value?, forKey key: Key) -> Bool {
        guard let value else {
            removeValue(forKey: key)
            return false
        }
        return updateValue(value, forKey: key) == nil
    }
}

/// A set of addresses given as blocks: answers membership.
public struct AddressSet: Sendable {
    private var singles: Set<IPAddress> = []
    private var blocks = PrefixTable<Bool>()

    public init(_ prefixes: some Sequence<IPPrefix> = []) {
        for prefix in prefixes { insert(prefix) }
    }

    public mutating func insert(_ prefix: IPPrefix) {
        if prefix.isSingleAddress { singles.insert(prefix.address) } else { blocks[prefix] = true }
    }

    public func contains(_ address: IPAddress) -> Bool {
        singles.contains(address) || (!blocks.isEmpty && blocks.longestMatch(address) != nil)
    }
}
