// SPDX-License-Identifier: Apache-2.0
//
// What the hot paths cost, in CPU time on this machine. `scripts/bench` runs it; docs/reference/performance.md has
// figures and says where they were taken.

import FlowModel
import FlowStore
import NetworkModel
import PolicyEngine
import PolicyModel

@main
enum Benchmarks {
    static func main() {
        selectors()
        engine()
        collector()
        store()
    }

    static func selectors() {
        let text = "app == 'web' && (tier in {'a', 'b', 'c'} || !has(legacy)) && zone != 'x'"
        Measurement.report("selector parse, 4 terms", count: 10_000) {
            for _ in 0..<10_000 { consume(try? Selector(parsing: text)) }
        }
        guard let selector = try? Selector(parsing: text) else { return }
        let labels: Labels = ["app": "web", "tier": "b", "zone": "y", "a": "1", "b": "2", "c": "3"]
        Measurement.report("selector match, 4 terms, 6 labels", count: 100_000) {
            for _ in 0..<100_000 { consume(selector.matches(labels)) }
        }
    }

    static func engine() {
        let lab = World(pods: 1_000, policies: 300, namespaces: 20, rulesPerPolicy: 5)
        Measurement.report("snapshot build, 1,000 pods, 300 policies of 5 rules", count: 1) {
            consume(PolicySnapshot(lab.state, generation: 1))
        }
        let snapshot = PolicySnapshot(lab.state, generation: 1)
        Measurement.report("program for 100 of those pods on a node", count: 1) {
            consume(snapshot.program { $0.name.hasSuffix("7") ? $0.name : nil })
        }
        let tuples = (0..<1_000).map { index in
            ConnectionTuple(
                source: World.address(index * 7 % 1_000), destination: World.address(index * 13 % 1_000),
                transport: .tcp, sourcePort: 40_000, destinationPort: UInt16(8_000 + index % 8))
        }
        Measurement.report("verdict with both traces, both ends, those policies", count: 1_000) {
            for tuple in tuples {
                consume(snapshot.evaluate(tuple, .egress))
                consume(snapshot.evaluate(tuple, .ingress))
            }
        }
    }

    struct Context: FlowContext {
        func pendingTrace(_ tuple: ConnectionTuple, _ direction: Direction) -> [PolicyHit] { [] }
        func isWorkload(_ address: IPAddress) -> Bool { true }
        func names(_ forwarded: ConnectionTuple, original: ConnectionTuple?) -> FlowNames {
            FlowNames(
                source: FlowEndpoint(type: .workload, name: "a-*", namespace: "ns"),
                destination: FlowEndpoint(type: .workload, name: "b-*", namespace: "ns"),
                sourceLabels: [], destinationLabels: [], service: .none)
        }
    }

    static func collector() {
        let policy = PolicyID(kind: .networkPolicy, namespace: "ns", name: "p")
        let decision = RuleDecision(
            place: .rule(policy, index: 0), tier: "default", direction: .ingress, action: .deny)
        let events = (0..<10_000).map { index in
            KernelEvent.packet(
                PacketEvent(
                    tuple: ConnectionTuple(
                        source: World.address(index % 200), destination: World.address(200), transport: .tcp,
                        sourcePort: UInt16(index % 5_000), destinationPort: 80),
                    decision: decision, generation: 1, bytes: 60, time: Timestamp(seconds: 1_700_000_000)))
        }
        Measurement.report("denied packet folded into a record", count: events.count) {
            var collector = FlowCollector()
            var records: [FlowRecord] = []
            for event in events {
                collector.collect(event, context: Context(), into: &records)
                records.removeAll(keepingCapacity: true)
            }
            consume(collector.connectionCount)
        }
    }

    static func store() {
        let now = Timestamp(seconds: 1_700_000_010)
        let records = (0..<10_000).map { index in
            var counters = FlowCounters()
            counters.packetsIn = 1
            return FlowRecord(
                key: FlowKey(
                    source: FlowEndpoint(
                        type: .workload, name: "client-\(index)-*", namespace: "ns\(index % 40)"),
                    destination: FlowEndpoint(type: .workload, name: "server-*", namespace: "ns"),
                    destinationPort: 8080, transport: "tcp", reporter: .destination, action: .allow,
                    trace: PolicyTrace()),
                time: now, sourceLabels: ["app=client"], destinationLabels: ["app=server"], counters: counters
            )
        }
        var store = FlowStore(now: now)
        for record in records { store.insert(record) }
        Measurement.report("record of a known key stored, 10,000 keys", count: records.count) {
            for record in records { store.insert(record) }
        }
    }
}
