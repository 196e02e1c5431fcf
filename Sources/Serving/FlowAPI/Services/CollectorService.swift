// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import GRPCTransport
import NIOCore
import SwiftProtobuf
import Synchronization

/// What collectors sent, totals since the start unless said otherwise.
public struct CollectorStatistics: Sendable {
    /// Updates of all senders; each was answered.
    public internal(set) var receivedUpdates: UInt64 = 0
    /// Updates that were no message of the flow API; answered and dropped.
    public internal(set) var malformedUpdates: UInt64 = 0
    /// Updates without a flow or a key; answered and dropped.
    public internal(set) var incompleteUpdates: UInt64 = 0
    /// Updates whose key or labels had to be decoded.
    public internal(set) var decodedUpdates: UInt64 = 0
    /// Batches of our own agents that came again; answered and dropped.
    public internal(set) var repeatedBatches: UInt64 = 0
    /// Streams of collectors that are open.
    public internal(set) var openStreams = 0
    /// Batches of updates that were stored in one go.
    public internal(set) var batches: UInt64 = 0
    /// By the address of the sender, without port. The addresses are bounded: beyond, they are under `other`.
    public internal(set) var sources: [String: Source] = [:]

    /// What came from one address.
    public struct Source: Sendable {
        /// Ascending, of `latencyCounts`.
        public static let latencyBounds: [Duration] = [
            5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000,
        ]
        .map { .milliseconds($0) }

        public internal(set) var updates: UInt64 = 0
        public internal(set) var openStreams = 0
        /// Nil before the first update.
        public internal(set) var lastUpdate: ContinuousClock.Instant?
        /// Time for taking updates, all together.
        public internal(set) var latency = Duration.zero
        /// Updates by the first bound that was enough for each; the last count is of those beyond all.
        public internal(set) var latencyCounts = [UInt64](repeating: 0, count: latencyBounds.count + 1)

        mutating func add(_ count: UInt64, _ duration: Duration, at time: ContinuousClock.Instant) {
            updates += count
            lastUpdate = time
            latency += duration
            let one = duration / max(1, Int(count))
            latencyCounts[Self.latencyBounds.firstIndex { one <= $0 } ?? Self.latencyBounds.count] += count
        }
    }

    /// Addresses that are counted by themselves.
    static let maximumSources = 5_000

    mutating func change(_ address: String, _ body: (inout Source) -> Void) {
        let isKnown = sources[address] != nil || sources.count < Self.maximumSources
        body(&sources[isKnown ? address : "other", default: Source()])
    }
}

/// Takes what collectors send into a store in this process.
final class CollectorService: Sendable {
    private let flows: any FlowDelivering
    private let senders = SenderRegistry()
    private let state = Mutex(CollectorStatistics())

    init(_ flows: any FlowDelivering) { self.flows = flows }

    var statistics: CollectorStatistics { state.withLock { $0 } }

    var senderCount: Int { senders.count }

    /// goldmane.FlowCollector/Connect.
    func connect(_ call: GRPCCall) async -> any GRPCMessageReceiver {
        let sender = await senders.sender(of: call)
        streamBegan(call.connection.peerAddress)
        return UpdateReceiver(self, sender, source: call.connection.peerAddress)
    }

    /// vibrissa.v1.FlowBatches/Push.
    func push(_ call: GRPCCall) async -> any GRPCMessageReceiver {
        streamBegan(call.connection.peerAddress)
        return BatchReceiver(self, source: call.connection.peerAddress)
    }

    fileprivate struct Count {
        var received = 0
        var malformed = 0
        var incomplete = 0
        var decoded = 0
        var repeatedBatches = 0
    }

    private func note(_ count: Count, _ source: String, since began: ContinuousClock.Instant) {
        let now = ContinuousClock.now
        state.withLock { state in
            state.batches += 1
            state.receivedUpdates += UInt64(count.received)
            state.malformedUpdates += UInt64(count.malformed)
            state.incompleteUpdates += UInt64(count.incomplete)
            state.decodedUpdates += UInt64(count.decoded)
            state.repeatedBatches += UInt64(count.repeatedBatches)
            state.change(source) { $0.add(UInt64(count.received), now - began, at: now) }
        }
    }

    private func streamBegan(_ source: String) {
        state.withLock { state in
            state.openStreams += 1
            state.change(source) { $0.openStreams += 1 }
        }
    }

    private func streamEnded(_ source: String) {
        state.withLock { state in
            state.openStreams -= 1
            state.change(source) { $0.openStreams -= 1 }
        }
    }

    /// Stores the updates of one stream, and answers each when it is stored or counted as lost.
    private final class UpdateReceiver: GRPCMessageReceiver {
        private let service: CollectorService
        private let sender: UInt32
        private let source: String

        init(_ service: CollectorService, _ sender: UInt32, source: String) {
            self.service = service
            self.sender = sender
            self.source = source
        }

        func receive(_ messages: GRPCMessages, replies: inout ByteBuffer) {
            let began = ContinuousClock.now
            var count = Count()
            count.received = messages.count
            service.flows.deliver { store in
                var stored = 0
                messages.forEach { bytes in
                    if store.insert(update: bytes, sender: sender, &count) == .stored { stored += 1 }
                }
                return stored
            }
            replies.writeEmptyGRPCMessages(messages.count)
            service.note(count, source, since: began)
        }

        func ended() { service.streamEnded(source) }
    }

    /// Stores the batches of one agent, in whole, and answers each by its number.
    private final class BatchReceiver: GRPCMessageReceiver {
        private let service: CollectorService
        private let source: String

        init(_ service: CollectorService, source: String) {
            self.service = service
            self.source = source
        }

        func receive(_ messages: GRPCMessages, replies: inout ByteBuffer) throws {
            let began = ContinuousClock.now
            var count = Count()
            var failure: GRPCStatus?
            messages.forEach { bytes in
                guard failure == nil else { return }
                guard let batch = try? Vibrissa_V1_FlowBatch(serializedBytes: [UInt8](bytes)) else {
                    failure = GRPCStatus(.invalidArgument, "a message is no FlowBatch")
                    return
                }
                service.take(batch, &count)
                replies.writeGRPCMessage { $0.writeNumber(1, Int64(bitPattern: batch.batch)) }
            }
            service.note(count, source, since: began)
            if let failure { throw failure }
        }

        func ended() { service.streamEnded(source) }
    }

    private let batches = Mutex(BatchMemory())

    private func take(_ batch: Vibrissa_V1_FlowBatch, _ count: inout Count) {
        count.received += batch.records.count
        let isNew = batches.withLock {
            $0.note(node: batch.node, instance: batch.instance, batch: batch.batch)
        }
        guard isNew else {
            count.repeatedBatches += 1
            return
        }
        var incomplete = 0
        flows.deliver { store in
            var stored = 0
            for record in batch.records {
                guard let record = FlowRecord(record) else {
                    incomplete += 1
                    continue
                }
                if store.insert(record) == .stored { stored += 1 }
            }
            return stored
        }
        count.incomplete += incomplete
        count.decoded += batch.records.count - incomplete
    }
}

extension FlowStore {
    /// Stores a FlowUpdate: by its bytes when they are known, else decoded.
    @inline(__always)
    fileprivate mutating func insert(
        update bytes: UnsafeRawBufferPointer, sender: UInt32, _ count: inout CollectorService.Count
    ) -> FlowInsertion {
        do throws(FlowUpdateOutline.Problem) {
            let outline = try FlowUpdateOutline(bytes)
            if let encoded = outline.encoded {
                let insertion = insert(encoded, sender: sender)
                if insertion != .unknown { return insertion }
            }
            count.decoded += 1
            return try insertDecoded(bytes, outline, sender)
        } catch {
            switch error {
            case .malformed: count.malformed += 1
            case .incomplete: count.incomplete += 1
            }
            return .refused
        }
    }

    private mutating func insertDecoded(
        _ bytes: UnsafeRawBufferPointer, _ outline: FlowUpdateOutline, _ sender: UInt32
    ) throws(FlowUpdateOutline.Problem) -> FlowInsertion {
        let flow: FlowDecoding.Flow?
        do {
            flow = try FlowDecoding.update(bytes)
        } catch {
            throw .malformed
        }
        guard let flow else { throw .incomplete }
        return insert(flow.record, sender: sender, endSeconds: flow.endSeconds, alias: outline.encoded)
    }
}

/// Which batches came, by node: agents number them from 1 within one start of theirs.
struct BatchMemory {
    private struct Node {
        var instance: UInt64
        /// All below came.
        var next: UInt64
        var later: Set<UInt64>
        var touched: UInt64
    }

    private static let maximumNodes = 20_000
    /// Batches that may come before an earlier one does.
    private static let maximumLater = 1_024

    private var nodes: [String: Node] = [:]
    private var touches: UInt64 = 0

    /// Notes a batch; false when it came before.
    mutating func note(node name: String, instance: UInt64, batch: UInt64) -> Bool {
        touches += 1
        let name = String(name.prefix(SenderRegistry.maximumNodeBytes))
        if nodes[name] == nil, nodes.count >= Self.maximumNodes {
            if let oldest = nodes.min(by: { $0.value.touched < $1.value.touched }) { nodes[oldest.key] = nil }
        }
        var node = nodes[name] ?? Node(instance: instance, next: 1, later: [], touched: touches)
        if node.instance != instance { node = Node(instance: instance, next: 1, later: [], touched: touches) }
        node.touched = touches
        defer { nodes[name] = node }
        guard batch >= node.next, !node.later.contains(batch) else { return false }
        node.later.insert(batch)
        while node.later.remove(node.next) != nil { node.next &+= 1 }
        if node.later.count > Self.maximumLater, let least = node.later.min() {
            node.next = least
            while node.later.remove(node.next) != nil { node.next &+= 1 }
        }
        return true
    }
}
