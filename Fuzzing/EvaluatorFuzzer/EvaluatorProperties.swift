// SPDX-License-Identifier: Apache-2.0

import Harness
import NetworkModel
import PolicyEngine
import PolicyModel
import TestSupport

/// A small cluster and its history, drawn from the input: the compiler that follows it, one that is given its
/// state, and the plain interpreter must agree after every change.
enum EvaluatorProperties {
    private static let maximumSteps = 5

    static func check(_ bytes: some Collection<UInt8>) {
        guard let sizes = bytes.first else { return }
        var world = RandomWorld(
            FuzzBytes(bytes.dropFirst()), policies: Int(sizes & 0x0f), pods: Int(sizes >> 4) % 8)
        var compiler = PolicyCompiler(world.state)
        compare(compiler, &world)
        for _ in 0..<maximumSteps where !world.random.isUsedUp {
            let changes = (0..<Int.random(in: 1...3, using: &world.random)).map { _ in
                world.change(of: compiler.state)
            }
            compiler.apply(changes)
            compare(compiler, &world)
        }
    }

    private static func compare(_ compiler: PolicyCompiler, _ world: inout RandomWorld<FuzzBytes>) {
        let state = compiler.state
        let followed = compiler.snapshot(generation: 1)
        let rebuilt = PolicySnapshot(state, generation: 1)
        require(
            followed.program { "if-\($0)" } == rebuilt.program { "if-\($0)" },
            "the program that followed the changes is not that of \(state)")
        let oracle = PlainInterpreter(state)
        var one = PolicyEvaluator(followed)
        var other = PolicyEvaluator(rebuilt)
        for _ in 0..<4 {
            let tuple = world.connection()
            for direction in Direction.allCases {
                let outcome = one.evaluate(tuple, direction)
                let fresh = other.evaluate(tuple, direction)
                require(
                    outcome == fresh,
                    "\(direction) of \(tuple): followed \(describe(outcome)), rebuilt "
                        + "\(describe(fresh)): \(state)"
                )
                let enforced = oracle.evaluate(tuple, direction, staged: false)
                let pending = oracle.evaluate(tuple, direction, staged: true)
                let isEqual =
                    outcome?.verdict == enforced?.verdict && outcome?.pendingVerdict == pending?.verdict
                    && outcome?.trace.enforced.map(\.traceText) == enforced?.hits
                    && outcome?.trace.pending.map(\.traceText) == pending?.hits
                require(
                    isEqual,
                    "\(direction) of \(tuple): engine \(describe(outcome)), plain interpreter "
                        + "\(describe(enforced)), pending \(describe(pending)): \(state)")
            }
        }
    }

    private static func describe(_ outcome: DirectionOutcome?) -> String {
        guard let outcome else { return "nothing" }
        return "\(outcome.verdict) \(outcome.trace.enforced.map(\.traceText)), "
            + "pending \(outcome.pendingVerdict) \(outcome.trace.pending.map(\.traceText))"
    }

    private static func describe(_ answer: PlainInterpreter.Answer?) -> String {
        answer.map { "\($0.verdict) \($0.hits)" } ?? "nothing"
    }
}
