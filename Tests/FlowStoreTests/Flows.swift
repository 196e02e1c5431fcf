// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel
import PolicyModel

/// An aligned time; tests speak of seconds relative to it.
let t0: Int64 = 1_700_000_010

/// A store whose clock stands at `t0`.
func storeAtT0(_ limits: FlowStoreLimits = .init()) -> FlowStore {
    FlowStore(now: Timestamp(seconds: t0), limits: limits)
}

/// An allowed flow from client to server, but for what is given.
func flowKey(
    source: String = "client-*", sourceNamespace: String = "ns-a", destination: String = "server-*",
    namespace: String = "ns-b", port: Int64 = 8_080, service: FlowService = .none, transport: String = "tcp",
    reporter: FlowReporter = .destination, action: FlowAction = .allow,
    sourceType: FlowEndpointType = .workload,
    enforced: [FlowHit] = [allowWeb], pending: [FlowHit] = [allowWeb]
) -> FlowKey {
    FlowKey(
        source: FlowEndpoint(type: sourceType, name: source, namespace: sourceNamespace),
        destination: FlowEndpoint(type: .workload, name: destination, namespace: namespace),
        destinationPort: port,
        service: service, transport: transport, reporter: reporter, action: action,
        trace: FlowTrace(enforced: enforced, pending: pending))
}

let allowWeb = hit(.networkPolicy, "ns-b", "allow-web", tier: "default", .allow)

func hit(
    _ kind: PolicyKind, _ namespace: String, _ name: String, tier: String, _ action: RuleAction,
    index: Int = 0,
    rule: Int = 0
) -> FlowHit {
    let policy = PolicyID(kind: kind, namespace: namespace, name: name)
    let place: DecisionPlace = rule < 0 ? .endOfTier(trigger: policy) : .rule(policy, index: rule)
    return FlowHit(PolicyHit(place: place, tier: tier, action: action, policyIndex: index))
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

    var keyCount: Int { history.keyCount }
    var oldestSeconds: Int64 { history.oldestSeconds }
    var headSeconds: Int64 { history.headSeconds }
    var fillingSeconds: Int64 { history.fillingSeconds }
    var latestCursor: FlowCursor { history.latestCursor }

    func list(_ query: FlowListQuery, now: Timestamp) throws(FlowQueryError) -> FlowPage<FlowAggregate> {
        try history.list(query, now: now)
    }

    func hints(_ query: FlowHintsQuery, now: Timestamp) throws(FlowQueryError) -> FlowPage<String> {
        try history.hints(query, now: now)
    }

    func changes(_ query: FlowChangesQuery, now: Timestamp) -> FlowChanges {
        history.changes(query, now: now)
    }

    func windowsDue(startTimeGTE: Int64, now: Timestamp) -> [Int64] {
        history.windowsDue(startTimeGTE: startTimeGTE, now: now)
    }

    func window(startSeconds: Int64, filter: FlowExpression = .always) -> FlowWindow? {
        history.window(startSeconds: startSeconds, filter: filter)
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
