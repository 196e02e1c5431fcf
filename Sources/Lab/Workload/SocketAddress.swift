// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import NetworkModel

/// An address and port as the socket calls want them: `sockaddr_in` or `sockaddr_in6`.
struct SocketAddress {
    private var storage = sockaddr_storage()
    private(set) var length = socklen_t(MemoryLayout<sockaddr_storage>.size)

    /// `address` nil is the IPv6 wildcard `::`, which also takes IPv4 on a dual-stack socket.
    init(_ address: IPAddress?, port: UInt16) {
        if let address, address.family == .v4 {
            var it = sockaddr_in()
            it.sin_family = sa_family_t(AF_INET)
            it.sin_port = port.bigEndian
            it.sin_addr.s_addr = address.v4Value.bigEndian
            length = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutableBytes(of: &storage) { raw in withUnsafeBytes(of: it) { raw.copyMemory(from: $0) }
            }
        } else {
            var it = sockaddr_in6()
            it.sin6_family = sa_family_t(AF_INET6)
            it.sin6_port = port.bigEndian
            let bytes = (address ?? IPAddress(bits: 0)).networkBytes
            withUnsafeMutableBytes(of: &it.sin6_addr) { $0.copyBytes(from: bytes) }
            length = socklen_t(MemoryLayout<sockaddr_in6>.size)
            withUnsafeMutableBytes(of: &storage) { raw in withUnsafeBytes(of: it) { raw.copyMemory(from: $0) }
            }
        }
    }

    /// Room for the kernel to fill in.
    init() {}

    func withPointer<Value>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    mutating func withMutablePointer<Value>(
        _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Value
    ) -> Value {
        length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var filled = length
        let value = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &filled) }
        }
        length = filled
        return value
    }
}
