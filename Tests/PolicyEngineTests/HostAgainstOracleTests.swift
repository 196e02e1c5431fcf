// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel
import TestSupport
import Testing

@Suite("Host endpoints agree with the plain interpreter")
struct HostAgainstOracleTests {
    private static let address = IPAddress(v4: 0xc000_020a)

    /// A random world with two host endpoints; the labels are those that its policies select by.
    private func state(_ world: inout RandomWorld<SplitMix64>) -> ClusterState {
        var state = world.state
        for _ in 0..<12 { state.apply(world.change(of: state)) }
        let profiles = [[], ["open"], ["closed", "open"], ["missing"]]
        for (name, interface) in [("h-eth0", "eth0"), ("h-all", "*")] {
            let host = HostEndpointResource(
                name: name, labels: ["app": Bool.random(using: &world.random) ? "a" : "b"], node: name,
                interfaceName: interface, expectedAddresses: [Self.address],
                profiles: profiles.randomElement(using: &world.random) ?? [])
            state.apply(.set(.hostEndpoint(host)))
        }
        return state
    }

    private func packet(_ world: inout RandomWorld<SplitMix64>) -> PlainInterpreter.HostPacket {
        let peers = ["10.0.0.1", "10.0.0.3", "203.0.113.9", "198.51.100.7", "192.0.2.1"]
        let ports: [UInt16] = [80, 80, 8080, 53, 22, 67, 68, 179, 6443]
        func pick<T>(_ choices: [T], _ fallback: T) -> T {
            choices.randomElement(using: &world.random) ?? fallback
        }
        let peer = IPAddress(pick(peers, "")) ?? Self.address
        let direction = pick(Direction.allCases, .ingress)
        var tuple = ConnectionTuple(
            source: direction == .ingress ? peer : Self.address,
            destination: direction == .ingress ? Self.address : peer,
            transport: pick([.tcp, .tcp, .udp, .icmp], .tcp), sourcePort: pick([40_000] + ports, 0),
            destinationPort: pick(ports, 0))
        let original = tuple
        if pick([true, false], false) { tuple.destinationPort = pick(ports, 0) }
        return PlainInterpreter.HostPacket(
            tuple, original: original, isForwarded: pick([true, false], false), direction: direction)
    }

    /// Each argument is a seed; a failure names it.
    @Test("verdict and deciding step are equal in random worlds", arguments: 0..<400)
    func agreement(seed: Int) {
        var world = RandomWorld(seed: UInt64(seed) &+ 31_000, policies: 14)
        let state = state(&world)
        let snapshot = PolicySnapshot(state, generation: 1)
        let oracle = PlainInterpreter(state)
        for _ in 0..<30 {
            let packet = packet(&world)
            let traffic = HostTraffic(
                packet.tuple, original: packet.original, path: packet.isForwarded ? .forwarded : .local,
                direction: packet.direction)
            for name in ["h-eth0", "h-all"] {
                let outcome = snapshot.evaluate(traffic, atHostEndpoint: name)
                let expected = oracle.evaluate(packet, atHost: name)
                if outcome?.verdict != expected?.verdict || outcome?.decidedBy != expected?.decidedBy {
                    Issue.record(
                        """
                        seed \(seed), \(name): \(packet)
                        engine: \(String(describing: outcome))
                        oracle: \(String(describing: expected))
                        """)
                }
            }
        }
    }

    @Test("explained outcomes are the evaluated verdicts", arguments: 0..<150)
    func explanation(seed: Int) {
        var world = RandomWorld(seed: UInt64(seed) &+ 61_000, policies: 14)
        let snapshot = PolicySnapshot(state(&world), generation: 1)
        var explained = 0
        for _ in 0..<20 {
            let packet = packet(&world)
            let side = snapshot.explain(packet.original).side(packet.direction)
            guard case .hostEndpoint(let host) = side else { continue }
            explained += 1
            switch host.outcome {
            case .allowed: #expect(host.result.verdict == .allow, "seed \(seed), \(packet)")
            case .denied: #expect(host.result.verdict == .deny, "seed \(seed), \(packet)")
            case .undecidable(let missing): #expect(!missing.isEmpty)
            }
        }
        #expect(explained == 20)
    }
}
