// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

/// The contents of a set in the form that answers membership.
enum SetMembership: Sendable {
    case addresses(AddressSet)
    case addressPorts(Set<AddressPort>)

    init(_ content: EnforcementSet.Content) {
        switch content {
        case .addresses(let prefixes): self = .addresses(AddressSet(prefixes))
        case .addressPorts(let places): self = .addressPorts(Set(places))
        }
    }

    func contains(_ address: IPAddress) -> Bool {
        guard case .addresses(let set) = self else { return false }
        return set.contains(address)
    }

    func contains(_ place: AddressPort) -> Bool {
        guard case .addressPorts(let set) = self else { return false }
        return set.contains(place)
    }
}

extension RuleMatch {
    /// Whether the first packet of a connection matches. `sets` is indexed as the rule's set references are.
    func matches(_ tuple: ConnectionTuple, sets: [SetMembership]) -> Bool {
        guard families.contains(tuple.family) else { return false }
        if let transport, transport != tuple.transport { return false }
        if let notTransport, notTransport == tuple.transport { return false }
        if let icmp, !Self.icmpMatches(icmp, tuple) { return false }
        if let notICMP, Self.icmpMatches(notICMP, tuple) { return false }
        let ports = tuple.transport.hasPolicyPorts
        return source.matches(
            tuple.source, transport: tuple.transport, port: ports ? tuple.sourcePort : nil, sets: sets)
            && destination.matches(
                tuple.destination, transport: tuple.transport, port: ports ? tuple.destinationPort : nil,
                sets: sets)
    }

    private static func icmpMatches(_ match: ICMPMatch, _ tuple: ConnectionTuple) -> Bool {
        tuple.transport == (tuple.family == .v4 ? .icmp : .icmpv6)
            && match.matches(type: tuple.icmpType, code: tuple.icmpCode)
    }
}

extension SideMatch {
    /// `port` is nil when the protocol has none: then no positive port condition holds, and no negative one
    /// excludes.
    func matches(_ address: IPAddress, transport: IPProtocol, port: UInt16?, sets: [SetMembership]) -> Bool {
        if !nets.isEmpty, !nets.contains(where: { $0.contains(address) }) { return false }
        if notNets.contains(where: { $0.contains(address) }) { return false }
        if let addressSet, !sets[addressSet].contains(address) { return false }
        if let notAddressSet, sets[notAddressSet].contains(address) { return false }
        let place = port.map { AddressPort(address: address, transport: transport, port: $0) }
        if let serviceSet {
            guard let place, sets[serviceSet].contains(place) else { return false }
        }
        if !ports.isEmpty || portSet != nil {
            guard let port, let place else { return false }
            let numeric = ports.contains { $0.contains(port) }
            guard numeric || portSet.map({ sets[$0].contains(place) }) ?? false else { return false }
        }
        guard let port, let place else { return true }
        if notPorts.contains(where: { $0.contains(port) }) { return false }
        if let notPortSet, sets[notPortSet].contains(place) { return false }
        return true
    }
}
