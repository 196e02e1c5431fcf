// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI

/// One message as it arrived: its header's fields and a view of its payload, valid as long as the bytes it
/// came from.
public struct NetlinkMessage {
    /// `nlmsg_type`; for netfilter `subsystem << 8 | operation`.
    public let type: UInt16
    /// `nlmsg_flags` (NLM_F_*).
    public let flags: UInt16
    /// `nlmsg_seq`: the request this answers; 0 for events.
    public let sequence: UInt32
    /// `nlmsg_pid`: the port id of the socket this answers; 0 for events.
    public let portID: UInt32
    /// What follows the 16-byte header, without padding.
    public let payload: UnsafeRawBufferPointer

    /// `NFNL_SUBSYS_*` of a netfilter message.
    public var subsystem: UInt8 { UInt8(truncatingIfNeeded: type >> 8) }
    /// The operation of a netfilter message.
    public var operation: UInt8 { UInt8(truncatingIfNeeded: type) }

    /// The attributes after a family header of the given size (4 for netfilter); nil when the header is cut
    /// short.
    public func attributes(afterHeaderBytes headerBytes: Int) -> NetlinkAttributes? {
        payload.dropping((headerBytes + 3) & ~3).map(NetlinkAttributes.init)
    }
}

/// Walks the messages of one datagram without allocating. A length that does not fit ends the walk.
public struct NetlinkMessages {
    private var rest: UnsafeRawBufferPointer
    /// True once a message's length was too small or reached past the datagram's end.
    public private(set) var isTruncated = false

    public init(_ datagram: UnsafeRawBufferPointer) { rest = datagram }

    /// The next message, or nil at the end.
    public mutating func next() -> NetlinkMessage? {
        guard !rest.isEmpty else { return nil }
        guard let length: UInt32 = rest.number(at: 0), length >= 16, Int(length) <= rest.count else {
            isTruncated = true
            rest = UnsafeRawBufferPointer(start: nil, count: 0)
            return nil
        }
        let message = NetlinkMessage(
            type: rest.loadUnaligned(fromByteOffset: 4, as: UInt16.self),
            flags: rest.loadUnaligned(fromByteOffset: 6, as: UInt16.self),
            sequence: rest.loadUnaligned(fromByteOffset: 8, as: UInt32.self),
            portID: rest.loadUnaligned(fromByteOffset: 12, as: UInt32.self),
            payload: UnsafeRawBufferPointer(rebasing: rest[16..<Int(length)]))
        let aligned = min((Int(length) + 3) & ~3, rest.count)
        rest = UnsafeRawBufferPointer(rebasing: rest[aligned...])
        return message
    }
}

/// An NLMSG_ERROR message: success or failure of one request, with the kernel's words if it gave any.
///
/// Layout (`struct nlmsgerr`): error i32, the request's nlmsghdr, then (unless capped) the request, then
/// attributes.
public struct NetlinkAcknowledgement: Sendable {
    /// 0 for success, else a positive errno value.
    public let errno: Int32
    /// Sequence number of the request.
    public let sequence: UInt32
    /// NLMSGERR_ATTR_MSG: the kernel's explanation; empty when it gave none. At most 512 bytes are kept.
    public let text: String

    /// Nil when the message is of another type or cut short.
    public init?(_ message: NetlinkMessage) {
        guard message.type == UInt16(NLMSG_ERROR), let code: Int32 = message.payload.number(at: 0),
            let requestLength: UInt32 = message.payload.number(at: 4),
            let sequence: UInt32 = message.payload.number(at: 12)
        else { return nil }
        errno = code == .min ? .max : abs(code)
        self.sequence = sequence
        text = Self.text(message, requestLength: Int(requestLength))
    }

    private static func text(_ message: NetlinkMessage, requestLength: Int) -> String {
        guard message.flags & UInt16(NLM_F_ACK_TLVS) != 0 else { return "" }
        let isCapped = message.flags & UInt16(NLM_F_CAPPED) != 0
        let offset = 4 + (isCapped ? 16 : max(16, (requestLength + 3) & ~3))
        guard let bytes = message.payload.dropping(offset),
            let attribute = NetlinkAttributes(bytes).first(NLMSGERR_ATTR_MSG.rawValue)
        else { return "" }
        return String(decoding: attribute.text.prefix(512), as: UTF8.self)
    }
}
