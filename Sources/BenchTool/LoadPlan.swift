// SPDX-License-Identifier: Apache-2.0

import FlowModel
import NetworkModel

/// Flows of the shape that a large cluster sends: 40 namespaces, 5 to 8 labels an end, 2 to 4 enforced and as many
/// pending hits, about 900 bytes each when encoded. The same number is always the same flow.
struct LoadPlan: Hashable, Sendable {
    /// Distinct flow keys.
    let keys: Int
    /// Senders that share them, each with keys of its own.
    let streams: Int

    private static let namespaces = 40

    /// How many keys a stream has.
    func keyCount(stream: Int) -> Int { keys / streams + (stream < keys % streams ? 1 : 0) }

    /// The number of a stream's key, from 0.
    func key(stream: Int, place: Int) -> Int { place * streams + stream }

    func record(_ number: Int, at seconds: Int64) -> FlowRecord {
        var counters = FlowCounters()
        counters.packetsIn = UInt64(10 + number % 300)
        counters.packetsOut = UInt64(9 + number % 200)
        counters.bytesIn = counters.packetsIn * 800
        counters.bytesOut = counters.packetsOut * 500
        counters.connectionsStarted = 1
        counters.connectionsLive = 1
        return FlowRecord(
            key: Self.key(number), time: Timestamp(seconds: seconds),
            sourceLabels: Self.labels(number, "client"), destinationLabels: Self.labels(number / 3, "server"),
            counters: counters)
    }

    private static func key(_ number: Int) -> FlowKey {
        let namespace = "namespace-\(number % namespaces)"
        let target = number / namespaces % 499
        let hits = (0..<(2 + number % 3)).map { place in
            FlowHit(
                kind: .calicoNetworkPolicy, namespace: namespace, name: "policy-\(number / 5 % 400)-\(place)",
                tier: place == 0 ? "platform" : "default",
                action: place == 1 + number % 3 ? verdict(number) : .pass,
                policyIndex: Int64(place), ruleIndex: Int64(number % 7))
        }
        return FlowKey(
            source: FlowEndpoint(
                type: .workload, name: "client-\(number / namespaces)-5c9f7d8b6d-*", namespace: namespace),
            destination: FlowEndpoint(
                type: .workload, name: "server-\(target)-7d4b9c6f5-*",
                namespace: "namespace-\(number / 7 % namespaces)"),
            destinationPort: Int64(8_000 + number % 13),
            service: FlowService(
                name: "server-\(target)", namespace: "namespace-\(number / 7 % namespaces)", portName: "http",
                port: 80),
            transport: "tcp", reporter: number % 2 == 0 ? .source : .destination, action: verdict(number),
            trace: FlowTrace(enforced: hits, pending: hits))
    }

    private static func verdict(_ number: Int) -> FlowAction { number % 10 == 0 ? .deny : .allow }

    private static func labels(_ number: Int, _ name: String) -> [String] {
        (0..<(5 + number % 4)).map { "app.kubernetes.io/label-\($0)=\(name)-\(number % (20 + $0 * 7))" }
    }
}
