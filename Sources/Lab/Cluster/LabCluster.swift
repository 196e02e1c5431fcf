// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
public import PolicyModel

/// The part of a control plane that the lab needs: completes what manifests say to a cluster's state.
///
/// Pods get addresses, Services get cluster addresses and endpoint slices. Everything else passes unchanged.
/// Pure: the same changes in the same order give the same addresses.
public struct LabCluster: Sendable {
    /// Where pods live: 10.244.0.0/24 and fd00:10:244::/64.
    public static let podNetworks = prefixes("10.244.0.0/24", "fd00:10:244::/64")
    /// Where Services live: 10.96.0.0/16 and fd00:10:96::/112.
    public static let serviceNetworks = prefixes("10.96.0.0/16", "fd00:10:96::/112")
    /// The Service that workloads ask for names; always 10.96.0.10 and fd00:10:96::a.
    public static let dnsService = ResourceName(namespace: "kube-system", name: "kube-dns")
    /// Value of `spec.nodeName` that every pod gets.
    public static let nodeName = "lab"

    private let hosts: [InternetHost]
    /// As the manifests have it.
    private var written = ClusterState()
    /// What consumers were told of pods, Services and slices.
    private var published: [ResourceKey: ClusterResource] = [:]
    private var podAddresses: LabAddressPool<ResourceName>
    private var serviceAddresses: LabAddressPool<ResourceName>

    /// What to run and to wire now.
    public private(set) var snapshot = LabSnapshot()
    /// Problems that only the lab can see, of the state now.
    public private(set) var diagnostics: [Diagnostic] = []

    public init(hosts: [InternetHost] = InternetHost.shop) {
        self.hosts = hosts
        podAddresses = LabAddressPool(
            v4: Self.podNetworks[0].address, v6: Self.podNetworks[1].address, range: 2...254)
        serviceAddresses = LabAddressPool(
            v4: Self.serviceNetworks[0].address, v6: Self.serviceNetworks[1].address, range: 16...65_534,
            reserved: [Self.dnsService: 10])
    }

    private static func prefixes(_ texts: String...) -> [IPPrefix] {
        texts.compactMap { try? IPPrefix.parse($0, .strict) }  // constants; a test counts them
    }

    /// Takes changes of the manifests; returns the changes of the complete state.
    public mutating func apply(_ changes: [ClusterChange]) -> [ClusterChange] {
        written.apply(changes)
        diagnostics = []
        var result = changes.filter { !Self.isCompleted($0) }
        let complete = completeResources()
        for key in published.keys.sorted(by: { $0.description < $1.description }) where complete[key] == nil {
            result.append(.remove(key))
        }
        for (key, resource) in complete.sorted(by: { $0.key.description < $1.key.description })
        where published[key] != resource { result.append(.set(resource)) }
        published = complete
        return result
    }

    /// The kinds that `completeResources` produces; the others pass as they are.
    private static func isCompleted(_ change: ClusterChange) -> Bool {
        switch change {
        case .set(.pod), .set(.service), .set(.endpointSlice), .remove(.pod), .remove(.service),
            .remove(.endpointSlice):
            true
        default: false
        }
    }

    // MARK: Completing

    private mutating func completeResources() -> [ResourceKey: ClusterResource] {
        let pods = completePods()
        let services = completeServices()
        var slices: [EndpointSliceResource] = []
        for service in services { slices += Self.slices(of: service, pods: pods) }
        for slice in written.endpointSlices.values where !slices.contains(where: { $0.name == slice.name }) {
            slices.append(slice)
        }
        snapshot.translations = LabServices.translations(services, slices)
        snapshot.zone = LabServices.zone(services, slices, hosts)
        snapshot.nameServers = services.first { $0.name == Self.dnsService }?.clusterAddresses ?? []
        var complete: [ResourceKey: ClusterResource] = [:]
        for pod in pods { complete[.pod(pod.name)] = .pod(pod) }
        for service in services { complete[.service(service.name)] = .service(service) }
        for slice in slices { complete[.endpointSlice(slice.name)] = .endpointSlice(slice) }
        return complete
    }

    private mutating func completePods() -> [PodResource] {
        podAddresses.releaseAll(except: Set(written.pods.keys))
        snapshot.pods = []
        var pods: [PodResource] = []
        for var pod in written.pods.values.sorted(by: { $0.name < $1.name }) where !pod.isFinished {
            guard !pod.usesHostNetwork else {
                report(
                    pod, "spec.hostNetwork", "the lab runs no pods in the host's network", "remove the field")
                continue
            }
            guard let addresses = podAddresses.addresses(of: pod.name) else {
                report(pod, "", "no address is left in \(Self.podNetworks[0])", "remove pods")
                continue
            }
            pod.addresses = addresses
            pod.nodeName = Self.nodeName
            pods.append(pod)
            snapshot.pods.append(run(pod))
        }
        return pods
    }

    /// A pod whose arguments are wrong still has its network, and does nothing.
    private mutating func run(_ pod: PodResource) -> LabPod {
        var running = LabPod(name: pod.name, addresses: pod.addresses, behavior: WorkloadBehavior())
        do throws(WorkloadArgumentError) {
            running.behavior = try WorkloadBehavior.parse(container: pod.arguments)
            running.arguments = WorkloadBehavior.behaviorArguments(of: pod.arguments)
        } catch {
            report(
                pod, "spec.containers[0].args", error.description,
                "the pod runs without doing anything until this is mended")
        }
        return running
    }

    private mutating func report(_ pod: PodResource, _ field: String, _ message: String, _ suggestion: String)
    {
        diagnostics.append(
            Diagnostic(
                .error, resource: ResourceKey.pod(pod.name).description, field: field, message: message,
                suggestion: suggestion))
    }

    private mutating func completeServices() -> [ServiceResource] {
        serviceAddresses.releaseAll(except: Set(written.services.keys))
        return written.services.values.sorted { $0.name < $1.name }.map { service in
            var service = service
            if !service.isHeadless {
                service.clusterAddresses = serviceAddresses.addresses(of: service.name) ?? []
            }
            return service
        }
    }

    /// One slice per family and set of resolved target ports: pods may give one port name different numbers.
    private static func slices(of service: ServiceResource, pods: [PodResource]) -> [EndpointSliceResource] {
        guard !service.selector.isEmpty else { return [] }
        let members = pods.filter { pod in
            pod.name.namespace == service.name.namespace
                && service.selector.entries.allSatisfy { pod.labels[$0.key] == $0.value }
        }
        let groups = Dictionary(grouping: members) { LabServices.targetPorts(of: service, on: $0) }
        var slices: [EndpointSliceResource] = []
        for (number, group) in groups.sorted(by: { $0.value[0].name < $1.value[0].name }).enumerated() {
            for family in IPFamily.allCases {
                let addresses = group.value.flatMap(\.addresses).filter { $0.family == family }.sorted()
                guard !addresses.isEmpty else { continue }
                let suffix = (family == .v4 ? "ipv4" : "ipv6") + (number == 0 ? "" : "-\(number)")
                slices.append(
                    EndpointSliceResource(
                        name: ResourceName(
                            namespace: service.name.namespace, name: "\(service.name.name)-\(suffix)"),
                        serviceName: service.name.name, addresses: addresses, ports: group.key))
            }
        }
        return slices
    }
}
