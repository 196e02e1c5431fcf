// SPDX-License-Identifier: Apache-2.0

import Glibc
import NetworkModel
import PolicyEngine
import PolicyModel
import Testing

@testable import NftablesDataplane

/// Times of whole operations; run with VIBRISSA_FIGURES=1. Nothing is asserted about time.
@Suite("Figures", .serialized, .enabled(if: kernelTestsAvailable && getenv("VIBRISSA_FIGURES") != nil))
struct FigureTests {
    private func measure(_ what: String, _ body: () async throws -> EnforcementReport) async throws {
        let (clock, before) = (ContinuousClock(), usage())
        let start = clock.now
        let report = try await body()
        let elapsed = clock.now - start
        print("FIGURE \(what): \(elapsed), CPU \(usage() - before) ms, \(report)")
    }

    /// CPU time of this process in milliseconds.
    private func usage() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
        return Int(now.tv_sec) * 1000 + Int(now.tv_nsec) / 1_000_000
    }

    private func set(_ count: Int, isInterval: Bool) -> EnforcementSet {
        let addresses = (0..<UInt32(count)).map { index in
            IPPrefix(IPAddress(v4: 0x0a00_0000 + index * 512), length: isInterval ? 24 : 32)!
        }
        return EnforcementSet(
            name: "s00000000000000aa", definition: "x", content: .addresses(addresses.sorted()))
    }

    @Test("sets of 10,000 elements", arguments: [false, true])
    func largeSet(isInterval: Bool) async throws {
        let test = try TestDataplane()
        let kind = isInterval ? "interval" : "hash"
        var program = Programs.representative
        program.sets[0] = set(10_000, isInterval: isInterval)
        try await measure("10,000-element \(kind) set, first apply") {
            try await test.dataplane.apply(program)
        }
        program.generation += 1
        program.sets[0] = set(10_010, isInterval: isInterval)
        try await measure("10 elements into it") { try await test.dataplane.apply(program) }
        program.generation += 1
        try await measure("nothing changed") { try await test.dataplane.apply(program) }
    }

    @Test("many policies", arguments: [10, 100, 1000])
    func policies(count: Int) async throws {
        let test = try TestDataplane()
        var program = Programs.random(seed: 1, policies: count)
        print("FIGURE \(count) policies: \(program.chains.count) chains, \(program.sets.count) sets")
        try await measure("\(count) policies, first apply") { try await test.dataplane.apply(program) }
        program.generation += 1
        program.chains[0] = EnforcementChain(
            owner: program.chains[0].owner, direction: program.chains[0].direction,
            rules: program.chains[0].rules + [Programs.rule(99, .allow)])
        try await measure("one policy changed") { try await test.dataplane.apply(program) }
        let clock = ContinuousClock()
        let time = clock.measure {
            _ = NftablesCompiler(configuration: NftablesConfiguration()).compile(program)
        }
        print("FIGURE compile alone: \(time)")
        #expect(test.dataplane.currentTable != nil)
    }
}
