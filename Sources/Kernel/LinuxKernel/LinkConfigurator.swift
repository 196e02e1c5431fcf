// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI
internal import Glibc
public import NetworkModel

/// Creates and configures interfaces, addresses, routes and neighbours of one network namespace
/// (rtnetlink(7)).
///
/// Interfaces are named by their name; every call looks the index up anew, because indexes are reused.
public struct LinkConfigurator: Sendable {
    let socket: NetlinkSocket

    /// For the calling thread's namespace.
    public init() throws(KernelError) { socket = try NetlinkSocket.open(.route) }

    private init(socket: NetlinkSocket) { self.socket = socket }

    /// For the given namespace; callable from any thread.
    public static func open(in namespace: NetworkNamespace) throws -> LinkConfigurator {
        try namespace.perform { try LinkConfigurator() }
    }

    // MARK: Links

    /// Creates two connected interfaces; the peer is born in `peerNamespace` when given (IFLA_NET_NS_FD).
    ///
    /// `mtuBytes` holds for both ends; nil keeps the kernel's 1500.
    public func createVethPair(
        _ name: String, peer peerName: String, peerNamespace: NetworkNamespace? = nil, mtuBytes: UInt32? = nil
    ) throws(KernelError) {
        try Self.validate(name)
        try Self.validate(peerName)
        var request = NetlinkMessageWriter()
        request.begin(type: UInt16(RTM_NEWLINK), flags: UInt16(NLM_F_CREATE | NLM_F_EXCL))
        Self.appendLinkHeader(&request)
        request.string(IFLA_IFNAME, name)
        if let mtuBytes { request.u32(IFLA_MTU, mtuBytes) }
        request.nested(IFLA_LINKINFO) { info in
            info.string(IFLA_INFO_KIND, "veth")
            info.nested(IFLA_INFO_DATA) { data in
                data.nested(VETH_INFO_PEER) { peer in
                    Self.appendLinkHeader(&peer)
                    peer.string(IFLA_IFNAME, peerName)
                    if let mtuBytes { peer.u32(IFLA_MTU, mtuBytes) }
                    if let peerNamespace { peer.u32(IFLA_NET_NS_FD, UInt32(peerNamespace.descriptor)) }
                }
            }
        }
        request.end()
        try socket.transact(request, operation: "create veth pair", subject: "\(name), \(peerName)")
    }

    /// Brings an interface up (IFF_UP).
    public func setUp(_ name: String) throws(KernelError) {
        try setFlags(name, UInt32(IFF_UP), operation: "bring up link")
    }

    /// Takes an interface down. Its routes vanish with it.
    public func setDown(_ name: String) throws(KernelError) {
        try setFlags(name, 0, operation: "take down link")
    }

    /// Brings `lo` up.
    public func setLoopbackUp() throws(KernelError) { try setUp("lo") }

    /// Gives an interface a six-byte Ethernet address.
    public func setHardwareAddress(_ name: String, _ address: [UInt8]) throws(KernelError) {
        let operation = "set hardware address"
        try Self.requireEthernet(address, operation)
        var request = NetlinkMessageWriter()
        request.begin(type: UInt16(RTM_NEWLINK), flags: 0)
        Self.appendLinkHeader(&request, index: try index(of: name))
        request.raw(IFLA_ADDRESS, address)
        request.end()
        try socket.transact(request, operation: operation, subject: name)
    }

    /// Deletes an interface; for a veth, its peer too.
    public func deleteLink(_ name: String) throws(KernelError) {
        var request = NetlinkMessageWriter()
        request.begin(type: UInt16(RTM_DELLINK), flags: 0)
        Self.appendLinkHeader(&request, index: try index(of: name))
        request.end()
        try socket.transact(request, operation: "delete link", subject: name)
    }

    private func setFlags(_ name: String, _ flags: UInt32, operation: String) throws(KernelError) {
        var request = NetlinkMessageWriter()
        request.begin(type: UInt16(RTM_NEWLINK), flags: 0)
        Self.appendLinkHeader(
            &request, index: try index(of: name), flags: flags, change: UInt32(IFF_UP))
        request.end()
        try socket.transact(request, operation: operation, subject: name)
    }

    // MARK: Addresses, routes, neighbours

    /// Gives an interface an address of a network of `prefixLength` bits; IPv6 without duplicate detection,
    /// so that it is usable at once.
    public func addAddress(_ address: IPAddress, prefixLength: Int, to name: String) throws(KernelError) {
        let subject = "\(address)/\(prefixLength) on \(name)"
        guard (0...address.family.bitCount).contains(prefixLength) else {
            throw KernelError(
                .malformed, operation: "add address", subject: subject, detail: "prefix length out of range")
        }
        var request = NetlinkMessageWriter()
        request.begin(type: UInt16(RTM_NEWADDR), flags: UInt16(NLM_F_CREATE | NLM_F_EXCL))
        // struct ifaddrmsg: family, prefix length, flags, scope, index
        request.append(Self.familyNumber(address.family))
        request.append(UInt8(prefixLength))
        request.append(address.family == .v6 ? UInt8(IFA_F_NODAD) : 0)
        request.append(UInt8(0))
        request.append(UInt32(try index(of: name)))
        request.raw(IFA_LOCAL, address.networkBytes)
        request.raw(IFA_ADDRESS, address.networkBytes)
        request.end()
        try socket.transact(request, operation: "add address", subject: subject)
    }

    /// Adds a route; fails when the same one exists.
    public func addRoute(_ route: Route) throws(KernelError) {
        try sendRoute(
            route, type: UInt16(RTM_NEWROUTE), flags: UInt16(NLM_F_CREATE | NLM_F_EXCL), "add route")
    }

    /// Deletes a route.
    public func deleteRoute(_ route: Route) throws(KernelError) {
        try sendRoute(route, type: UInt16(RTM_DELROUTE), flags: 0, "delete route")
    }

    private func sendRoute(
        _ route: Route, type: UInt16, flags: UInt16, _ operation: String
    ) throws(KernelError) {
        let destination = route.destination
        var request = NetlinkMessageWriter()
        request.begin(type: type, flags: flags)
        // struct rtmsg: family, destination length, source length, tos, table, protocol, scope, type, flags
        request.append(Self.familyNumber(route.family))
        request.append(destination?.length ?? 0)
        request.append(UInt8(0))
        request.append(UInt8(0))
        request.append(UInt8(RT_TABLE_MAIN.rawValue))
        request.append(UInt8(RTPROT_STATIC))
        let scope = route.gateway == nil && route.family == .v4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE
        request.append(UInt8(scope.rawValue))
        request.append(UInt8(RTN_UNICAST))
        request.append(route.isOnLink ? UInt32(RTNH_F_ONLINK) : 0)
        if let destination { request.raw(RTA_DST.rawValue, destination.address.networkBytes) }
        if let gateway = route.gateway { request.raw(RTA_GATEWAY.rawValue, gateway.networkBytes) }
        if let device = route.device { request.u32(RTA_OIF.rawValue, UInt32(try index(of: device))) }
        if let source = route.preferredSource { request.raw(RTA_PREFSRC.rawValue, source.networkBytes) }
        request.end()
        try socket.transact(request, operation: operation, subject: route.description)
    }

    /// Fixes the Ethernet address of a neighbour (NUD_PERMANENT), replacing what was learned.
    public func addNeighbour(
        _ address: IPAddress, hardwareAddress: [UInt8], on name: String
    ) throws(KernelError) {
        try Self.requireEthernet(hardwareAddress, "add neighbour")
        var request = NetlinkMessageWriter()
        request.begin(type: UInt16(RTM_NEWNEIGH), flags: UInt16(NLM_F_CREATE | NLM_F_REPLACE))
        // struct ndmsg: family, 3 bytes of padding, index, state, flags, type
        request.append(Self.familyNumber(address.family))
        request.append(UInt8(0))
        request.append(UInt16(0))
        request.append(UInt32(try index(of: name)))
        request.append(UInt16(NUD_PERMANENT))
        request.append(UInt8(0))
        request.append(UInt8(RTN_UNICAST))
        request.raw(NDA_DST, address.networkBytes)
        request.raw(NDA_LLADDR, hardwareAddress)
        request.end()
        try socket.transact(request, operation: "add neighbour", subject: "\(address) on \(name)")
    }
}
