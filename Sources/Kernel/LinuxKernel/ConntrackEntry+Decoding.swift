// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI
internal import Glibc
internal import NetworkModel

// From netlink messages to entries, and the keys of an entry back to attributes. Numbers are in network
// order.
extension ConntrackEntry {
    /// Decodes a conntrack message; nil when it is of another subsystem, cut short, or lacks one of the two
    /// tuples.
    public init?(_ message: NetlinkMessage) {
        guard message.subsystem == UInt8(NFNL_SUBSYS_CTNETLINK), let event = Self.event(message),
            var attributes = message.attributes(afterHeaderBytes: 4)
        else { return nil }
        var original: ConnectionTuple?
        var reply: ConnectionTuple?
        var entry = ConntrackEntry(event: event)
        while let attribute = attributes.next() {
            switch UInt32(attribute.type) {
            case CTA_TUPLE_ORIG.rawValue: original = Self.tuple(attribute.nested, zone: &entry.zone)
            case CTA_TUPLE_REPLY.rawValue: reply = Self.tuple(attribute.nested, zone: &entry.zone)
            case CTA_STATUS.rawValue: entry.status = Status(rawValue: attribute.be32 ?? 0)
            case CTA_PROTOINFO.rawValue: entry.tcpState = Self.tcpState(attribute.nested)
            case CTA_TIMEOUT.rawValue: entry.timeoutSeconds = attribute.be32 ?? 0
            case CTA_MARK.rawValue: entry.mark = attribute.be32 ?? 0
            case CTA_COUNTERS_ORIG.rawValue: entry.originalTraffic = Self.traffic(attribute.nested)
            case CTA_COUNTERS_REPLY.rawValue: entry.replyTraffic = Self.traffic(attribute.nested)
            case CTA_ID.rawValue: entry.id = attribute.be32 ?? 0
            case CTA_ZONE.rawValue: entry.zone = attribute.be16 ?? 0
            case CTA_TIMESTAMP.rawValue: Self.times(attribute.nested, &entry)
            default: break
            }
        }
        guard !attributes.isTruncated, let original, let reply else { return nil }
        entry.original = original
        entry.reply = reply
        self = entry
    }

    /// An entry whose tuples are still to be read.
    private init(event: Event) {
        let unset = ConnectionTuple(
            source: IPAddress(bits: 0), destination: IPAddress(bits: 0), transport: IPProtocol(rawValue: 0))
        self.init(event: event, original: unset, reply: unset)
    }

    private static func event(_ message: NetlinkMessage) -> Event? {
        switch UInt32(message.operation) {
        case IPCTNL_MSG_CT_DELETE.rawValue: return .destroy
        case IPCTNL_MSG_CT_NEW.rawValue:
            if message.flags & UInt16(NLM_F_MULTI) != 0 || message.sequence != 0 { return .dumped }
            return message.flags & UInt16(NLM_F_CREATE) != 0 ? .new : .update
        default: return nil
        }
    }

    /// CTA_TUPLE_IP, CTA_TUPLE_PROTO and, for zones of one direction, CTA_TUPLE_ZONE. Nil without all
    /// addresses.
    private static func tuple(_ attributes: NetlinkAttributes, zone: inout UInt16) -> ConnectionTuple? {
        var attributes = attributes
        var source: IPAddress?
        var destination: IPAddress?
        var proto: (transport: IPProtocol, source: UInt16, destination: UInt16)?
        while let attribute = attributes.next() {
            switch UInt32(attribute.type) {
            case CTA_TUPLE_IP.rawValue: (source, destination) = addresses(attribute.nested)
            case CTA_TUPLE_PROTO.rawValue: proto = transport(attribute.nested)
            case CTA_TUPLE_ZONE.rawValue: zone = attribute.be16 ?? zone
            default: break
            }
        }
        guard !attributes.isTruncated, let source, let destination, let proto else { return nil }
        return ConnectionTuple(
            source: source, destination: destination, transport: proto.transport,
            sourcePort: proto.source, destinationPort: proto.destination)
    }

    private static func addresses(_ attributes: NetlinkAttributes) -> (IPAddress?, IPAddress?) {
        var attributes = attributes
        var source: IPAddress?
        var destination: IPAddress?
        while let attribute = attributes.next() {
            let payload = attribute.payload
            switch UInt32(attribute.type) {
            case CTA_IP_V4_SRC.rawValue: source = attribute.be32.map(IPAddress.init(v4:))
            case CTA_IP_V4_DST.rawValue: destination = attribute.be32.map(IPAddress.init(v4:))
            case CTA_IP_V6_SRC.rawValue: source = payload.bigEndianNumber(at: 0).map(IPAddress.init(bits:))
            case CTA_IP_V6_DST.rawValue:
                destination = payload.bigEndianNumber(at: 0).map(IPAddress.init(bits:))
            default: break
            }
        }
        return (source, destination)
    }

    private static func transport(_ attributes: NetlinkAttributes) -> (IPProtocol, UInt16, UInt16)? {
        var attributes = attributes
        var transport: IPProtocol?
        var source: UInt16 = 0
        var destination: UInt16 = 0
        while let attribute = attributes.next() {
            switch UInt32(attribute.type) {
            case CTA_PROTO_NUM.rawValue: transport = attribute.u8.map(IPProtocol.init(rawValue:))
            case CTA_PROTO_SRC_PORT.rawValue, CTA_PROTO_ICMP_ID.rawValue, CTA_PROTO_ICMPV6_ID.rawValue:
                source = attribute.be16 ?? 0
            case CTA_PROTO_DST_PORT.rawValue: destination = attribute.be16 ?? 0
            case CTA_PROTO_ICMP_TYPE.rawValue, CTA_PROTO_ICMPV6_TYPE.rawValue:
                destination = UInt16(attribute.u8 ?? 0) << 8 | destination & 0xff
            case CTA_PROTO_ICMP_CODE.rawValue, CTA_PROTO_ICMPV6_CODE.rawValue:
                destination = destination & 0xff00 | UInt16(attribute.u8 ?? 0)
            default: break
            }
        }
        return transport.map { ($0, source, destination) }
    }

    private static func traffic(_ attributes: NetlinkAttributes) -> Traffic {
        var attributes = attributes
        var traffic = Traffic()
        while let attribute = attributes.next() {
            switch UInt32(attribute.type) {
            case CTA_COUNTERS_PACKETS.rawValue: traffic.packets = attribute.be64 ?? 0
            case CTA_COUNTERS_BYTES.rawValue: traffic.bytes = attribute.be64 ?? 0
            default: break
            }
        }
        return traffic
    }

    private static func tcpState(_ attributes: NetlinkAttributes) -> TCPState? {
        attributes.first(CTA_PROTOINFO_TCP.rawValue)?.nested.first(CTA_PROTOINFO_TCP_STATE.rawValue)?.u8
            .flatMap(TCPState.init(rawValue:))
    }

    /// CTA_TIMESTAMP_START and _STOP: nanoseconds since the epoch.
    private static func times(_ attributes: NetlinkAttributes, _ entry: inout ConntrackEntry) {
        func time(_ attribute: NetlinkAttribute?) -> Timestamp? {
            attribute?.be64.flatMap { Int64(exactly: $0) }.map(Timestamp.init(nanoseconds:))
        }
        entry.startTime = time(attributes.first(CTA_TIMESTAMP_START.rawValue))
        entry.stopTime = time(attributes.first(CTA_TIMESTAMP_STOP.rawValue))
    }

    // MARK: Keys

    /// Appends what identifies this entry to the kernel: original tuple, zone and id.
    func appendKey(to request: inout NetlinkMessageWriter) {
        let tuple = original
        request.nested(CTA_TUPLE_ORIG.rawValue) { outer in
            outer.nested(CTA_TUPLE_IP.rawValue) { Self.appendAddresses(tuple, to: &$0) }
            outer.nested(CTA_TUPLE_PROTO.rawValue) { Self.appendTransport(tuple, to: &$0) }
        }
        if zone != 0 { request.be16(CTA_ZONE.rawValue, zone) }
        if id != 0 { request.be32(CTA_ID.rawValue, id) }
    }

    private static func appendAddresses(_ tuple: ConnectionTuple, to request: inout NetlinkMessageWriter) {
        if tuple.family == .v4 {
            request.be32(CTA_IP_V4_SRC.rawValue, tuple.source.v4Value)
            request.be32(CTA_IP_V4_DST.rawValue, tuple.destination.v4Value)
        } else {
            request.raw(CTA_IP_V6_SRC.rawValue, withUnsafeBytes(of: tuple.source.bits.bigEndian, Array.init))
            request.raw(
                CTA_IP_V6_DST.rawValue, withUnsafeBytes(of: tuple.destination.bits.bigEndian, Array.init))
        }
    }

    private static func appendTransport(_ tuple: ConnectionTuple, to request: inout NetlinkMessageWriter) {
        request.u8(CTA_PROTO_NUM.rawValue, tuple.transport.rawValue)
        switch tuple.transport {
        case .icmp:
            request.be16(CTA_PROTO_ICMP_ID.rawValue, tuple.sourcePort)
            request.u8(CTA_PROTO_ICMP_TYPE.rawValue, tuple.icmpType)
            request.u8(CTA_PROTO_ICMP_CODE.rawValue, tuple.icmpCode)
        case .icmpv6:
            request.be16(CTA_PROTO_ICMPV6_ID.rawValue, tuple.sourcePort)
            request.u8(CTA_PROTO_ICMPV6_TYPE.rawValue, tuple.icmpType)
            request.u8(CTA_PROTO_ICMPV6_CODE.rawValue, tuple.icmpCode)
        default:
            request.be16(CTA_PROTO_SRC_PORT.rawValue, tuple.sourcePort)
            request.be16(CTA_PROTO_DST_PORT.rawValue, tuple.destinationPort)
        }
    }
}
