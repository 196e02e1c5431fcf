// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
public import PolicyModel

/// Which ends of connections a question is about. Every condition that is given must hold.
public struct SiteFilter: Hashable, Sendable {
    public enum Side: String, Hashable, Sendable, CaseIterable {
        case workloads
        case outside
    }

    /// Only pods, or only addresses outside the cluster.
    public var side: Side?
    /// Pods of one of these namespaces; regions of network sets of one of them.
    public var namespaces: Set<String>?
    public var workloads: Set<ResourceName>?
    /// Pods whose own labels match.
    public var selector: Selector?
    /// The pod that owns the address, or the region that has it.
    public var address: IPAddress?
    /// Only addresses that no network set, host endpoint or block names.
    public var isInternet = false

    public init() {}

    func admits(_ member: PeerGroup.Member, labels: [ResourceName: Labels]) -> Bool {
        switch member {
        case .workload(let name, let addresses):
            guard side != .outside, !isInternet else { return false }
            if let namespaces, !namespaces.contains(name.namespace) { return false }
            if let workloads, !workloads.contains(name) { return false }
            if let selector, !selector.matches(labels[name] ?? Labels()) { return false }
            return address.map(addresses.contains) ?? true
        case .outside(let region):
            guard side != .workloads, workloads == nil, selector == nil else { return false }
            if isInternet, !region.isRest { return false }
            if let namespaces {
                let sets = region.owners.compactMap { owner -> String? in
                    guard case .networkSet(let name) = owner else { return nil }
                    return name.namespace
                }
                guard sets.contains(where: namespaces.contains) else { return false }
            }
            return address.map { address in region.ranges.contains { $0.contains(address) } } ?? true
        }
    }
}

/// Which part of a world a matrix is asked for.
public struct MatrixFilter: Hashable, Sendable {
    public var source: SiteFilter?
    public var destination: SiteFilter?
    /// At least one of the two ends.
    public var either: SiteFilter?
    /// Only this protocol.
    public var transport: IPProtocol?
    /// Only these destination ports (ICMP: `type << 8 | code`); nil means all. Needs `transport`.
    public var ports: PortRange?

    public init() {}

    /// The traffic that is asked for; nil means all.
    func traffic(_ family: IPFamily) -> TrafficSet? {
        transport.map { TrafficSet(family, $0, ports: ports.map { PortSet($0) } ?? .all) }
    }
}
