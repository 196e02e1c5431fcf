// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel
import PolicyModel

/// An aligned time; tests speak of seconds relative to it.
let t0: Int64 = 1_700_000_010

/// A store whose clock stands at `t0`.
func storeAtT0(_ limits: FlowStore.Limits = .init()) -> FlowStore {
    FlowStore(now: Timestamp(seconds: t0), limits: limits)
}

/// An allowed flow from client to server, but for what is given.
func flowKey(
    source: String = "client-*", sourceNamespace: String = "ns-a", destination: String = "server-*",
    namespace: String = "ns-b", port: UInt16 = 8_080, service: FlowService = .none, transport: String = "tcp",
    reporter: FlowReporter = .destination, action: FlowAction = .allow,
    sourceType: FlowEndpointType = .workload,
    enforced: [PolicyHit] = [allowWeb], pending: [PolicyHit] = [allowWeb]
) -> FlowKey {
    FlowKey(
        source: FlowEndpoint(type: sourceType, name: source, namespace: sourceNamespace),
        destination: FlowEndpoint(type: .workload, name: destination, namespace: namespace),
        destinationPort: port,
        service: service, transport: transport, reporter: reporter, action: action,
        trace: PolicyTrace(enforced: enforced, pending: pending))
}

let allowWeb = hit(.networkPolicy, "ns-b", "allow-web", tier: "default", .allow)

func hit(
    _ kind: PolicyKind, _ namespace: String, _ name: String, tier: String, _ action: RuleAction,
    index: Int = 0,
    rule: Int = 0
) -> PolicyHit {
    let policy = PolicyID(kind: kind, namespace: namespace, name: name)
    let place: DecisionPlace = rule < 0 ? .endOfTier(trigger: policy) : .rule(policy, index: rule)
    return PolicyHit(place: place, tier: tier, action: action, policyIndex: index)
}

/// A record at `t0 + at` seconds.
func record(
    _ key: FlowKey, at: Double, packets: UInt64 = 1, source: [String] = [], destination: [String] = [],
    generation: UInt64 = 0
) -> FlowRecord {
    var counters = FlowCounters()
    counters.packetsIn = packets
    return FlowRecord(
        key: key, time: time(at), sourceLabels: source, destinationLabels: destination, counters: counters,
        generation: generation)
}

func time(_ seconds: Double) -> Timestamp {
    Timestamp(nanoseconds: t0 * 1_000_000_000 + Int64(seconds * 1e9))
}

extension FlowStore {
    mutating func insert(_ records: [FlowRecord]) {
        for record in records { insert(record) }
    }

    /// Advances the clock by whole windows from `t0`, one roll-over each.
    mutating func tick(_ windows: ClosedRange<Int64>) {
        for window in windows { rollOver(now: Timestamp(seconds: t0 + window * 15)) }
    }

    /// Destination name, relative start and end, packets in: what a list shows.
    func lines(
        _ query: FlowListQuery = FlowListQuery(), at: Double = 0
    ) throws -> [String] {
        try list(query, now: time(at)).items.map(\.line)
    }
}

extension FlowAggregate {
    var line: String {
        "\(key.destination.name) \(startSeconds - t0)..\(endSeconds - t0) \(counters.packetsIn)"
    }
}

/// Bounds relative to `t0`.
func range(from: Int64? = nil, before: Int64? = nil) -> FlowTimeRange {
    FlowTimeRange(startGTE: from.map { t0 + $0 } ?? 0, startLT: before.map { t0 + $0 } ?? 0)
}
