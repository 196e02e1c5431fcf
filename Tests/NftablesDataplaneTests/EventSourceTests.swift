// SPDX-License-Identifier: Apache-2.0

import FlowModel
import Glibc
import LinuxKernel
import NetworkModel
import PolicyEngine
import PolicyModel
import Testing

@testable import NftablesDataplane

@Suite("Kernel events arrive", .serialized, .enabled(if: kernelTestsAvailable))
struct EventSourceTests {
    private let network: TestNetwork
    private let dataplane: NftablesDataplane

    init() throws {
        network = try TestNetwork()
        dataplane = try NftablesDataplane.open(in: network.node)
    }

    private func source(
        _ change: (inout NetfilterEventSource.Configuration) -> Void = { _ in }
    ) throws
        -> NetfilterEventSource
    {
        var configuration = NetfilterEventSource.Configuration()
        change(&configuration)
        return try NetfilterEventSource.open(
            in: network.node, decisions: dataplane.decisions, configuration: configuration)
    }

    @Test("a connection starts, goes on, and ends with its totals")
    func lifeOfConnection() async throws {
        // Dumps go on while this test waits for its turn on a busy machine: room for minutes of them.
        let events = EventCollector(
            try source {
                $0.dumpInterval = .milliseconds(20)
                $0.queuedBatches = 1 << 16
            })
        try await dataplane.apply(TwoWorkloads().program)
        let server = try TestSocket.server(in: network.server, TestNetwork.server.v4, 9000, SOCK_DGRAM)
        let client = try TestSocket(in: network.client, .v4, SOCK_DGRAM)
        #expect(client.connectError(TestNetwork.server.v4, 9000, milliseconds: 1000) == nil)
        for _ in 0..<3 {
            try client.send([UInt8](repeating: 1, count: 100))
            #expect(try server.receive()?.count == 100)
        }
        let isOngoing = await events.collect { events in
            events.connections.contains { $0.kind == .ongoing && $0.originalPackets == 3 }
        }
        #expect(isOngoing)
        try network.node.perform {
            let conntrack = try ConntrackSocket.open()
            for entry in try conntrack.dump() { try conntrack.delete(entry) }
        }
        #expect(await events.collect { $0.connections.contains { $0.kind == .ended } })
        let connections = events.connections.filter { $0.original.destinationPort == 9000 }
        let first = try #require(connections.first)
        let last = try #require(connections.last)
        // A dump may see the connection before the event that it began is read.
        #expect(connections.contains { $0.kind == .started })
        #expect(last.kind == .ended)
        #expect(events.losses.allSatisfy { $0.value == 0 })
        #expect(last.originalPackets == 3 && last.originalBytes == 3 * 128 && last.replyPackets == 0)
        #expect(Set(connections.map(\.id)).count == 1)
        #expect(first.original == first.forwarded)
        #expect(zip(connections, connections.dropFirst()).allSatisfy { $0.time <= $1.time })
    }

    @Test("a Service's connection has both tuples, and policy sees the backend")
    func translated() async throws {
        let events = EventCollector(try source())
        let services = try NftablesServiceTable.open(in: network.node)
        let front = AddressPort(address: IPAddress("10.96.0.1")!, transport: .tcp, port: 80)
        let backend = AddressPort(address: TestNetwork.server.v4, transport: .tcp, port: 8080)
        try await services.apply([
            ServiceTranslation(service: ResourceName(name: "s"), front: front, backends: [backend])
        ])
        try await dataplane.apply(TwoWorkloads().program)
        let listener = try TestSocket.server(in: network.server, backend.address, 8080, SOCK_STREAM)
        #expect(try network.connect(front.address, 80, milliseconds: 5000) == nil)
        _ = try listener.accept()
        #expect(await events.collect { $0.packets.count >= 2 && !$0.connections.isEmpty })
        #expect(events.packets.allSatisfy { $0.tuple.destination == backend.address })
        #expect(events.packets.allSatisfy { $0.tuple.destinationPort == 8080 })
        let connection = try #require(events.connections.first)
        #expect(connection.original.destination == front.address && connection.original.destinationPort == 80)
        #expect(connection.forwarded.destination == backend.address)
        #expect(connection.forwarded.destinationPort == 8080)
    }

    @Test("a slow consumer loses the oldest batches, and is told how many events")
    func overflow() async throws {
        let source = try source {
            $0.queuedBatches = 1
            $0.dumpInterval = .milliseconds(5)
        }
        try await dataplane.apply(TwoWorkloads().program)
        let batches = source.batches()
        let client = try TestSocket(in: network.client, .v4, SOCK_DGRAM)
        #expect(client.connectError(TestNetwork.server.v4, 9000, milliseconds: 1000) == nil)
        let dropped = try eventually("an overflow") { () -> UInt64? in
            // Refused with ICMP after the first: nobody listens.
            try? client.send([1])
            return source.losses.first { $0.name == "event_queue_dropped" && $0.count > 3 }?.count
        }
        var iterator = batches.makeAsyncIterator()
        _ = await iterator.next()
        let next = await iterator.next()
        let told = next?.losses.first { $0.name == "event_queue_dropped" }?.count ?? 0
        #expect(told >= dropped)
        source.stop()
    }

    @Test("stopping ends the stream; there is no second one")
    func stopping() async throws {
        let source = try source()
        let batches = source.batches()
        var second = source.batches().makeAsyncIterator()
        #expect(await second.next() == nil)
        source.stop()
        for await _ in batches {}
        #expect(source.failure == nil)
    }

    @Test("a source whose consumer is gone frees its log groups")
    func cancellation() async throws {
        for _ in 0..<2 {
            let source = try eventually("free log groups") { try? self.source() }
            let consumer = Task { for await _ in source.batches() {} }
            consumer.cancel()
            await consumer.value
        }
    }
}
