// SPDX-License-Identifier: Apache-2.0

public import FlowModel
public import NetworkModel

/// A flow key with what was counted for it: over the windows of a query, or in one window.
public struct FlowAggregate: Hashable, Sendable {
    /// 1, 2, 3, ... in order of first arrival; kept while any window holds data of the key (flow API 2.2).
    public var id: UInt64
    public var key: FlowKey
    /// Start of the first window with data, Unix seconds.
    public var startSeconds: Int64
    /// End of the last window with data, Unix seconds, exclusive.
    public var endSeconds: Int64
    /// `key=value` texts that every record had, bytewise ascending.
    public var sourceLabels: [String]
    /// As `sourceLabels`.
    public var destinationLabels: [String]
    public var counters: FlowCounters
    /// Time of the latest record.
    public var lastActivity: Timestamp
    /// Generation of the policy program in the latest record that named one; 0 when none did.
    public var generation: UInt64
    /// Real addresses of some connections of the key, newest last; a sample over the key's whole history.
    public var addresses: [FlowAddresses]

    public init(
        id: UInt64, key: FlowKey, startSeconds: Int64, endSeconds: Int64, sourceLabels: [String] = [],
        destinationLabels: [String] = [], counters: FlowCounters, lastActivity: Timestamp,
        generation: UInt64 = 0, addresses: [FlowAddresses] = []
    ) {
        self.id = id
        self.key = key
        self.startSeconds = startSeconds
        self.endSeconds = endSeconds
        self.sourceLabels = sourceLabels
        self.destinationLabels = destinationLabels
        self.counters = counters
        self.lastActivity = lastActivity
        self.generation = generation
        self.addresses = addresses
    }
}

/// One aggregation window, or a piece of it, with the flows that a filter let through, in no particular order.
public struct FlowWindow: Hashable, Sendable {
    /// Unix seconds.
    public var startSeconds: Int64
    /// Unix seconds, exclusive.
    public var endSeconds: Int64
    public var flows: [FlowAggregate]

    public init(startSeconds: Int64, endSeconds: Int64, flows: [FlowAggregate]) {
        self.startSeconds = startSeconds
        self.endSeconds = endSeconds
        self.flows = flows
    }
}
