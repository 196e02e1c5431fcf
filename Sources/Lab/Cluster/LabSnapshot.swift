// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
public import PolicyEngine

/// A pod that should run in the lab.
public struct LabPod: Hashable, Sendable {
    public var name: ResourceName
    /// One IPv4 and one IPv6 address.
    public var addresses: [IPAddress]
    public var behavior: WorkloadBehavior
    /// The options that `behavior` was read from, as the manifest states them.
    public var arguments: [String]

    public init(
        name: ResourceName, addresses: [IPAddress], behavior: WorkloadBehavior, arguments: [String] = []
    ) {
        self.name = name
        self.addresses = addresses
        self.behavior = behavior
        self.arguments = arguments
    }
}

/// Everything that the lab's wires and workloads are made from, at one moment.
public struct LabSnapshot: Hashable, Sendable {
    /// Sorted by name.
    public var pods: [LabPod]
    /// Destination NAT of every Service, sorted.
    public var translations: [ServiceTranslation]
    /// What the name server knows.
    public var zone: DNSZone
    /// Addresses of the cluster's DNS Service; empty when there is none.
    public var nameServers: [IPAddress]

    public init(
        pods: [LabPod] = [], translations: [ServiceTranslation] = [], zone: DNSZone = DNSZone(),
        nameServers: [IPAddress] = []
    ) {
        self.pods = pods
        self.translations = translations
        self.zone = zone
        self.nameServers = nameServers
    }
}
