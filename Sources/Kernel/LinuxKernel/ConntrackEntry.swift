// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI
public import NetworkModel

/// A connection as the kernel tracks it (include/uapi/linux/netfilter/nfnetlink_conntrack.h).
public struct ConntrackEntry: Hashable, Sendable {
    /// Why the kernel sent the entry.
    public enum Event: Hashable, Sendable {
        /// The connection's first packet was let through. Counters are 0.
        case new
        /// Its state changed.
        case update
        /// It ended, timed out or was deleted. Counters are final.
        case destroy
        /// It was in a dump.
        case dumped
    }

    /// The bits of CTA_STATUS (include/uapi/linux/netfilter/nf_conntrack_common.h, IPS_*).
    public struct Status: OptionSet, Hashable, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// IPS_SEEN_REPLY: a packet came back.
        public static let seenReply = Status(rawValue: 1 << 1)
        /// IPS_ASSURED: not evicted early.
        public static let assured = Status(rawValue: 1 << 2)
        /// IPS_CONFIRMED: its first packet left the machine or reached its socket.
        public static let confirmed = Status(rawValue: 1 << 3)
        /// IPS_SRC_NAT: the source is rewritten.
        public static let sourceNAT = Status(rawValue: 1 << 4)
        /// IPS_DST_NAT: the destination is rewritten (a service address became a pod's).
        public static let destinationNAT = Status(rawValue: 1 << 5)
        /// IPS_DYING: being removed.
        public static let dying = Status(rawValue: 1 << 9)
    }

    /// TCP connection states (include/uapi/linux/netfilter/nf_conntrack_tcp.h).
    public enum TCPState: UInt8, Hashable, Sendable {
        case none = 0
        case synSent, synReceived, established, finWait, closeWait, lastAck, timeWait, close, synSent2
    }

    /// Packets and bytes in one direction; 0 without net.netfilter.nf_conntrack_acct.
    public struct Traffic: Hashable, Sendable {
        public var packets: UInt64
        public var bytes: UInt64
        public init(packets: UInt64 = 0, bytes: UInt64 = 0) {
            self.packets = packets
            self.bytes = bytes
        }
    }

    /// Why the kernel sent it.
    public var event: Event
    /// CTA_ID: tells two connections with the same tuple apart. Not unique over time by itself.
    public var id: UInt32 = 0
    /// The first packet's tuple, before any rewriting.
    public var original: ConnectionTuple
    /// The tuple of packets that come back.
    public var reply: ConnectionTuple
    /// CTA_ZONE; 0 is the default zone.
    public var zone: UInt16 = 0
    /// Packets and bytes from the connecting side.
    public var originalTraffic = Traffic()
    /// Packets and bytes that came back.
    public var replyTraffic = Traffic()
    public var status: Status = []
    /// Nil for other protocols, and in DESTROY events of kernels that leave it out.
    public var tcpState: TCPState?
    /// The connection mark (CTA_MARK).
    public var mark: UInt32 = 0
    /// Seconds until the entry times out; 0 in DESTROY events.
    public var timeoutSeconds: UInt32 = 0
    /// When it began; nil without net.netfilter.nf_conntrack_timestamp.
    public var startTime: Timestamp?
    /// When it ended; only in DESTROY events.
    public var stopTime: Timestamp?

    public init(event: Event, original: ConnectionTuple, reply: ConnectionTuple) {
        self.event = event
        self.original = original
        self.reply = reply
    }

    /// Whether the destination was rewritten.
    public var isDestinationNAT: Bool { status.contains(.destinationNAT) }

    /// The tuple as forwarded after destination rewriting, which is what policy sees: the original source,
    /// and the address and port that replies come from. ICMP keeps its identifier, type and code.
    public var postDNATTuple: ConnectionTuple {
        let isICMP = original.transport == .icmp || original.transport == .icmpv6
        return ConnectionTuple(
            source: original.source, destination: reply.source, transport: original.transport,
            sourcePort: original.sourcePort,
            destinationPort: isICMP ? original.destinationPort : reply.sourcePort)
    }
}
