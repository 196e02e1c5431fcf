// SPDX-License-Identifier: Apache-2.0

import Glibc
import NetworkModel
import Testing

@testable import LinuxKernel

/// A connection attempt, and what both the packet log and conntrack must call it.
struct ConnectionCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let transport: IPProtocol
    let server: String
    /// Source port 0 in the expectation stands for any.
    let sourcePort: UInt16
    let destinationPort: UInt16

    static let all = [
        ConnectionCase(
            testDescription: "UDP over IPv4", transport: .udp, server: "10.9.0.2", sourcePort: 4001,
            destinationPort: 53),
        ConnectionCase(
            testDescription: "UDP over IPv6", transport: .udp, server: "fd09::2", sourcePort: 4002,
            destinationPort: 53),
        ConnectionCase(
            testDescription: "TCP over IPv4", transport: .tcp, server: "10.9.0.2", sourcePort: 4003,
            destinationPort: 80),
        ConnectionCase(
            testDescription: "TCP over IPv6", transport: .tcp, server: "fd09::2", sourcePort: 4004,
            destinationPort: 80),
        ConnectionCase(
            testDescription: "ICMP echo", transport: .icmp, server: "10.9.0.2", sourcePort: 0x1234,
            destinationPort: 0x0800),
        ConnectionCase(
            testDescription: "ICMPv6 echo", transport: .icmpv6, server: "fd09::2", sourcePort: 0x1235,
            destinationPort: 0x8000),
    ]

    /// Sends the first packet from `link.left` and returns when the other side has answered.
    func run(_ link: TestLink) throws {
        let address = IPAddress(server)!
        let local = IPAddress(address.family == .v4 ? "10.9.0.1" : "fd09::1")!
        switch transport {
        case .udp:
            let listener = try TestSocket(in: link.right, address.family, SOCK_DGRAM)
            try listener.bind(address, destinationPort)
            let client = try TestSocket(in: link.left, address.family, SOCK_DGRAM)
            try client.bind(local, sourcePort)
            try client.connect(address, destinationPort)
            try client.send([1, 2, 3])
            try listener.echo()
            _ = try client.receive()
        case .tcp:
            let listener = try TestSocket(in: link.right, address.family, SOCK_STREAM)
            try listener.bind(address, destinationPort)
            try listener.listen()
            let client = try TestSocket(in: link.left, address.family, SOCK_STREAM)
            try client.bind(local, sourcePort)
            try client.connect(address, destinationPort)
        default:
            let client = try TestSocket(in: link.left, address.family, SOCK_RAW, Int(transport.rawValue))
            try client.connect(address, 0)
            // Echo request; the kernel fills in ICMPv6's checksum, ICMP's is the complement of the sum.
            let sum = ~(UInt16(0x0800) &+ sourcePort)
            let checksum = transport == .icmp ? [UInt8(sum >> 8), UInt8(truncatingIfNeeded: sum)] : [0, 0]
            let identifier = [UInt8(sourcePort >> 8), UInt8(truncatingIfNeeded: sourcePort)]
            try client.send([UInt8(destinationPort >> 8), 0] + checksum + identifier + [0, 0])
            _ = try client.receive()
        }
    }

    var tuple: ConnectionTuple {
        let address = IPAddress(server)!
        return ConnectionTuple(
            source: IPAddress(address.family == .v4 ? "10.9.0.1" : "fd09::1")!, destination: address,
            transport: transport, sourcePort: sourcePort, destinationPort: destinationPort)
    }
}

extension ConntrackSocket {
    /// Receives until an entry matches; nil after five seconds.
    func first(where matches: (ConntrackEntry) -> Bool) throws -> ConntrackEntry? {
        let deadline = MonotonicClock.milliseconds + 5000
        var found: ConntrackEntry?
        while found == nil, MonotonicClock.milliseconds < deadline {
            _ = try receive(timeoutMilliseconds: 500) { if found == nil, matches($0) { found = $0 } }
        }
        return found
    }
}

extension KernelTests {
    @Suite("Packet log and conntrack", .serialized)
    struct KernelEventTests {
        static let logAndTrack = """
            add table inet t; \
            add chain inet t in { type filter hook input priority 0; }; \
            add rule inet t in ct state new log prefix "A01|allowed" group 7
            """

        @Test("names a connection alike in both, and counts it", arguments: ConnectionCase.all)
        func agreeOnTuples(testCase: ConnectionCase) throws {
            let link = try TestLink()
            try nft(Self.logAndTrack, in: link.right)
            let (log, tracker) = try link.right.perform {
                try ConntrackSocket.enableAccounting()
                return (try NFLogSocket.open(.init(groups: [7])), try ConntrackSocket.open())
            }
            try testCase.run(link)

            // Neighbour discovery is logged too: wait for the connection's own packet.
            var logged: (prefix: String, input: UInt32, output: UInt32, hook: UInt8)?
            let deadline = MonotonicClock.milliseconds + 5000
            while logged == nil, MonotonicClock.milliseconds < deadline {
                _ = try log.receive(timeoutMilliseconds: 500) { packet in
                    guard packet.tuple == testCase.tuple else { return }
                    logged = (
                        String(decoding: packet.prefix, as: UTF8.self), packet.inputInterface,
                        packet.outputInterface, packet.hook
                    )
                }
            }
            let index = try link.right.perform { try LinkConfigurator().interface("eth0").index }
            #expect(logged?.prefix == "A01|allowed")
            #expect(logged?.input == UInt32(index))
            #expect(logged?.output == 0)
            #expect(logged?.hook == 1)
            #expect(log.counters.malformed == 0)
            #expect(log.counters.lostEvents == 0)

            let created = try tracker.first { $0.event == .new && $0.original == testCase.tuple }
            #expect(created?.originalTraffic.packets == 0)
            let entry = try #require(try tracker.dump().first { $0.original == testCase.tuple })
            #expect(entry.id == created?.id)
            #expect(entry.event == .dumped)
            #expect(entry.status.contains(.confirmed))
            #expect(entry.originalTraffic.packets >= 1)
            #expect(entry.startTime != nil)

            #expect(try tracker.delete(entry))
            #expect(try !tracker.delete(entry))
            let ended = try tracker.first { $0.event == .destroy && $0.original == testCase.tuple }
            #expect(ended?.id == entry.id)
            #expect((ended?.originalTraffic.packets ?? 0) >= entry.originalTraffic.packets)
            #expect((ended?.replyTraffic.bytes ?? 0) > 0)
            #expect(ended?.stopTime != nil)
            #expect(tracker.counters.malformed == 0)
        }

        @Test("shows the forwarded tuple of a rewritten destination")
        func destinationNAT() throws {
            let link = try TestLink()
            try nft(
                """
                add table inet t; add chain inet t pre { type nat hook prerouting priority -100; }; \
                add rule inet t pre ip daddr 10.96.0.10 udp dport 53 dnat ip to 10.9.0.2:5353
                """, in: link.right)
            let service = try #require(IPAddress("10.96.0.10"))
            let pod = try #require(IPAddress("10.9.0.2"))
            try link.left.perform { try LinkConfigurator().addRoute(Route(to: IPPrefix(service), via: pod)) }
            let tracker = try link.right.perform {
                try ConntrackSocket.enableAccounting()
                return try ConntrackSocket.open()
            }
            let server = try TestSocket(in: link.right, .v4, SOCK_DGRAM)
            try server.bind(pod, 5353)
            let client = try TestSocket(in: link.left, .v4, SOCK_DGRAM)
            try client.connect(service, 53)
            try client.send([1])
            try server.echo()
            _ = try client.receive()
            let entry = try #require(try tracker.dump().first { $0.original.destination == service })
            #expect(entry.isDestinationNAT)
            #expect(entry.status.contains(.seenReply))
            #expect(entry.original.destinationPort == 53)
            #expect(entry.postDNATTuple.destination == pod)
            #expect(entry.postDNATTuple.destinationPort == 5353)
            #expect(entry.postDNATTuple.sourcePort == entry.original.sourcePort)
            #expect(entry.replyTraffic.packets == 1)
        }

        @Test("delivers every logged packet or counts it as lost")
        func accountsForLosses() throws {
            let link = try TestLink()
            try nft(
                """
                add table inet t; add chain inet t in { type filter hook input priority 0; }; \
                add rule inet t in udp dport 9 log group 8
                """, in: link.right)
            var configuration = NFLogSocket.Configuration(groups: [8])
            configuration.receiveBufferBytes = 16_384
            let chosen = configuration
            let log = try link.right.perform { try NFLogSocket.open(chosen) }
            let sink = try TestSocket(in: link.right, .v4, SOCK_DGRAM)
            try sink.bind(try #require(IPAddress("10.9.0.2")), 9)
            let client = try TestSocket(in: link.left, .v4, SOCK_DGRAM)
            try client.connect(try #require(IPAddress("10.9.0.2")), 9)
            for _ in 0..<5000 { try client.send([0]) }
            while try log.receive(timeoutMilliseconds: 200, { _ in }) != .timedOut {}
            // Losses at the end show with the next packet.
            try client.send([0])
            while try log.receive(timeoutMilliseconds: 200, { _ in }) != .timedOut {}
            let counters = log.counters
            #expect(counters.packets + counters.lostEvents == 5001)
            #expect(counters.lostEvents > 0)
            #expect(counters.overruns > 0)
        }

        @Test("says that a group is taken when another socket reads it")
        func groupIsTaken() throws {
            let namespace = try NetworkNamespace.anonymous()
            let first = try namespace.perform { try NFLogSocket.open(.init(groups: [5])) }
            let error = #expect(throws: KernelError.self) {
                try namespace.perform { _ = try NFLogSocket.open(.init(groups: [5])) }
            }
            #expect(error?.subject == "5")
            #expect(error?.detail.contains("another process") == true)
            first.stop()
            #expect(try first.receive(timeoutMilliseconds: -1) { _ in } == .stopped)
        }
    }
}
