// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import Testing

@testable import LinuxKernel

/// A TCP SYN from 10.0.0.1:40000 to 10.0.0.2:80, logged by group 3.
private let validMessage = withLength(
    hex(
        """
        00 00 00 00 00 04 00 00              # length, NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET, flags
        00 00 00 00 00 00 00 00              # sequence, port id
        02 00 00 03                          # nfgenmsg: AF_INET, version 0, group 3
        08 00 01 00 08 00 02 00              # NFULA_PACKET_HDR: protocol IPv4, hook 2 (forward)
        0a 00 0a 00 44 30 31 7c 78 00 00 00  # NFULA_PREFIX "D01|x"
        08 00 02 00 00 00 00 2a              # NFULA_MARK 42
        08 00 04 00 00 00 00 05              # NFULA_IFINDEX_INDEV 5
        08 00 05 00 00 00 00 06              # NFULA_IFINDEX_OUTDEV 6
        14 00 03 00 00 00 00 00 65 00 00 00  # NFULA_TIMESTAMP: seconds
        00 00 00 00 00 00 00 07              # and 7 microseconds
        08 00 0c 00 00 00 00 04              # NFULA_SEQ 4
        2c 00 09 00                          # NFULA_PAYLOAD, 40 bytes
        45 00 00 3c 00 01 40 00 40 06 00 00  # IPv4, total length 60, TCP
        0a 00 00 01 0a 00 00 02              # source, destination
        9c 40 00 50 00 00 00 01 00 00 00 00  # ports 40000, 80, sequence, acknowledgement
        a0 02 ff ff 00 00 00 00              # offset 10, SYN, window, checksum, urgent
        """))

private let tcpTuple = ConnectionTuple(
    source: IPAddress("10.0.0.1")!, destination: IPAddress("10.0.0.2")!, transport: .tcp,
    sourcePort: 40_000, destinationPort: 80)

@Suite("NFLOG decoding")
struct NFLogPacketTests {
    @Test("reads every field")
    func readsFields() {
        validMessage.withUnsafeBytes { raw in
            var count = 0
            var sequences = NFLogSequences()
            var counters = NFLogSocket.Counters()
            NFLogSocket.decode(raw, &sequences, &counters) { packet in
                count += 1
                #expect(packet.group == 3)
                #expect(packet.prefix.elementsEqual("D01|x".utf8))
                #expect(packet.inputInterface == 5)
                #expect(packet.outputInterface == 6)
                #expect(packet.mark == 42)
                #expect(packet.hook == 2)
                #expect(packet.tuple == tcpTuple)
                #expect(packet.packetBytes == 60)
                #expect(packet.tcpFlags == 2)
                #expect(packet.timestamp == Timestamp(nanoseconds: 0x6500_0000 * 1_000_000_000 + 7000))
                #expect(packet.sequence == 4)
                #expect(packet.payload.count == 40)
            }
            #expect(count == 1)
            #expect(counters.malformed == 0)
            #expect(counters.lostEvents == 4)
        }
    }

    @Test("survives every truncation, header length corrected or not", arguments: 0..<validMessage.count)
    func survivesTruncation(count: Int) {
        let cut = Array(validMessage[..<count])
        var plain = DecodedPackets()
        plain.decode(cut)
        #expect(plain.counters.packets == 0)
        #expect(plain.counters.malformed == (count == 0 ? 0 : 1))
        var corrected = DecodedPackets()
        corrected.decode(count < 16 ? cut : withLength(cut))
        #expect(corrected.counters.packets + corrected.counters.malformed == (count == 0 ? 0 : 1))
    }

    @Test("survives flipped bytes", arguments: [UInt64(1), 2, 3, 4, 5, 6, 7, 8])
    func survivesFuzzing(seed: UInt64) {
        var generator = SeededGenerator(state: seed)
        var decoded = DecodedPackets()
        for _ in 0..<5000 {
            var bytes = validMessage
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = generator.next(upperBound: 255)
            }
            decoded.decode(Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &generator))))
        }
        #expect(decoded.counters.packets + decoded.counters.malformed > 0)
    }

    @Test("skips what is no packet: the end of a batch")
    func skipsBatchEnd() {
        var decoded = DecodedPackets()
        decoded.decode(validMessage + hex("14 00 00 00 03 00 02 00 00 00 00 00 00 00 00 00 00 00 00 00"))
        #expect(decoded.counters.packets == 1)
        #expect(decoded.counters.malformed == 0)
    }

    /// Sequence numbers of one group as they arrive, and the losses they show.
    struct SequenceCase: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let sequences: [UInt32]
        let lost: UInt64
    }

    @Test(
        "counts gaps in the group's sequence as lost packets",
        arguments: [
            SequenceCase(testDescription: "none", sequences: [0, 1, 2], lost: 0),
            SequenceCase(testDescription: "before the first", sequences: [3], lost: 3),
            SequenceCase(testDescription: "in between", sequences: [0, 1, 5, 6], lost: 3),
            SequenceCase(testDescription: "an old one again", sequences: [0, 1, 1, 2], lost: 0),
        ])
    func countsGaps(testCase: SequenceCase) {
        var sequences = NFLogSequences()
        let lost = testCase.sequences.reduce(UInt64(0)) { $0 + sequences.gap(before: $1, group: 1) }
        #expect(lost == testCase.lost)
    }

    @Test("keeps the groups' sequences apart")
    func separatesGroups() {
        var sequences = NFLogSequences()
        #expect(sequences.gap(before: 0, group: 1) == 0)
        #expect(sequences.gap(before: 0, group: 2) == 0)
        #expect(sequences.gap(before: 1, group: 1) == 0)
        #expect(sequences.gap(before: 2, group: 2) == 1)
    }
}
