// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import Foundation
import NetworkModel

@testable import FlowTool

/// 2026-01-02T03:04:00Z, the start of a window.
let t0: Int64 = 1_767_323_040

/// Flows as tests show them.
enum Flows {
    static let allowWeb = FlowHit(
        kind: .calicoNetworkPolicy, namespace: "data", name: "allow-web", tier: "default", action: .allow,
        policyIndex: 0, ruleIndex: 0)

    static let strict = FlowHit(
        kind: .stagedNetworkPolicy, namespace: "data", name: "strict", tier: "default", action: .deny,
        policyIndex: 0, ruleIndex: 0)

    static let endOfTier = FlowHit(
        kind: .endOfTier, namespace: "", name: "", tier: "default", action: .deny, policyIndex: 1,
        ruleIndex: -1,
        trigger: FlowTrigger(kind: .networkPolicy, namespace: "shop", name: "default-deny", tier: "default"))

    static let profile = FlowHit(
        kind: .profile, namespace: "", name: "kns.shop", tier: "", action: .allow, policyIndex: 0,
        ruleIndex: 0)

    /// Allowed, and denied if a staged policy were enforced.
    static let allowed = FlowAggregate(
        id: 1,
        key: FlowKey(
            source: FlowEndpoint(type: .workload, name: "web-6f9c7d5b4-*", namespace: "shop"),
            destination: FlowEndpoint(type: .workload, name: "db-0", namespace: "data"),
            destinationPort: 5_432,
            service: FlowService(name: "db", namespace: "data", portName: "sql", port: 5_432),
            transport: "tcp",
            reporter: .destination, action: .allow, trace: FlowTrace(enforced: [allowWeb], pending: [strict])
        ),
        startSeconds: t0, endSeconds: t0 + 300, sourceLabels: ["app=web", "tier=front"],
        destinationLabels: ["app=db"],
        counters: counters(packets: (960, 840), bytes: (412_200, 401_020), connections: (12, 10, 2)),
        lastActivity: Timestamp(nanoseconds: (t0 + 290) * 1_000_000_000 + 250_000_000), generation: 3,
        addresses: [
            FlowAddresses(source: IPAddress("10.1.2.3")!, destination: IPAddress("10.1.2.4")!),
            FlowAddresses(source: IPAddress("fd00::1")!, destination: IPAddress("fd00::2")!),
        ])

    static let denied = FlowAggregate(
        id: 2,
        key: FlowKey(
            source: FlowEndpoint(type: .workload, name: "cart-5c9f7d8b6d-*", namespace: "shop"),
            destination: .publicNetwork, destinationPort: 443, transport: "tcp", reporter: .source,
            action: .deny,
            trace: FlowTrace(enforced: [endOfTier], pending: [endOfTier])),
        startSeconds: t0 + 15, endSeconds: t0 + 30, sourceLabels: ["app=cart"],
        counters: counters(packets: (3, 0), bytes: (180, 0), connections: (3, 0, 0)),
        lastActivity: Timestamp(seconds: t0 + 15))

    static let pinged = FlowAggregate(
        id: 3,
        key: FlowKey(
            source: .privateNetwork,
            destination: FlowEndpoint(
                type: .workload, name: "a-very-long-name-of-a-workload-that-goes-on-5f6b7c8d9f-*",
                namespace: "shop"),
            destinationPort: 2_048, transport: "icmp", reporter: .destination, action: .allow,
            trace: FlowTrace(enforced: [profile], pending: [profile])),
        startSeconds: t0 + 15, endSeconds: t0 + 45,
        counters: counters(
            packets: (1_200_000, 1_200_000), bytes: (1 << 40, 1 << 40), connections: (1, 0, 1)),
        lastActivity: Timestamp(seconds: t0 + 30))

    /// Every text moves cursors, turns reading around, or breaks out of a format.
    static let hostile: FlowAggregate = {
        var flow = denied
        flow.id = 4
        flow.key.source.name = "a\u{1b}[2J\r\nb"
        flow.key.source.namespace = "\u{202e}evil"
        flow.key.destination = FlowEndpoint(type: .workload, name: "=1+1,\"x\"", namespace: "名前空間")
        flow.key.transport = "t\tp\u{2028}"
        flow.key.service = FlowService(name: "s\u{7}", namespace: "\u{0}", portName: "\u{9b}", port: -1)
        flow.key.trace.enforced[0].tier = "\u{200b}t"
        flow.key.trace.pending[0].trigger?.name = "\\\u{85}"
        flow.sourceLabels = ["app=\u{1b}]0;x\u{7}"]
        return flow
    }()

    static let all = [allowed, denied, pinged]

    static func counters(
        packets: (UInt64, UInt64), bytes: (UInt64, UInt64), connections: (UInt64, UInt64, UInt64)
    ) -> FlowCounters {
        var counters = FlowCounters()
        (counters.packetsIn, counters.packetsOut) = packets
        (counters.bytesIn, counters.bytesOut) = bytes
        (counters.connectionsStarted, counters.connectionsCompleted, counters.connectionsLive) = connections
        return counters
    }

    static func page(_ flows: [FlowAggregate]) -> FlowPage<FlowAggregate> {
        FlowPage(items: flows, totalPages: 1, totalResults: flows.count)
    }

    static func lines(_ flows: [FlowAggregate]) -> String {
        FlowWriter.text(page(flows), .jsonl, style: TextStyle())
    }
}

extension FlowFile {
    /// The flows of a text, read in pieces of `size` bytes.
    static func of(_ text: String, pieces size: Int = 4_096) throws -> FlowFile {
        try of(Array(text.utf8), pieces: size)
    }

    static func of(_ bytes: [UInt8], pieces size: Int = 4_096) throws -> FlowFile {
        var rest = bytes[...]
        var lines = LineReader { () throws(FileProblem) in
            defer { rest = rest.dropFirst(size) }
            return Array(rest.prefix(size))
        }
        return try FlowFile(&lines)
    }
}

/// A fixed sequence of numbers (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
