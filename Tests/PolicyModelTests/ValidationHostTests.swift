// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel
import Testing

/// A change to a sound host endpoint, and the field that it breaks.
struct HostMistake: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let field: String
    let message: String
    let change: @Sendable (inout HostEndpointResource) -> Void

    init(
        _ name: String, at field: String, says message: String,
        _ change: @escaping @Sendable (inout HostEndpointResource) -> Void
    ) {
        testDescription = name
        self.field = field
        self.message = message
        self.change = change
    }

    static let sound = HostEndpointResource(
        name: "node1-eth0.x", node: "node1.example", interfaceName: "eth0_a-b.c",
        expectedAddresses: [IPAddress(v4: 1)],
        profiles: ["projectcalico-default-allow"], ports: [NamedPort(name: "ssh", port: 22)])

    static let all = [
        HostMistake("name", at: "metadata.name", says: "lower-case") { $0.name = "Node" },
        HostMistake("no node", at: "spec.node", says: "needs the name of its node") { $0.node = "" },
        HostMistake("bad node", at: "spec.node", says: "lower-case") { $0.node = "a b" },
        HostMistake("interface of 16 characters", at: "spec.interfaceName", says: "longer than 15") {
            $0.interfaceName = "abcdefghijklmnop"
        },
        HostMistake("interface with a slash", at: "spec.interfaceName", says: "may only contain") {
            $0.interfaceName = "eth/0"
        },
        HostMistake("interface pattern", at: "spec.interfaceName", says: "may only contain") {
            $0.interfaceName = "eth*"
        },
        HostMistake("address twice", at: "spec.expectedIPs[1]", says: "listed twice") {
            $0.expectedAddresses += $0.expectedAddresses
        },
        HostMistake("profile without a name", at: "spec.profiles[1]", says: "is empty") {
            $0.profiles.append("")
        },
        HostMistake("port name", at: "spec.ports[0].name", says: "lower-case") { $0.ports[0].name = "SSH" },
        HostMistake("port protocol", at: "spec.ports[0].protocol", says: "ICMP has no ports") {
            $0.ports[0].transport = .icmp
        },
        HostMistake("port zero", at: "spec.ports[0].port", says: "1 to 65535") { $0.ports[0].port = 0 },
    ]
}

@Suite("Validation of host endpoints and profiles")
struct ValidationHostTests {
    @Test("accepts a sound host endpoint, also one for every interface and one found by address")
    func acceptsSound() {
        var endpoint = HostMistake.sound
        #expect(endpoint.problems() == [])
        endpoint.interfaceName = HostEndpointResource.everyInterface
        #expect(endpoint.problems() == [])
        endpoint.interfaceName = ""
        #expect(endpoint.problems() == [])
    }

    @Test("finds exactly the one mistake of a host endpoint", arguments: HostMistake.all)
    func finds(_ mistake: HostMistake) {
        var endpoint = HostMistake.sound
        mistake.change(&endpoint)
        let problems = endpoint.problems()
        #expect(problems.map(\.field) == [mistake.field])
        #expect(problems.allSatisfy { $0.message.contains(mistake.message) && $0.severity == .error })
    }

    @Test("refuses what a profile's rules and labels must not be")
    func profiles() {
        var profile = ProfileResource(name: "Web", labelsToApply: ["a.b/c": "d e"])
        profile.ingress = [CalicoRule(action: .allow)]
        profile.ingress[0].destination.ports = [.range(PortRange(80))]
        profile.egress = [CalicoRule(action: .deny)]
        profile.egress[0].destination.service = ServiceMatch(name: "web")
        #expect(
            profile.problems().map(\.field) == [
                "metadata.name", "spec.ingress[0].destination.ports", "spec.egress[0].destination.services",
                "spec.labelsToApply[a.b/c]",
            ])
        profile = ProfileResource(
            name: "web", egress: Array(repeating: CalicoRule(action: .deny), count: 1025))
        #expect(profile.problems().map(\.field) == ["spec.egress"])
    }

    @Test("keeps the built-in profile as it is")
    func builtInProfile() {
        #expect(ProfileResource.defaultAllow.problems() == [])
        var changed = ProfileResource.defaultAllow
        changed.egress = []
        #expect(changed.problems().map(\.field) == ["spec.egress"])
    }
}

@Suite("Problems of a cluster's state")
struct ClusterStateProblemsTests {
    @Test("names profiles that are not there, and knows the derived ones")
    func missingProfiles() {
        let endpoint = HostEndpointResource(
            name: "node1", node: "node1", interfaceName: "*",
            profiles: [
                "projectcalico-default-allow", "kns.shop", "ksa.shop.web", "mine", "kns.blog", "other",
            ])
        let state = ClusterState([
            .namespace(NamespaceResource(name: "shop")), .profile(ProfileResource(name: "mine")),
            .serviceAccount(ServiceAccountResource(name: ResourceName(namespace: "shop", name: "web"))),
            .hostEndpoint(endpoint),
        ])
        let problems = state.problems()
        #expect(problems.map(\.field) == ["spec.profiles[4]", "spec.profiles[5]"])
        #expect(problems.allSatisfy { $0.resource == "HostEndpoint node1" && $0.severity == .warning })
    }

    @Test("names host endpoints that another one of the same interface hides")
    func dormantHostEndpoints() {
        let endpoints = [
            ("b", "node1", "eth0"), ("a", "node1", "eth0"), ("c", "node1", "eth1"), ("d", "node2", "eth0"),
            ("e", "node1", ""), ("f", "node1", ""),
        ].map { HostEndpointResource(name: $0.0, node: $0.1, interfaceName: $0.2) }
        let problems = ClusterState(endpoints.map { .hostEndpoint($0) }).problems()
        #expect(problems.map(\.resource) == ["HostEndpoint b"])
        #expect(problems.first?.message.contains("HostEndpoint a") == true)
    }
}
