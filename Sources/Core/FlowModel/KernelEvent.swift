// SPDX-License-Identifier: Apache-2.0
//
// FlowModel: what happened on the network, from single kernel events to flow records, and how the former fold
// into the latter. Values and pure state machines; time is always an argument.

public import NetworkModel
public import PolicyModel

/// A packet that met a deciding rule: the first packet of a connection attempt, or one of a denied series.
public struct PacketEvent: Hashable, Sendable {
    /// As the rule saw it: after destination NAT.
    public var tuple: ConnectionTuple
    public var decision: RuleDecision
    /// Generation of the program in which the deciding rule came to be in its present form.
    public var generation: UInt64
    /// Length of the IP packet.
    public var bytes: UInt32
    public var time: Timestamp

    public init(
        tuple: ConnectionTuple, decision: RuleDecision, generation: UInt64, bytes: UInt32, time: Timestamp
    ) {
        self.tuple = tuple
        self.decision = decision
        self.generation = generation
        self.bytes = bytes
        self.time = time
    }
}

/// What connection tracking says of one connection.
public struct ConnectionObservation: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case started
        /// Seen in a dump; counters are totals since the start.
        case ongoing
        /// Gone, with its final totals.
        case ended
    }

    public var kind: Kind
    /// The kernel's identifier of the entry: tells a reused tuple from the connection before it.
    public var id: UInt32
    /// As the client sent it: before destination NAT.
    public var original: ConnectionTuple
    /// As it was forwarded: after destination NAT.
    public var forwarded: ConnectionTuple
    public var originalPackets: UInt64
    public var originalBytes: UInt64
    public var replyPackets: UInt64
    public var replyBytes: UInt64
    /// TCP is in TIME_WAIT or later: no more payload is to be expected.
    public var isClosing: Bool
    public var time: Timestamp

    public init(
        kind: Kind, id: UInt32, original: ConnectionTuple, forwarded: ConnectionTuple,
        originalPackets: UInt64 = 0,
        originalBytes: UInt64 = 0, replyPackets: UInt64 = 0, replyBytes: UInt64 = 0, isClosing: Bool = false,
        time: Timestamp
    ) {
        self.kind = kind
        self.id = id
        self.original = original
        self.forwarded = forwarded
        self.originalPackets = originalPackets
        self.originalBytes = originalBytes
        self.replyPackets = replyPackets
        self.replyBytes = replyBytes
        self.isClosing = isClosing
        self.time = time
    }
}

/// Anything a data plane reports.
public enum KernelEvent: Hashable, Sendable {
    case packet(PacketEvent)
    case connection(ConnectionObservation)
    /// Every connection that existed at this time has been reported since as ongoing or ended.
    case listed(Timestamp)
}

/// Events in the order the kernel gave them, with what was lost so far.
public struct KernelEventBatch: Sendable {
    public var events: [KernelEvent]
    /// Totals since the source was opened.
    public var losses: [EventLoss]

    public init(events: [KernelEvent], losses: [EventLoss] = []) {
        self.events = events
        self.losses = losses
    }
}

/// A place where events can get lost, and how many did.
public struct EventLoss: Hashable, Sendable {
    /// Metric-style name: `nflog_events_lost`.
    public var name: String
    /// Total since the start.
    public var count: UInt64
    /// One sentence: what was lost, why, what to try.
    public var help: String

    public init(name: String, count: UInt64, help: String) {
        self.name = name
        self.count = count
        self.help = help
    }
}

/// A data plane as the flow collector sees it.
public protocol PacketEventSource: Sendable {
    /// Batches until the task is cancelled; within one batch and between batches in order. One consumer. The
    /// queue is bounded: when the consumer is too slow the oldest batches go, and a loss counter says so.
    func batches() -> AsyncStream<KernelEventBatch>
}
