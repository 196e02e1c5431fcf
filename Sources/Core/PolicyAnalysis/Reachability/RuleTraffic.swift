// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel

/// A place of one address in a set of places: what named ports and Services of rules look at.
struct SetPlace: Hashable, Sendable, Comparable {
    let set: Int
    let transport: IPProtocol
    let port: UInt16

    static func < (left: SetPlace, right: SetPlace) -> Bool {
        (left.set, left.transport, left.port) < (right.set, right.transport, right.port)
    }
}

extension RuleMatch {
    /// Whether the traffic that matches depends on more of an address than whether its blocks and sets match.
    var looksAtPlaces: Bool {
        [source, destination].contains { $0.serviceSet != nil || $0.portSet != nil || $0.notPortSet != nil }
    }

    /// The traffic that matches between two addresses whose blocks and sets of addresses match.
    func traffic(
        _ family: IPFamily, sourcePlaces: [SetPlace] = [], destinationPlaces: [SetPlace] = []
    ) -> TrafficSet {
        var traffic = TrafficSet.none(family)
        guard families.contains(family) else { return traffic }
        if icmp == nil {
            for transport in [IPProtocol.tcp, .udp, .sctp] where admits(transport) {
                traffic.insert(
                    transport, sources: source.openPorts(transport, sourcePlaces),
                    destinations: destination.openPorts(transport, destinationPlaces))
            }
        }
        // A condition on ports cannot hold for a protocol that has none.
        guard !source.wantsPorts, !destination.wantsPorts else { return traffic }
        if admits(TrafficSet.icmpProtocol(family)) {
            var types = icmp.map(PortSet.init) ?? .all
            if let notICMP { types = types.subtracting(PortSet(notICMP)) }
            traffic.icmp = types
        }
        if icmp == nil {
            var others = TrafficSet.otherProtocols(family)
            if let transport { others &= TrafficSet.bit(transport) }
            if let notTransport { others &= ~TrafficSet.bit(notTransport) }
            traffic.others = others
        }
        return traffic
    }

    private func admits(_ other: IPProtocol) -> Bool {
        (transport == nil || transport == other) && notTransport != other
    }
}

extension PortSet {
    fileprivate init(_ match: ICMPMatch) {
        let first = UInt16(match.type) << 8
        self =
            match.code.map { PortSet(PortRange(first | UInt16($0))) }
            ?? PortSet(edges: [UInt32(first), UInt32(first) + 256])
    }
}

extension SideMatch {
    fileprivate var wantsPorts: Bool { !ports.isEmpty || portSet != nil || serviceSet != nil }

    /// The ports of a protocol that meet the side's conditions, given the places of its address.
    fileprivate func openPorts(_ transport: IPProtocol, _ places: [SetPlace]) -> PortSet {
        func listed(_ set: Int) -> PortSet {
            PortSet(places.filter { $0.set == set && $0.transport == transport }.map { PortRange($0.port) })
        }
        var result = serviceSet.map(listed) ?? .all
        if !ports.isEmpty || portSet != nil {
            result = result.intersection(PortSet(ports).union(portSet.map(listed) ?? .empty))
        }
        if !notPorts.isEmpty { result = result.subtracting(PortSet(notPorts)) }
        if let notPortSet { result = result.subtracting(listed(notPortSet)) }
        return result
    }

    /// Sets of places that the side refers to.
    var placeSets: [Int] { [serviceSet, portSet, notPortSet].compactMap(\.self) }

    /// The side without its conditions on ports; nil when no address is excluded.
    var addressCriterion: SideMatch? {
        var side = SideMatch()
        side.nets = nets
        side.notNets = notNets
        side.addressSet = addressSet
        side.notAddressSet = notAddressSet
        return side.isEmpty ? nil : side
    }
}
