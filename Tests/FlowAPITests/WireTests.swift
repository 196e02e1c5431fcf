// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NIOCore
import NetworkModel
import SwiftProtobuf
import TestSupport
import Testing

@testable import FlowAPI

@Suite("Reading and writing flows on the wire")
struct WireTests {
    /// By the generated code.
    private func expected(_ bytes: [UInt8]) -> FlowDecoding.Flow?? {
        guard let update = try? Goldmane_FlowUpdate(serializedBytes: bytes) else { return nil }
        guard update.hasFlow, update.flow.hasKey else { return .some(nil) }
        let message = update.flow
        var flow = FlowDecoding.Flow()
        flow.hasKey = true
        flow.key = FlowKey(message.key)
        flow.startSeconds = message.startTime
        flow.endSeconds = message.endTime
        flow.sourceLabels = message.sourceLabels
        flow.destinationLabels = message.destLabels
        flow.counters = FlowCounters(message)
        flow.canonicalise()
        return flow
    }

    /// By our own code; nil for what is no message.
    private func actual(_ bytes: [UInt8]) -> FlowDecoding.Flow?? {
        bytes.withUnsafeBytes { bytes in
            do throws(WireReader.Malformed) {
                return .some(try FlowDecoding.update(bytes))
            } catch {
                return nil
            }
        }
    }

    private func check(_ bytes: [UInt8]) {
        let (expected, actual) = (expected(bytes), actual(bytes))
        #expect(text(expected) == text(actual), "\(bytes)")
        // The outline is what the store looks up: it must not say more than the whole.
        bytes.withUnsafeBytes { raw in
            do throws(FlowUpdateOutline.Problem) {
                let outline = try FlowUpdateOutline(raw)
                guard case .some(.some(let flow)) = actual else { return }
                #expect(outline.startSeconds == flow.startSeconds && outline.counters == flow.counters)
                #expect(outline.endSeconds == flow.endSeconds)
            } catch {
                if case .some(.some) = actual { Issue.record("the outline of \(bytes) is refused") }
            }
        }
    }

    private func text(_ flow: FlowDecoding.Flow??) -> String {
        switch flow {
        case nil: "malformed"
        case .some(nil): "incomplete"
        case .some(.some(let flow)): "\(flow)"
        }
    }

    @Test("updates are read as the generated code reads them", arguments: 1...40)
    func reading(seed: UInt64) throws {
        var random = RandomMessages(seed: seed)
        for _ in 0..<50 { check(try random.update().serializedBytes()) }
    }

    @Test("damaged updates are read, or refused, as the generated code does", arguments: 1...40)
    func damaged(seed: UInt64) throws {
        var random = RandomMessages(seed: seed)
        for _ in 0..<100 {
            var bytes: [UInt8] = try random.update().serializedBytes()
            for _ in 0...random.below(3) {
                switch random.below(4) {
                case 0 where !bytes.isEmpty: bytes[random.below(bytes.count)] = UInt8(random.below(256))
                case 1 where !bytes.isEmpty: bytes.removeSubrange(random.below(bytes.count)...)
                case 2:
                    let more: [UInt8] = try random.update().serializedBytes()
                    bytes += more
                default: bytes.insert(UInt8(random.below(256)), at: random.below(bytes.count + 1))
                }
            }
            check(bytes)
        }
    }

    @Test("a message that comes in two parts is one message, as the format has it")
    func merged() throws {
        var random = RandomMessages(seed: 7)
        for _ in 0..<200 {
            let (first, second) = (random.update(), random.update())
            let bytes: [UInt8] = try first.serializedBytes() + second.serializedBytes()
            check(bytes)
            bytes.withUnsafeBytes { raw in
                guard let outline = try? FlowUpdateOutline(raw), first.hasFlow, second.hasFlow else { return }
                #expect(outline.encoded == nil)
            }
        }
    }

    @Test("flows are written as the generated code writes them", arguments: 1...30)
    func writing(seed: UInt64) throws {
        var random = RandomMessages(seed: seed)
        for _ in 0..<30 {
            let record = random.record(seconds: 1_700_000_000)
            let flow = FlowAggregate(
                id: UInt64(random.below(1_000)), key: record.key, startSeconds: record.time.seconds,
                endSeconds: record.time.seconds + 15, sourceLabels: record.sourceLabels,
                destinationLabels: record.destinationLabels, counters: record.counters,
                lastActivity: Timestamp(nanoseconds: 1_700_000_001_500_000_000),
                generation: record.generation, addresses: record.addresses.map { [$0] } ?? [])
            var buffer = ByteBuffer()
            FlowWriting.writeResult(flow, to: &buffer)
            #expect(buffer.readableBytes == FlowWriting.resultSize(flow))
            let result = try Goldmane_FlowResult(serializedBytes: Array(buffer.readableBytesView))
            let written: [UInt8] = try result.serializedBytes()
            #expect(written == Array(buffer.readableBytesView))

            buffer.clear()
            FlowWriting.writeRow(
                flow, isFilling: true, cursor: FlowCursor(rawValue: .max), as: 1, to: &buffer)
            let rows = try Vibrissa_V1_ChangesResponse(serializedBytes: Array(buffer.readableBytesView))
            let row = try #require(rows.rows.first)
            #expect(FlowAggregate(row) == flow && row.live && row.cursor == .max)
        }
    }

    @Test("statistics are written as the generated code writes them", arguments: 1...30)
    func statistics(seed: UInt64) throws {
        var random = RandomMessages(seed: seed)
        let numbers: [UInt64] = [0, 0, 0, 1, 127, 128, 300, 1 << 40, UInt64(Int64.max), .max]
        for _ in 0..<20 {
            let count = random.below(5)
            let hit = FlowHit(random.hit())
            var statistic = FlowStatistic(
                policy: FlowTrigger(kind: hit.kind, namespace: hit.namespace, name: hit.name, tier: hit.tier),
                action: hit.action, ruleIndex: random.pick([nil, -1, 0, 3]),
                direction: random.pick(FlowStatistic.Direction.allCases),
                starts: (0..<count).map { 1_700_000_010 + 15 * Int64($0) }, values: [])
            statistic.values = (0..<max(1, count)).map { _ in
                var values = FlowStatistic.Values()
                values.allowedIn = random.pick(numbers)
                values.allowedOut = random.pick(numbers)
                values.deniedIn = random.pick(numbers)
                values.deniedOut = random.pick(numbers)
                values.passedIn = random.pick(numbers)
                values.passedOut = random.pick(numbers)
                return values
            }
            let query = FlowStatisticsQuery(
                measure: random.pick(FlowStatisticsQuery.Measure.allCases),
                grouping: random.pick([.policy, .rule]))
            var buffer = ByteBuffer()
            FlowWriting.writeStatistic(statistic, query, to: &buffer)
            let expected: [UInt8] = try Goldmane_StatisticsResult(statistic, query).serializedBytes()
            #expect(expected == Array(buffer.readableBytesView))
        }
    }

    @Test("the traces and labels of a flow have one order, whatever order they came in")
    func order() throws {
        var random = RandomMessages(seed: 11)
        for _ in 0..<200 {
            var update = random.update()
            let first = expected(try update.serializedBytes())
            update.flow.sourceLabels.shuffle(using: &random.source)
            update.flow.destLabels.shuffle(using: &random.source)
            if update.flow.hasKey, update.flow.key.hasPolicies {
                update.flow.key.policies.enforcedPolicies.shuffle(using: &random.source)
                update.flow.key.policies.pendingPolicies.shuffle(using: &random.source)
            }
            guard update.flow.hasKey else { continue }
            #expect(text(first) == text(actual(try update.serializedBytes())))
        }
    }
}

extension Goldmane_StatisticsResult {
    init(_ statistic: FlowStatistic, _ query: FlowStatisticsQuery) {
        self.init()
        policy = .with {
            $0.kind = Goldmane_PolicyKind(statistic.policy.kind)
            $0.namespace = statistic.policy.namespace
            $0.name = statistic.policy.name
            $0.tier = statistic.policy.tier
            $0.action = Goldmane_Action(statistic.action)
            $0.ruleIndex = statistic.ruleIndex ?? 0
        }
        direction = Goldmane_RuleDirection(rawValue: Int(statistic.direction.rawValue)) ?? .any
        groupBy = query.grouping == .policy ? .policy : .policyRule
        type = Goldmane_StatisticType(rawValue: Int(query.measure.rawValue)) ?? .packetCount
        func values(_ part: KeyPath<FlowStatistic.Values, UInt64>) -> [Int64] {
            statistic.values.map { Int64(clamping: $0[keyPath: part]) }
        }
        allowedIn = values(\.allowedIn)
        allowedOut = values(\.allowedOut)
        deniedIn = values(\.deniedIn)
        deniedOut = values(\.deniedOut)
        passedIn = values(\.passedIn)
        passedOut = values(\.passedOut)
        x = statistic.starts
    }
}
