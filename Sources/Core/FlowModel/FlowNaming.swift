// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
public import PolicyModel

/// Names for the ends of a connection, as flow records show them (policy semantics, section 8).
public struct FlowNames: Hashable, Sendable {
    public var source: FlowEndpoint
    public var destination: FlowEndpoint
    /// `key=value`, sorted.
    public var sourceLabels: [String]
    public var destinationLabels: [String]
    public var service: FlowService

    public init(
        source: FlowEndpoint, destination: FlowEndpoint, sourceLabels: [String], destinationLabels: [String],
        service: FlowService
    ) {
        self.source = source
        self.destination = destination
        self.sourceLabels = sourceLabels
        self.destinationLabels = destinationLabels
        self.service = service
    }
}

/// Looks up endpoints, network sets and services by address. Built once per cluster state.
public struct FlowNaming: Sendable {
    private struct Named: Sendable {
        let endpoint: FlowEndpoint
        let labels: [String]
    }

    private var workloads: [IPAddress: Named] = [:]
    private var setsByNamespace: [String: PrefixTable<Named>] = [:]
    private var globalSets = PrefixTable<Named>()
    private var namespacedSets = PrefixTable<Named>()
    private var services: [AddressPort: FlowService] = [:]

    private struct AddressPort: Hashable {
        let address: IPAddress
        let transport: IPProtocol
        let port: UInt16
    }

    public init(_ state: ClusterState) {
        for pod in state.pods.values.sorted(by: { $0.name < $1.name }) {
            guard let endpoint = WorkloadEndpoint(pod, in: state) else { continue }
            let named = Named(
                endpoint: FlowEndpoint(
                    type: .workload, name: pod.aggregatedName, namespace: pod.name.namespace),
                labels: Self.flowLabels(endpoint.ownLabels))
            for address in pod.addresses { workloads[address] = named }
        }
        addNetworkSets(of: state)
        addServices(of: state)
    }

    /// Calico's own labels are left out: they repeat what other fields say and differ between records of one
    /// flow.
    private static func flowLabels(_ labels: Labels) -> [String] {
        labels.flowTexts.filter { !$0.hasPrefix("projectcalico.org/") }
    }

    private mutating func addNetworkSets(of state: ClusterState) {
        // On equal blocks the set whose internal name sorts first wins: later ones do not overwrite.
        let sets = state.networkSets.values.sorted { $0.name.description < $1.name.description }
        for set in sets {
            let namespace = set.name.namespace
            let named = Named(
                endpoint: FlowEndpoint(
                    type: .networkSet, name: set.name.name, namespace: namespace.isEmpty ? "-" : namespace),
                labels: Self.flowLabels(set.labels))
            for block in set.nets {
                if namespace.isEmpty {
                    if globalSets[block] == nil { globalSets[block] = named }
                } else {
                    if setsByNamespace[namespace]?[block] == nil {
                        setsByNamespace[namespace, default: PrefixTable()][block] = named
                    }
                    if namespacedSets[block] == nil { namespacedSets[block] = named }
                }
            }
        }
    }

    private mutating func addServices(of state: ClusterState) {
        for service in state.services.values {
            for port in service.ports {
                let flowService = FlowService(
                    name: service.name.name, namespace: service.name.namespace,
                    portName: port.name.isEmpty ? "-" : port.name, port: Int64(port.port))
                for address in service.clusterAddresses + service.externalAddresses {
                    let place = AddressPort(address: address, transport: port.transport, port: port.port)
                    services[place] = services[place].map { Self.merge($0, flowService) } ?? flowService
                }
            }
        }
    }

    /// Several services on one place: fields that differ become `*`.
    private static func merge(_ left: FlowService, _ right: FlowService) -> FlowService {
        func same(_ a: String, _ b: String) -> String { a == b ? a : "*" }
        return FlowService(
            name: same(left.name, right.name), namespace: same(left.namespace, right.namespace),
            portName: same(left.portName, right.portName), port: left.port)
    }

    public func isWorkload(_ address: IPAddress) -> Bool { workloads[address] != nil }

    /// - Parameters:
    ///   - forwarded: the connection after destination NAT.
    ///   - original: before it, when known; a Service is only named when the two differ.
    public func names(_ forwarded: ConnectionTuple, original: ConnectionTuple?) -> FlowNames {
        let destinationWorkload = workloads[forwarded.destination]
        let source =
            workloads[forwarded.source]
            ?? networkSet(forwarded.source, preferring: destinationWorkload?.endpoint.namespace)
        let destination =
            destinationWorkload ?? networkSet(forwarded.destination, preferring: source?.endpoint.namespace)
        return FlowNames(
            source: source?.endpoint ?? Self.network(forwarded.source),
            destination: destination?.endpoint ?? Self.network(forwarded.destination),
            sourceLabels: source?.labels ?? [], destinationLabels: destination?.labels ?? [],
            service: service(forwarded, original: original))
    }

    private func networkSet(_ address: IPAddress, preferring namespace: String?) -> Named? {
        let own = namespace.flatMap { setsByNamespace[$0] }?.longestMatch(address)
        return (own ?? globalSets.longestMatch(address) ?? namespacedSets.longestMatch(address))?.value
    }

    private static func network(_ address: IPAddress) -> FlowEndpoint {
        address.isPrivate ? .privateNetwork : .publicNetwork
    }

    private func service(_ forwarded: ConnectionTuple, original: ConnectionTuple?) -> FlowService {
        guard let original,
            original.destination != forwarded.destination
                || original.destinationPort != forwarded.destinationPort
        else { return .none }
        let place = AddressPort(
            address: original.destination, transport: original.transport, port: original.destinationPort)
        return services[place] ?? .none
    }
}
