// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyEngine
internal import PolicyModel

/// Finds what references stand for in a cluster.
struct EndpointResolver {
    let snapshot: PolicySnapshot
    private let endpoints: [ResourceName: WorkloadEndpoint]
    private var cluster: ClusterState { snapshot.cluster }

    init(_ snapshot: PolicySnapshot) {
        self.snapshot = snapshot
        endpoints = Dictionary(
            snapshot.endpoints.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// What a reference means, before ports are looked at.
    enum Meaning {
        case ends([ResolvedEnd])
        /// A Service: where it leads depends on the port.
        case service(ResourceName)
    }

    func meaning(
        of reference: EndpointReference, _ text: String, notes: inout [String]
    ) throws(ConnectionRequestError) -> Meaning {
        switch reference {
        case .address(let address):
            return .ends([end(at: address)])
        case .internet:
            let addresses = internetAddresses()
            guard !addresses.isEmpty else {
                throw ConnectionRequestError(
                    "no address stands for the internet here: every one that was tried belongs to something; "
                        + "name an address")
            }
            return .ends([ResolvedEnd(title: "the internet", addresses: addresses)])
        case .unknown:
            let addresses = [IPAddress(v4: 0), IPAddress(bits: 0)]
            return .ends([
                ResolvedEnd(
                    title: "an unknown endpoint", addresses: addresses, unknownName: "that is not known")
            ])
        case .pod(let name): return .ends([ResolvedEnd(try endpoint(name))])
        case .workload(let name): return .ends(try workload(name, text))
        case .labels(let namespace, let labels): return .ends(try labelled(namespace, labels))
        case .service(let name): return .service(try service(name))
        case .node(let name): return .ends(try node(name))
        case .networkSet(let name): return .ends([try networkSet(name)])
        case .name(let name):
            guard let found = try find(name, &notes) else { throw unknown(name) }
            return found
        case .word(let word): return try find(word, &notes)
        }
    }

    // MARK: - Names

    /// A pod, the pods of a workload, or a Service, in this order; nil when there is none.
    private func find(
        _ name: ResourceName, _ notes: inout [String]
    ) throws(ConnectionRequestError) -> Meaning? {
        if cluster.pods[name] != nil { return .ends([ResolvedEnd(try endpoint(name))]) }
        let pods = podsOfWorkload(name)
        let isService = cluster.services[name] != nil || hasSlices(name)
        if !pods.isEmpty {
            if isService {
                notes.append(
                    "\(name) is a workload and a Service: the pods are meant; svc/\(name) is the Service")
            }
            return .ends(
                try pods.map { pod throws(ConnectionRequestError) in
                    ResolvedEnd(try endpoint(pod), title: name.description)
                })
        }
        return isService ? .service(name) : nil
    }

    private func find(_ word: String, _ notes: inout [String]) throws(ConnectionRequestError) -> Meaning {
        // What is no node may still be the name of something else.
        if let ends = try? node(word) { return .ends(ends) }
        let namespaces = Set(cluster.pods.keys.map(\.namespace)).union(cluster.services.keys.map(\.namespace))
        var found: [(ResourceName, Meaning)] = []
        for namespace in namespaces.sorted() {
            let name = ResourceName(namespace: namespace, name: word)
            if let meaning = try find(name, &notes) { found.append((name, meaning)) }
        }
        guard let first = found.first else { throw unknown(ResourceName(name: word)) }
        guard found.count == 1 else {
            let names = found.prefix(5).map(\.0.description).joined(separator: ", ")
            throw ConnectionRequestError(
                "\(word.quotedForMessage) is in \(found.count) namespaces: write one of \(names)")
        }
        return first.1
    }

    /// Pods whose names say that the workload made them, sorted by name.
    private func podsOfWorkload(_ name: ResourceName) -> [ResourceName] {
        cluster.pods.values.filter { $0.isMade(byWorkload: name) && !$0.isFinished }.map(\.name).sorted()
    }

    private func workload(
        _ name: ResourceName, _ text: String
    ) throws(ConnectionRequestError) -> [ResolvedEnd] {
        let pods = podsOfWorkload(name)
        guard !pods.isEmpty else {
            throw ConnectionRequestError(
                "no pod in \(name.namespace) has a name that begins with \(name.name)-, as those of \(text) would; "
                    + nearNames(name))
        }
        return try pods.map { pod throws(ConnectionRequestError) in
            ResolvedEnd(try endpoint(pod), title: name.description)
        }
    }

    private func labelled(
        _ namespace: String, _ labels: Labels
    ) throws(ConnectionRequestError) -> [ResolvedEnd] {
        let found = snapshot.endpoints.filter { endpoint in
            endpoint.name.namespace == namespace
                && labels.entries.allSatisfy { endpoint.ownLabels[$0.key] == $0.value }
        }
        guard !found.isEmpty else {
            let keys = labels.entries.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
            let present = Set(
                snapshot.endpoints.filter { $0.name.namespace == namespace }.flatMap { endpoint in
                    labels.entries.compactMap { entry in
                        endpoint.ownLabels[entry.key].map { "\(entry.key)=\($0)" }
                    }
                })
            throw ConnectionRequestError(
                "no pod in namespace \(namespace) has the labels \(keys); "
                    + (present.isEmpty
                        ? "there are \(snapshot.endpoints.count { $0.name.namespace == namespace }) pods in it"
                        : "there are pods with " + present.sorted().prefix(5).joined(separator: ", ")))
        }
        return found.map { ResolvedEnd($0, title: workloadTitle($0.name)) }
    }

    /// `shop/cart` for a pod of that workload.
    func workloadTitle(_ pod: ResourceName) -> String {
        let name = cluster.pods[pod]?.workloadName ?? pod.name
        return ResourceName(namespace: pod.namespace, name: name).description
    }

    private func endpoint(_ name: ResourceName) throws(ConnectionRequestError) -> WorkloadEndpoint {
        if let endpoint = endpoints[name] { return endpoint }
        guard let pod = cluster.pods[name] else {
            let near = NearNames.list(name.description, in: cluster.pods.keys.map(\.description))
            throw ConnectionRequestError("there is no pod \(name); \(near)")
        }
        let reason =
            pod.usesHostNetwork
            ? "uses its node's network, so pod policies do not govern it; ask about node/\(pod.nodeName)"
            : pod.isFinished
                ? "has finished (\(pod.phase)) and has no address any more"
                : "has no address yet; ask again when it runs"
        throw ConnectionRequestError("pod \(name) \(reason)")
    }

    private func service(_ name: ResourceName) throws(ConnectionRequestError) -> ResourceName {
        guard cluster.services[name] != nil || hasSlices(name) else {
            let near = NearNames.list(name.description, in: cluster.services.keys.map(\.description))
            throw ConnectionRequestError("there is no Service \(name); \(near)")
        }
        return name
    }

    private func hasSlices(_ name: ResourceName) -> Bool {
        cluster.endpointSlices.values.contains {
            $0.name.namespace == name.namespace && $0.serviceName == name.name
        }
    }

    private func node(_ name: String) throws(ConnectionRequestError) -> [ResolvedEnd] {
        let found = snapshot.hostEndpoints.filter { $0.resource.node == name || $0.resource.name == name }
        guard !found.isEmpty else {
            let names = snapshot.hostEndpoints.flatMap { [$0.resource.node, $0.resource.name] }
            throw ConnectionRequestError(
                "there is no host endpoint \(name) and none of a node of that name, so no policy governs it: name its "
                    + "address; "
                    + NearNames.list(name, in: names))
        }
        let ends = found.filter { !$0.resource.expectedAddresses.isEmpty }.map {
            ResolvedEnd(
                title: "node \($0.resource.node)", name: "host endpoint \($0.resource.name)",
                addresses: $0.resource.expectedAddresses)
        }
        guard !ends.isEmpty else {
            throw ConnectionRequestError(
                "host endpoint \(found[0].resource.name) lists no expectedIPs: its addresses are not known; "
                    + "name an address")
        }
        return ends
    }

    private func networkSet(_ name: ResourceName) throws(ConnectionRequestError) -> ResolvedEnd {
        guard let set = cluster.networkSets[name] else {
            let near = NearNames.list(name.description, in: cluster.networkSets.keys.map(\.description))
            throw ConnectionRequestError("there is no network set \(name); \(near)")
        }
        guard !set.nets.isEmpty else {
            throw ConnectionRequestError("network set \(name) holds no addresses: name an address instead")
        }
        return ResolvedEnd(title: "network set \(name)", addresses: set.nets.map(\.address))
    }

    // MARK: - Addresses

    private func end(at address: IPAddress) -> ResolvedEnd {
        switch snapshot.owners(of: address).first {
        case .workload(let endpoint)?:
            ResolvedEnd(title: endpoint.name.description, addresses: [address])
        case .host(let endpoint)?:
            ResolvedEnd(
                title: "node \(endpoint.resource.node)", name: "host endpoint \(endpoint.resource.name)",
                addresses: [address])
        case .networkSet, nil: ResolvedEnd(title: "\(address)", addresses: [address])
        }
    }

    /// One public address of each family that belongs to nothing and is in no block of any rule that is not as wide as
    /// all addresses; from the blocks for documentation (RFC 5737, RFC 3849) where they are free.
    private func internetAddresses() -> [IPAddress] {
        let candidates = [
            "198.51.100.1", "192.0.2.1", "203.0.113.1", "198.51.100.201", "93.184.215.14", "1.1.1.1",
            "8.8.8.8",
            "2001:db8:ffff::1", "2001:db8::1", "2606:4700::1111", "2a00::1",
        ].compactMap { IPAddress($0) }
        let blocks = snapshot.distinguishingBlocks.filter { $0.length > 0 }
        return IPFamily.allCases.compactMap { family in
            candidates.first { address in
                address.family == family && !blocks.contains { $0.contains(address) }
            }
        }
    }

    // MARK: - Messages

    private func unknown(_ name: ResourceName) -> ConnectionRequestError {
        if cluster.pods.values.contains(where: { $0.isMade(byWorkload: name) }) {
            return ConnectionRequestError("all pods of \(name) have finished and have no address any more")
        }
        return ConnectionRequestError(
            "there is no pod, workload or Service \(name)\(mistake(in: name)); \(nearNames(name))")
    }

    /// What a person may have had in mind with a name that nothing has.
    private func mistake(in name: ResourceName) -> String {
        if EndpointReference.isKind(name.namespace) {
            return " (after a kind comes the namespace: \(name.namespace)/NAMESPACE/\(name.name))"
        }
        if cluster.networkSets[name] != nil { return " (the network set is set/\(name))" }
        if name.namespace.isEmpty, name.name.contains(".") {
            return " (names outside the cluster are not looked up: give an address)"
        }
        return ""
    }

    private func nearNames(_ name: ResourceName) -> String {
        let names =
            cluster.pods.values.map { "\($0.name.namespace)/\($0.workloadName)" }
            + cluster.services.keys.map(\.description)
        return NearNames.list(name.description, in: names)
    }
}

extension PodResource {
    /// Letters and digits that Kubernetes makes up names of: no vowels, nothing that looks like something else
    /// (k8s.io/apimachinery/pkg/util/rand).
    private static let madeUp = Set("bcdfghjklmnpqrstvwxz2456789".utf8)

    /// Whether the pod's name is one that the workload gives: `web-7d4b9c6f5d-x2x8z` and `web-0` are made by `web`.
    func isMade(byWorkload workload: ResourceName) -> Bool {
        name.namespace == workload.namespace && workloadName == workload.name && name.name != workload.name
    }

    /// The name of the workload that the pod's name points to; the pod's own name when it points to none.
    var workloadName: String {
        var parts = name.name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count > 1, let last = parts.last, !last.isEmpty else { return name.name }
        if last.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            return parts.dropLast().joined(separator: "-")
        }
        guard last.utf8.count == 5, last.utf8.allSatisfy(Self.madeUp.contains) else { return name.name }
        parts.removeLast()
        // The template's hash of a ReplicaSet, or the minute of a CronJob's Job.
        if parts.count > 1, let hash = parts.last, (8...10).contains(hash.utf8.count),
            hash.utf8.allSatisfy({ Self.madeUp.contains($0) || (0x30...0x39).contains($0) })
        {
            parts.removeLast()
        }
        return parts.joined(separator: "-")
    }
}
