// SPDX-License-Identifier: Apache-2.0

public import NetworkModel

/// A Kubernetes Namespace, as far as policy looks at it.
public struct NamespaceResource: Hashable, Sendable {
    public var name: String
    public var labels: Labels
    /// No Namespace object was read: it must exist because something is in it, but it may have more labels than these.
    public var isImplied: Bool

    public init(name: String, labels: Labels = Labels(), isImplied: Bool = false) {
        self.name = name
        self.labels = labels
        self.isImplied = isImplied
    }
}

/// A Kubernetes ServiceAccount, as far as policy looks at it.
public struct ServiceAccountResource: Hashable, Sendable {
    public var name: ResourceName
    public var labels: Labels

    public init(name: ResourceName, labels: Labels = Labels()) {
        self.name = name
        self.labels = labels
    }
}

/// A named container port.
public struct NamedPort: Hashable, Sendable {
    public var name: String
    public var transport: IPProtocol
    public var port: UInt16

    public init(name: String, transport: IPProtocol = .tcp, port: UInt16) {
        self.name = name
        self.transport = transport
        self.port = port
    }
}

/// A pod: what policy and flow records need of it.
public struct PodResource: Hashable, Sendable {
    public var name: ResourceName
    /// The pod's own labels as written; endpoint labels are derived from them (`WorkloadEndpoint`).
    public var labels: Labels
    /// `metadata.generateName` with its trailing `-`, or empty.
    public var generateName: String
    public var serviceAccount: String
    /// `status.podIPs`; empty until the pod has an address.
    public var addresses: [IPAddress]
    public var ports: [NamedPort]
    /// `Succeeded`, `Failed`, `Running`, ... A finished pod is no endpoint: its address may already be
    /// another pod's.
    public var phase: String
    public var usesHostNetwork: Bool
    /// Profiles by name in place of the derived `kns.*`, `ksa.*`; nil, except where a case or an API object
    /// says so.
    public var profiles: [String]?
    public var nodeName: String
    /// Command and arguments of the first container. Only the lab looks at them: it runs the pod.
    public var arguments: [String]

    public init(
        name: ResourceName, labels: Labels = Labels(), generateName: String = "", serviceAccount: String = "",
        addresses: [IPAddress] = [], ports: [NamedPort] = [], phase: String = "",
        usesHostNetwork: Bool = false,
        profiles: [String]? = nil, nodeName: String = "", arguments: [String] = []
    ) {
        self.name = name
        self.labels = labels
        self.generateName = generateName
        self.serviceAccount = serviceAccount
        self.addresses = addresses
        self.ports = ports
        self.phase = phase
        self.usesHostNetwork = usesHostNetwork
        self.profiles = profiles
        self.nodeName = nodeName
        self.arguments = arguments
    }

    public var isFinished: Bool { phase == "Succeeded" || phase == "Failed" }

    /// The name in flow records: `generateName*`, else the pod's name (flow API 5.5).
    public var aggregatedName: String { generateName.isEmpty ? name.name : generateName + "*" }
}

/// One port of a Service.
public struct ServicePort: Hashable, Sendable {
    /// Empty when the Service has a single unnamed port.
    public var name: String
    public var transport: IPProtocol
    public var port: UInt16
    /// Number, or name of a container port.
    public var targetPort: TargetPort
    /// 0 when none.
    public var nodePort: UInt16

    public enum TargetPort: Hashable, Sendable {
        case number(UInt16)
        case name(String)
    }

    public init(
        name: String = "", transport: IPProtocol = .tcp, port: UInt16, targetPort: TargetPort? = nil,
        nodePort: UInt16 = 0
    ) {
        self.name = name
        self.transport = transport
        self.port = port
        self.targetPort = targetPort ?? .number(port)
        self.nodePort = nodePort
    }
}

/// A Kubernetes Service: virtual addresses, ports, and the equality selector of its pods.
public struct ServiceResource: Hashable, Sendable {
    public var name: ResourceName
    /// Empty: no selector, endpoints are managed by someone else.
    public var selector: Labels
    /// `spec.clusterIPs`; empty for headless Services and until allocated.
    public var clusterAddresses: [IPAddress]
    public var externalAddresses: [IPAddress]
    public var ports: [ServicePort]
    /// `clusterIP: None`.
    public var isHeadless: Bool

    public init(
        name: ResourceName, selector: Labels = Labels(), clusterAddresses: [IPAddress] = [],
        externalAddresses: [IPAddress] = [], ports: [ServicePort] = [], isHeadless: Bool = false
    ) {
        self.name = name
        self.selector = selector
        self.clusterAddresses = clusterAddresses
        self.externalAddresses = externalAddresses
        self.ports = ports
        self.isHeadless = isHeadless
    }
}

/// A discovery.k8s.io/v1 EndpointSlice.
public struct EndpointSliceResource: Hashable, Sendable {
    public var name: ResourceName
    /// Label `kubernetes.io/service-name`.
    public var serviceName: String
    public var addresses: [IPAddress]
    /// Ports without a number contribute nothing and are left out.
    public var ports: [NamedPort]

    public init(name: ResourceName, serviceName: String, addresses: [IPAddress] = [], ports: [NamedPort] = [])
    {
        self.name = name
        self.serviceName = serviceName
        self.addresses = addresses
        self.ports = ports
    }
}

/// NetworkSet (namespaced) or GlobalNetworkSet (empty namespace): named CIDRs with labels.
public struct NetworkSetResource: Hashable, Sendable {
    public var name: ResourceName
    public var labels: Labels
    public var nets: [IPPrefix]

    public init(name: ResourceName, labels: Labels = Labels(), nets: [IPPrefix] = []) {
        self.name = name
        self.labels = labels
        self.nets = nets
    }
}

/// A Calico Tier.
public struct TierResource: Hashable, Sendable {
    public enum DefaultAction: String, Sendable, Hashable {
        case deny = "Deny"
        case pass = "Pass"
    }

    /// The order of a tier that states none (policy semantics 1.3).
    public static let defaultOrder = 1_000_000.0

    public var name: String
    public var order: Double
    public var defaultAction: DefaultAction

    public init(name: String, order: Double? = nil, defaultAction: DefaultAction = .deny) {
        self.name = name
        self.order = order ?? Self.defaultOrder
        self.defaultAction = defaultAction
    }

    /// The tiers that always exist.
    public static let builtIn = [
        TierResource(name: "kube-admin", order: 1000, defaultAction: .pass),
        TierResource(name: "default", order: 1_000_000, defaultAction: .deny),
        TierResource(name: "kube-baseline", order: 10_000_000, defaultAction: .pass),
    ]
}
