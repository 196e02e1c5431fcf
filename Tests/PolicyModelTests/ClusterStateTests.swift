// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel
import Testing

@Suite("A cluster's state")
struct ClusterStateTests {
    private static let name = ResourceName(namespace: "ns", name: "pod")

    @Test("built-in tiers can neither be changed nor removed", arguments: TierResource.builtIn)
    func builtInTiers(tier: TierResource) {
        var state = ClusterState()
        state.apply(.set(.tier(TierResource(name: tier.name, order: 1, defaultAction: .deny))))
        #expect(state.tiers[tier.name] == tier)
        state.apply(.remove(.tier(tier.name)))
        #expect(state.tiers[tier.name] == tier)
    }

    @Test("a pod can pose neither as a namespace nor as an account")
    func poses() throws {
        let pod = PodResource(
            name: Self.name,
            labels: [
                "app": "a", "pcns.env": "prod", "pcsa.role": "admin", "pcnsx": "kept",
                WellKnownLabel.namespace: "other", WellKnownLabel.orchestrator: "other",
                WellKnownLabel.serviceAccount: "other",
            ], serviceAccount: "sa", addresses: [IPAddress(v4: 1)])
        let state = ClusterState([
            .pod(pod), .namespace(NamespaceResource(name: "ns", labels: ["env": "dev"])),
            .serviceAccount(
                ServiceAccountResource(name: ResourceName(namespace: "ns", name: "sa"), labels: [:])),
        ])
        let endpoint = try #require(WorkloadEndpoint(pod, in: state))
        #expect(
            endpoint.labels == [
                "app": "a", "pcnsx": "kept", "pcns.env": "dev", "pcns.projectcalico.org/name": "ns",
                "pcsa.projectcalico.org/name": "sa", WellKnownLabel.namespace: "ns",
                WellKnownLabel.orchestrator: "k8s", WellKnownLabel.serviceAccount: "sa",
            ])
        #expect(endpoint.profiles == ["kns.ns", "ksa.ns.sa"])
    }

    @Test("every object is found by its key until it is removed")
    func keys() {
        let resources: [ClusterResource] = [
            .namespace(NamespaceResource(name: "ns")),
            .serviceAccount(ServiceAccountResource(name: Self.name)),
            .pod(PodResource(name: Self.name)), .service(ServiceResource(name: Self.name)),
            .endpointSlice(EndpointSliceResource(name: Self.name, serviceName: "svc")),
            .networkSet(NetworkSetResource(name: Self.name)),
            .hostEndpoint(HostEndpointResource(name: "host")), .profile(ProfileResource(name: "profile")),
            .tier(TierResource(name: "tier")),
            .policy(
                PolicyResource(CalicoPolicy(id: PolicyID(kind: .globalNetworkPolicy, name: "p")))),
        ]
        var state = ClusterState(resources)
        #expect(resources.map { state[$0.key] } == resources)
        state.apply(resources.map { .remove($0.key) })
        #expect(resources.compactMap { state[$0.key] } == [])
        #expect(state == ClusterState())
    }
}
