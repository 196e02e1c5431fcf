// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

extension [Rule] {
    /// The rules over addresses, ports and sets, which the compiler retains.
    func compiled(into compiler: inout PolicyCompiler) -> [EnforcementRule] {
        var rules: [EnforcementRule] = []
        rules.reserveCapacity(count)
        for (index, rule) in enumerated() {
            rules.append(
                EnforcementRule(index: index, action: rule.action, match: rule.compiled(into: &compiler)))
        }
        return rules
    }
}

extension Rule {
    fileprivate func compiled(into compiler: inout PolicyCompiler) -> RuleMatch {
        RuleMatch(
            families: existingFamilies, transport: transport, notTransport: notTransport, icmp: icmp,
            notICMP: notICMP,
            source: source.compiled(isSource: true, transport: transport, into: &compiler),
            destination: destination.compiled(isSource: false, transport: transport, into: &compiler))
    }

    /// The IP versions for which the rule exists (policy semantics 5.1): a list of blocks that holds none of a
    /// version removes the rule for that version. A negated block of every address needs no such care: nothing
    /// is outside it.
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
    fileprivate func compiled(
        isSource: Bool, transport: IPProtocol?, into compiler: inout PolicyCompiler
    ) -> SideMatch {
        var side = SideMatch()
        side.nets = nets
        side.notNets = notNets
        side.addressSet = selector.map { compiler.retainAddresses(matching: $0) }
        side.notAddressSet = notSelector.map { compiler.retainAddresses(matching: $0) }
        if let service {
            // As a source only the addresses count; as a destination the port must be the service's too.
            if isSource {
                side.addressSet = compiler.retain(.serviceAddresses(service))
            } else {
                side.serviceSet = compiler.retain(.servicePlaces(service))
            }
        }
        (side.ports, side.portSet) = Self.split(
            ports, transport: transport, selector: selector, into: &compiler)
        (side.notPorts, side.notPortSet) = Self.split(
            notPorts, transport: transport, selector: nil, into: &compiler)
        return side
    }

    private static func split(
        _ ports: [PortMatch], transport: IPProtocol?, selector: Selector?, into compiler: inout PolicyCompiler
    ) -> (ranges: [PortRange], set: Int?) {
        var ranges: [PortRange] = []
        var names: [String] = []
        for port in ports {
            switch port {
            case .range(let range): ranges.append(range)
            case .named(let name): names.append(name)
            }
        }
        let set =
            names.isEmpty
            ? nil : compiler.retainNamedPorts(names, transport: transport, selector: selector)
        return (ranges, set)
    }
}
