// SPDX-License-Identifier: Apache-2.0

import Glibc
import NetworkModel
import PolicyEngine
import PolicyModel
import TestSupport

/// The policy engine at production sizes, beside the plain interpreter that the tests hold it against.
enum EngineBenchmarks {
    static let verdicts = [
        "verdict, nothing remembered, 294 policies x 68 rules",
        "verdict, nothing remembered, the processor's caches swept, same world",
        "verdict, class and rules compiled, same world",
        "verdict, all compiled, traces as values, same world",
        "verdict of the plain interpreter, same world",
    ]

    static func runVerdicts() {
        guard verdicts.contains(where: Measurement.isWanted) else { return }
        let state = World.manyRules()
        let snapshot = PolicySnapshot(state, generation: 1)
        let tuples = (0..<200).map { index in
            ConnectionTuple(
                source: World.address(index * 37 % 10_240), destination: World.address(index * 61 % 10_240),
                transport: .tcp, sourcePort: 40_000, destinationPort: UInt16(8_000 + index % 60))
        }
        var sweep = [UInt8](repeating: 1, count: 96 << 20)
        var evaluator = PolicyEvaluator(snapshot)
        for tuple in tuples { consume(evaluator.decide(tuple, .ingress)) }
        Measurement.reportEach(verdicts[0], count: tuples.count) { _ in
            evaluator.forget()
        } _: { index in
            consume(evaluator.decide(tuples[index], .ingress))
        }
        Measurement.reportEach(verdicts[1], count: tuples.count) { _ in
            evaluator.forget()
            for index in stride(from: 0, to: sweep.count, by: 64) { sweep[index] &+= 1 }
        } _: { index in
            consume(evaluator.decide(tuples[index], .ingress))
        }
        for tuple in tuples { consume(evaluator.decide(tuple, .ingress)) }
        let rounds = Measurement.countsInstructions ? 1 : 1_000
        Measurement.report(verdicts[2], count: tuples.count * rounds) {
            for _ in 0..<rounds {
                for tuple in tuples { consume(evaluator.decide(tuple, .ingress)) }
            }
        }
        Measurement.report(verdicts[3], count: tuples.count * rounds) {
            for _ in 0..<rounds {
                for tuple in tuples { consume(evaluator.evaluate(tuple, .ingress)) }
            }
        }
        guard Measurement.isWanted(verdicts[4]) else { return }
        let plain = PlainInterpreter(state)
        let few = tuples[100..<103]
        Measurement.report(verdicts[4], count: few.count) {
            for tuple in few {
                for staged in [false, true] { consume(plain.evaluate(tuple, .ingress, staged: staged)) }
            }
        }
    }

    // MARK: 10,000 pods

    static let large = [
        "build, 10,000 pods, 1,000 policies, 200 namespaces",
        "both ends' verdicts, that world",
        "both ends' verdicts of the plain interpreter, that world",
        "program for 110 of those pods on a node",
    ]
    static let changes = [
        "change of that world: one pod added",
        "change of that world: one pod's label",
        "change of that world: one policy",
        "change of that world: one namespace's labels, 50 pods",
    ]
    static let memoryName = "memory of that world"

    static func runLarge() {
        guard (large + changes + [memoryName]).contains(where: Measurement.isWanted) else { return }
        if Measurement.isWanted(memoryName), !Measurement.countsInstructions { memory() }
        let state = World.large()
        Measurement.report(large[0], count: 1) { consume(PolicySnapshot(state, generation: 1)) }
        runChanges(state)
        let snapshot = PolicySnapshot(state, generation: 1)
        let tuples = (0..<1_000).map { index in
            ConnectionTuple(
                source: World.address(index * 7 % 10_000), destination: World.address(index * 13 % 10_000),
                transport: .tcp, sourcePort: 40_000, destinationPort: UInt16(8_000 + index % 8))
        }
        var evaluator = PolicyEvaluator(snapshot)
        func decideAll() {
            for tuple in tuples {
                for direction in Direction.allCases { consume(evaluator.decide(tuple, direction)) }
            }
        }
        decideAll()
        let rounds = Measurement.countsInstructions ? 1 : 50
        Measurement.report(large[1], count: tuples.count * rounds) { for _ in 0..<rounds { decideAll() } }
        Measurement.report(large[3], count: 1) {
            consume(snapshot.program { $0.name.hasSuffix("77") ? $0.name : nil })
        }
        guard Measurement.isWanted(large[2]) else { return }
        let plain = PlainInterpreter(state)
        Measurement.report(large[2], count: 1) {
            for direction in Direction.allCases {
                for staged in [false, true] { consume(plain.evaluate(tuples[0], direction, staged: staged)) }
            }
        }
    }

    /// Each change is followed by a snapshot that stays in use, as the agent's does: storage is shared and must be
    /// copied where it changes.
    private static func runChanges(_ state: ClusterState) {
        guard changes.contains(where: Measurement.isWanted) else { return }
        var compiler = PolicyCompiler(state)
        var held = compiler.snapshot(generation: 1)
        func measure(_ name: String, count: Int, _ change: (Int) -> ClusterChange) {
            Measurement.reportEach(name, count: count, prepare: { _ in }) { index in
                compiler.apply(CollectionOfOne(change(index)))
                held = compiler.snapshot(generation: 2)
            }
        }
        measure(changes[0], count: 100) { .set(.pod(World.pod(10_000 + $0))) }
        measure(changes[1], count: 100) { .set(.pod(World.pod($0 * 91, tier: "t9"))) }
        measure(changes[2], count: 100) { .set(.policy(World.policy($0 * 7 + 1, port: 9_000))) }
        measure(changes[3], count: 20) {
            .set(.namespace(NamespaceResource(name: "ns\($0)", labels: ["team": "t1", "env": "e1"])))
        }
        consume(held)
    }

    /// Everything that a process holds which follows that cluster: what was read of its objects, and the compiled form.
    private static func memory() {
        Measurement.returnFreeMemory()
        let before = Measurement.residentMebibytes()
        let compiler = PolicyCompiler(World.large())
        Measurement.returnFreeMemory()
        let after = Measurement.residentMebibytes()
        consume(compiler.snapshot(generation: 1))
        print("\(memoryName): \(Int(after - before)) MiB resident, the cluster's objects included")
    }
}
