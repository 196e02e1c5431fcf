// SPDX-License-Identifier: Apache-2.0

internal import LinuxKernel
internal import NetworkModel

/// Veth pairs, addresses and routes between the lab's namespaces.
enum LabWiring {
    /// The Ethernet address of the node's end of every pod link, as Calico sets it; unique per link is
    /// enough.
    static let nodeHardwareAddress: [UInt8] = [0xee, 0xee, 0xee, 0xee, 0xee, 0xee]
    /// The pod's gateway. No interface has it: the node answers for it by proxy ARP.
    static let gatewayV4 = IPAddress(v4: 0xa9fe_0101)
    /// The link-local address that follows from `nodeHardwareAddress` (RFC 4291 appendix A):
    /// fe80::ecee:eeff:feee:eeee. The kernel gives it to the node's end of every pod link.
    static let gatewayV6 = IPAddress(bits: 0xfe80 << 112 | 0xecee_eeff_feee_eeee)
    /// The transfer network between node and internet: 192.0.2.0/30 (RFC 5737) and 2001:db8:ffff::/126 (RFC
    /// 3849).
    static let uplinkV4 = (node: IPAddress(v4: 0xc000_0201), internet: IPAddress(v4: 0xc000_0202))
    static let uplinkV6 = (
        node: IPAddress(bits: 0x2001_0db8_ffff << 80 | 1),
        internet: IPAddress(bits: 0x2001_0db8_ffff << 80 | 2)
    )

    // MARK: A pod

    /// Returns the pod's new namespace.
    static func connect(
        _ wire: LabNetwork.Wire, node: NetworkNamespace, configurator: LinkConfigurator
    ) throws -> NetworkNamespace {
        let pod = try NetworkNamespace.create(wire.namespace)
        try configurator.createVethPair(wire.interface, peer: "eth0", peerNamespace: pod)
        try configurator.setHardwareAddress(wire.interface, nodeHardwareAddress)
        try node.perform { try LabSettings.applyToPodInterface(wire.interface) }
        try configurator.setUp(wire.interface)
        try pod.perform {
            try LabSettings.applyToPod()
            try configurePod(wire.addresses)
        }
        for address in wire.addresses {
            try configurator.addRoute(Route(to: IPPrefix(address), device: wire.interface))
        }
        return pod
    }

    private static func configurePod(_ addresses: [IPAddress]) throws(KernelError) {
        let links = try LinkConfigurator()
        try links.setLoopbackUp()
        try links.setUp("eth0")
        for address in addresses {
            try links.addAddress(address, prefixLength: address.family.bitCount, to: "eth0")
        }
        // The gateway is learned like any neighbour: by ARP (the node answers as a proxy) and neighbour
        // discovery.
        try links.addRoute(Route(to: IPPrefix(gatewayV4), device: "eth0"))
        try links.addRoute(Route(to: nil, via: gatewayV4, device: "eth0"))
        try links.addRoute(Route(to: nil, via: gatewayV6, device: "eth0"))
    }

    // MARK: The internet

    static func connectInternet(
        node: LinkConfigurator, internet: NetworkNamespace, uplink: String, hosts: [InternetHost]
    ) throws {
        try node.setLoopbackUp()
        try node.createVethPair(uplink, peer: "eth0", peerNamespace: internet)
        try node.setUp(uplink)
        try node.addAddress(uplinkV4.node, prefixLength: 30, to: uplink)
        try node.addAddress(uplinkV6.node, prefixLength: 126, to: uplink)
        try internet.perform {
            let links = try LinkConfigurator()
            try links.setLoopbackUp()
            try links.setUp("eth0")
            try links.addAddress(uplinkV4.internet, prefixLength: 30, to: "eth0")
            try links.addAddress(uplinkV6.internet, prefixLength: 126, to: "eth0")
            for host in hosts {
                for address in host.addresses {
                    try links.addAddress(address, prefixLength: address.family.bitCount, to: "lo")
                }
            }
            // Pods and the shop's public addresses are behind the node; nobody translates source addresses.
            try links.addRoute(Route(to: nil, via: uplinkV4.node, device: "eth0"))
            try links.addRoute(Route(to: nil, via: uplinkV6.node, device: "eth0"))
        }
        // What is nobody's address ends in the internet's namespace, which forwards nothing.
        try node.addRoute(Route(to: nil, via: uplinkV4.internet, device: uplink))
        try node.addRoute(Route(to: nil, via: uplinkV6.internet, device: uplink))
    }
}
