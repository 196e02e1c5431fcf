// SPDX-License-Identifier: Apache-2.0

public import NetworkModel

/// Objects by namespace and name. A change copies one namespace's objects at most, however many copies of the table
/// are held elsewhere.
public struct NamespacedTable<Value: Hashable & Sendable>: Hashable, Sendable {
    private var namespaces: [String: [String: Value]] = [:]
    public private(set) var count = 0

    public init() {}

    public var isEmpty: Bool { count == 0 }

    public subscript(name: ResourceName) -> Value? {
        get { namespaces[name.namespace]?[name.name] }
        set {
            var objects = namespaces.removeValue(forKey: name.namespace) ?? [:]
            count -= objects.count
            objects[name.name] = newValue
            count += objects.count
            if !objects.isEmpty { namespaces[name.namespace] = objects }
        }
    }

    /// The objects of one namespace by name.
    public func objects(in namespace: String) -> [String: Value] { namespaces[namespace] ?? [:] }

    /// In no particular order.
    public var values: some Collection<Value> { namespaces.values.lazy.flatMap(\.values) }

    /// In no particular order.
    public var keys: some Collection<ResourceName> {
        namespaces.lazy.flatMap { namespace, objects in
            objects.keys.lazy.map { ResourceName(namespace: namespace, name: $0) }
        }
    }
}
