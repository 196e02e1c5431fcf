// SPDX-License-Identifier: Apache-2.0

public import FlowModel
public import NetworkModel

/// What a flow emitter has done and is up to, for metrics and the console. Counts are totals since the start.
public struct FlowEmitterStatus: Hashable, Sendable {
    /// Whether it sends: false while a switch file says so.
    public var isOn = false
    /// Blocks that the receiver has taken whole.
    public var sentBlocks: UInt64 = 0
    /// Flows that the receiver has taken.
    public var sentFlows: UInt64 = 0
    /// Requests that were sent again.
    public var retries: UInt64 = 0
    /// Blocks of which at least one request was given up.
    public var givenUpBlocks: UInt64 = 0
    /// Flows of those blocks that the receiver has not taken.
    public var givenUpFlows: UInt64 = 0
    /// Windows that left the history before their turn came.
    public var lostWindows: UInt64 = 0
    /// Changes of flows in windows that had been sent by then; they are not sent.
    public var lateFlows: UInt64 = 0
    /// Times that the progress file could not be written.
    public var progressFailures: UInt64 = 0
    /// Blocks that are over and have not been sent, the one in transfer included.
    public var dueBlocks = 0
    /// Everything before has been dealt with, Unix seconds; nil: nothing has.
    public var doneSeconds: Int64?
    /// When the receiver last took a request.
    public var lastSuccess: Timestamp?
    /// What went wrong last, printable, at most 512 characters; stays after a success.
    public var lastProblem: String?
    public var lastProblemTime: Timestamp?

    public init() {}

    /// What was not delivered and will not be.
    public var losses: [EventLoss] {
        [
            EventLoss(
                name: "flow_emitter_blocks_given_up_total", count: givenUpBlocks,
                help:
                    "Blocks of flows that the receiver did not take in all retries. See the last problem."),
            EventLoss(
                name: "flow_emitter_flows_given_up_total", count: givenUpFlows,
                help: "Flows of blocks that were given up. See why the receiver refuses them or is away."),
            EventLoss(
                name: "flow_emitter_windows_lost_total", count: lostWindows,
                help: "Windows that left the history before they could be sent on. Keep more windows."),
            EventLoss(
                name: "flow_emitter_late_flows_total", count: lateFlows,
                help:
                    "Flows that came when their window had been sent on. They are not sent; wait longer."),
        ]
    }
}
