// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

/// Turns selectors, named ports and services into sets of addresses and places, each distinct one once.
struct SetCompiler {
    /// Everything that a selector can pick: endpoints and network sets, with the addresses they stand for.
    struct Member {
        let labels: Labels
        let prefixes: [IPPrefix]
        /// Empty for network sets.
        let ports: [NamedPort]
    }

    private(set) var sets: [EnforcementSet] = []
    private var indexes: [String: Int] = [:]
    private var names: Set<String> = []
    private let members: [Member]
    /// Slices by namespace and name of their service.
    private let slices: [ResourceName: [EndpointSliceResource]]

    init(endpoints: [WorkloadEndpoint], state: ClusterState) {
        members =
            endpoints.map {
                Member(labels: $0.labels, prefixes: $0.addresses.map { IPPrefix($0) }, ports: $0.ports)
            }
            + state.networkSets.values.sorted { $0.name < $1.name }.map {
                Member(labels: $0.effectiveLabels(in: state), prefixes: $0.nets, ports: [])
            }
        slices = Dictionary(grouping: state.endpointSlices.values) {
            ResourceName(namespace: $0.name.namespace, name: $0.serviceName)
        }
    }

    /// The set of all addresses that belong to an endpoint or network set that matches.
    mutating func addresses(matching selector: Selector) -> Int {
        intern("selector \(selector)") { compiler in
            .addresses(
                compiler.members.filter { selector.matches($0.labels) }.flatMap(\.prefixes).sortedUnique())
        }
    }

    /// The triples of every endpoint that declares one of the port names, for the protocol and selector of
    /// the rule.
    mutating func namedPorts(_ names: [String], transport: IPProtocol?, selector: Selector?) -> Int {
        let sorted = Set(names).sorted()
        let scope = "\(transport?.policyName ?? "any") of \(selector?.description ?? "all()")"
        return intern("ports \(sorted.joined(separator: ",")) \(scope)") { compiler in
            let places = compiler.members.filter { selector?.matches($0.labels) ?? true }.flatMap { member in
                member.ports.filter {
                    sorted.contains($0.name) && (transport == nil || transport == $0.transport)
                }.flatMap { port in
                    member.prefixes.map {
                        AddressPort(address: $0.address, transport: port.transport, port: port.port)
                    }
                }
            }
            return .addressPorts(places.sortedUnique())
        }
    }

    /// Every place that the service's endpoint slices list.
    mutating func places(ofService service: ResourceName) -> Int {
        intern("service \(service)") { compiler in
            let places = (compiler.slices[service] ?? []).flatMap { slice in
                slice.addresses.flatMap { address in
                    slice.ports.map { AddressPort(address: address, transport: $0.transport, port: $0.port) }
                }
            }
            return .addressPorts(places.sortedUnique())
        }
    }

    /// Every address that the service's endpoint slices list.
    mutating func addresses(ofService service: ResourceName) -> Int {
        intern("service addresses \(service)") { compiler in
            .addresses(
                (compiler.slices[service] ?? []).flatMap(\.addresses).map { IPPrefix($0) }.sortedUnique())
        }
    }

    private mutating func intern(
        _ definition: String, content: (SetCompiler) -> EnforcementSet.Content
    ) -> Int {
        if let index = indexes[definition] { return index }
        indexes[definition] = sets.count
        sets.append(
            EnforcementSet(name: uniqueName(for: definition), definition: definition, content: content(self)))
        return sets.count - 1
    }

    /// FNV-1a of the definition; on the very unlikely collision the next free number.
    private mutating func uniqueName(for definition: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in definition.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        while true {
            let digits = String(hash, radix: 16)
            let name = "s" + String(repeating: "0", count: 16 - digits.count) + digits
            if names.insert(name).inserted { return name }
            hash &+= 1
        }
    }
}

extension Array where Element: Comparable {
    fileprivate func sortedUnique() -> [Element] {
        var result: [Element] = []
        result.reserveCapacity(count)
        for element in sorted() where element != result.last { result.append(element) }
        return result
    }
}
