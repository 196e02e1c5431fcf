// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

/// What the collector remembers of one connection or denied attempt.
struct TrackedConnection {
    /// One direction's policy walk as the kernel reported it, and what was reported of it.
    struct Side {
        /// Decisions since the walk began; complete when the last one is final.
        var decisions: [RuleDecision] = []
        var generation: UInt64 = 0
        /// The flow that this side was last reported under; nil before the first report.
        var reportedAs: Identity?
        /// Names or policies changed since: resolve anew before the next report.
        var isStale = false
        var isStarted = false
        /// Window in which the connection was last reported live under `reportedAs`.
        var liveWindow = Int64.min
        /// Packets and bytes that rules logged and that were not reported yet.
        var loggedPackets: UInt64 = 0
        var loggedBytes: UInt64 = 0
        /// Of the packet that was logged last.
        var lastLoggedBytes: UInt64 = 0
        /// Totals of connection tracking that were reported, by original and reply direction.
        var reported = Totals()

        var verdict: Verdict? {
            guard let last = decisions.last, last.isFinal else { return nil }
            return last.action == .allow ? .allow : .deny
        }
    }

    struct Totals: Equatable {
        var originalPackets: UInt64 = 0
        var originalBytes: UInt64 = 0
        var replyPackets: UInt64 = 0
        var replyBytes: UInt64 = 0
    }

    /// A resolved flow key with its labels, and what it was resolved from.
    struct Identity {
        let key: FlowKey
        let decisions: [RuleDecision]
        let generation: UInt64
        let sourceLabels: [String]
        let destinationLabels: [String]
        let addresses: FlowAddresses
    }

    var egress = Side()
    var ingress = Side()
    /// Before destination NAT; nil until connection tracking names it.
    var original: ConnectionTuple?
    /// The kernel's entry; nil for attempts.
    var trackingID: UInt32?
    var totals = Totals()
    var firstSeen: Timestamp
    var lastSeen: Timestamp
    /// Time of the latest rule hit; the first moment when there was none.
    var lastHit = Timestamp(nanoseconds: .min)
    /// The kernel has forgotten the connection; its rule hits may still be on their way.
    var isOver = false
    /// The last report is being made.
    var isEnded = false

    init(at time: Timestamp) {
        firstSeen = time
        lastSeen = time
    }

    var hasVerdict: Bool { egress.verdict != nil || ingress.verdict != nil }

    subscript(direction: Direction) -> Side {
        get { direction == .egress ? egress : ingress }
        set { if direction == .egress { egress = newValue } else { ingress = newValue } }
    }
}
