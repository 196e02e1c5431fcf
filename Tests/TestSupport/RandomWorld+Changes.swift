// SPDX-License-Identifier: Apache-2.0

import NetworkModel
public import PolicyModel

extension RandomWorld {
    /// A random step of the cluster's history: something new, something changed, something gone.
    public mutating func change(of state: ClusterState) -> ClusterChange {
        switch Int.random(in: 0..<14, using: &random) {
        case 0...3: return .set(.policy(policy()))
        case 4:
            return .remove(
                .policy(pick(state.policies.keys.sorted { $0.tieBreak < $1.tieBreak }) ?? noPolicy))
        case 5, 6: return .set(.pod(changedPod(in: state)))
        case 7: return .remove(.pod(pick(state.pods.keys.sorted()) ?? ResourceName(name: "none")))
        case 8:
            return .set(
                .namespace(
                    NamespaceResource(name: pick(["prod", "dev", "new"]) ?? "", labels: someLabels("env"))))
        case 9: return .remove(.namespace(pick(["prod", "dev", "new"]) ?? ""))
        case 10:
            return .set(
                .serviceAccount(
                    ServiceAccountResource(
                        name: ResourceName(namespace: pick(["prod", "dev"]) ?? "", name: "sa"),
                        labels: someLabels("role"))))
        case 11: return changedNetworkSet(in: state)
        case 12: return changedSlice()
        default: return changedRest()
        }
    }

    private var noPolicy: PolicyID { PolicyID(kind: .networkPolicy, namespace: "none", name: "none") }

    private mutating func pick<T>(_ choices: [T]) -> T? { choices.randomElement(using: &random) }

    private mutating func someLabels(_ key: String) -> Labels {
        pick([[key: "a"], [key: "b"], [:]]) ?? Labels()
    }

    /// New labels, a new address, a new pod, or a finished one.
    private mutating func changedPod(in state: ClusterState) -> PodResource {
        var pod =
            pick(state.pods.values.sorted { $0.name < $1.name })
            ?? PodResource(name: ResourceName(namespace: "prod", name: "pod-0"))
        switch Int.random(in: 0..<6, using: &random) {
        case 0, 1: pod.labels = ["app": pick(["a", "b"]) ?? "a"]
        case 2: pod.labels = ["app": "a", "tier": pick(["a", "b"]) ?? "a", "own": pod.name.name]
        // Addresses move between pods, and for a while two pods may have the same.
        case 3: pod.addresses = [Self.podAddress(Int.random(in: 0..<6, using: &random))]
        case 4: pod.phase = pick(["Running", "Succeeded"]) ?? ""
        default:
            pod.name = ResourceName(
                namespace: pick(["prod", "dev"]) ?? "", name: "pod-\(Int.random(in: 0..<8, using: &random))")
            pod.profiles = pick([nil, ["open", "closed"], ["closed"], ["missing"]]) ?? nil
        }
        return pod
    }

    private mutating func changedNetworkSet(in state: ClusterState) -> ClusterChange {
        guard var set = pick(state.networkSets.values.sorted { $0.name < $1.name }),
            pick([true, false, false]) == false
        else { return .remove(.networkSet(ResourceName(name: "partners"))) }
        set.labels = someLabels("app")
        if let block = IPPrefix(Self.podAddress(0), length: Int.random(in: 24...32, using: &random)) {
            set.nets.append(block)
        }
        if set.nets.count > 4 { set.nets.removeFirst(3) }
        return .set(.networkSet(set))
    }

    private mutating func changedSlice() -> ClusterChange {
        let name = ResourceName(namespace: "prod", name: pick(["svc-1", "svc-2"]) ?? "")
        guard pick([true, true, false]) ?? true else { return .remove(.endpointSlice(name)) }
        return .set(
            .endpointSlice(
                EndpointSliceResource(
                    name: name, serviceName: pick(["svc", "other"]) ?? "",
                    addresses: [Self.podAddress(Int.random(in: 0..<6, using: &random))],
                    ports: [NamedPort(name: "", port: 80)])))
    }

    private mutating func profileRules() -> [CalicoRule] {
        var first = CalicoRule(action: pick([.pass, .log, .deny]) ?? .pass)
        first.transport = ProtocolName(pick([.tcp, .udp]) ?? .tcp)
        let last = CalicoRule(action: pick([.allow, .deny]) ?? .allow)
        return pick([[], [last], [first], [first, last]]) ?? []
    }

    private mutating func changedRest() -> ClusterChange {
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            return .set(
                .tier(
                    TierResource(
                        name: pick(["early", "late", "missing"]) ?? "", order: pick([50, 2_000_000]),
                        defaultAction: pick([.pass, .deny]) ?? .deny)))
        case 1: return .remove(.tier(pick(["early", "late", "missing"]) ?? ""))
        case 2:
            return .set(
                .profile(
                    ProfileResource(
                        name: pick(["open", "closed"]) ?? "",
                        ingress: profileRules(), egress: profileRules(),
                        labelsToApply: someLabels("app"))))
        default:
            return .set(
                .hostEndpoint(
                    HostEndpointResource(
                        name: "node-1", labels: someLabels("app"), node: "node-1", interfaceName: "eth0",
                        expectedAddresses: [Self.podAddress(Int.random(in: 3..<8, using: &random))],
                        profiles: pick([[], ["open"], ["closed", "open"]]) ?? [],
                        ports: [NamedPort(name: "http", port: 80)])))
        }
    }
}
