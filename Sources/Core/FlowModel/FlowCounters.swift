// SPDX-License-Identifier: Apache-2.0

/// A flow's counters over a span of time. "In" means towards the reporting workload.
public struct FlowCounters: Hashable, Sendable {
    public var packetsIn: UInt64 = 0
    public var packetsOut: UInt64 = 0
    public var bytesIn: UInt64 = 0
    public var bytesOut: UInt64 = 0
    public var connectionsStarted: UInt64 = 0
    public var connectionsCompleted: UInt64 = 0
    public var connectionsLive: UInt64 = 0

    public init() {}

    /// Adds with saturation: a counter never wraps.
    public static func += (left: inout FlowCounters, right: FlowCounters) {
        func add(_ a: inout UInt64, _ b: UInt64) {
            let (sum, overflow) = a.addingReportingOverflow(b)
            a = overflow ? .max : sum
        }
        add(&left.packetsIn, right.packetsIn)
        add(&left.packetsOut, right.packetsOut)
        add(&left.bytesIn, right.bytesIn)
        add(&left.bytesOut, right.bytesOut)
        add(&left.connectionsStarted, right.connectionsStarted)
        add(&left.connectionsCompleted, right.connectionsCompleted)
        add(&left.connectionsLive, right.connectionsLive)
    }

    public var isZero: Bool { self == FlowCounters() }
}
