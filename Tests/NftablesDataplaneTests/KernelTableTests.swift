// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxKernel
import NetworkModel
import PolicyEngine
import PolicyModel
import Testing

@testable import NftablesDataplane

/// A data plane in a namespace of its own.
struct TestDataplane {
    let namespaces: TestNamespaces
    let dataplane: NftablesDataplane
    var namespace: NetworkNamespace { namespaces.all[0] }

    init(instance: UInt32 = 0xabc) throws {
        namespaces = try TestNamespaces(1)
        dataplane = try Self.dataplane(in: namespaces.all[0], instance: instance)
    }

    static func dataplane(in namespace: NetworkNamespace, instance: UInt32) throws -> NftablesDataplane {
        try namespace.perform {
            try NftablesDataplane(
                configuration: NftablesConfiguration(), decisions: DecisionRegistry(instance: instance))
        }
    }
}

/// Without identities, which differ between two ways to one table, and in the order of names, not of
/// creation.
func normalized(_ listing: String) -> [String] {
    listing.replacing(/v1\|[^"]*\|(\d+)\|\d+"/) { "position \($0.output.1)\"" }
        .split(separator: "\n", maxSplits: 1).dropFirst().joined().split(separator: "\n\t}\n").map {
            section in
            let words = section.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            // The kernel lists hashed elements in any order.
            guard let start = words.firstRange(of: "elements = { ") else { return words }
            let elements = words[start.upperBound...].split(separator: ", ").map { $0.trimmingSuffix(" }") }
            return words[..<start.upperBound] + elements.sorted().joined(separator: ", ")
        }.sorted()
}

extension StringProtocol {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : String(self)
    }
}

/// Expects two listings to mean the same.
func expectSame(
    _ listing: String, _ expected: String, _ comment: Comment = "",
    at location: Testing.SourceLocation = #_sourceLocation
) {
    let (left, right) = (Set(normalized(listing)), Set(normalized(expected)))
    let differences = left.subtracting(right).map { "- \($0)" } + right.subtracting(left).map { "+ \($0)" }
    #expect(differences == [], comment, sourceLocation: location)
}

@Suite("Tables in the kernel", .enabled(if: kernelTestsAvailable))
struct KernelTableTests {
    @Test("messages and text make the same table", arguments: -1..<12)
    func encodersAgree(seed: Int) async throws {
        let program = seed < 0 ? Programs.representative : Programs.random(seed: seed, policies: 20)
        let test = try TestDataplane()
        try await test.dataplane.apply(program)
        let byMessages = try test.namespace.nftList()
        try await test.dataplane.remove()
        #expect(try test.namespace.nftList() == "")
        try test.namespace.nftLoad(NftTextRenderer(instance: 0xabc).render(identifiedTable(program)))
        expectSame(try test.namespace.nftList(), byMessages)
        #expect(byMessages.contains("iifname vmap @workloads-egress"))
    }

    @Test("every condition can be loaded", arguments: MatchCase.all + MatchCase.addresses + MatchCase.ports)
    func conditions(_ matchCase: MatchCase) async throws {
        let chain = EnforcementChain(
            owner: .policy(Programs.policy, tier: "default"), direction: .ingress,
            rules: [EnforcementRule(index: 0, action: .allow, match: matchCase.match)])
        let walk = DirectionProgram(
            tiers: [
                EnforcementTier(name: "default", chains: [0], endAction: .deny, endTrigger: Programs.policy)
            ], profiles: [])
        let program = EnforcementProgram(
            generation: 1, sets: Programs.sets, chains: [chain],
            classes: [EndpointClass(ingress: walk, egress: walk)],
            bindings: [EndpointBinding(interface: "cali1", classIndex: 0, endpoint: ResourceName(name: "a"))])
        let test = try TestDataplane()
        try await test.dataplane.apply(program)
        let byMessages = try test.namespace.nftList()
        try test.namespace.nftLoad(
            "delete table inet vibrissa\n" + NftTextRenderer(instance: 0xabc).render(identifiedTable(program))
        )
        expectSame(try test.namespace.nftList(), byMessages)
    }

    @Test("changes lead to the same table as starting over", arguments: 0..<20)
    func deltasAgree(seed: Int) async throws {
        let test = try TestDataplane()
        let fresh = try TestDataplane()
        for step in 0..<6 {
            // Few policies, so that neighbouring programs have much in common.
            let program = Programs.random(
                seed: seed * 100 + step / 2, generation: UInt64(step + 1), policies: 4 + 3 * (step % 2))
            try await test.dataplane.apply(program)
            try await fresh.dataplane.apply(program)
            try await fresh.dataplane.resync()
            let expected = try fresh.namespace.nftList()
            expectSame(try test.namespace.nftList(), expected, "seed \(seed), step \(step)")
        }
    }

    @Test("interval sets follow their addresses", arguments: 0..<10)
    func intervalDeltas(seed: Int) async throws {
        var random = SystemRandomNumberGenerator()
        let test = try TestDataplane()
        let fresh = try TestDataplane()
        for step in 0..<8 {
            let blocks = (0..<Int.random(in: 0...30, using: &random)).map { _ in
                let address = IPAddress(v4: UInt32.random(in: 0...255, using: &random) << 24 | 0xff)
                return IPPrefix(address, length: Int.random(in: 1...32, using: &random))!
            }
            let content = EnforcementSet.Content.addresses(
                Set(blocks + [IPPrefix(text: "1.2.3.0/30")]).sorted())
            var program = Programs.representative
            program.sets[1] = EnforcementSet(name: "s0000000000000002", definition: "x", content: content)
            program.generation = UInt64(step + 1)
            try await test.dataplane.apply(program)
            try await fresh.dataplane.apply(program)
            try await fresh.dataplane.resync()
            let expected = try fresh.namespace.nftList()
            expectSame(try test.namespace.nftList(), expected, "\(blocks)")
        }
    }

    @Test("a set's change touches elements only; nothing changed sends nothing")
    func reports() async throws {
        let test = try TestDataplane()
        var program = Programs.representative
        let full = try await test.dataplane.apply(program)
        #expect(full.chainsChanged == 14)
        #expect(full.generation == 5)
        program.generation = 6
        #expect(try await test.dataplane.apply(program) == EnforcementReport(generation: 6))
        program.generation = 7
        program.sets[0] = EnforcementSet(
            name: Programs.addresses.name, definition: Programs.addresses.definition,
            content: .addresses([
                IPPrefix(text: "10.0.1.10"), IPPrefix(text: "10.0.2.11"), IPPrefix(text: "fd00::a"),
            ]))
        #expect(
            try await test.dataplane.apply(program)
                == EnforcementReport(generation: 7, chainsChanged: 0, setsChanged: 1, elementsChanged: 2))
        #expect(try test.namespace.nftList().contains("10.0.2.11"))
    }

    @Test("a refused change leaves everything as it was and names the object")
    func refusal() async throws {
        let test = try TestDataplane()
        try await test.dataplane.apply(Programs.representative)
        let before = try test.namespace.nftList()
        var broken = try #require(test.dataplane.currentTable)
        broken.chains.append(NftChain(name: "broken"))
        broken.chains[broken.chains.count - 1].rules = [
            NftRule([.verdict(.accept)]), NftRule([.match(.transport, .inSet("no-such-set"))]),
        ]
        let error = #expect(throws: NftablesError.self) {
            try test.dataplane.applyNow(broken, generation: 6)
        }
        #expect(error?.subject == "rule 1 of chain broken")
        #expect(error?.cause.errno == ENOENT)
        #expect(try test.namespace.nftList() == before)
        let report = try await test.dataplane.apply(Programs.representative)
        #expect(report == EnforcementReport(generation: 5))
        #expect(try test.namespace.nftList() == before)
    }

    @Test("what others did to the table is repaired")
    func drift() async throws {
        let test = try TestDataplane()
        try await test.dataplane.apply(Programs.representative)
        let before = try test.namespace.nftList()
        _ = try test.namespace.run(["nft", "delete", "table", "inet", "vibrissa"])
        var program = Programs.representative
        program.generation = 6
        program.bindings.removeLast()
        try await test.dataplane.apply(program)
        program.bindings = Programs.representative.bindings
        try await test.dataplane.apply(program)
        expectSame(try test.namespace.nftList(), before)
        _ = try test.namespace.run(["nft", "flush", "table", "inet", "vibrissa"])
        try await test.dataplane.resync()
        expectSame(try test.namespace.nftList(), before)
    }

    @Test("a new process takes over what an old one left")
    func takeover() async throws {
        let test = try TestDataplane()
        try await test.dataplane.apply(Programs.random(seed: 1))
        let next = try TestDataplane.dataplane(in: test.namespace, instance: 0xdef)
        try await next.apply(Programs.representative)
        let listing = try test.namespace.nftList()
        #expect(listing.contains("v1|def|") && !listing.contains("v1|abc|"))
    }
}
