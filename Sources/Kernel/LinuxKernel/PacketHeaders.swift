// SPDX-License-Identifier: Apache-2.0

public import NetworkModel

/// What the headers at the start of an IP packet say, read from as many bytes as were captured.
///
/// Sources: RFC 791 (IPv4), RFC 8200 (IPv6 and its extension headers), RFC 9293 (TCP), RFC 792 and RFC 4443
/// (ICMP).
public struct PacketHeaders: Hashable, Sendable {
    /// Addresses, transport and ports; for ICMP identifier and `type << 8 | code` as `ConnectionTuple` says.
    /// Ports are 0 when `hasTransportHeader` is false.
    public let tuple: ConnectionTuple
    /// Bytes of the whole packet by its own IP header, captured or not.
    public let packetBytes: Int
    /// False for a fragment that is not the first, and when the capture ends before the ports.
    public let hasTransportHeader: Bool
    /// The flag bits of a TCP header (FIN 1, SYN 2, RST 4, PSH 8, ACK 16, ...); 0 for others.
    public let tcpFlags: UInt8

    /// Extension headers walked at most; a packet with more counts as one whose ports were not captured.
    static let maximumExtensionHeaders = 8

    /// Nil when the bytes do not begin with a whole IPv4 or IPv6 header.
    public init?(packet: UnsafeRawBufferPointer) {
        switch packet.first.map({ $0 >> 4 }) {
        case 4: self.init(v4: packet)
        case 6: self.init(v6: packet)
        default: return nil
        }
    }

    private init?(v4 packet: UnsafeRawBufferPointer) {
        let headerBytes = Int(packet[0] & 15) * 4
        guard headerBytes >= 20, packet.count >= headerBytes,
            let total: UInt16 = packet.bigEndianNumber(at: 2),
            let fragment: UInt16 = packet.bigEndianNumber(at: 6),
            let source: UInt32 = packet.bigEndianNumber(at: 12),
            let destination: UInt32 = packet.bigEndianNumber(at: 16)
        else { return nil }
        let isLaterFragment = fragment & 0x1fff != 0
        self.init(
            source: IPAddress(v4: source), destination: IPAddress(v4: destination),
            transport: IPProtocol(rawValue: packet[9]), packetBytes: Int(total),
            transportHeader: isLaterFragment ? nil : packet.dropping(headerBytes))
    }

    private init?(v6 packet: UnsafeRawBufferPointer) {
        guard packet.count >= 40, let payloadBytes: UInt16 = packet.bigEndianNumber(at: 4),
            let source: UInt128 = packet.bigEndianNumber(at: 8),
            let destination: UInt128 = packet.bigEndianNumber(at: 24)
        else { return nil }
        let (transport, offset) = Self.walkExtensionHeaders(packet)
        self.init(
            source: IPAddress(bits: source), destination: IPAddress(bits: destination), transport: transport,
            packetBytes: 40 + Int(payloadBytes), transportHeader: offset.flatMap(packet.dropping))
    }

    /// The upper-layer protocol and where its header starts; nil when it is in another fragment or was not
    /// captured.
    ///
    /// Each extension header is: next header, length, ... with the length in units of 8 bytes past the first
    /// 8 (RFC 8200 section 4), except fragment (8 bytes, RFC 8200 section 4.5) and AH (units of 4, RFC 4302).
    private static func walkExtensionHeaders(_ packet: UnsafeRawBufferPointer) -> (IPProtocol, Int?) {
        var next = packet[6]
        var offset = 40
        for _ in 0..<maximumExtensionHeaders {
            switch next {
            case 0, 43, 60, 135, 51, 44: break
            default: return (IPProtocol(rawValue: next), offset)
            }
            guard offset + 8 <= packet.count else { return (IPProtocol(rawValue: next), nil) }
            let length = Int(packet[offset + 1])
            let following = packet[offset]
            if next == 44 {
                let isLaterFragment =
                    (UInt16(packet[offset + 2]) << 8 | UInt16(packet[offset + 3])) & 0xfff8 != 0
                if isLaterFragment { return (IPProtocol(rawValue: following), nil) }
                offset += 8
            } else {
                offset += next == 51 ? (length + 2) * 4 : (length + 1) * 8
            }
            next = following
        }
        return (IPProtocol(rawValue: next), nil)
    }

    private init(
        source: IPAddress, destination: IPAddress, transport: IPProtocol, packetBytes: Int,
        transportHeader: UnsafeRawBufferPointer?
    ) {
        var ports: (source: UInt16, destination: UInt16)?
        var flags: UInt8 = 0
        if let header = transportHeader {
            switch transport {
            case .tcp, .udp, .sctp, .udplite:
                if let first: UInt16 = header.bigEndianNumber(at: 0),
                    let second: UInt16 = header.bigEndianNumber(at: 2)
                {
                    ports = (first, second)
                    if transport == .tcp { flags = header.number(at: 13) ?? 0 }
                }
            case .icmp, .icmpv6:
                ports = Self.icmpPorts(header, transport)
            default:
                ports = (0, 0)
            }
        }
        tuple = ConnectionTuple(
            source: source, destination: destination, transport: transport,
            sourcePort: ports?.source ?? 0, destinationPort: ports?.destination ?? 0)
        self.packetBytes = packetBytes
        hasTransportHeader = ports != nil
        tcpFlags = flags
    }

    /// Type and code in one number, and the identifier of those messages that have one.
    private static func icmpPorts(
        _ header: UnsafeRawBufferPointer, _ transport: IPProtocol
    ) -> (source: UInt16, destination: UInt16)? {
        guard let typeAndCode: UInt16 = header.bigEndianNumber(at: 0) else { return nil }
        let hasIdentifier =
            switch (transport, typeAndCode >> 8) {
            // Echo, timestamp, information and address mask: those conntrack tells apart by identifier.
            case (.icmp, 0), (.icmp, 8), (.icmp, 13...18), (.icmpv6, 128), (.icmpv6, 129): true
            default: false
            }
        guard hasIdentifier else { return (0, typeAndCode) }
        guard let identifier: UInt16 = header.bigEndianNumber(at: 4) else { return nil }
        return (identifier, typeAndCode)
    }
}
