// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel
import TestSupport
import Testing

@Suite("A compiler that follows a cluster equals one that is given its final state")
struct IncrementalTests {
    /// Each argument is a seed; a failure names it and the step.
    @Test("programs, verdicts and traces are equal after every change", arguments: 0..<80)
    func incrementalEqualsRebuild(seed: Int) {
        var world = RandomWorld(seed: UInt64(seed) &+ 77_000)
        var compiler = PolicyCompiler(world.state)
        for step in 0..<40 {
            let batch = (0..<Int.random(in: 1...3, using: &world.random)).map { _ in
                world.change(of: compiler.state)
            }
            compiler.apply(batch)
            let followed = compiler.snapshot(generation: 1)
            let rebuilt = PolicySnapshot(compiler.state, generation: 1)
            #expect(
                followed.program { "if-\($0)" } == rebuilt.program { "if-\($0)" },
                "seed \(seed), step \(step): \(batch)")
            #expect(followed.endpointCounts == rebuilt.endpointCounts, "seed \(seed), step \(step)")
            var one = PolicyEvaluator(followed)
            var other = PolicyEvaluator(rebuilt)
            for _ in 0..<6 {
                let tuple = world.connection()
                for direction in Direction.allCases
                where one.evaluate(tuple, direction) != other.evaluate(tuple, direction) {
                    Issue.record("seed \(seed), step \(step), \(direction) of \(tuple): \(batch)")
                }
            }
        }
    }

    @Test("a snapshot goes on to answer as when it was taken", arguments: 0..<30)
    func snapshotsAreImmutable(seed: Int) {
        var world = RandomWorld(seed: UInt64(seed) &+ 5_000)
        var compiler = PolicyCompiler(world.state)
        let early = compiler.snapshot(generation: 1)
        let tuples = (0..<20).map { _ in world.connection() }
        let answers = tuples.map { early.evaluate($0, .ingress) }
        let program = early.program { "if-\($0)" }
        for _ in 0..<30 { compiler.apply([world.change(of: compiler.state)]) }
        #expect(tuples.map { early.evaluate($0, .ingress) } == answers)
        #expect(early.program { "if-\($0)" } == program)
    }

    @Test("a cluster that is emptied leaves nothing behind that decides", arguments: 0..<10)
    func emptied(seed: Int) {
        let world = RandomWorld(seed: UInt64(seed) &+ 9_000)
        var compiler = PolicyCompiler(world.state)
        compiler.apply(world.resources.map { .remove($0.key) })
        let snapshot = compiler.snapshot(generation: 2)
        #expect(snapshot.policies.isEmpty)
        #expect(snapshot.endpoints.isEmpty)
        #expect(snapshot.program { "if-\($0)" } == EnforcementProgram(generation: 2))
        compiler.apply(world.resources.map { .set($0) })
        #expect(
            compiler.snapshot(generation: 3).program { "if-\($0)" }
                == PolicySnapshot(world.state, generation: 3).program { "if-\($0)" })
    }

    /// Numbers are given out again, so what is left of an old owner would be the new one's.
    @Test("a block that a network set gives up belongs to it no longer, nor to the next set")
    func blocks() throws {
        let db = PodResource(
            name: ResourceName(namespace: "ns", name: "db"), labels: ["app": "db"],
            addresses: [try #require(IPAddress("10.0.0.1"))])
        var policy = CalicoPolicy(id: PolicyID(kind: .globalNetworkPolicy, name: "p"))
        policy.selector = "app == 'db'"
        var rule = CalicoRule(action: .allow)
        rule.source.selector = "zone == 'x'"
        policy.ingress = [rule]
        func set(_ name: String, _ blocks: [String]) throws -> ClusterChange {
            let nets = try blocks.map { try IPPrefix.parse($0, .strict) }
            return .set(
                .networkSet(
                    NetworkSetResource(name: ResourceName(name: name), labels: ["zone": "x"], nets: nets)))
        }
        var compiler = PolicyCompiler(ClusterState([.pod(db), .policy(PolicyResource(policy))]))
        func verdicts() throws -> [Verdict?] {
            let snapshot = compiler.snapshot(generation: 1)
            return try ["192.0.2.1", "198.51.100.1"].map { source in
                snapshot.evaluate(
                    ConnectionTuple(
                        source: try #require(IPAddress(source)), destination: db.addresses[0],
                        transport: .tcp, destinationPort: 80), .ingress)?.verdict
            }
        }
        compiler.apply([try set("one", ["192.0.2.0/24", "198.51.100.0/24"])])
        #expect(try verdicts() == [.allow, .allow])
        compiler.apply([try set("one", ["198.51.100.0/24"])])
        #expect(try verdicts() == [.deny, .allow])
        compiler.apply([.remove(.networkSet(ResourceName(name: "one")))])
        compiler.apply([try set("two", ["192.0.2.0/24"])])
        #expect(try verdicts() == [.allow, .deny])
    }
}
