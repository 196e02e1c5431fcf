// SPDX-License-Identifier: Apache-2.0

import Daemons
import FlowModel
import FlowStore
import GRPCTransport
import NIOCore
import NetworkModel
import SwiftProtobuf
import TestSupport
import Testing

@testable import FlowAPI

@Suite("Taking flows of collectors")
struct CollectorTests {
    private static let connect = "/goldmane.FlowCollector/Connect"

    private func update(
        _ name: String, at seconds: Int64 = t0, packets: Int64 = 1
    ) throws -> [UInt8] {
        try Goldmane_FlowUpdate.with {
            $0.flow.key.sourceName = name
            $0.flow.key.destName = "server"
            $0.flow.key.proto = "tcp"
            $0.flow.key.reporter = .dst
            $0.flow.key.action = .allow
            $0.flow.key.policies.enforcedPolicies = [.with { $0.name = "allow" }]
            $0.flow.startTime = seconds
            $0.flow.endTime = seconds
            $0.flow.packetsIn = packets
        }.serializedBytes()
    }

    private func packets(_ server: FlowServer) async throws -> UInt64 {
        // The end lies beyond the filling window, so that it counts.
        let query = FlowListQuery(range: FlowTimeRange(startLT: t0 + 600))
        return try await server.aggregator.list(query).items.reduce(0) { $0 + $1.counters.packetsIn }
    }

    @Test(
        "a client that pings for every answer, as common ones do, is served for 120,000 updates on one connection",
        .enabled(if: GRPCPeer.isAvailable), .timeLimit(.minutes(5)))
    func pings() async throws {
        try await withFlowServer { server in
            let peer = try GRPCPeer()
            let updates = try (0..<200).map { try update("pod-\($0)", at: t0 - 30) }
            let answer = try await peer.flood(
                GRPCPeer.Target("flood", port: server.port), Self.connect, updates, count: 120_000,
                window: 256)
            #expect(answer.code == "OK", "\(answer.details)")
            #expect(answer.count == 120_000)
            #expect(server.services.statistics.receivedUpdates == 120_000)
            #expect(server.server.statistics.acceptedConnections == 1)
            #expect(server.server.statistics.abusedConnections == 0)
        }
    }

    @Test("what is answered is stored", .enabled(if: GRPCPeer.isAvailable))
    func answered() async throws {
        try await withFlowServer { server in
            let peer = try GRPCPeer()
            var answered: UInt64 = 0
            for round in 0..<20 {
                let target = GRPCPeer.Target(
                    "c\(round)", port: server.port, metadata: [("vibrissa-node", "n\(round)")])
                let updates = try (0..<50).map { try update("pod-\(round)-\($0)", packets: 3) }
                let answer = try await peer.send(target, Self.connect, updates)
                answered += UInt64(answer.receipts.count)
                #expect(try await packets(server) == 3 * answered)
            }
            #expect(answered == 1_000)
        }
    }

    @Test(
        "a client that comes back and sends again is not counted twice", .enabled(if: GRPCPeer.isAvailable))
    func reconnected() async throws {
        try await withFlowServer { server in
            let peer = try GRPCPeer()
            let updates = try (0..<50).map { try update("pod-\($0)") }
            for round in 0..<3 {
                let answer = try await peer.send(
                    GRPCPeer.Target("felix \(round)", port: server.port), Self.connect, updates)
                #expect(answer.receipts.count == 50)
                #expect(try await packets(server) == 50)
                try await peer.disconnect("felix \(round)")
                await until { server.server.statistics.openConnections == 0 }
            }
            #expect(server.services.senderCount == 1)
        }
    }

    @Test(
        "two clients of one address at the same time are two, so that neither loses a first delivery",
        .enabled(if: GRPCPeer.isAvailable))
    func twoAtOnce() async throws {
        try await withFlowServer { server in
            let peer = try GRPCPeer()
            let updates = try (0..<50).map { try update("pod-\($0)") }
            for name in ["a", "b"] {
                let answer = try await peer.send(
                    GRPCPeer.Target(name, port: server.port), Self.connect, updates)
                #expect(answer.receipts.count == 50)
            }
            #expect(try await packets(server) == 100)
            #expect(server.services.senderCount == 2)
        }
    }

    @Test("garbage is answered, dropped and counted, and nothing around it is lost")
    func garbage() async throws {
        try await withFlowServer { server in
            let client = server.client()
            let call = try await client.call(Self.connect)
            let good = try update("pod")
            let bad: [[UInt8]] = [
                [], [0xff], [0x0a, 0xff, 0x01], [0x0a, 0x00], Array(repeating: 0x0a, count: 4_000),
                [0x0a, 0x02, 0x0a, 0x00],
            ]
            var framed = ByteBuffer()
            for message in [good] + bad + [try update("other")] {
                framed.writeGRPCMessage { $0.writeBytes(message) }
            }
            try await call.send(framed, isLast: true)
            var receipts = 0
            while let messages = try await call.next() { receipts += messages.count }
            #expect(receipts == bad.count + 2)
            let statistics = server.services.statistics
            #expect(statistics.malformedUpdates + statistics.incompleteUpdates == UInt64(bad.count - 1))
            // A key without a field is a key.
            #expect(server.aggregator.flowKeyCount == 2 || server.aggregator.flowKeyCount == 3)
            await client.close()
        }
    }

    @Test(
        "times outside the history are answered, dropped and counted",
        arguments: [
            Int64.min, -1, 0, t0 - 3_601, t0 + 30, t0 + 86_400, Int64.max,
        ])
    func times(seconds: Int64) async throws {
        try await withFlowServer { server in
            let client = server.client()
            let call = try await client.call(Self.connect)
            var framed = ByteBuffer()
            for seconds in [seconds, t0] {
                let message = try update("pod", at: seconds)
                framed.writeGRPCMessage { $0.writeBytes(message) }
            }
            try await call.send(framed, isLast: true)
            var receipts = 0
            while let messages = try await call.next() { receipts += messages.count }
            #expect(receipts == 2)
            #expect(try await packets(server) == 1)
            #expect(server.aggregator.losses.reduce(0) { $0 + $1.count } == 1)
            await client.close()
        }
    }

    @Test("batches of our own agents are stored once, whichever connection they come on")
    func batches() async throws {
        try await withFlowServer { server in
            func batch(_ number: UInt64, _ instance: UInt64 = 9) throws -> [UInt8] {
                let flow = try Goldmane_FlowUpdate(serializedBytes: update("pod-\(number)")).flow
                return try Vibrissa_V1_FlowBatch.with {
                    $0.node = "node-1"
                    $0.instance = instance
                    $0.batch = number
                    $0.records = [.with { $0.flow = flow }, .with { $0.flow = flow }]
                }.serializedBytes()
            }
            for numbers in [[1, 2, 3], [3, 2, 4], [1, 2, 3, 4, 5]] as [[UInt64]] {
                let client = server.client()
                let call = try await client.call("/vibrissa.v1.FlowBatches/Push")
                var framed = ByteBuffer()
                for number in numbers {
                    let message = try batch(number)
                    framed.writeGRPCMessage { $0.writeBytes(message) }
                }
                try await call.send(framed, isLast: true)
                var receipts: [UInt64] = []
                while let messages = try await call.next() {
                    receipts += try messages.decoded(Vibrissa_V1_FlowBatchReceipt.self).map(\.batch)
                }
                #expect(receipts == numbers)
                await client.close()
            }
            #expect(try await packets(server) == 10)
            #expect(server.services.statistics.repeatedBatches == 6)
        }
    }
}

@Suite("Which batches came")
struct BatchMemoryTests {
    @Test("a batch counts once, in whatever order batches come")
    func order() {
        var memory = BatchMemory()
        let order: [UInt64] = [1, 3, 2, 3, 1, 5, 4, 5, 6]
        let expected = [true, true, true, false, false, true, true, false, true]
        let isNew = order.map { memory.note(node: "n", instance: 1, batch: $0) }
        #expect(isNew == expected)
        // Started again: the numbers begin anew.
        let isNewAgain = memory.note(node: "n", instance: 2, batch: 1)
        let isNewElsewhere = memory.note(node: "m", instance: 1, batch: 1)
        #expect(isNewAgain && isNewElsewhere)
    }

    @Test("what it remembers is bounded, and a batch that is new is never taken for an old one that came")
    func bounded() {
        var memory = BatchMemory()
        // Every second one is missing for ever.
        let news = (1...10_000 as ClosedRange<UInt64>).map { number in
            memory.note(node: "n", instance: 1, batch: 2 * number)
        }
        #expect(!news.contains(false))
        let (old, new) = (
            memory.note(node: "n", instance: 1, batch: 20_000),
            memory.note(node: "n", instance: 1, batch: 20_001)
        )
        #expect(!old && new)
    }
}
