// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI
internal import Glibc
internal import NetworkModel

/// An interface as the kernel reports it (RTM_NEWLINK).
public struct NetworkInterface: Hashable, Sendable {
    /// Unique within its namespace at one time; reused later.
    public let index: Int32
    /// At most 15 bytes.
    public let name: String
    /// IFF_UP: set administratively.
    public let isUp: Bool
    /// Largest packet in bytes.
    public let mtuBytes: UInt32
    /// IFLA_ADDRESS: six bytes for Ethernet and veth.
    public let hardwareAddress: [UInt8]
}

// Reading links back.
extension LinkConfigurator {
    /// All interfaces, by index.
    public func interfaces() throws(KernelError) -> [NetworkInterface] {
        var found: [NetworkInterface] = []
        var request = NetlinkMessageWriter()
        request.begin(type: UInt16(RTM_GETLINK), flags: 0)
        Self.appendLinkHeader(&request)
        request.end()
        try socket.dumpConsistently(
            request, operation: "list links", subject: "", restart: { found.removeAll() },
            each: { message in
                if let interface = Self.interface(message) { found.append(interface) }
            })
        return found.sorted { $0.index < $1.index }
    }

    /// One interface by its name; throws `.notFound` when there is none.
    public func interface(_ name: String) throws(KernelError) -> NetworkInterface {
        try Self.validate(name)
        var request = NetlinkMessageWriter()
        request.begin(type: UInt16(RTM_GETLINK), flags: 0)
        Self.appendLinkHeader(&request)
        request.string(IFLA_IFNAME, name)
        request.end()
        var found: NetworkInterface?
        try socket.transact(request, operation: "find link", subject: name) { message in
            found = Self.interface(message) ?? found
        }
        guard let found else {
            throw KernelError(.malformed, operation: "find link", subject: name, detail: "unreadable answer")
        }
        return found
    }

    func index(of name: String) throws(KernelError) -> Int32 { try interface(name).index }

    /// Decodes RTM_NEWLINK: `struct ifinfomsg` (16 bytes: family, pad, type, index, flags, change), then
    /// attributes.
    private static func interface(_ message: NetlinkMessage) -> NetworkInterface? {
        guard message.type == UInt16(RTM_NEWLINK), let index: Int32 = message.payload.number(at: 4),
            let flags: UInt32 = message.payload.number(at: 8),
            var attributes = message.attributes(afterHeaderBytes: 16)
        else { return nil }
        var name = ""
        var mtu: UInt32 = 0
        var hardwareAddress: [UInt8] = []
        while let attribute = attributes.next() {
            switch attribute.type {
            case Int(IFLA_IFNAME): name = attribute.string
            case Int(IFLA_MTU): mtu = attribute.u32 ?? 0
            case Int(IFLA_ADDRESS): hardwareAddress = Array(attribute.payload.prefix(32))
            default: break
            }
        }
        guard !name.isEmpty else { return nil }
        return NetworkInterface(
            index: index, name: name, isUp: flags & UInt32(IFF_UP) != 0, mtuBytes: mtu,
            hardwareAddress: hardwareAddress)
    }

    // MARK: Shared parts of requests

    /// `struct ifinfomsg`, 16 bytes.
    static func appendLinkHeader(
        _ request: inout NetlinkMessageWriter, index: Int32 = 0, flags: UInt32 = 0, change: UInt32 = 0
    ) {
        request.append(UInt8(AF_UNSPEC))
        request.append(UInt8(0))
        request.append(UInt16(0))
        request.append(index)
        request.append(flags)
        request.append(change)
    }

    static func familyNumber(_ family: IPFamily) -> UInt8 { UInt8(family == .v4 ? AF_INET : AF_INET6) }

    /// Interface names have 1 to 15 bytes, no slash, colon, space or control character (net/core/dev.c).
    static func validate(_ name: String) throws(KernelError) {
        let bytes = name.utf8
        let isPlain = bytes.allSatisfy { $0 > 0x20 && $0 != 0x7f && $0 != 0x2f && $0 != 0x3a }
        guard (1...15).contains(bytes.count), isPlain, name != ".", name != ".." else {
            throw KernelError(
                .malformed, operation: "name link", subject: name,
                detail: "a name has 1 to 15 bytes without slashes, colons, spaces and control characters")
        }
    }

    static func requireEthernet(_ address: [UInt8], _ operation: String) throws(KernelError) {
        guard address.count == 6 else {
            throw KernelError(
                .malformed, operation: operation, subject: "\(address.count) bytes",
                detail: "an Ethernet address has 6 bytes")
        }
    }
}
