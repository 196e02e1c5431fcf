// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel
import Testing

@testable import NftablesDataplane

/// Programs beyond one netlink message, one batch buffer and one page of anything.
@Suite("Large programs", .serialized, .enabled(if: kernelTestsAvailable))
struct LargeProgramTests {
    private func set(_ count: Int, isInterval: Bool) -> EnforcementSet {
        let addresses = (0..<UInt32(count)).map { index in
            IPPrefix(IPAddress(v4: 0x0a00_0000 + index * 512), length: isInterval ? 24 : 32)!
        }
        return EnforcementSet(
            name: "s00000000000000aa", definition: "x", content: .addresses(addresses.sorted()))
    }

    @Test(
        "a set of 10,000 elements is programmed, and a change to it touches what changed",
        arguments: [false, true])
    func largeSet(isInterval: Bool) async throws {
        let test = try TestDataplane()
        var program = Programs.representative
        program.sets[0] = set(10_000, isInterval: isInterval)
        let first = try await test.dataplane.apply(program)
        #expect(first.elementsChanged >= 10_000)
        program.generation += 1
        program.sets[0] = set(10_010, isInterval: isInterval)
        let second = try await test.dataplane.apply(program)
        #expect(second.setsChanged == 1 && second.chainsChanged == 0)
        #expect((10...40).contains(second.elementsChanged), "\(second)")
        program.generation += 1
        let third = try await test.dataplane.apply(program)
        #expect(third.setsChanged == 0 && third.chainsChanged == 0 && third.elementsChanged == 0)
    }

    @Test("of a thousand policies, one that changes touches few chains")
    func manyPolicies() async throws {
        let test = try TestDataplane()
        var program = Programs.random(seed: 1, policies: 1000)
        let first = try await test.dataplane.apply(program)
        #expect(first.chainsChanged > 100)
        program.generation += 1
        program.chains[0] = EnforcementChain(
            owner: program.chains[0].owner, direction: program.chains[0].direction,
            rules: program.chains[0].rules + [Programs.rule(99, .allow)])
        let second = try await test.dataplane.apply(program)
        #expect((1...first.chainsChanged / 10).contains(second.chainsChanged), "\(second)")
    }

    @Test("forty tiers, each left by a Pass or at its end, are within what the kernel allows")
    func manyTiers() async throws {
        let test = try TestDataplane()
        let chains = (0..<40).map { index in
            let id = PolicyID(kind: .globalNetworkPolicy, name: "p\(index)")
            return EnforcementChain(
                owner: .policy(id, tier: "t\(index)"), direction: .ingress,
                rules: [EnforcementRule(index: 0, action: .pass, match: RuleMatch())])
        }
        let tiers = (0..<40).map { index in
            EnforcementTier(
                name: "t\(index)", chains: [index], endAction: index % 2 == 0 ? .pass : .deny,
                endTrigger: PolicyID(kind: .globalNetworkPolicy, name: "p\(index)"))
        }
        let open = DirectionProgram(tiers: [], profiles: [])
        let program = EnforcementProgram(
            generation: 1, chains: chains,
            classes: [EndpointClass(ingress: DirectionProgram(tiers: tiers, profiles: []), egress: open)],
            bindings: [
                EndpointBinding(
                    interface: "cali0", classIndex: 0, endpoint: ResourceName(namespace: "a", name: "b"))
            ])
        let report = try await test.dataplane.apply(program)
        #expect(report.chainsChanged >= 80)
    }
}
