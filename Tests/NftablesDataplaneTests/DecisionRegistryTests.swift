// SPDX-License-Identifier: Apache-2.0

import PolicyModel
import Testing

@testable import NftablesDataplane

@Suite("Log prefixes are explained")
struct DecisionRegistryTests {
    private let direction = Direction.ingress

    private func table(_ chains: [String: Int]) -> NftTable {
        var table = NftTable(name: "t")
        for (name, index) in chains.sorted(by: { $0.key < $1.key }) {
            var chain = NftChain(name: name)
            chain.outcomes = [nil, .decision(decision(index))]
            table.chains.append(chain)
        }
        return table
    }

    private func decision(_ index: Int) -> RuleDecision {
        RuleDecision(
            place: .rule(Programs.policy, index: index), tier: "default", direction: .ingress, action: .allow)
    }

    private func prefix(_ table: NftTable, _ chain: Int = 0, position: Int = 1) -> [UInt8] {
        Array(
            DecisionPrefix(instance: 7, identity: table.chains[chain].identity!, position: position).text.utf8
        )
    }

    @Test("replaced forms stay known; unchanged chains keep their generation")
    func forms() {
        let registry = DecisionRegistry(instance: 7)
        var first = table(["a": 1, "b": 2])
        registry.identify(&first, generation: 3, previous: nil)
        var second = table(["a": 9, "b": 2])
        registry.identify(&second, generation: 4, previous: first)
        #expect(first.chains[0].identity == ChainIdentity(chain: 1, generation: 3))
        #expect(
            second.chains.map(\.identity) == [
                ChainIdentity(chain: 1, generation: 4), first.chains[1].identity,
            ])
        #expect(registry.outcome(ofPrefix: prefix(first))?.outcome == .decision(decision(1)))
        #expect(registry.outcome(ofPrefix: prefix(first))?.generation == 3)
        #expect(registry.outcome(ofPrefix: prefix(second))?.outcome == .decision(decision(9)))
        #expect(registry.outcome(ofPrefix: prefix(second, position: 0)) == nil)
        #expect(registry.outcome(ofPrefix: prefix(second, position: 2)) == nil)
    }

    @Test("bounds hold and are counted")
    func bounds() {
        let registry = DecisionRegistry(instance: 7, retainedGenerations: 2, retainedChains: 1)
        var tables: [NftTable] = []
        for generation in 1...3 {
            var next = table(["a": generation])
            registry.identify(&next, generation: UInt64(generation), previous: tables.last)
            tables.append(next)
        }
        #expect(registry.outcome(ofPrefix: prefix(tables[0])) == nil)
        #expect(registry.outcome(ofPrefix: prefix(tables[1])) != nil)
        #expect(registry.forgottenForms == 1)
        var other = table(["b": 1, "c": 1])
        registry.identify(&other, generation: 4, previous: tables[2])
        registry.retire(keeping: other)
        #expect(registry.outcome(ofPrefix: prefix(tables[2])) != nil)
        registry.retire(keeping: table([:]))
        #expect(registry.outcome(ofPrefix: prefix(tables[2])) == nil)
        #expect(registry.outcome(ofPrefix: prefix(other)) == nil)
        #expect(registry.outcome(ofPrefix: prefix(other, 1)) != nil)
        #expect(registry.forgottenForms == 4)
    }

    @Test("a chain that comes back is the same chain")
    func comeback() {
        let registry = DecisionRegistry(instance: 7)
        var first = table(["a": 1])
        registry.identify(&first, generation: 1, previous: nil)
        registry.retire(keeping: table([:]))
        var second = table(["a": 1, "b": 1])
        registry.identify(&second, generation: 2, previous: table([:]))
        #expect(second.chains[0].identity == ChainIdentity(chain: 1, generation: 2))
        #expect(second.chains[1].identity == ChainIdentity(chain: 2, generation: 2))
        #expect(registry.outcome(ofPrefix: prefix(first)) != nil)
    }

    @Test(
        "foreign prefixes mean nothing",
        arguments: [
            "", "v1", "v1|7", "v1|7|1|1", "v1|7|1|1|", "v1|8|1|1|1", "v2|7|1|1|1", "v1|7|1|1|1|",
            "v1|7|1|1|1x",
            "v1|7||1|1", "v1|7|1|-1|1", "v1|7|1|1|99999999999999999999999", "v1|7|99999999999|1|1",
            "v1|7|1|a|1", "calico-packet: ", "DPI|default",
        ])
    func foreign(text: String) {
        let registry = DecisionRegistry(instance: 7)
        var first = table(["a": 1])
        registry.identify(&first, generation: 1, previous: nil)
        #expect(registry.outcome(ofPrefix: prefix(first)) != nil)
        #expect(registry.outcome(ofPrefix: Array(text.utf8)) == nil)
    }
}
