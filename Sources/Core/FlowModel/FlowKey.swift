// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
public import PolicyModel

/// What a flow record calls an end of a flow (flow API 1.3).
public enum FlowEndpointType: String, Sendable, Hashable {
    case workload = "WorkloadEndpoint"
    case host = "HostEndpoint"
    case networkSet = "NetworkSet"
    case network = "Network"
}

/// One end of a flow, aggregated.
public struct FlowEndpoint: Hashable, Sendable {
    public var type: FlowEndpointType
    /// `web-6f9c-*`, a pod, host or set name, or `pub` / `pvt`.
    public var name: String
    /// `-` for host endpoints, global network sets and plain networks.
    public var namespace: String

    public init(type: FlowEndpointType, name: String, namespace: String) {
        self.type = type
        self.name = name
        self.namespace = namespace
    }

    public static let publicNetwork = FlowEndpoint(type: .network, name: "pub", namespace: "-")
    public static let privateNetwork = FlowEndpoint(type: .network, name: "pvt", namespace: "-")
}

/// The Service that a connection was addressed to.
public struct FlowService: Hashable, Sendable {
    public var name: String
    public var namespace: String
    /// `-` when unnamed.
    public var portName: String
    public var port: UInt16

    public init(name: String, namespace: String, portName: String, port: UInt16) {
        self.name = name
        self.namespace = namespace
        self.portName = portName
        self.port = port
    }

    /// Not addressed to a Service.
    public static let none = FlowService(name: "-", namespace: "-", portName: "-", port: 0)
}

/// Which end saw the flow: `source` at the sending workload (egress), `destination` at the receiving one
/// (ingress).
public enum FlowReporter: String, Sendable, Hashable {
    case source = "Src"
    case destination = "Dst"

    /// The direction whose policy decided.
    public var direction: Direction { self == .source ? .egress : .ingress }
}

/// The verdict on a flow.
public enum FlowAction: String, Sendable, Hashable {
    case allow = "Allow"
    case deny = "Deny"
}

/// A flow's identity: every field of Goldmane's FlowKey (flow API 2.2). The trace is in canonical order.
public struct FlowKey: Hashable, Sendable {
    public var source: FlowEndpoint
    public var destination: FlowEndpoint
    public var destinationPort: UInt16
    public var service: FlowService
    /// `tcp`, `udp`, `icmp`, ... or a number in decimal.
    public var transport: String
    public var reporter: FlowReporter
    public var action: FlowAction
    public var trace: PolicyTrace

    public init(
        source: FlowEndpoint, destination: FlowEndpoint, destinationPort: UInt16,
        service: FlowService = .none,
        transport: String, reporter: FlowReporter, action: FlowAction, trace: PolicyTrace
    ) {
        self.source = source
        self.destination = destination
        self.destinationPort = destinationPort
        self.service = service
        self.transport = transport
        self.reporter = reporter
        self.action = action
        self.trace = trace
    }
}

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

    public init(
        key: FlowKey, time: Timestamp, sourceLabels: [String] = [], destinationLabels: [String] = [],
        counters: FlowCounters, generation: UInt64 = 0
    ) {
        self.key = key
        self.time = time
        self.sourceLabels = sourceLabels
        self.destinationLabels = destinationLabels
        self.counters = counters
        self.generation = generation
    }
}
