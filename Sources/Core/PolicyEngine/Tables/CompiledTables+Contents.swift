// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

extension CompiledTables {
    /// The members of sets, one pass over all endpoints for all of them.
    func contents(ofSets numbers: [Int]) -> [EnforcementSet.Content] {
        let blocks = blocks(ofSelectors: numbers)
        return numbers.map { number in
            switch sets[number]?.definition {
            case .selector: .addresses((blocks[number] ?? []).sortedUnique())
            case .serviceAddresses(let service):
                .addresses((services[service]?.addresses ?? []).map { IPPrefix($0) }.sortedUnique())
            case .servicePlaces(let service): .addressPorts((services[service]?.places ?? []).sortedUnique())
            case .namedPorts: .addressPorts(namedPlaces(ofSet: number).sortedUnique())
            case nil: .addresses([])
            }
        }
    }

    private func blocks(ofSelectors numbers: [Int]) -> [Int: [IPPrefix]] {
        var byLabelSet: [Int: [IPPrefix]] = [:]
        for entry in endpoints.workloads {
            guard let entry else { continue }
            byLabelSet[entry.labelSet, default: []] += entry.endpoint.addresses.map { IPPrefix($0) }
        }
        for entry in endpoints.hosts {
            guard let entry else { continue }
            byLabelSet[entry.labelSet, default: []] += entry.endpoint.resource.expectedAddresses.map {
                IPPrefix($0)
            }
        }
        for entry in endpoints.networkSets {
            guard let entry else { continue }
            byLabelSet[entry.labelSet, default: []] += entry.resource.nets
        }
        var wanted = BitSet()
        for number in numbers { wanted.insert(number) }
        var blocks: [Int: [IPPrefix]] = [:]
        for (labelSet, members) in byLabelSet {
            matching.forEach(in: labelSet) { number in
                if wanted.contains(number) { blocks[number, default: []] += members }
            }
        }
        return blocks
    }

    private func namedPlaces(ofSet number: Int) -> [AddressPort] {
        let workloadAddresses = endpoints.workloads.flatMap { $0?.endpoint.addresses ?? [] }
        let hostAddresses = endpoints.hosts.flatMap { $0?.endpoint.resource.expectedAddresses ?? [] }
        return (workloadAddresses + hostAddresses).flatMap { places(at: $0, ofSet: number) }
    }
}

extension Sequence where Element: Comparable {
    func sortedUnique() -> [Element] {
        var result: [Element] = []
        for element in sorted() where element != result.last { result.append(element) }
        return result
    }
}
