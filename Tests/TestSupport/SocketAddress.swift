// SPDX-License-Identifier: Apache-2.0

public import Glibc
public import NetworkModel

/// A failed system call of a test's own sockets.
public struct SocketFailure: Error {
    public let call: String
    public let errno: Int32

    public init(call: String, errno: Int32) {
        self.call = call
        self.errno = errno
    }

    public static func check(_ call: String, _ result: some BinaryInteger) throws {
        if result < 0 { throw SocketFailure(call: call, errno: Glibc.errno) }
    }
}

/// Calls `body` with the address in the C library's form.
public func withSocketAddress<Value>(
    _ address: IPAddress, port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Value
) -> Value {
    if address.family == .v4 {
        var v4 = sockaddr_in()
        v4.sin_family = sa_family_t(AF_INET)
        v4.sin_port = port.bigEndian
        v4.sin_addr.s_addr = address.v4Value.bigEndian
        return withUnsafePointer(to: &v4) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
    var v6 = sockaddr_in6()
    v6.sin6_family = sa_family_t(AF_INET6)
    v6.sin6_port = port.bigEndian
    withUnsafeMutableBytes(of: &v6.sin6_addr) { $0.copyBytes(from: address.networkBytes) }
    return withUnsafePointer(to: &v6) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
        }
    }
}
