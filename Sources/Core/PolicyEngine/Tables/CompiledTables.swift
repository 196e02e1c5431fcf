// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

/// Everything that is compiled of a cluster. A value: a copy shares all storage until one side changes, and what
/// changes is copied table by table, so holding old versions costs only what has changed since.
struct CompiledTables: Sendable {
    /// The cluster that was compiled.
    var state = ClusterState()
    var sets: [SetEntry?] = []
    /// Distinct sets of labels by number; endpoints with equal labels share one.
    var labelSets: [Labels] = []
    /// Numbers of the selectors' sets that match each label set.
    var matching = Postings()
    var endpoints = EndpointTable()
    var services: [ResourceName: ServiceContent] = [:]
    var policies: [CompiledPolicy?] = []
    /// Positions of each policy's rules in the rule tables.
    var ingressPositions: [Range<Int>] = []
    var egressPositions: [Range<Int>] = []
    /// Numbers of the policies in order of evaluation.
    var order: [Int32] = []
    var profiles: [CompiledProfile?] = []
    var classes: [EndpointWalk?] = []
    var ingress = RuleTable()
    var egress = RuleTable()

    func rules(_ direction: Direction) -> RuleTable { direction == .ingress ? ingress : egress }

    func positions(_ policy: Int32, _ direction: Direction) -> Range<Int> {
        direction == .ingress ? ingressPositions[Int(policy)] : egressPositions[Int(policy)]
    }
}

/// The endpoints of a Service, all its slices together.
struct ServiceContent: Sendable {
    var addresses: Set<IPAddress> = []
    var places: Set<AddressPort> = []
}

// MARK: - Membership

extension CompiledTables {
    func isMember(_ address: IPAddress, ofSet number: Int) -> Bool {
        guard let entry = sets[number] else { return false }
        switch entry.definition {
        case .selector:
            var found = false
            endpoints.forEachLabelSet(at: address) { found = found || matching.contains(number, in: $0) }
            return found
        case .serviceAddresses(let service): return services[service]?.addresses.contains(address) ?? false
        case .servicePlaces, .namedPorts: return false
        }
    }

    func isMember(_ place: AddressPort, ofSet number: Int) -> Bool {
        guard let entry = sets[number] else { return false }
        switch entry.definition {
        case .servicePlaces(let service): return services[service]?.places.contains(place) ?? false
        case .namedPorts: return places(at: place.address, ofSet: number).contains(place)
        case .selector, .serviceAddresses: return false
        }
    }

    /// The members of a set of places at one address, in no particular order.
    func places(at address: IPAddress, ofSet number: Int) -> [AddressPort] {
        guard let entry = sets[number] else { return [] }
        switch entry.definition {
        case .servicePlaces(let service):
            return services[service]?.places.filter { $0.address == address } ?? []
        case .namedPorts(let names, let transport, _):
            var places: [AddressPort] = []
            for (labelSet, ports) in namedPorts(at: address)
            where entry.selectorSet < 0 || matching.contains(entry.selectorSet, in: labelSet) {
                for port in ports
                where names.contains(port.name) && (transport ?? port.transport) == port.transport {
                    places.append(AddressPort(address: address, transport: port.transport, port: port.port))
                }
            }
            return places
        case .selector, .serviceAddresses: return []
        }
    }

    /// The label sets and named ports of the endpoints at an address.
    private func namedPorts(at address: IPAddress) -> [(labelSet: Int, ports: [NamedPort])] {
        var workloads: [Int32] = []
        var hosts: [Int32] = []
        switch endpoints.byAddress[address] {
        case .workload(let number)?: workloads = [number]
        case .host(let number)?: hosts = [number]
        case .shared(let several, let others)?: (workloads, hosts) = (several, others)
        case nil: return []
        }
        return workloads.compactMap { number in
            endpoints.workloads[Int(number)].map { ($0.labelSet, $0.endpoint.ports) }
        }
            + hosts.compactMap { number in
                endpoints.hosts[Int(number)].map { ($0.labelSet, $0.endpoint.resource.ports) }
            }
    }
}
