// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

/// An endpoint with the number of its label set. Immutable and shared between snapshots.
final class EndpointEntry: Sendable {
    let endpoint: WorkloadEndpoint
    let labelSet: Int

    init(_ endpoint: WorkloadEndpoint, labelSet: Int) {
        self.endpoint = endpoint
        self.labelSet = labelSet
    }
}

final class HostEntry: Sendable {
    let endpoint: HostEndpoint
    let labelSet: Int
    /// Numbers of its profiles, in order.
    let profiles: [Int32]

    init(_ endpoint: HostEndpoint, labelSet: Int, profiles: [Int32]) {
        self.endpoint = endpoint
        self.labelSet = labelSet
        self.profiles = profiles
    }
}

final class NetworkSetEntry: Sendable {
    let resource: NetworkSetResource
    let labelSet: Int

    init(_ resource: NetworkSetResource, labelSet: Int) {
        self.resource = resource
        self.labelSet = labelSet
    }
}

/// Who owns an address: number of a workload, of a host endpoint, or a place in the list of shared addresses.
enum AddressOwnership: Hashable, Sendable {
    case workload(Int32)
    case host(Int32)
    /// Several; the workload that counts as the owner is the first by name.
    case shared(workloads: [Int32], hosts: [Int32])
}

/// Endpoints, host endpoints and network sets by number and by address. Numbers are reused.
struct EndpointTable: Sendable {
    private(set) var workloads: [EndpointEntry?] = []
    /// Number of the class of each workload, or -1.
    var classOf: [Int32] = []
    /// Number of the label set of each workload, beside the entries so that a verdict need not follow them.
    private var labelSetOf: [Int32] = []
    /// Numbers of the workloads in order of their names.
    private(set) var order: [Int32] = []
    private(set) var hosts: [HostEntry?] = []
    private(set) var networkSets: [NetworkSetEntry?] = []
    private(set) var byAddress: [IPAddress: AddressOwnership] = [:]
    /// Numbers of network sets by block.
    private(set) var byBlock = PrefixTable<[Int32]>()

    // MARK: Workloads

    mutating func insert(_ entry: EndpointEntry, at number: Int) {
        if number == workloads.count {
            workloads.append(nil)
            classOf.append(-1)
            labelSetOf.append(-1)
        }
        workloads[number] = entry
        labelSetOf[number] = Int32(entry.labelSet)
        order.insert(Int32(number), at: rank(of: entry.endpoint.name))
        for address in entry.endpoint.addresses { add(workload: Int32(number), at: address) }
    }

    mutating func removeWorkload(_ number: Int) {
        guard let entry = workloads[number] else { return }
        order.remove(at: rank(of: entry.endpoint.name))
        for address in entry.endpoint.addresses {
            edit(address) {
                $0.removeAll { $0 == number }
            } hosts: { _ in
            }
        }
        workloads[number] = nil
        classOf[number] = -1
    }

    /// Where in `order` a workload of this name is, or belongs.
    func rank(of name: ResourceName) -> Int {
        var low = 0
        var high = order.count
        while low < high {
            let middle = (low + high) / 2
            if let candidate = workloads[Int(order[middle])], candidate.endpoint.name < name {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    // MARK: Hosts and network sets

    mutating func insert(_ entry: HostEntry, at number: Int) {
        if number == hosts.count { hosts.append(nil) }
        hosts[number] = entry
        for address in entry.endpoint.resource.expectedAddresses {
            edit(address) { _ in
            } hosts: {
                $0.append(Int32(number))
            }
        }
    }

    mutating func removeHost(_ number: Int) {
        guard let entry = hosts[number] else { return }
        for address in entry.endpoint.resource.expectedAddresses {
            edit(address) { _ in
            } hosts: {
                $0.removeAll { $0 == number }
            }
        }
        hosts[number] = nil
    }

    mutating func insert(_ entry: NetworkSetEntry, at number: Int) {
        if number == networkSets.count { networkSets.append(nil) }
        networkSets[number] = entry
        for block in Set(entry.resource.nets) { byBlock[block] = (byBlock[block] ?? []) + [Int32(number)] }
    }

    mutating func removeNetworkSet(_ number: Int) {
        guard let entry = networkSets[number] else { return }
        for block in Set(entry.resource.nets) {
            let rest = (byBlock[block] ?? []).filter { $0 != number }
            byBlock[block] = rest.isEmpty ? nil : rest
        }
        networkSets[number] = nil
    }

    // MARK: Addresses

    /// The workload that decides for the address; nil when none owns it.
    func workload(at address: IPAddress) -> Int? {
        switch byAddress[address] {
        case .workload(let number)?: Int(number)
        case .shared(let workloads, _)?: workloads.first.map(Int.init)
        case .host?, nil: nil
        }
    }

    /// The label sets of everything that the address belongs to.
    @inline(__always)
    func forEachLabelSet(at address: IPAddress, _ body: (Int) -> Void) {
        switch byAddress[address] {
        case .workload(let number)?: body(Int(labelSetOf[Int(number)]))
        case .host(let number)?: hosts[Int(number)].map { body($0.labelSet) }
        case .shared(let numbers, let hostNumbers)?:
            for number in numbers { body(Int(labelSetOf[Int(number)])) }
            for number in hostNumbers { hosts[Int(number)].map { body($0.labelSet) } }
        case nil: break
        }
        guard !byBlock.isEmpty else { return }
        byBlock.forEachMatch(address) { numbers in
            for number in numbers { networkSets[Int(number)].map { body($0.labelSet) } }
        }
    }

    private mutating func add(workload number: Int32, at address: IPAddress) {
        if byAddress[address] == nil {
            byAddress[address] = .workload(number)
        } else {
            edit(address) {
                $0.append(number)
            } hosts: { _ in
            }
        }
    }

    private mutating func edit(
        _ address: IPAddress, workloads change: (inout [Int32]) -> Void,
        hosts changeHosts: (inout [Int32]) -> Void
    ) {
        var numbers: [Int32] = []
        var hostNumbers: [Int32] = []
        switch byAddress[address] {
        case .workload(let number)?: numbers = [number]
        case .host(let number)?: hostNumbers = [number]
        case .shared(let several, let hosts)?: (numbers, hostNumbers) = (several, hosts)
        case nil: break
        }
        change(&numbers)
        changeHosts(&hostNumbers)
        let workloads = workloads
        numbers = Set(numbers).sorted { name(of: $0, in: workloads) < name(of: $1, in: workloads) }
        switch (numbers.count, hostNumbers.count) {
        case (0, 0): byAddress[address] = nil
        case (1, 0): byAddress[address] = .workload(numbers[0])
        case (0, 1): byAddress[address] = .host(hostNumbers[0])
        default: byAddress[address] = .shared(workloads: numbers, hosts: hostNumbers)
        }
    }

    private func name(of number: Int32, in workloads: [EndpointEntry?]) -> ResourceName {
        workloads[Int(number)]?.endpoint.name ?? ResourceName(name: "")
    }
}
