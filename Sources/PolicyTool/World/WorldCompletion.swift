// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyModel

/// Does to objects from files what a cluster would have done: pods, addresses, EndpointSlices, names of namespaces.
struct WorldCompletion {
    private(set) var state: ClusterState
    private(set) var notes: [String] = []
    private let podAddresses: IPPrefix

    init(_ state: ClusterState, podAddresses: IPPrefix) {
        self.state = state
        self.podAddresses = podAddresses
    }

    /// One pod per workload, unless the files hold a pod with the template's labels already.
    mutating func addPods(of templates: [WorkloadTemplate]) {
        let written = Dictionary(grouping: state.pods.values, by: \.name.namespace)
        var made: [String] = []
        for template in templates {
            guard let pod = template.pod, state.pods[pod.name] == nil else { continue }
            let exists = (written[pod.name.namespace] ?? []).contains { other in
                !pod.labels.isEmpty && pod.labels.entries.allSatisfy { other.labels[$0.key] == $0.value }
            }
            guard !exists else { continue }
            state.apply(.set(.pod(pod)))
            made.append("\(pod.name)".escapedForMessage)
        }
        guard !made.isEmpty else { return }
        notes.append("made one pod per workload from its template: \(Self.listed(made))")
    }

    /// Gives each pod without an address one of the range, by its name; on a clash the next that is free.
    mutating func addAddresses() {
        var used = Set(state.pods.values.flatMap(\.addresses))
        used.formUnion(state.hostEndpoints.values.flatMap(\.expectedAddresses))
        used.formUnion(state.endpointSlices.values.flatMap(\.addresses))
        used.formUnion(state.services.values.flatMap { $0.clusterAddresses + $0.externalAddresses })
        let waiting = state.pods.values.filter {
            $0.addresses.isEmpty && !$0.usesHostNetwork && !$0.isFinished
        }
        .sorted { $0.name < $1.name }
        // The first and the last address of a range often have a meaning of their own.
        let size = min(podAddresses.lastAddress.bits - podAddresses.address.bits, 1 << 40) - 1
        var given = 0
        for var pod in waiting where given < size {
            var offset = UInt128(Self.hash(pod.name.description)) % size
            while used.contains(address(offset)), used.count < size { offset = (offset + 1) % size }
            let address = address(offset)
            guard used.insert(address).inserted else { break }
            pod.addresses = [address]
            state.apply(.set(.pod(pod)))
            given += 1
        }
        if given > 0 {
            notes.append(
                "\(given) pod\(given == 1 ? " has" : "s have") no address yet: "
                    + "each was given one from \(podAddresses) by its name")
        }
        if given < waiting.count {
            notes.append(
                "\(waiting.count - given) pods are left out: \(podAddresses) has no address for them; "
                    + "give a larger range with --pod-addresses")
        }
    }

    private func address(_ offset: UInt128) -> IPAddress {
        IPAddress(bits: podAddresses.address.bits + 1 + offset)
    }

    /// FNV-1a, 64 bit: the same on every machine and in every run.
    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    // MARK: Services

    /// EndpointSlices of Services with a selector, as the control plane would write them, where the files have none.
    /// A Service that selects no pod gets none: its pods may be elsewhere.
    mutating func addEndpointSlices() {
        let sliced = Set(
            state.endpointSlices.values.map {
                ResourceName(namespace: $0.name.namespace, name: $0.serviceName)
            })
        let pods = Dictionary(grouping: state.pods.values.sorted { $0.name < $1.name }, by: \.name.namespace)
        for service in state.services.values.sorted(by: { $0.name < $1.name })
        where !service.selector.isEmpty && !sliced.contains(service.name) {
            let selected = (pods[service.name.namespace] ?? []).filter { pod in
                !pod.isFinished && !pod.addresses.isEmpty
                    && service.selector.entries.allSatisfy { pod.labels[$0.key] == $0.value }
            }
            // Pods that resolve a named target port differently go into slices of their own.
            let groups = Dictionary(grouping: selected) { Self.ports(of: service, at: $0) }
            let sorted = groups.sorted {
                ($0.value.first?.name ?? service.name) < ($1.value.first?.name ?? service.name)
            }
            for (index, group) in sorted.enumerated() {
                let name = ResourceName(
                    namespace: service.name.namespace, name: "\(service.name.name)-\(index)")
                state.apply(
                    .set(
                        .endpointSlice(
                            EndpointSliceResource(
                                name: name, serviceName: service.name.name,
                                addresses: group.value.flatMap(\.addresses), ports: group.key))))
            }
        }
    }

    private static func ports(of service: ServiceResource, at pod: PodResource) -> [NamedPort] {
        service.ports.compactMap { port in
            switch port.targetPort {
            case .number(let number): NamedPort(name: port.name, transport: port.transport, port: number)
            case .name(let name):
                pod.ports.first { $0.name == name && $0.transport == port.transport }
                    .map { NamedPort(name: port.name, transport: port.transport, port: $0.port) }
            }
        }
    }

    // MARK: Namespaces

    /// Adds the namespaces that pods and policies are in and nobody defines. They exist wherever those objects do.
    ///
    /// - Parameter hasAllLabels: they have no labels but their name's; otherwise what labels they have is not known.
    mutating func addNamespaces(hasAllLabels: Bool) {
        let used = Set(state.pods.keys.map(\.namespace) + state.policies.keys.map(\.namespace)).subtracting([
            ""
        ])
        let missing = used.subtracting(state.namespaces.keys).sorted()
        for name in missing {
            let labels = Labels([(key: WellKnownLabel.namespaceName, value: name)])
            state.apply(
                .set(
                    .namespace(
                        NamespaceResource(name: name, labels: labels, isImplied: !hasAllLabels))))
        }
        guard !missing.isEmpty else { return }
        let names = Self.listed(missing.map(\.escapedForMessage))
        notes.append(
            hasAllLabels
                ? "not defined, so taken as namespaces without labels of their own: \(names)"
                : "no Namespace object was read for \(names): \(missing.count == 1 ? "its" : "their") labels are not "
                    + "known")
    }

    static func listed(_ names: [String], atMost limit: Int = 5) -> String {
        names.prefix(limit).joined(separator: ", ")
            + (names.count > limit ? " and \(names.count - limit) more" : "")
    }
}
