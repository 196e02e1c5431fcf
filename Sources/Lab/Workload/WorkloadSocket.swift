// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import NetworkModel

/// Non-blocking sockets by bare system calls. Failures are error numbers (errno.h): the loop turns them into
/// words.
enum WorkloadSocket {
    struct Failure: Error, Hashable {
        let errno: Int32
        init(_ errno: Int32) { self.errno = errno }

        static var last: Failure { Failure(Glibc.errno) }

        /// `Connection refused`
        var text: String { strerror(errno).map { String(cString: $0) } ?? "error \(errno)" }
    }

    /// A socket that listens, or for datagrams receives, on `address`, or on any address of both families.
    static func server(
        _ server: WorkloadServer, address: IPAddress?
    ) throws(Failure) -> Int32 {
        let isStream = server.transport == .tcp
        let descriptor = try open(address?.family ?? .v6, isStream ? SOCK_STREAM : SOCK_DGRAM)
        do throws(Failure) {
            try set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
            if address == nil { try set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
            let place = SocketAddress(address, port: server.port)
            guard place.withPointer({ bind(descriptor, $0, $1) }) == 0 else { throw .last }
            if isStream { guard listen(descriptor, 128) == 0 else { throw .last } }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// A socket that has begun to connect to a TCP port, or is connected to a UDP port or ICMP peer.
    static func client(
        to address: IPAddress, port: UInt16, transport: IPProtocol, from local: IPAddress?
    ) throws(Failure) -> Int32 {
        let isICMP = transport == .icmp || transport == .icmpv6
        let descriptor = try open(
            address.family, transport == .tcp ? SOCK_STREAM : SOCK_DGRAM,
            transport: isICMP ? Int32(transport.rawValue) : 0)
        do throws(Failure) {
            if let local {
                let place = SocketAddress(local, port: 0)
                guard place.withPointer({ bind(descriptor, $0, $1) }) == 0 else { throw .last }
            }
            let peer = SocketAddress(address, port: port)
            guard peer.withPointer({ connect(descriptor, $0, $1) }) == 0 || errno == EINPROGRESS else {
                throw .last
            }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    private static func open(
        _ family: IPFamily, _ type: __socket_type, transport: Int32 = 0
    ) throws(Failure) -> Int32 {
        let flags = Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family == .v4 ? AF_INET : AF_INET6, Int32(type.rawValue) | flags, transport)
        guard descriptor >= 0 else { throw .last }
        return descriptor
    }

    private static func set(
        _ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32
    ) throws(Failure) {
        var value = value
        guard setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
            throw .last
        }
    }

    /// SO_ERROR: 0 when a connection attempt succeeded.
    static func pendingError(_ descriptor: Int32) -> Int32 {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &value, &length) == 0 ? value : errno
    }

    /// Bytes sent; nil when the socket would block.
    static func send(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) throws(Failure) -> Int? {
        let count = bytes.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if count >= 0 { return count }
        if errno == EAGAIN || errno == EINTR { return nil }
        throw .last
    }

    /// Bytes received, empty at the end of a stream; nil when the socket would block.
    static func receive(_ descriptor: Int32, maximumBytes: Int) throws(Failure) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: maximumBytes)
        let count = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
        if count >= 0 { return Array(bytes[..<count]) }
        if errno == EAGAIN || errno == EINTR { return nil }
        throw .last
    }
}
