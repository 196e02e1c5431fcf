// SPDX-License-Identifier: Apache-2.0

import FlowModel
import NetworkModel
import PolicyEngine
import PolicyModel

/// Compares what the data plane decided with what the engine says, packet by packet.
///
/// The two share their compiled rules, so a difference means a defect in the data plane, somebody else's
/// rules, or a set that the kernel and the engine see differently. It is counted and shown, never hidden.
struct VerdictAudit {
    /// After a change the kernel may still report decisions of the rules before.
    static let settleNanoseconds: Int64 = 2_000_000_000

    private var changedAt = Timestamp(nanoseconds: 0)
    private(set) var disagreements: UInt64 = 0

    mutating func programChanged(at time: Timestamp) { changedAt = time }

    mutating func check(_ packet: PacketEvent, against context: AgentContext) {
        guard packet.decision.isFinal, packet.time.nanoseconds(since: changedAt) > Self.settleNanoseconds,
            let expected = context.evaluate(packet.tuple, packet.decision.direction)
        else { return }
        if expected.decisions(packet.decision.direction).last != packet.decision { disagreements += 1 }
    }

    var loss: EventLoss {
        EventLoss(
            name: "verdict_disagreements", count: disagreements,
            help:
                "Packets for which the data plane's decision was not the engine's. Anything but zero is a defect: "
                + "please report it with the policies.")
    }
}
