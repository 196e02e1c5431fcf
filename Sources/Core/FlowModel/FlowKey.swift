// SPDX-License-Identifier: Apache-2.0

/// What a flow record calls an end of a flow. Raw values are the numbers of the flow API (1.3).
public enum FlowEndpointType: UInt8, Sendable, Hashable, CaseIterable, BitwiseCopyable {
    case unspecified = 0
    case workload = 1
    case host = 2
    case networkSet = 3
    case network = 4

    /// The name in the flow API.
    public var name: String {
        switch self {
        case .unspecified: "EndpointTypeUnspecified"
        case .workload: "WorkloadEndpoint"
        case .host: "HostEndpoint"
        case .networkSet: "NetworkSet"
        case .network: "Network"
        }
    }
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
    /// 0 without a Service. Other collectors may send anything that fits.
    public var port: Int64

    public init(name: String, namespace: String, portName: String, port: Int64) {
        self.name = name
        self.namespace = namespace
        self.portName = portName
        self.port = port
    }

    /// Not addressed to a Service.
    public static let none = FlowService(name: "-", namespace: "-", portName: "-", port: 0)
}

/// Which end saw the flow: `source` at the sending workload (egress), `destination` at the receiving one
/// (ingress). Raw values are the numbers of the flow API (1.3).
public enum FlowReporter: UInt8, Sendable, Hashable, CaseIterable, BitwiseCopyable {
    case unspecified = 0
    case source = 1
    case destination = 2

    /// The name in the flow API.
    public var name: String {
        switch self {
        case .unspecified: "ReporterUnspecified"
        case .source: "Src"
        case .destination: "Dst"
        }
    }
}

/// The verdict on a flow, or what a policy did in a trace; a flow is never passed. Raw values are the numbers
/// of the flow API (1.3).
public enum FlowAction: UInt8, Sendable, Hashable, CaseIterable, BitwiseCopyable {
    case unspecified = 0
    case allow = 1
    case deny = 2
    case pass = 3

    /// The name in the flow API.
    public var name: String {
        switch self {
        case .unspecified: "ActionUnspecified"
        case .allow: "Allow"
        case .deny: "Deny"
        case .pass: "Pass"
        }
    }
}

/// A flow's identity: every field of Goldmane's FlowKey (flow API 2.2). The trace is in canonical order.
public struct FlowKey: Hashable, Sendable {
    public var source: FlowEndpoint
    public var destination: FlowEndpoint
    /// After destination NAT. 0 to 65535; other collectors may send anything that fits.
    public var destinationPort: Int64
    public var service: FlowService
    /// `tcp`, `udp`, `icmp`, ... or a number in decimal.
    public var transport: String
    public var reporter: FlowReporter
    public var action: FlowAction
    public var trace: FlowTrace

    public init(
        source: FlowEndpoint, destination: FlowEndpoint, destinationPort: Int64,
        service: FlowService = .none,
        transport: String, reporter: FlowReporter, action: FlowAction, trace: FlowTrace
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
