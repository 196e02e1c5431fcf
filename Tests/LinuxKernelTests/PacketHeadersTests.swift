// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import Testing

@testable import LinuxKernel

/// A packet's first bytes and what they say.
struct HeaderCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let packet: [UInt8]
    let transport: IPProtocol
    var ports: [UInt16] = [0, 0]
    var bytes: Int
    var hasTransport = true
    var tcpFlags: UInt8 = 0

    static let v4Addresses = "0a 00 00 01 0a 00 00 02"
    static let v6Addresses = """
        fd 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01
        fd 00 00 00 00 00 00 00 00 00 00 00 00 00 00 02
        """

    static let all: [HeaderCase] = [
        HeaderCase(
            testDescription: "UDP over IPv4",
            packet: hex("45 00 00 20 00 00 00 00 40 11 00 00 \(v4Addresses) 13 88 00 35 00 0c 00 00"),
            transport: .udp, ports: [5000, 53], bytes: 32),
        HeaderCase(
            testDescription: "TCP behind IPv4 options",
            packet: hex(
                """
                46 00 00 40 00 00 00 00 40 06 00 00 \(v4Addresses) 94 04 00 00
                00 16 ff ff 00 00 00 00 00 00 00 00 50 12 00 00
                """),
            transport: .tcp, ports: [22, 65535], bytes: 64, tcpFlags: 0x12),
        HeaderCase(
            testDescription: "TCP cut before its flags",
            packet: hex("45 00 00 28 00 00 00 00 40 06 00 00 \(v4Addresses) 00 16 00 17"),
            transport: .tcp, ports: [22, 23], bytes: 40),
        HeaderCase(
            testDescription: "UDP cut within its ports",
            packet: hex("45 00 00 28 00 00 00 00 40 11 00 00 \(v4Addresses) 00 16 00"),
            transport: .udp, bytes: 40, hasTransport: false),
        HeaderCase(
            testDescription: "a later IPv4 fragment",
            packet: hex("45 00 00 28 00 00 20 01 40 11 00 00 \(v4Addresses) 00 16 00 17 00 00 00 00"),
            transport: .udp, bytes: 40, hasTransport: false),
        HeaderCase(
            testDescription: "the first IPv4 fragment",
            packet: hex("45 00 00 28 00 00 20 00 40 11 00 00 \(v4Addresses) 00 16 00 17 00 00 00 00"),
            transport: .udp, ports: [22, 23], bytes: 40),
        HeaderCase(
            testDescription: "ICMP echo request",
            packet: hex("45 00 00 1c 00 00 00 00 40 01 00 00 \(v4Addresses) 08 00 00 00 12 34 00 01"),
            transport: .icmp, ports: [0x1234, 0x0800], bytes: 28),
        HeaderCase(
            testDescription: "ICMP port unreachable has no identifier",
            packet: hex("45 00 00 1c 00 00 00 00 40 01 00 00 \(v4Addresses) 03 03 00 00 ff ff ff ff"),
            transport: .icmp, ports: [0, 0x0303], bytes: 28),
        HeaderCase(
            testDescription: "ESP has no ports",
            packet: hex("45 00 00 1c 00 00 00 00 40 32 00 00 \(v4Addresses) 01 02 03 04 05 06 07 08"),
            transport: .esp, bytes: 28),
        HeaderCase(
            testDescription: "SCTP over IPv6",
            packet: hex("60 00 00 00 00 0c 84 40 \(v6Addresses) 0b 59 0b 5a 00 00 00 00 00 00 00 00"),
            transport: .sctp, ports: [2905, 2906], bytes: 52),
        HeaderCase(
            testDescription: "UDP behind hop-by-hop and destination options",
            packet: hex(
                """
                60 00 00 00 00 20 00 40 \(v6Addresses)
                3c 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00
                11 00 00 00 00 00 00 00
                00 35 13 88 00 08 00 00
                """),
            transport: .udp, ports: [53, 5000], bytes: 72),
        HeaderCase(
            testDescription: "UDP behind an authentication header",
            packet: hex(
                """
                60 00 00 00 00 14 33 40 \(v6Addresses)
                11 01 00 00 00 00 00 01 00 00 00 02
                00 35 13 88 00 08 00 00
                """),
            transport: .udp, ports: [53, 5000], bytes: 60),
        HeaderCase(
            testDescription: "the first IPv6 fragment",
            packet: hex(
                "60 00 00 00 00 10 2c 40 \(v6Addresses) 11 00 00 01 00 00 00 09 00 35 13 88 00 08 00 00"),
            transport: .udp, ports: [53, 5000], bytes: 56),
        HeaderCase(
            testDescription: "a later IPv6 fragment",
            packet: hex(
                "60 00 00 00 00 10 2c 40 \(v6Addresses) 11 00 00 09 00 00 00 09 00 35 13 88 00 08 00 00"),
            transport: .udp, bytes: 56, hasTransport: false),
        HeaderCase(
            testDescription: "ICMPv6 echo request",
            packet: hex("60 00 00 00 00 08 3a 40 \(v6Addresses) 80 00 00 00 12 34 00 01"),
            transport: .icmpv6, ports: [0x1234, 0x8000], bytes: 48),
        HeaderCase(
            testDescription: "an extension header past the capture",
            packet: hex("60 00 00 00 00 10 00 40 \(v6Addresses) 11 20 00 00 00 00 00 00"),
            transport: .udp, bytes: 56, hasTransport: false),
    ]
}

@Suite("Packet headers")
struct PacketHeadersTests {
    @Test("reads tuple, length and flags", arguments: HeaderCase.all)
    func reads(testCase: HeaderCase) throws {
        let headers = try #require(testCase.packet.withUnsafeBytes { PacketHeaders(packet: $0) })
        let isV4 = testCase.packet[0] >> 4 == 4
        #expect(headers.tuple.source == IPAddress(isV4 ? "10.0.0.1" : "fd00::1"))
        #expect(headers.tuple.destination == IPAddress(isV4 ? "10.0.0.2" : "fd00::2"))
        #expect(headers.tuple.transport == testCase.transport)
        #expect([headers.tuple.sourcePort, headers.tuple.destinationPort] == testCase.ports)
        #expect(headers.packetBytes == testCase.bytes)
        #expect(headers.hasTransportHeader == testCase.hasTransport)
        #expect(headers.tcpFlags == testCase.tcpFlags)
    }

    @Test("survives every truncation", arguments: HeaderCase.all)
    func survivesTruncation(testCase: HeaderCase) {
        let fixedBytes = testCase.packet[0] >> 4 == 4 ? Int(testCase.packet[0] & 15) * 4 : 40
        let decoded = testCase.packet.indices.filter { count in
            testCase.packet[..<count].withUnsafeBytes { PacketHeaders(packet: $0) } != nil
        }
        #expect(decoded.allSatisfy { $0 >= fixedBytes })
    }

    @Test("stops walking a long chain of extension headers")
    func boundsExtensionHeaders() throws {
        let chain = (0..<100).map { _ in "00 00 00 00 00 00 00 00" }.joined(separator: " ")
        let packet = hex("60 00 00 00 03 20 00 40 \(HeaderCase.v6Addresses) \(chain)")
        let headers = try #require(packet.withUnsafeBytes { PacketHeaders(packet: $0) })
        #expect(!headers.hasTransportHeader)
    }

    @Test(
        "refuses what is not IP",
        arguments: [[], [0x00], [0x55, 0x00], [0x43] + [UInt8](repeating: 0, count: 40)])
    func refusesOthers(packet: [UInt8]) {
        let headers = packet.withUnsafeBytes { PacketHeaders(packet: $0) }
        #expect(headers == nil)
    }
}
