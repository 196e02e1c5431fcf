// SPDX-License-Identifier: Apache-2.0

import FlowModel
import Glibc
import LinuxKernel
import NetworkModel
import PolicyEngine
import PolicyModel
import Testing

@testable import NftablesDataplane

/// Programs for the client and the server of `TestNetwork`.
struct TwoWorkloads {
    var generation: UInt64 = 1
    /// Rules of policy `prod/web` for the server's ingress; nil: no policy, the profile allows.
    var serverIngress: [EnforcementRule]?
    /// Rules of policy `security/guard` in an earlier tier for the server's ingress.
    var serverGuard: [EnforcementRule]?
    /// Rules of policy `prod/client` for the client's egress.
    var clientEgress: [EnforcementRule]?
    var sets: [EnforcementSet] = []
    var hasClient = true

    static let web = PolicyID(kind: .networkPolicy, namespace: "prod", name: "web")
    static let security = PolicyID(kind: .globalNetworkPolicy, name: "guard")
    static let client = PolicyID(kind: .networkPolicy, namespace: "prod", name: "client")

    var program: EnforcementProgram {
        var chains = [
            EnforcementChain(
                owner: .profile("kns.prod"), direction: .ingress, rules: [Programs.rule(0, .allow)]),
            EnforcementChain(
                owner: .profile("kns.prod"), direction: .egress, rules: [Programs.rule(0, .allow)]),
        ]
        func tier(
            _ name: String, _ id: PolicyID, _ direction: Direction, _ rules: [EnforcementRule]?
        ) -> [EnforcementTier] {
            guard let rules else { return [] }
            chains.append(
                EnforcementChain(owner: .policy(id, tier: name), direction: direction, rules: rules))
            return [EnforcementTier(name: name, chains: [chains.count - 1], endAction: .deny, endTrigger: id)]
        }
        let ingress =
            tier("security", Self.security, .ingress, serverGuard)
            + tier("default", Self.web, .ingress, serverIngress)
        let egress = tier("default", Self.client, .egress, clientEgress)
        let server = EndpointClass(
            ingress: DirectionProgram(tiers: ingress, profiles: [0]),
            egress: DirectionProgram(tiers: [], profiles: [1]))
        let client = EndpointClass(
            ingress: DirectionProgram(tiers: [], profiles: [0]),
            egress: DirectionProgram(tiers: egress, profiles: [1]))
        var bindings = [
            EndpointBinding(
                interface: "calis", classIndex: 1, endpoint: ResourceName(namespace: "prod", name: "web"))
        ]
        if hasClient {
            bindings.insert(
                EndpointBinding(
                    interface: "calic", classIndex: 0,
                    endpoint: ResourceName(namespace: "prod", name: "client")),
                at: 0)
        }
        return EnforcementProgram(
            generation: generation, sets: sets, chains: chains, classes: [client, server], bindings: bindings)
    }

    static func decision(
        _ place: DecisionPlace, _ tier: String, _ direction: Direction, _ action: RuleAction
    ) -> RuleDecision {
        RuleDecision(place: place, tier: tier, direction: direction, action: action)
    }

    static let allowHTTP = Programs.rule(0, .allow) {
        $0.transport = .tcp
        $0.destination = .with { $0.ports = [PortRange(80)] }
    }
}

@Suite("Packets meet the rules", .serialized, .enabled(if: kernelTestsAvailable))
struct TrafficTests {
    private let network: TestNetwork
    private let dataplane: NftablesDataplane

    init() throws {
        network = try TestNetwork()
        dataplane = try NftablesDataplane.open(in: network.node)
    }

    private func source() throws -> NetfilterEventSource {
        try NetfilterEventSource.open(in: network.node, decisions: dataplane.decisions)
    }

    @Test("what policy allows passes, the rest does not, and both are reported", arguments: IPFamily.allCases)
    func verdicts(family: IPFamily) async throws {
        let address = family == .v4 ? TestNetwork.server.v4 : TestNetwork.server.v6
        let client = family == .v4 ? TestNetwork.client.v4 : TestNetwork.client.v6
        let events = EventCollector(try source())
        try await dataplane.apply(
            TwoWorkloads(generation: 41, serverIngress: [TwoWorkloads.allowHTTP]).program)
        let web = try TestSocket.server(in: network.server, address, 80, SOCK_STREAM)
        let other = try TestSocket.server(in: network.server, address, 81, SOCK_STREAM)
        let name = try TestSocket.server(in: network.server, address, 53, SOCK_DGRAM)
        #expect(try network.connect(address, 80, milliseconds: 5000) == nil)
        _ = try web.accept()
        #expect(try network.connect(address, 81) == ETIMEDOUT)
        let query = try TestSocket(in: network.client, family, SOCK_DGRAM)
        #expect(query.connectError(address, 53, milliseconds: 100) == nil)
        try query.send([1, 2, 3])
        #expect(try name.receive(milliseconds: 200) == nil)
        #expect(!other.isReadable(milliseconds: 0))

        // Egress and ingress are logged to different groups, so either may be told first.
        let wanted = [80, 81, 53].flatMap { port in Direction.allCases.map { (UInt16(port), $0) } }
        let isComplete = await events.collect { events in
            wanted.allSatisfy { port, direction in
                events.packets.contains {
                    $0.tuple.destinationPort == port && $0.decision.direction == direction
                }
            } && events.connections.contains { $0.kind == .ended || $0.isClosing }
        }
        #expect(isComplete)
        let packets = events.packets
        let profile = TwoWorkloads.decision(.profileRule(name: "kns.prod", index: 0), "", .egress, .allow)
        let allowed = TwoWorkloads.decision(.rule(TwoWorkloads.web, index: 0), "default", .ingress, .allow)
        let denied = TwoWorkloads.decision(.endOfTier(trigger: TwoWorkloads.web), "default", .ingress, .deny)
        func decisions(_ port: UInt16) -> Set<RuleDecision> {
            Set(packets.filter { $0.tuple.destinationPort == port }.map(\.decision))
        }
        #expect(decisions(80) == [profile, allowed])
        #expect(decisions(81) == [profile, denied])
        #expect(decisions(53) == [profile, denied])
        #expect(packets.allSatisfy { $0.generation == 41 && $0.tuple.source == client && $0.bytes > 20 })
        let started = try #require(events.connections.first { $0.kind == .started })
        #expect(started.original.destination == address)
        #expect(events.losses["nflog_unknown_rules"] == 0)
    }

    @Test("established connections outlive a denial, a full replacement and a new process")
    func establishedSurvive() async throws {
        try await dataplane.apply(
            TwoWorkloads(generation: 1, serverIngress: [TwoWorkloads.allowHTTP]).program)
        let listener = try TestSocket.server(in: network.server, TestNetwork.server.v4, 80, SOCK_STREAM)
        let client = try TestSocket(in: network.client, .v4, SOCK_STREAM)
        #expect(client.connectError(TestNetwork.server.v4, 80, milliseconds: 5000) == nil)
        let server = try listener.accept()
        func exchange(_ byte: UInt8) throws -> Bool {
            try client.send([byte])
            guard try server.receive() == [byte] else { return false }
            try server.send([byte, byte])
            return try client.receive() == [byte, byte]
        }
        #expect(try exchange(1))
        try await dataplane.apply(TwoWorkloads(generation: 2, serverIngress: []).program)
        #expect(try exchange(2))
        #expect(try network.connect(TestNetwork.server.v4, 80) == ETIMEDOUT)
        try await dataplane.resync()
        #expect(try exchange(3))
        let next = try NftablesDataplane.open(in: network.node)
        try await next.apply(TwoWorkloads(generation: 1, serverIngress: [TwoWorkloads.allowHTTP]).program)
        #expect(try exchange(4))
        #expect(try network.connect(TestNetwork.server.v4, 80, milliseconds: 5000) == nil)
        try await next.remove()
        #expect(try exchange(5))
    }

    @Test("Pass leads to the next tier, and only to there")
    func pass() async throws {
        let events = EventCollector(try source())
        let passTCP = Programs.rule(0, .pass) { $0.transport = .tcp }
        let denyAll = Programs.rule(1, .deny)
        try await dataplane.apply(
            TwoWorkloads(
                generation: 3, serverIngress: [TwoWorkloads.allowHTTP], serverGuard: [passTCP, denyAll]
            ).program)
        let address = TestNetwork.server.v4
        let web = try TestSocket.server(in: network.server, address, 80, SOCK_STREAM)
        #expect(try network.connect(address, 80, milliseconds: 5000) == nil)
        _ = try web.accept()
        #expect(try network.connect(address, 81) == ETIMEDOUT)
        let isComplete = await events.collect { events in
            events.packets.contains { $0.tuple.destinationPort == 81 && $0.decision.action == .deny }
                && events.packets.contains { $0.tuple.destinationPort == 80 && $0.decision.tier == "default" }
        }
        #expect(isComplete)
        let packets = events.packets.filter { $0.decision.direction == .ingress }
        let pass = TwoWorkloads.decision(.rule(TwoWorkloads.security, index: 0), "security", .ingress, .pass)
        let allow = TwoWorkloads.decision(.rule(TwoWorkloads.web, index: 0), "default", .ingress, .allow)
        let deny = TwoWorkloads.decision(.endOfTier(trigger: TwoWorkloads.web), "default", .ingress, .deny)
        #expect(packets.filter { $0.tuple.destinationPort == 80 }.map(\.decision) == [pass, allow])
        #expect(Set(packets.filter { $0.tuple.destinationPort == 81 }.map(\.decision)) == [pass, deny])
    }

    @Test("egress policy also holds towards the node; an unknown workload gets nowhere")
    func nodeAndUnknown() async throws {
        let events = EventCollector(try source())
        let node = TestNetwork.node.v4
        let listener = try TestSocket.server(in: network.node, node, 80, SOCK_STREAM)
        let other = try TestSocket.server(in: network.node, node, 81, SOCK_STREAM)
        try await dataplane.apply(TwoWorkloads(generation: 4, clientEgress: [TwoWorkloads.allowHTTP]).program)
        #expect(try network.connect(node, 80, milliseconds: 5000) == nil)
        _ = try listener.accept()
        #expect(try network.connect(node, 81) == ETIMEDOUT)
        #expect(!other.isReadable(milliseconds: 0))
        #expect(
            await events.collect { events in
                events.packets.contains {
                    $0.decision.place == .endOfTier(trigger: TwoWorkloads.client)
                        && $0.decision.direction == .egress
                }
            })
        try await dataplane.apply(TwoWorkloads(generation: 5, hasClient: false).program)
        #expect(try network.connect(node, 80) == ETIMEDOUT)
        #expect(try network.connect(TestNetwork.server.v4, 80) == ETIMEDOUT)
        #expect(await events.collect { $0.losses["packets_dropped_before_policy", default: 0] >= 2 })
    }

    @Test("no connection is refused while sets and chains change around it")
    func changesUnderTraffic() async throws {
        func program(_ generation: UInt64) -> EnforcementProgram {
            let others = (0..<UInt32(generation % 7) * 50).map {
                IPPrefix(IPAddress(v4: 0xc000_0200 + $0 &* 2654_435 % 9999))
            }
            let content = EnforcementSet.Content.addresses(
                Set(others + [IPPrefix(TestNetwork.client.v4)]).sorted())
            let allow = Programs.rule(0, .allow) {
                $0.transport = .tcp
                $0.source = .with { $0.addressSet = 0 }
            }
            let extra = (0..<Int(generation % 3)).map { Programs.rule($0, .deny) { $0.transport = .udp } }
            return TwoWorkloads(
                generation: generation, serverIngress: extra + [allow],
                sets: [EnforcementSet(name: "s00000000000000aa", definition: "x", content: content)]
            ).program
        }
        try await dataplane.apply(program(1))
        let listener = try TestSocket.server(in: network.server, TestNetwork.server.v4, 80, SOCK_STREAM)
        let network = network
        async let failures = BlockingWork.run("traffic") {
            var failures: [Int32] = []
            for _ in 0..<150 {
                if let code = try network.connect(TestNetwork.server.v4, 80, milliseconds: 900) {
                    failures.append(code)
                }
                _ = try listener.accept(milliseconds: 1000)
            }
            return failures
        }
        for generation in 2..<UInt64(120) { try await dataplane.apply(program(generation)) }
        #expect(try await failures == [])
    }
}
