// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import Testing

@testable import LinuxKernel

/// The end of a TCP connection from 10.0.0.1:40000 to service 10.96.0.1:80, rewritten to pod 10.0.0.2:8080.
private let destroyMessage = withLength(
    hex(
        """
        00 00 00 00 02 01 00 00              # length, NFNL_SUBSYS_CTNETLINK << 8 | 2 (DELETE), flags
        00 00 00 00 00 00 00 00              # sequence 0 (an event), port id
        02 00 00 00                          # nfgenmsg: AF_INET
        34 00 01 80                          # CTA_TUPLE_ORIG
          14 00 01 80                        #   CTA_TUPLE_IP
            08 00 01 00 0a 00 00 01          #     source 10.0.0.1
            08 00 02 00 0a 60 00 01          #     destination 10.96.0.1
          1c 00 02 80                        #   CTA_TUPLE_PROTO
            05 00 01 00 06 00 00 00          #     TCP
            06 00 02 00 9c 40 00 00          #     source port 40000
            06 00 03 00 00 50 00 00          #     destination port 80
        34 00 02 80                          # CTA_TUPLE_REPLY
          14 00 01 80
            08 00 01 00 0a 00 00 02          #     source 10.0.0.2
            08 00 02 00 0a 00 00 01          #     destination 10.0.0.1
          1c 00 02 80
            05 00 01 00 06 00 00 00
            06 00 02 00 1f 90 00 00          #     source port 8080
            06 00 03 00 9c 40 00 00          #     destination port 40000
        08 00 0c 00 de ad be ef              # CTA_ID
        08 00 03 00 00 00 02 2e              # CTA_STATUS: SEEN_REPLY, ASSURED, CONFIRMED, DST_NAT, DYING
        1c 00 09 80                          # CTA_COUNTERS_ORIG
          0c 00 01 00 00 00 00 00 00 00 00 05
          0c 00 02 00 00 00 00 01 00 00 00 00
        1c 00 0a 80                          # CTA_COUNTERS_REPLY
          0c 00 01 00 00 00 00 00 00 00 00 04
          0c 00 02 00 00 00 00 00 00 00 02 00
        10 00 04 80 0c 00 01 80              # CTA_PROTOINFO, CTA_PROTOINFO_TCP
          05 00 01 00 07 00 00 00            #   TIME_WAIT
        08 00 08 00 00 00 00 07              # CTA_MARK 7
        1c 00 14 80                          # CTA_TIMESTAMP
          0c 00 01 00 00 00 00 00 00 00 00 0a
          0c 00 02 00 00 00 00 00 00 00 00 14
        """))

private func decode(_ bytes: [UInt8]) -> (entries: [ConntrackEntry], malformed: UInt64) {
    var counters = ConntrackSocket.Counters()
    var entries: [ConntrackEntry] = []
    bytes.withUnsafeBytes { raw in ConntrackSocket.decode(raw, &counters) { entries.append($0) } }
    return (entries, counters.malformed)
}

private func tuple(
    _ source: String, _ destination: String, _ transport: IPProtocol, _ ports: (UInt16, UInt16)
) -> ConnectionTuple {
    ConnectionTuple(
        source: IPAddress(source)!, destination: IPAddress(destination)!, transport: transport,
        sourcePort: ports.0, destinationPort: ports.1)
}

@Suite("Conntrack decoding")
struct ConntrackEntryTests {
    @Test("reads every field")
    func readsFields() throws {
        let (entries, malformed) = decode(destroyMessage)
        let entry = try #require(entries.first)
        #expect(entries.count == 1)
        #expect(malformed == 0)
        #expect(entry.event == .destroy)
        #expect(entry.id == 0xdead_beef)
        #expect(entry.original == tuple("10.0.0.1", "10.96.0.1", .tcp, (40_000, 80)))
        #expect(entry.reply == tuple("10.0.0.2", "10.0.0.1", .tcp, (8080, 40_000)))
        #expect(entry.status == [.seenReply, .assured, .confirmed, .destinationNAT, .dying])
        #expect(entry.originalTraffic == .init(packets: 5, bytes: 1 << 32))
        #expect(entry.replyTraffic == .init(packets: 4, bytes: 512))
        #expect(entry.tcpState == .timeWait)
        #expect(entry.mark == 7)
        #expect(entry.startTime == Timestamp(nanoseconds: 10))
        #expect(entry.stopTime == Timestamp(nanoseconds: 20))
    }

    @Test("names the forwarded tuple after destination rewriting")
    func postDNAT() throws {
        let entry = try #require(decode(destroyMessage).entries.first)
        #expect(entry.isDestinationNAT)
        #expect(entry.postDNATTuple == tuple("10.0.0.1", "10.0.0.2", .tcp, (40_000, 8080)))
    }

    @Test("keeps ICMP's identifier, type and code when rewriting")
    func postDNATOfICMP() {
        let entry = ConntrackEntry(
            event: .new, original: tuple("10.0.0.1", "10.96.0.1", .icmp, (9, 0x0800)),
            reply: tuple("10.0.0.2", "10.0.0.1", .icmp, (9, 0x0000)))
        #expect(entry.postDNATTuple == tuple("10.0.0.1", "10.0.0.2", .icmp, (9, 0x0800)))
    }

    @Test("survives every truncation, header length corrected or not", arguments: 0..<destroyMessage.count)
    func survivesTruncation(count: Int) {
        let cut = Array(destroyMessage[..<count])
        #expect(decode(cut).entries.isEmpty)
        #expect(decode(cut).malformed == (count == 0 ? 0 : 1))
        let corrected = decode(count < 16 ? cut : withLength(cut))
        #expect(corrected.entries.count + Int(corrected.malformed) == (count == 0 ? 0 : 1))
    }

    @Test("survives flipped bytes", arguments: [UInt64(11), 12, 13, 14, 15, 16, 17, 18])
    func survivesFuzzing(seed: UInt64) {
        var generator = SeededGenerator(state: seed)
        var decodedCount = 0
        for _ in 0..<5000 {
            var bytes = destroyMessage
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = generator.next(upperBound: 255)
            }
            decodedCount += decode(bytes).entries.count
        }
        #expect(decodedCount > 0)
    }

    /// Header fields that tell why the kernel sent an entry.
    struct EventCase: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let type: UInt8
        let flags: [UInt8]
        let sequence: UInt8
        let event: ConntrackEntry.Event
    }

    @Test(
        "tells events apart by type, flags and sequence",
        arguments: [
            EventCase(testDescription: "created", type: 0, flags: [0, 6], sequence: 0, event: .new),
            EventCase(testDescription: "changed", type: 0, flags: [0, 0], sequence: 0, event: .update),
            EventCase(testDescription: "ended", type: 2, flags: [0, 0], sequence: 0, event: .destroy),
            EventCase(testDescription: "dumped", type: 0, flags: [2, 0], sequence: 9, event: .dumped),
        ])
    func tellsEvents(testCase: EventCase) {
        var bytes = destroyMessage
        bytes[4] = testCase.type
        bytes.replaceSubrange(6..<8, with: testCase.flags)
        bytes[8] = testCase.sequence
        #expect(decode(bytes).entries.map(\.event) == [testCase.event])
    }

    @Test(
        "writes a key from which the same original tuple is read",
        arguments: [
            tuple("10.0.0.1", "10.0.0.2", .udp, (1, 2)), tuple("10.0.0.1", "10.0.0.2", .icmp, (7, 0x0801)),
            tuple("fd00::1", "fd00::2", .tcp, (3, 4)), tuple("fd00::1", "fd00::2", .icmpv6, (8, 0x8000)),
        ])
    func keyRoundTrip(original: ConnectionTuple) {
        var entry = ConntrackEntry(event: .dumped, original: original, reply: original)
        entry.id = 77
        entry.zone = 5
        var writer = NetlinkMessageWriter()
        writer.beginNetfilter(subsystem: 1, operation: 0, flags: 2, family: 2)
        entry.appendKey(to: &writer)
        // The reply tuple has the same form; its attribute type is 2.
        let key = Array(writer.bytes[20...])
        var reply = Array(key[..<Int(key[0])])
        reply[2] = 2
        let decoded = decode(withLength(writer.bytes + reply)).entries.first
        #expect(decoded?.original == original)
        #expect(decoded?.id == 77)
        #expect(decoded?.zone == 5)
    }
}
