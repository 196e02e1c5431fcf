// SPDX-License-Identifier: Apache-2.0

public import NetworkModel

/// A Calico HostEndpoint: one interface of a node, or all of them.
public struct HostEndpointResource: Hashable, Sendable {
    public var name: String
    public var labels: Labels
    /// Name of the node it is on.
    public var node: String
    /// `eth0`; `*` for every interface that no other host endpoint of the node covers; empty when the interface is
    /// found by its address.
    public var interfaceName: String
    /// The only addresses by which rules know the endpoint as a peer (policy semantics 1.9).
    public var expectedAddresses: [IPAddress]
    public var profiles: [String]
    public var ports: [NamedPort]

    public init(
        name: String, labels: Labels = Labels(), node: String = "", interfaceName: String = "",
        expectedAddresses: [IPAddress] = [], profiles: [String] = [], ports: [NamedPort] = []
    ) {
        self.name = name
        self.labels = labels
        self.node = node
        self.interfaceName = interfaceName
        self.expectedAddresses = expectedAddresses
        self.profiles = profiles
        self.ports = ports
    }

    /// The interface name that covers what no other host endpoint of the node does.
    public static let everyInterface = "*"
}

/// A Calico Profile: rules and labels for the endpoints that name it.
public struct ProfileResource: Hashable, Sendable {
    public var name: String
    public var ingress: [CalicoRule]
    public var egress: [CalicoRule]
    /// What endpoints with the profile inherit.
    public var labelsToApply: Labels

    public init(
        name: String, ingress: [CalicoRule] = [], egress: [CalicoRule] = [], labelsToApply: Labels = Labels()
    ) {
        self.name = name
        self.ingress = ingress
        self.egress = egress
        self.labelsToApply = labelsToApply
    }

    /// The profile that always exists and allows everything, both ways; automatic host endpoints carry it.
    public static let defaultAllow = ProfileResource(
        name: "projectcalico-default-allow", ingress: [CalicoRule(action: .allow)],
        egress: [CalicoRule(action: .allow)])
}
