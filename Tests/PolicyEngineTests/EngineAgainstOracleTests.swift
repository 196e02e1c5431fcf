// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel
import TestSupport
import Testing

@Suite("The engine agrees with the plain interpreter")
struct EngineAgainstOracleTests {
    /// 2,000 worlds of 50 connections: 100,000 connections, each at both ends, enforced and pending. Each argument is
    /// a seed; a failure names it.
    @Test("enforced and pending verdicts and traces are equal in random worlds", arguments: 0..<2_000)
    func agreement(seed: Int) {
        var world = RandomWorld(seed: UInt64(seed))
        var state = world.state
        // What happens to clusters: shared addresses, profiles of all kinds, host endpoints, tiers that are gone.
        for _ in 0..<seed % 8 { state.apply(world.change(of: state)) }
        var engine = PolicyEvaluator(PolicySnapshot(state, generation: 1))
        let oracle = PlainInterpreter(state)
        for _ in 0..<50 {
            let tuple = world.connection()
            for direction in Direction.allCases {
                let outcome = engine.evaluate(tuple, direction)
                let enforced = oracle.evaluate(tuple, direction, staged: false)
                let pending = oracle.evaluate(tuple, direction, staged: true)
                let isEqual =
                    outcome?.verdict == enforced?.verdict && outcome?.pendingVerdict == pending?.verdict
                    && outcome?.trace.enforced.map(\.traceText) == enforced?.hits
                    && outcome?.trace.pending.map(\.traceText) == pending?.hits
                // One expectation a connection, not four: recording them costs more than evaluating.
                if !isEqual {
                    Issue.record(
                        """
                        seed \(seed), \(direction) of \(tuple)
                        engine: \(String(describing: outcome))
                        oracle: \(String(describing: enforced)), pending \(String(describing: pending))
                        """)
                }
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
