// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

extension RuleMatch {
    /// Whether the first packet of a connection matches: every criterion, one by one.
    func matches(_ tuple: ConnectionTuple, _ tables: CompiledTables) -> Bool {
        guard families.contains(tuple.family) else { return false }
        if let transport, transport != tuple.transport { return false }
        if let notTransport, notTransport == tuple.transport { return false }
        if let icmp, !Self.icmpMatches(icmp, tuple) { return false }
        if let notICMP, Self.icmpMatches(notICMP, tuple) { return false }
        let ports = tuple.transport.hasPolicyPorts
        return source.matches(
            tuple.source, transport: tuple.transport, port: ports ? tuple.sourcePort : nil, tables)
            && destination.matches(
                tuple.destination, transport: tuple.transport, port: ports ? tuple.destinationPort : nil,
                tables)
    }

    private static func icmpMatches(_ match: ICMPMatch, _ tuple: ConnectionTuple) -> Bool {
        tuple.transport == (tuple.family == .v4 ? .icmp : .icmpv6)
            && match.matches(type: tuple.icmpType, code: tuple.icmpCode)
    }
}

extension SideMatch {
    /// The criteria of addresses alone: blocks and sets of addresses.
    func addressMatches(_ address: IPAddress, _ tables: CompiledTables) -> Bool {
        if !nets.isEmpty, !nets.contains(where: { $0.contains(address) }) { return false }
        if notNets.contains(where: { $0.contains(address) }) { return false }
        if let addressSet, !tables.isMember(address, ofSet: addressSet) { return false }
        if let notAddressSet, tables.isMember(address, ofSet: notAddressSet) { return false }
        return true
    }

    /// `port` is nil when the protocol has none: then no positive port condition holds, and no negative one
    /// excludes.
    func matches(
        _ address: IPAddress, transport: IPProtocol, port: UInt16?, _ tables: CompiledTables
    ) -> Bool {
        guard addressMatches(address, tables) else { return false }
        let place = port.map { AddressPort(address: address, transport: transport, port: $0) }
        if let serviceSet {
            guard let place, tables.isMember(place, ofSet: serviceSet) else { return false }
        }
        if !ports.isEmpty || portSet != nil {
            guard let port, let place else { return false }
            let numeric = ports.contains { $0.contains(port) }
            guard numeric || portSet.map({ tables.isMember(place, ofSet: $0) }) ?? false else { return false }
        }
        guard let port, let place else { return true }
        if notPorts.contains(where: { $0.contains(port) }) { return false }
        if let notPortSet, tables.isMember(place, ofSet: notPortSet) { return false }
        return true
    }
}
