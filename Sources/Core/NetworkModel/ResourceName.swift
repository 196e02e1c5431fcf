// SPDX-License-Identifier: Apache-2.0

/// The name of a Kubernetes object within its kind. An empty namespace means cluster-scoped.
public struct ResourceName: Hashable, Sendable, Comparable {
    public let namespace: String
    public let name: String

    public init(namespace: String = "", name: String) {
        self.namespace = namespace
        self.name = name
    }

    public static func < (left: ResourceName, right: ResourceName) -> Bool {
        left.namespace == right.namespace
            ? left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
            : left.namespace.utf8.lexicographicallyPrecedes(right.namespace.utf8)
    }
}

extension ResourceName: CustomStringConvertible {
    /// `namespace/name`, or the bare name when cluster-scoped.
    public var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }
}
