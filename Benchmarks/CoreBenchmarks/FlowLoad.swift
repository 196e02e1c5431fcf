// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel

/// Flows of the shape that a large cluster sends: 40 namespaces, 5 to 8 labels an end, 2 to 4 enforced and as many
/// pending hits, about 860 bytes each when encoded.
enum FlowLoad {
    static let start: Int64 = 1_700_000_010

    static func key(_ index: Int) -> FlowKey {
        let namespace = "namespace-\(index % 40)"
        let hits = (0..<(2 + index % 3)).map { place in
            FlowHit(
                kind: .calicoNetworkPolicy, namespace: namespace, name: "policy-\(index / 5 % 400)-\(place)",
                tier: place == 0 ? "platform" : "default",
                action: place == 1 + index % 3 ? (index % 10 == 0 ? .deny : .allow) : .pass,
                policyIndex: Int64(place), ruleIndex: Int64(index % 7))
        }
        return FlowKey(
            source: FlowEndpoint(
                type: .workload, name: "client-\(index % 997)-5c9f7d8b6d-*", namespace: namespace),
            destination: FlowEndpoint(
                type: .workload, name: "server-\(index / 40 % 499)-7d4b9c6f5-*",
                namespace: "namespace-\(index / 7 % 40)"),
            destinationPort: Int64(8_000 + index % 13),
            service: FlowService(
                name: "server-\(index / 40 % 499)", namespace: "namespace-\(index / 7 % 40)",
                portName: "http", port: 80),
            transport: "tcp", reporter: index % 2 == 0 ? .source : .destination,
            action: index % 10 == 0 ? .deny : .allow, trace: FlowTrace(enforced: hits, pending: hits))
    }

    static func labels(_ index: Int, _ name: String) -> [String] {
        (0..<(5 + index % 4)).map { "app.kubernetes.io/label-\($0)=\(name)-\(index % (20 + $0 * 7))" }
    }

    static func record(_ index: Int, at seconds: Int64) -> FlowRecord {
        var counters = FlowCounters()
        counters.packetsIn = UInt64(10 + index % 300)
        counters.packetsOut = UInt64(9 + index % 200)
        counters.bytesIn = counters.packetsIn * 800
        counters.bytesOut = counters.packetsOut * 500
        counters.connectionsStarted = 1
        counters.connectionsLive = 1
        return FlowRecord(
            key: key(index), time: Timestamp(seconds: seconds), sourceLabels: labels(index, "client"),
            destinationLabels: labels(index / 3, "server"), counters: counters)
    }

    /// Bytes as long as an encoded key and encoded labels are, different for each key.
    static func encoding(_ record: FlowRecord) -> (key: [UInt8], labels: [UInt8]) {
        var key = Array("\(record.key)".utf8)
        key.removeLast(max(0, key.count - 500))
        key.append(contentsOf: "\(record.key.hashValue)".utf8)
        let labels = (record.sourceLabels + record.destinationLabels).joined(separator: "\n")
        return (key, Array(labels.utf8))
    }

    /// A store with so many keys, each with data in so many windows, packed but for the newest.
    static func store(keys: Int, windows: Int, limits: FlowStoreLimits = FlowStoreLimits()) -> FlowStore {
        let width = limits.windowSeconds
        var store = FlowStore(now: Timestamp(seconds: start - width * Int64(windows)), limits: limits)
        var records = (0..<keys).map { record($0, at: start) }
        for window in 0..<windows {
            let seconds = start - width * Int64(windows - window)
            store.rollOver(now: Timestamp(seconds: seconds))
            for index in records.indices {
                records[index].time = Timestamp(seconds: seconds)
                records[index].counters.packetsIn = UInt64(10 + (index &* 31 &+ window) % 300)
                store.insert(records[index])
            }
            store.sealAll()
        }
        store.rollOver(now: Timestamp(seconds: start))
        store.sealAll()
        return store
    }
}
