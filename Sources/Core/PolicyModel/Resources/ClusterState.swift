// SPDX-License-Identifier: Apache-2.0

public import NetworkModel

/// One object of the cluster that policy depends on.
public enum ClusterResource: Hashable, Sendable {
    case namespace(NamespaceResource)
    case serviceAccount(ServiceAccountResource)
    case pod(PodResource)
    case service(ServiceResource)
    case endpointSlice(EndpointSliceResource)
    case networkSet(NetworkSetResource)
    case hostEndpoint(HostEndpointResource)
    case profile(ProfileResource)
    case tier(TierResource)
    case policy(PolicyResource)

    /// What identifies the object: two resources with equal keys are versions of one object.
    public var key: ResourceKey {
        switch self {
        case .namespace(let it): .namespace(it.name)
        case .serviceAccount(let it): .serviceAccount(it.name)
        case .pod(let it): .pod(it.name)
        case .service(let it): .service(it.name)
        case .endpointSlice(let it): .endpointSlice(it.name)
        case .networkSet(let it): .networkSet(it.name)
        case .hostEndpoint(let it): .hostEndpoint(it.name)
        case .profile(let it): .profile(it.name)
        case .tier(let it): .tier(it.name)
        case .policy(let it): .policy(it.id)
        }
    }
}

/// The identity of a cluster resource.
public enum ResourceKey: Hashable, Sendable, CustomStringConvertible {
    case namespace(String)
    case serviceAccount(ResourceName)
    case pod(ResourceName)
    case service(ResourceName)
    case endpointSlice(ResourceName)
    case networkSet(ResourceName)
    case hostEndpoint(String)
    case profile(String)
    case tier(String)
    case policy(PolicyID)

    /// `Pod shop/web-1`: how messages name the object.
    public var description: String {
        switch self {
        case .namespace(let name): "Namespace \(name)"
        case .serviceAccount(let name): "ServiceAccount \(name)"
        case .pod(let name): "Pod \(name)"
        case .service(let name): "Service \(name)"
        case .endpointSlice(let name): "EndpointSlice \(name)"
        case .networkSet(let name): "\(name.namespace.isEmpty ? "GlobalNetworkSet" : "NetworkSet") \(name)"
        case .hostEndpoint(let name): "HostEndpoint \(name)"
        case .profile(let name): "Profile \(name)"
        case .tier(let name): "Tier \(name)"
        case .policy(let id): id.description
        }
    }
}

/// One step of a cluster's history.
public enum ClusterChange: Hashable, Sendable {
    /// The object exists in this version.
    case set(ClusterResource)
    case remove(ResourceKey)
}

/// Everything known of a cluster at one moment. Tiers always include the built-in ones.
public struct ClusterState: Hashable, Sendable {
    public private(set) var namespaces: [String: NamespaceResource] = [:]
    public private(set) var serviceAccounts: [ResourceName: ServiceAccountResource] = [:]
    public private(set) var pods = NamespacedTable<PodResource>()
    public private(set) var services: [ResourceName: ServiceResource] = [:]
    public private(set) var endpointSlices: [ResourceName: EndpointSliceResource] = [:]
    public private(set) var networkSets: [ResourceName: NetworkSetResource] = [:]
    public private(set) var hostEndpoints: [String: HostEndpointResource] = [:]
    public private(set) var profiles: [String: ProfileResource] = [:]
    public private(set) var tiers: [String: TierResource] = [:]
    public private(set) var policies: [PolicyID: PolicyResource] = [:]

    public init(_ resources: some Sequence<ClusterResource> = []) {
        for tier in TierResource.builtIn { tiers[tier.name] = tier }
        profiles[ProfileResource.defaultAllow.name] = .defaultAllow
        for resource in resources { apply(.set(resource)) }
    }

    /// The object with the key; nil when there is none.
    public subscript(key: ResourceKey) -> ClusterResource? {
        switch key {
        case .namespace(let name): namespaces[name].map { .namespace($0) }
        case .serviceAccount(let name): serviceAccounts[name].map { .serviceAccount($0) }
        case .pod(let name): pods[name].map { .pod($0) }
        case .service(let name): services[name].map { .service($0) }
        case .endpointSlice(let name): endpointSlices[name].map { .endpointSlice($0) }
        case .networkSet(let name): networkSets[name].map { .networkSet($0) }
        case .hostEndpoint(let name): hostEndpoints[name].map { .hostEndpoint($0) }
        case .profile(let name): profiles[name].map { .profile($0) }
        case .tier(let name): tiers[name].map { .tier($0) }
        case .policy(let id): policies[id].map { .policy($0) }
        }
    }

    public mutating func apply(_ changes: some Sequence<ClusterChange>) {
        for change in changes { apply(change) }
    }

    public mutating func apply(_ change: ClusterChange) {
        switch change {
        case .set(.namespace(let it)): namespaces[it.name] = it
        case .set(.serviceAccount(let it)): serviceAccounts[it.name] = it
        case .set(.pod(let it)): pods[it.name] = it
        case .set(.service(let it)): services[it.name] = it
        case .set(.endpointSlice(let it)): endpointSlices[it.name] = it
        case .set(.networkSet(let it)): networkSets[it.name] = it
        case .set(.hostEndpoint(let it)): hostEndpoints[it.name] = it
        case .set(.profile(let it)): profiles[it.name] = it
        case .set(.tier(let it)): setTier(it)
        case .set(.policy(let it)): policies[it.id] = it
        case .remove(let key): remove(key)
        }
    }

    private mutating func setTier(_ tier: TierResource) {
        // Order and default action of the built-in tiers are fixed (policy semantics 1.3).
        tiers[tier.name] = TierResource.builtIn.first { $0.name == tier.name } ?? tier
    }

    private mutating func remove(_ key: ResourceKey) {
        switch key {
        case .namespace(let name): namespaces[name] = nil
        case .serviceAccount(let name): serviceAccounts[name] = nil
        case .pod(let name): pods[name] = nil
        case .service(let name): services[name] = nil
        case .endpointSlice(let name): endpointSlices[name] = nil
        case .networkSet(let name): networkSets[name] = nil
        case .hostEndpoint(let name): hostEndpoints[name] = nil
        case .profile(let name): profiles[name] = nil
        case .tier(let name): tiers[name] = TierResource.builtIn.first { $0.name == name }
        case .policy(let id): policies[id] = nil
        }
    }
}

/// What a source of cluster state says: what changed, and every problem that its documents have *now*.
public struct ClusterUpdate: Sendable {
    public var changes: [ClusterChange]
    /// All current problems, not only new ones.
    public var diagnostics: [Diagnostic]

    public init(changes: [ClusterChange], diagnostics: [Diagnostic]) {
        self.changes = changes
        self.diagnostics = diagnostics
    }
}

/// Where cluster state comes from: a directory of manifests, an API server, the lab.
public protocol ClusterStateSource: Sendable {
    /// The complete state as the first update, then every change until the task is cancelled. One consumer.
    ///
    /// Updates are never dropped: changes that arrive while the consumer is busy are merged into one update.
    func updates() -> AsyncStream<ClusterUpdate>
}
