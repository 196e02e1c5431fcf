// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

extension Rule {
    /// The rule over addresses, ports and sets.
    func compiled(into sets: inout SetCompiler) -> RuleMatch {
        RuleMatch(
            families: existingFamilies, transport: transport, notTransport: notTransport, icmp: icmp,
            notICMP: notICMP,
            source: source.compiled(isSource: true, transport: transport, into: &sets),
            destination: destination.compiled(isSource: false, transport: transport, into: &sets))
    }

    /// The IP versions for which the rule exists (policy semantics 5.1): a list of blocks that holds none of a
    /// version removes the rule for that version.
    private var existingFamilies: Set<IPFamily> {
        var families: Set<IPFamily> = family.map { [$0] } ?? [.v4, .v6]
        for side in [source, destination] {
            for list in [side.nets, side.notNets] where !list.isEmpty {
                families.formIntersection(list.map(\.family))
            }
        }
        return families
    }
}

extension EntityMatch {
    func compiled(isSource: Bool, transport: IPProtocol?, into sets: inout SetCompiler) -> SideMatch {
        var side = SideMatch()
        side.nets = nets
        side.notNets = notNets
        side.addressSet = selector.map { sets.addresses(matching: $0) }
        side.notAddressSet = notSelector.map { sets.addresses(matching: $0) }
        if let service {
            // As a source only the addresses count; as a destination the port must be the service's too.
            if isSource {
                side.addressSet = sets.addresses(ofService: service)
            } else {
                side.serviceSet = sets.places(ofService: service)
            }
        }
        (side.ports, side.portSet) = Self.split(ports, transport: transport, selector: selector, into: &sets)
        (side.notPorts, side.notPortSet) = Self.split(
            notPorts, transport: transport, selector: nil, into: &sets)
        return side
    }

    private static func split(
        _ ports: [PortMatch], transport: IPProtocol?, selector: Selector?, into sets: inout SetCompiler
    ) -> (ranges: [PortRange], set: Int?) {
        var ranges: [PortRange] = []
        var names: [String] = []
        for port in ports {
            switch port {
            case .range(let range): ranges.append(range)
            case .named(let name): names.append(name)
            }
        }
        let set = names.isEmpty ? nil : sets.namedPorts(names, transport: transport, selector: selector)
        return (ranges, set)
    }
}
