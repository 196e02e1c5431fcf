// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel
import TestSupport

@testable import NftablesDataplane

extension IPPrefix {
    /// For literals in tests.
    init(text: String) {
        guard let prefix = try? IPPrefix.parse(text, .lenient) else {
            preconditionFailure("bad prefix \(text)")
        }
        self = prefix
    }
}

extension SideMatch {
    static func with(_ change: (inout SideMatch) -> Void) -> SideMatch {
        var side = SideMatch()
        change(&side)
        return side
    }
}

extension RuleMatch {
    static func with(_ change: (inout RuleMatch) -> Void) -> RuleMatch {
        var match = RuleMatch()
        change(&match)
        return match
    }
}

/// Small programs by hand.
enum Programs {
    static let addresses = EnforcementSet(
        name: "s0000000000000001", definition: "selector app == 'web'",
        content: .addresses([
            IPPrefix(text: "10.0.1.10"), IPPrefix(text: "10.0.2.10"), IPPrefix(text: "fd00::a"),
        ]))
    static let blocks = EnforcementSet(
        name: "s0000000000000002", definition: "selector zone == \"x\"",
        content: .addresses([
            IPPrefix(text: "10.0.0.0/8"), IPPrefix(text: "10.1.0.0/16"), IPPrefix(text: "11.0.0.0/8"),
            IPPrefix(text: "203.0.113.7"), IPPrefix(text: "255.255.255.0/24"),
            IPPrefix(text: "2001:db8::/32"),
        ]))
    static let places = EnforcementSet(
        name: "s0000000000000003", definition: "ports metrics",
        content: .addressPorts([
            AddressPort(address: IPAddress("10.0.1.10")!, transport: .tcp, port: 9100),
            AddressPort(address: IPAddress("10.0.1.20")!, transport: .tcp, port: 9187),
            AddressPort(address: IPAddress("fd00::a")!, transport: .udp, port: 53),
        ]))
    static let sets = [addresses, blocks, places]

    static let policy = PolicyID(kind: .networkPolicy, namespace: "prod", name: "web")
    static let guardPolicy = PolicyID(kind: .globalNetworkPolicy, name: "guard")

    static func rule(
        _ index: Int, _ action: RuleAction, _ change: (inout RuleMatch) -> Void = { _ in }
    )
        -> EnforcementRule
    {
        EnforcementRule(index: index, action: action, match: .with(change))
    }

    /// Two tiers with Pass, Log, sets of all kinds, and a profile; two endpoints of one class and one of
    /// another.
    static let representative: EnforcementProgram = {
        let guardChain = EnforcementChain(
            owner: .policy(guardPolicy, tier: "security"), direction: .ingress,
            rules: [
                rule(0, .deny) { $0.source = .with { $0.nets = [IPPrefix(text: "192.0.2.0/24")] } },
                rule(1, .log) { $0.transport = .udp },
                rule(2, .pass) { $0.transport = .tcp },
            ])
        let webIngress = EnforcementChain(
            owner: .policy(policy, tier: "default"), direction: .ingress,
            rules: [
                rule(0, .allow) {
                    $0.transport = .tcp
                    $0.source = .with { $0.addressSet = 0 }
                    $0.destination = .with { $0.ports = [PortRange(80), PortRange(8000, 8080)!] }
                },
                rule(1, .allow) { $0.source = .with { $0.addressSet = 1 } },
            ])
        let webEgress = EnforcementChain(
            owner: .policy(policy, tier: "default"), direction: .egress,
            rules: [rule(0, .allow) { $0.destination = .with { $0.serviceSet = 2 } }])
        let profile = EnforcementChain(
            owner: .profile("kns.prod"), direction: .egress, rules: [rule(0, .allow)])
        let web = EndpointClass(
            ingress: DirectionProgram(
                tiers: [
                    EnforcementTier(name: "security", chains: [0], endAction: .deny, endTrigger: guardPolicy),
                    EnforcementTier(name: "default", chains: [1], endAction: .deny, endTrigger: policy),
                ], profiles: []),
            egress: DirectionProgram(
                tiers: [EnforcementTier(name: "default", chains: [2], endAction: .pass, endTrigger: policy)],
                profiles: [3]))
        let plain = EndpointClass(
            ingress: DirectionProgram(tiers: [], profiles: []),
            egress: DirectionProgram(tiers: [], profiles: [3]))
        return EnforcementProgram(
            generation: 5, sets: sets, chains: [guardChain, webIngress, webEgress, profile],
            classes: [web, plain],
            bindings: [
                EndpointBinding(
                    interface: "cali0a", classIndex: 0, endpoint: ResourceName(namespace: "prod", name: "a")),
                EndpointBinding(
                    interface: "cali0b", classIndex: 0, endpoint: ResourceName(namespace: "prod", name: "b")),
                EndpointBinding(
                    interface: "cali0c", classIndex: 1, endpoint: ResourceName(namespace: "prod", name: "c")),
            ])
    }()

    /// The program of a random cluster, all pods on one node.
    static func random(seed: Int, generation: UInt64 = 1, policies: Int = 8) -> EnforcementProgram {
        let world = RandomWorld(seed: UInt64(seed), policies: policies)
        return PolicySnapshot(world.state, generation: generation).program { "cali-\($0.name)" }
    }
}
