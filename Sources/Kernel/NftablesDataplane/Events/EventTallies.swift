// SPDX-License-Identifier: Apache-2.0

internal import FlowModel
internal import LinuxKernel
internal import Synchronization

/// Counts what the event source could not report, and words it.
final class EventTallies: Sendable {
    /// Totals; they only grow.
    struct Counts: Sendable {
        /// Packets whose log prefix means nothing to us.
        var unknownPrefixes: UInt64 = 0
        /// Packets dropped before policy was asked.
        var droppedBeforePolicy: UInt64 = 0
        /// Events in batches that the consumer was too slow for.
        var overflowed: UInt64 = 0
        /// Dumps of connections that failed.
        var failedDumps: UInt64 = 0
    }

    private let counts = Mutex(Counts())

    func add(_ field: any WritableKeyPath<Counts, UInt64> & Sendable, _ count: UInt64) {
        counts.withLock { $0[keyPath: field] += count }
    }

    /// Everything that can get lost, also what has not been.
    func losses(_ packets: NFLogSocket.Counters, _ connections: ConntrackSocket.Counters) -> [EventLoss] {
        let counts = counts.withLock { $0 }
        return [
            Self.loss(
                "nflog_events_lost", packets.lostEvents,
                "Logged packets that the kernel could not deliver, by gaps in their numbers: more is denied "
                    + "or begun than is shown; give the agent more CPU time."),
            Self.loss(
                "nflog_overruns", packets.overruns,
                "Times the packet log's buffer was full: give the agent more CPU time or memory."),
            Self.loss(
                "conntrack_overruns", connections.overruns,
                "Times the buffer for connection events was full: ends of connections may be missing; "
                    + "give the agent more CPU time or memory."),
            Self.loss(
                "conntrack_dump_failures", counts.failedDumps,
                "Lists of connections that the kernel did not give in time: counters are late, not wrong."),
            Self.loss(
                "kernel_events_undecodable", packets.malformed + connections.malformed,
                "Messages of the kernel that could not be read: report the kernel's version as a defect."),
            Self.loss(
                "nflog_unknown_rules", counts.unknownPrefixes,
                "Logged packets of rules that are not known: left by an earlier process, replaced long ago, "
                    + "or of another program that logs to the same group."),
            Self.loss(
                "packets_dropped_before_policy", counts.droppedBeforePolicy,
                "Packets of workload interfaces without an endpoint, or tunnels from workloads: not shown "
                    + "as flows; look for interfaces that no workload owns."),
            Self.loss(
                "event_queue_dropped", counts.overflowed,
                "Events that waited too long to be folded into flows: give the agent more CPU time."),
        ]
    }

    private static func loss(_ name: String, _ count: UInt64, _ help: String) -> EventLoss {
        EventLoss(name: name, count: count, help: help)
    }
}
