// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI
public import NetworkModel

/// One packet that a `log group` rule reported (include/uapi/linux/netfilter/nfnetlink_log.h,
/// NFULNL_MSG_PACKET).
///
/// Not copyable, because `prefix` and `payload` look into the receive buffer: they are valid only while the
/// callback that got the packet runs. Copy out what must last. Decoding allocates nothing.
public struct NFLogPacket: ~Copyable {
    /// The log group (nfgenmsg.res_id).
    public let group: UInt16
    /// The rule's log prefix without its terminating zero; at most 127 bytes (NF_LOG_PREFIXLEN).
    public let prefix: UnsafeRawBufferPointer
    /// Index of the interface the packet came in by; 0 when there is none (output).
    public let inputInterface: UInt32
    /// Index of the interface the packet goes out by; 0 when there is none (input, prerouting).
    public let outputInterface: UInt32
    /// The packet mark.
    public let mark: UInt32
    /// The netfilter hook (NF_INET_PRE_ROUTING 0, LOCAL_IN 1, FORWARD 2, LOCAL_OUT 3, POST_ROUTING 4).
    public let hook: UInt8
    /// What the captured headers say: tuple, length, TCP flags.
    public let headers: PacketHeaders
    /// The captured bytes from the IP header on, at most the copy range.
    public let payload: UnsafeRawBufferPointer
    /// When the packet was stamped; nil unless the kernel stamps packets.
    public let timestamp: Timestamp?
    /// NFULA_SEQ: counts the group's packets from 0; a gap means lost packets. Nil when not asked for.
    public let sequence: UInt32?

    /// Addresses and ports as the packet carries them.
    public var tuple: ConnectionTuple { headers.tuple }
    /// Bytes of the whole packet by its IP header.
    public var packetBytes: Int { headers.packetBytes }
    /// Flag bits of the TCP header; 0 for other protocols.
    public var tcpFlags: UInt8 { headers.tcpFlags }

    /// Decodes a message's payload (nfgenmsg and attributes); nil when it is cut short or holds no IP packet.
    public init?(message: UnsafeRawBufferPointer) {
        guard let resource: UInt16 = message.bigEndianNumber(at: 2), let rest = message.dropping(4) else {
            return nil
        }
        var attributes = NetlinkAttributes(rest)
        var prefix = UnsafeRawBufferPointer(start: nil, count: 0)
        var payload = prefix
        var inputInterface: UInt32 = 0
        var outputInterface: UInt32 = 0
        var mark: UInt32 = 0
        var hook: UInt8 = 0
        var timestamp: Timestamp?
        var sequence: UInt32?
        while let attribute = attributes.next() {
            switch UInt32(attribute.type) {
            case NFULA_PACKET_HDR.rawValue: hook = attribute.payload.number(at: 2) ?? 0
            case NFULA_MARK.rawValue: mark = attribute.be32 ?? 0
            case NFULA_TIMESTAMP.rawValue: timestamp = Self.timestamp(attribute.payload)
            case NFULA_IFINDEX_INDEV.rawValue: inputInterface = attribute.be32 ?? 0
            case NFULA_IFINDEX_OUTDEV.rawValue: outputInterface = attribute.be32 ?? 0
            case NFULA_PAYLOAD.rawValue: payload = attribute.payload
            case NFULA_PREFIX.rawValue: prefix = attribute.text
            case NFULA_SEQ.rawValue: sequence = attribute.be32
            default: break
            }
        }
        guard !attributes.isTruncated, let headers = PacketHeaders(packet: payload) else { return nil }
        group = resource
        self.prefix = prefix
        self.inputInterface = inputInterface
        self.outputInterface = outputInterface
        self.mark = mark
        self.hook = hook
        self.headers = headers
        self.payload = payload
        self.timestamp = timestamp
        self.sequence = sequence
    }

    /// `struct nfulnl_msg_packet_timestamp`: seconds and microseconds, 64 bits each, network order.
    private static func timestamp(_ bytes: UnsafeRawBufferPointer) -> Timestamp? {
        guard let seconds: Int64 = bytes.bigEndianNumber(at: 0),
            let microseconds: Int64 = bytes.bigEndianNumber(at: 8), (0..<1_000_000).contains(microseconds),
            (0..<9_000_000_000).contains(seconds)
        else { return nil }
        return Timestamp(nanoseconds: seconds * 1_000_000_000 + microseconds * 1000)
    }
}
