// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel
import SwiftProtobuf
import TestSupport

@testable import FlowAPI

/// Small random messages and flows from a seed; the words are few, so that values repeat.
struct RandomMessages {
    var source: SplitMix64

    init(seed: UInt64) { source = SplitMix64(seed: seed) }

    mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &source) }

    mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }

    private static let words = ["", "web", "web-*", "pub", "-", "Global", "é", "e\u{301}", "a,b", "shop"]
    private static let numbers: [Int64] = [0, 1, -1, 80, 300, 70_000, .max, .min]

    mutating func hit(depth: Int = 0) -> Goldmane_PolicyHit {
        .with {
            $0.kind = Goldmane_PolicyKind(rawValue: pick([0, 1, 6, 9, 10, 11, 7, 200])) ?? .kindUnspecified
            $0.namespace = pick(Self.words)
            $0.name = pick(Self.words)
            $0.tier = pick(Self.words)
            $0.action = Goldmane_Action(rawValue: pick([0, 1, 2, 3, 9])) ?? .unspecified
            $0.policyIndex = pick([0, 1, 2])
            $0.ruleIndex = pick([-1, 0, 3])
            if depth < 2, below(3) == 0 { $0.trigger = hit(depth: depth + 1) }
        }
    }

    mutating func key() -> Goldmane_FlowKey {
        .with {
            $0.sourceName = pick(Self.words)
            $0.sourceNamespace = pick(Self.words)
            $0.sourceType = Goldmane_EndpointType(rawValue: pick([0, 1, 2, 3, 4, 77])) ?? .unspecified
            $0.destName = pick(Self.words)
            $0.destNamespace = pick(Self.words)
            $0.destType = Goldmane_EndpointType(rawValue: pick([0, 1, 2, 3, 4])) ?? .unspecified
            $0.destPort = pick(Self.numbers)
            $0.destServiceName = pick(Self.words)
            $0.destServiceNamespace = pick(Self.words)
            $0.destServicePortName = pick(Self.words)
            $0.destServicePort = pick(Self.numbers)
            $0.proto = pick(["tcp", "udp", "132", ""])
            $0.reporter = Goldmane_Reporter(rawValue: pick([0, 1, 2, -5])) ?? .unspecified
            $0.action = Goldmane_Action(rawValue: pick([0, 1, 2])) ?? .unspecified
            if below(8) > 0 {
                $0.policies.enforcedPolicies = (0..<below(4)).map { _ in hit() }
                $0.policies.pendingPolicies = (0..<below(3)).map { _ in hit() }
            }
        }
    }

    mutating func flow() -> Goldmane_Flow {
        .with {
            if below(20) > 0 { $0.key = key() }
            $0.startTime = pick(Self.numbers)
            $0.endTime = pick(Self.numbers)
            $0.sourceLabels = (0..<below(4)).map { _ in "k=\(pick(Self.words))" }
            $0.destLabels = (0..<below(3)).map { _ in "k=\(pick(Self.words))" }
            $0.packetsIn = pick(Self.numbers)
            $0.packetsOut = pick(Self.numbers)
            $0.bytesIn = pick(Self.numbers)
            $0.bytesOut = pick(Self.numbers)
            $0.numConnectionsStarted = pick(Self.numbers)
            $0.numConnectionsCompleted = pick(Self.numbers)
            $0.numConnectionsLive = pick(Self.numbers)
        }
    }

    mutating func update() -> Goldmane_FlowUpdate {
        .with { if below(20) > 0 { $0.flow = flow() } }
    }

    /// A flow as a store has it: in canonical order, with values that the API knows.
    mutating func record(seconds: Int64) -> FlowRecord {
        var flow = flow()
        if !flow.hasKey { flow.key = key() }
        var decoded = FlowDecoding.Flow()
        decoded.key = FlowKey(flow.key)
        decoded.sourceLabels = flow.sourceLabels
        decoded.destinationLabels = flow.destLabels
        decoded.startSeconds = seconds
        decoded.counters.packetsIn = UInt64(below(100))
        decoded.counters.bytesIn = UInt64(below(10_000))
        decoded.counters.connectionsStarted = UInt64(below(3))
        decoded.canonicalise()
        var record = decoded.record
        record.generation = UInt64(below(3))
        if below(2) == 0 {
            record.addresses = FlowAddresses(
                source: pick([IPAddress("10.0.0.1")!, IPAddress("2001:db8::1")!]),
                destination: pick([IPAddress("10.0.0.2")!, IPAddress("192.0.2.1")!]))
        }
        return record
    }
}
