// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel
import Testing

/// Policy semantics 1.9 and 3.6. The stages one by one are in the conformance cases (`hep-…`).
@Suite("Host endpoints")
struct HostEndpointTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var interface = "eth0"
        var profiles: [String] = []
        var policies: [CalicoPolicy] = []
        var path = HostTraffic.Path.local
        var direction = Direction.ingress
        var port: UInt16 = 8080
        var sourcePort: UInt16 = 40_000
        var originalPort: UInt16?
        var verdict: Verdict
        var decidedBy: String
        var testDescription: String { name }
    }

    static func policy(
        _ name: String, _ action: RuleAction, _ direction: Direction = .ingress, order: Double = 1,
        tier: String = "default", port: UInt16? = nil, edit: (inout CalicoPolicy) -> Void = { _ in }
    ) -> CalicoPolicy {
        var policy = CalicoPolicy(id: PolicyID(kind: .globalNetworkPolicy, name: name))
        policy.selector = "role == 'node'"
        policy.tier = tier
        policy.order = order
        policy.types = [direction]
        var rule = CalicoRule(action: action)
        rule.transport = ProtocolName(.tcp)
        if let port { rule.destination.ports = [.range(PortRange(port))] }
        if direction == .ingress { policy.ingress = [rule] } else { policy.egress = [rule] }
        edit(&policy)
        return policy
    }

    static func untracked(_ policy: inout CalicoPolicy) {
        policy.isUntracked = true
        policy.appliesOnForward = true
    }

    static func preDNAT(_ policy: inout CalicoPolicy) {
        policy.isPreDNAT = true
        policy.appliesOnForward = true
    }

    static let cases = [
        Case(
            name: "an untracked deny is final", policies: [policy("raw", .deny, edit: untracked)],
            verdict: .deny,
            decidedBy: "untracked: gnp raw rule 0"),
        Case(
            name: "untracked policy does not act on the endpoint for every interface", interface: "*",
            policies: [policy("raw", .deny, edit: untracked), policy("in", .allow)], verdict: .allow,
            decidedBy: "normal: gnp in rule 0"),
        Case(
            name: "an untracked stage lets replies from failsafe ports through",
            policies: [
                policy("raw", .deny, edit: untracked), policy("in", .allow),
            ], sourcePort: 6443, verdict: .allow, decidedBy: "normal: gnp in rule 0"),
        Case(
            name: "a failsafe port wins over an untracked deny, and over a normal one",
            policies: [
                policy("raw", .deny, edit: untracked), policy("in", .deny),
            ], port: 22, verdict: .allow, decidedBy: "failsafe"),
        Case(
            name: "pre-DNAT policy sees the port that the client asked for",
            policies: [
                policy("pre", .deny, port: 30_080, edit: preDNAT), policy("in", .allow),
            ], originalPort: 30_080, verdict: .deny, decidedBy: "preDNAT: gnp pre rule 0"),
        Case(
            name: "a pre-DNAT allow is final",
            policies: [
                policy("pre", .allow, edit: preDNAT), policy("in", .deny),
            ], verdict: .allow, decidedBy: "preDNAT: gnp pre rule 0"),
        Case(
            name: "pre-DNAT policy says nothing about what leaves the host",
            policies: [
                policy("pre", .deny, edit: preDNAT), policy("out", .allow, .egress),
            ], direction: .egress, verdict: .allow, decidedBy: "normal: gnp out rule 0"),
        Case(
            name: "untracked policy does not see what is forwarded out",
            policies: [policy("raw", .deny, .egress, edit: untracked)], path: .forwarded,
            direction: .egress, verdict: .allow, decidedBy: "forward: no applyOnForward tiers"),
        Case(
            name: "a passed tier leads to the next",
            policies: [
                policy("first", .pass, tier: "early"), policy("second", .deny),
            ], verdict: .deny, decidedBy: "normal: gnp second rule 0"),
        Case(
            name: "normal policy says nothing about what is forwarded", policies: [policy("in", .deny)],
            path: .forwarded, verdict: .allow, decidedBy: "forward: no applyOnForward tiers"),
        Case(
            name: "forward policy of the other direction decides nothing",
            policies: [
                policy("out", .deny, .egress) { $0.appliesOnForward = true }
            ], path: .forwarded, verdict: .allow, decidedBy: "forward: no policy in this direction"),
        Case(
            name: "forward policy has no failsafe ports",
            policies: [
                policy("through", .deny) { $0.appliesOnForward = true }
            ], path: .forwarded, port: 22, verdict: .deny, decidedBy: "forward: gnp through rule 0"),
        Case(
            name: "forward policy that passes leaves the decision to nobody",
            policies: [
                policy("through", .pass) { $0.appliesOnForward = true }
            ], path: .forwarded, verdict: .allow, decidedBy: "forward: every tier passed"),
        Case(
            name: "applyOnForward policy also governs the host's own traffic",
            policies: [
                policy("both", .deny) { $0.appliesOnForward = true }
            ], verdict: .deny, decidedBy: "normal: gnp both rule 0"),
        Case(
            name: "a profile decides where no policy does", profiles: ["projectcalico-default-allow"],
            verdict: .allow, decidedBy: "profile projectcalico-default-allow rule 0"),
    ]

    @Test("the stage that decides", arguments: cases)
    func stages(_ example: Case) throws {
        let address = try #require(IPAddress("192.0.2.1"))
        let peer = try #require(IPAddress("203.0.113.7"))
        let endpoint = HostEndpointResource(
            name: "node-eth0", labels: ["role": "node"], node: "node", interfaceName: example.interface,
            expectedAddresses: [address], profiles: example.profiles)
        let state = ClusterState(
            [.hostEndpoint(endpoint), .tier(TierResource(name: "early", order: 1))]
                + example.policies.map { .policy(PolicyResource($0)) })
        let isIn = example.direction == .ingress
        var tuple = ConnectionTuple(
            source: isIn ? peer : address, destination: isIn ? address : peer, transport: .tcp,
            sourcePort: example.sourcePort, destinationPort: example.port)
        let forwarded = tuple
        if let port = example.originalPort { tuple.destinationPort = port }
        let outcome = PolicySnapshot(state, generation: 1).evaluate(
            HostTraffic(forwarded, original: tuple, path: example.path, direction: example.direction),
            atHostEndpoint: "node-eth0")
        #expect(outcome?.verdict == example.verdict)
        #expect(outcome?.decidedBy == example.decidedBy)
    }

    @Test("a failsafe port with a block holds for peers in the block", arguments: Direction.allCases)
    func failsafePeers(direction: Direction) throws {
        let address = try #require(IPAddress("192.0.2.1"))
        let host = HostEndpointResource(
            name: "h", node: "node", interfaceName: "eth0", expectedAddresses: [address])
        let snapshot = PolicySnapshot(ClusterState([.hostEndpoint(host)]), generation: 1)
        let entry = FailsafePorts.Entry(
            .tcp, 2222, peers: try IPPrefix.parse("203.0.113.0/24", .strict))
        let isIn = direction == .ingress
        let failsafe = FailsafePorts(inbound: isIn ? [entry] : [], outbound: isIn ? [] : [entry])
        func verdict(_ peer: String, _ direction: Direction) throws -> Verdict? {
            let peer = try #require(IPAddress(peer))
            let tuple = ConnectionTuple(
                source: direction == .ingress ? peer : address,
                destination: direction == .ingress ? address : peer, transport: .tcp,
                destinationPort: 2222)
            return snapshot.evaluate(
                HostTraffic(tuple, path: .local, direction: direction), atHostEndpoint: "h",
                failsafe: failsafe)?.verdict
        }
        #expect(try verdict("203.0.113.7", direction) == .allow)
        #expect(try verdict("198.51.100.7", direction) == .deny)
        #expect(try verdict("203.0.113.7", isIn ? .egress : .ingress) == .deny)
    }

    @Test("an interface has the endpoint that names it, else the one with its address, else the one for all")
    func resolution() throws {
        let address = try #require(IPAddress("192.0.2.1"))
        func host(_ name: String, _ interface: String, _ addresses: [IPAddress] = []) -> ClusterResource {
            .hostEndpoint(
                HostEndpointResource(
                    name: name, node: "node", interfaceName: interface, expectedAddresses: addresses))
        }
        let snapshot = PolicySnapshot(
            ClusterState([
                host("z-eth0", "eth0"), host("a-all", "*"), host("b-address", "", [address]),
                host("y-eth0", "eth0"), host("a-eth9", "eth9", [address]),
            ]), generation: 1)
        func found(_ interface: String, _ addresses: [IPAddress] = []) -> String? {
            snapshot.hostEndpoint(onNode: "node", interface: interface, holding: addresses)?.resource.name
        }
        #expect(found("eth0") == "y-eth0")
        #expect(found("eth1", [address]) == "b-address")
        #expect(found("eth2") == "a-all")
        #expect(snapshot.hostEndpoint(onNode: "other", interface: "eth0") == nil)
    }

    @Test("rules know a host endpoint as a peer by its expected addresses")
    func peer() throws {
        let address = try #require(IPAddress("192.0.2.1"))
        var policy = CalicoPolicy(id: PolicyID(kind: .globalNetworkPolicy, name: "p"))
        policy.selector = "app == 'db'"
        var rule = CalicoRule(action: .allow)
        rule.source.selector = "role == 'node'"
        policy.ingress = [rule]
        let pod = PodResource(
            name: ResourceName(namespace: "ns", name: "db"), labels: ["app": "db"],
            addresses: [try #require(IPAddress("10.0.0.1"))])
        let host = HostEndpointResource(
            name: "h", labels: ["role": "node"], node: "node", interfaceName: "eth0",
            expectedAddresses: [address])
        let snapshot = PolicySnapshot(
            ClusterState([.pod(pod), .hostEndpoint(host), .policy(PolicyResource(policy))]), generation: 1)
        let tuple = ConnectionTuple(
            source: address, destination: pod.addresses[0], transport: .tcp, destinationPort: 80)
        #expect(snapshot.evaluate(tuple, .ingress)?.verdict == .allow)
    }
}
