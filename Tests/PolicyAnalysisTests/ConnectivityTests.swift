// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyAnalysis
import PolicyEngine
import PolicyModel
import TestSupport
import Testing

@Suite("Connectivity of two addresses")
struct ConnectivityTests {
    @Test("is what single evaluations say, with the same deciding steps", arguments: UInt64(1)...24)
    func bruteForce(seed: UInt64) {
        let snapshot = PolicySnapshot(RandomWorld(seed: seed, policies: 10, pods: 3).state, generation: 1)
        var random = SplitMix64(seed: seed)
        for staged in [false, true] {
            var connectivity = Connectivity(snapshot, includingStaged: staged)
            let addresses = Probes.addresses(snapshot)
            for source in addresses {
                for destination in addresses where source.family == destination.family {
                    let parts = connectivity.decisions(from: source, to: destination)
                    let allowed = connectivity.traffic(from: source, to: destination)
                    for tuple in Probes.sample(source, destination, &random) {
                        let expected = SingleVerdict(snapshot, tuple, staged: staged)
                        let found = parts.filter { $0.traffic.contains(tuple) }
                        guard found.count == 1, allowed?.contains(tuple) == expected.isAllowed,
                            (found[0].verdict == .allow) == expected.isAllowed,
                            found[0].egress == expected.egress, found[0].ingress == expected.ingress
                        else {
                            Issue.record("seed \(seed) staged \(staged): \(tuple): \(expected), \(found)")
                            return
                        }
                    }
                }
            }
        }
    }

    @Test("says nothing of addresses of different families")
    func families() throws {
        let snapshot = PolicySnapshot(RandomWorld(seed: 1).state, generation: 1)
        var connectivity = Connectivity(snapshot)
        let v4 = try #require(IPAddress("10.0.0.1"))
        let v6 = try #require(IPAddress("fd00::1"))
        #expect(connectivity.traffic(from: v4, to: v6) == nil)
        #expect(connectivity.decisions(from: v6, to: v4).isEmpty)
    }

    @Test("what several rules of a tier pass on all meets the next tier, and what is left ends the tier")
    func passing() throws {
        var early = Build.policy("early", types: [.ingress], tier: "early")
        early.ingress = [
            Build.rule(.pass, .tcp, ports: [80]), Build.rule(.log, .tcp),
            Build.rule(.pass, .udp, ports: [53]),
            Build.rule(.deny, .tcp, ports: [22]),
        ]
        var late = Build.policy("late", types: [.ingress])
        late.ingress = [Build.rule(.deny, .tcp, ports: [81]), Build.rule(.allow)]
        func allowed(_ action: TierResource.DefaultAction) -> String? {
            let state = ClusterState([
                .namespace(NamespaceResource(name: "shop")),
                .tier(TierResource(name: "early", order: 1, defaultAction: action)),
                Build.pod("shop/a", "10.0.0.1"), Build.pod("shop/b", "10.0.0.2"),
                .policy(PolicyResource(early)), .policy(PolicyResource(late)),
            ])
            var connectivity = Connectivity(PolicySnapshot(state, generation: 1))
            return connectivity.traffic(from: Build.address("10.0.0.1"), to: Build.address("10.0.0.2"))?.text
        }
        #expect(allowed(.deny) == "tcp/80, udp/53")
        #expect(allowed(.pass) == "everything but tcp/22, tcp/81")
    }

    @Test("what a profile passes on meets the next profile")
    func profiles() {
        func profile(_ name: String, _ rules: [CalicoRule]) -> ClusterResource {
            .profile(ProfileResource(name: name, ingress: rules))
        }
        let pod = PodResource(
            name: ResourceName(namespace: "shop", name: "a"), addresses: [Build.address("10.0.0.1")],
            profiles: ["first", "second"])
        let state = ClusterState([
            .pod(pod), profile("first", [Build.rule(.pass, .tcp, ports: [80]), Build.rule(.allow, .tcp)]),
            profile("second", [Build.rule(.allow, .tcp, ports: [80])]),
        ])
        var connectivity = Connectivity(PolicySnapshot(state, generation: 1))
        let allowed = connectivity.traffic(
            from: Build.address("192.0.2.1"), to: Build.address("10.0.0.1"))
        #expect(allowed?.text == "all tcp")
    }

    @Test("excluded blocks tell strangers apart who belong to nothing")
    func excludedBlocks() {
        var policy = Build.policy("p", types: [.ingress])
        var rule = Build.rule(.allow)
        rule.source.notNets = [Build.block("192.0.2.0/24")]
        policy.ingress = [rule]
        var connectivity = Connectivity(
            PolicySnapshot(
                ClusterState([Build.pod("shop/a", "10.0.0.1"), .policy(PolicyResource(policy))]),
                generation: 1))
        func allowed(_ source: String) -> String? {
            connectivity.traffic(from: Build.address(source), to: Build.address("10.0.0.1"))?.text
        }
        #expect(allowed("198.51.100.1") == "all traffic")
        #expect(allowed("192.0.2.1") == "nothing")
    }
}
