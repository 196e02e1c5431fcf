// SPDX-License-Identifier: Apache-2.0
//
// What the hot paths cost, in CPU time on this machine. `scripts/bench` runs it; docs/reference/performance.md has
// figures and says where they were taken.

import FlowModel
import NetworkModel
import PolicyEngine
import PolicyModel

@main
enum Benchmarks {
    static func main() {
        var arguments = CommandLine.arguments.dropFirst()
        while let argument = arguments.popFirst() {
            switch argument {
            case "--instructions": Measurement.countsInstructions = true
            case "--only": Measurement.filter = arguments.popFirst() ?? ""
            case "--exactly":
                Measurement.filter = arguments.popFirst() ?? ""
                Measurement.isExact = true
            case "--names": return print(names.joined(separator: "\n"))
            default:
                return print(
                    "usage: core-benchmarks [--only PART | --exactly NAME | --names] [--instructions]")
            }
        }
        selectors()
        EngineBenchmarks.runVerdicts()
        EngineBenchmarks.runLarge()
        AnalysisBenchmarks.run()
        collector()
        StoreBenchmarks.run()
    }

    /// Those of which instructions are counted: all that do not depend on caches.
    static var names: [String] {
        let engine = EngineBenchmarks.verdicts.filter { !$0.contains("swept") }
        return engine + EngineBenchmarks.large + EngineBenchmarks.changes
            + AnalysisBenchmarks.names.dropLast() + StoreBenchmarks.ingest
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
}
