// SPDX-License-Identifier: Apache-2.0

public import NetworkModel

/// One connection's real addresses: an example of what a flow key stands for.
public struct FlowAddresses: Hashable, Sendable {
    public var source: IPAddress
    public var destination: IPAddress

    public init(source: IPAddress, destination: IPAddress) {
        self.source = source
        self.destination = destination
    }
}

/// What a collector reports about one flow key: an increment of its counters.
public struct FlowRecord: Hashable, Sendable {
    public var key: FlowKey
    /// Picks the aggregation window.
    public var time: Timestamp
    /// `key=value`, sorted bytewise.
    public var sourceLabels: [String]
    public var destinationLabels: [String]
    public var counters: FlowCounters
    /// Generation of the policy program that decided; 0 when unknown (records of other collectors).
    public var generation: UInt64
    /// Addresses of a connection that this increment counts; nil when the collector does not tell.
    public var addresses: FlowAddresses?

    public init(
        key: FlowKey, time: Timestamp, sourceLabels: [String] = [], destinationLabels: [String] = [],
        counters: FlowCounters, generation: UInt64 = 0, addresses: FlowAddresses? = nil
    ) {
        self.key = key
        self.time = time
        self.sourceLabels = sourceLabels
        self.destinationLabels = destinationLabels
        self.counters = counters
        self.generation = generation
        self.addresses = addresses
    }
}
