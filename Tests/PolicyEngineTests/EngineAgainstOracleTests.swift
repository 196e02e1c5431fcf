// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel
import TestSupport
import Testing

@Suite("The engine agrees with the plain interpreter")
struct EngineAgainstOracleTests {
    /// Each argument is a seed; a failure names it.
    @Test("enforced and pending verdicts and traces are equal in random worlds", arguments: 0..<400)
    func agreement(seed: Int) {
        var world = RandomWorld(seed: UInt64(seed))
        let state = world.state
        let snapshot = PolicySnapshot(state, generation: 1)
        let oracle = PlainInterpreter(state)
        for _ in 0..<25 {
            let tuple = world.connection()
            for direction in Direction.allCases {
                let outcome = snapshot.evaluate(tuple, direction)
                let enforced = oracle.evaluate(tuple, direction, staged: false)
                let pending = oracle.evaluate(tuple, direction, staged: true)
                #expect(outcome?.trace.enforced.map(\.traceText) == enforced?.hits, "seed \(seed), \(tuple)")
                #expect(outcome?.verdict == enforced?.verdict, "seed \(seed), \(tuple)")
                #expect(outcome?.trace.pending.map(\.traceText) == pending?.hits, "seed \(seed), \(tuple)")
                #expect(outcome?.pendingVerdict == pending?.verdict, "seed \(seed), \(tuple)")
            }
        }
    }

    @Test("the order in which resources arrive changes nothing", arguments: 0..<50)
    func arrivalOrder(seed: Int) {
        var world = RandomWorld(seed: UInt64(seed))
        let resources = world.resources
        let reference = PolicySnapshot(ClusterState(resources), generation: 1)
        // Names may repeat in a world; the later resource replaces the earlier, so only distinct keys are
        // shuffled.
        let distinct = Dictionary(resources.map { ($0.key, $0) }, uniquingKeysWith: { $1 }).map(\.value)
        let shuffled = PolicySnapshot(ClusterState(distinct.shuffled(using: &world.random)), generation: 1)
        let program = reference.program { "if-\($0.name)" }
        #expect(shuffled.program { "if-\($0.name)" } == program)
        for _ in 0..<20 {
            let tuple = world.connection()
            for direction in Direction.allCases {
                #expect(shuffled.evaluate(tuple, direction) == reference.evaluate(tuple, direction))
            }
        }
    }

    @Test("a program holds nothing staged, and only what its bindings use", arguments: 0..<50)
    func programIsPruned(seed: Int) {
        let world = RandomWorld(seed: UInt64(seed))
        let snapshot = PolicySnapshot(world.state, generation: 7)
        let program = snapshot.program { $0.name.hasSuffix("0") ? "if0" : nil }
        #expect(program.generation == 7)
        #expect(program.bindings.map(\.interface) == ["if0"])
        #expect(program.classes.count == 1)
        for chain in program.chains {
            if case .policy(let id, _) = chain.owner { #expect(!id.kind.isStaged) }
        }
        #expect(snapshot.program { _ in nil } == EnforcementProgram(generation: 7))
    }
}
