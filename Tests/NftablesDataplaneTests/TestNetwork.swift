// SPDX-License-Identifier: Apache-2.0

import FlowModel
import Glibc
import LinuxKernel
import NetworkModel
import TestSupport

@testable import NftablesDataplane

/// A node that routes between a client and a server, each a workload in a namespace of its own.
///
///     client eth0 10.1.0.2, fd01::2 ─ calic ┐ node 10.1.0.1, fd01::1
///     server eth0 10.2.0.2, fd02::2 ─ calis ┘      10.2.0.1, fd02::1
final class TestNetwork: Sendable {
    static let client = (v4: IPAddress("10.1.0.2")!, v6: IPAddress("fd01::2")!)
    static let server = (v4: IPAddress("10.2.0.2")!, v6: IPAddress("fd02::2")!)
    static let node = (v4: IPAddress("10.1.0.1")!, v6: IPAddress("fd01::1")!)

    let namespaces: TestNamespaces
    var client: NetworkNamespace { namespaces.all[0] }
    var node: NetworkNamespace { namespaces.all[1] }
    var server: NetworkNamespace { namespaces.all[2] }

    init() throws {
        namespaces = try TestNamespaces(3)
        let (client, node, server) = (namespaces.all[0], namespaces.all[1], namespaces.all[2])
        try node.perform {
            let links = try LinkConfigurator()
            try links.setLoopbackUp()
            try Sysctl.write("net.ipv4.ip_forward", "1")
            try Sysctl.write("net.ipv6.conf.all.forwarding", "1")
            for (name, peer, number) in [("calic", client, 1), ("calis", server, 2)] {
                try links.createVethPair(name, peer: "eth0", peerNamespace: peer)
                try links.addAddress(IPAddress("10.\(number).0.1")!, prefixLength: 24, to: name)
                try links.addAddress(IPAddress("fd0\(number)::1")!, prefixLength: 64, to: name)
                try links.setUp(name)
            }
        }
        for (namespace, number) in [(client, 1), (server, 2)] {
            try namespace.perform {
                let links = try LinkConfigurator()
                try links.setLoopbackUp()
                try links.addAddress(IPAddress("10.\(number).0.2")!, prefixLength: 24, to: "eth0")
                try links.addAddress(IPAddress("fd0\(number)::2")!, prefixLength: 64, to: "eth0")
                try links.setUp("eth0")
                try links.addRoute(Route(to: nil, via: IPAddress("10.\(number).0.1")!, device: "eth0"))
                try links.addRoute(Route(to: nil, via: IPAddress("fd0\(number)::1")!, device: "eth0"))
            }
        }
    }

    /// Tries a TCP connection from the client; nil on success, else the errno. ETIMEDOUT after
    /// `milliseconds`.
    func connect(_ address: IPAddress, _ port: UInt16, milliseconds: Int32 = 400) throws -> Int32? {
        let socket = try TestSocket(in: client, address.family, SOCK_STREAM)
        return socket.connectError(address, port, milliseconds: milliseconds)
    }
}

/// A socket of the namespace it was opened in, closed with the object.
final class TestSocket: Sendable {
    let descriptor: Int32

    init(in namespace: NetworkNamespace, _ family: IPFamily, _ type: __socket_type) throws {
        descriptor = try namespace.perform {
            let domain = family == .v4 ? AF_INET : AF_INET6
            let descriptor = socket(domain, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            try SocketFailure.check("socket", descriptor)
            return descriptor
        }
    }

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// A listening TCP socket, or a bound UDP socket.
    static func server(
        in namespace: NetworkNamespace, _ address: IPAddress, _ port: UInt16, _ type: __socket_type
    )
        throws -> TestSocket
    {
        let socket = try TestSocket(in: namespace, address.family, type)
        try SocketFailure.check(
            "bind", withSocketAddress(address, port: port) { bind(socket.descriptor, $0, $1) })
        if type == SOCK_STREAM { try SocketFailure.check("listen", listen(socket.descriptor, 512)) }
        return socket
    }

    func accept(milliseconds: Int32 = 5000) throws -> TestSocket {
        guard isReadable(milliseconds: milliseconds) else {
            throw SocketFailure(call: "accept", errno: ETIMEDOUT)
        }
        let accepted = Glibc.accept(descriptor, nil, nil)
        try SocketFailure.check("accept", accepted)
        return TestSocket(descriptor: accepted)
    }

    /// Nil when connected, else the errno.
    func connectError(_ address: IPAddress, _ port: UInt16, milliseconds: Int32) -> Int32? {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL, 0) | O_NONBLOCK)
        defer { _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL, 0) & ~O_NONBLOCK) }
        if withSocketAddress(address, port: port, { Glibc.connect(descriptor, $0, $1) }) == 0 { return nil }
        guard errno == EINPROGRESS else { return errno }
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&entry, 1, milliseconds) > 0 else { return ETIMEDOUT }
        var code: Int32 = 0
        var length = socklen_t(4)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
        return code == 0 ? nil : code
    }

    func isReadable(milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, milliseconds) > 0
    }

    func send(_ bytes: [UInt8]) throws {
        try SocketFailure.check("send", Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)))
    }

    /// Nil when nothing comes in time.
    func receive(milliseconds: Int32 = 5000) throws -> [UInt8]? {
        guard isReadable(milliseconds: milliseconds) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 2048)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        try SocketFailure.check("recv", count)
        return Array(bytes[..<count])
    }
}

/// Reads an event source until a condition holds.
final class EventCollector {
    private let source: NetfilterEventSource
    private var iterator: AsyncStream<KernelEventBatch>.Iterator
    private(set) var packets: [PacketEvent] = []
    private(set) var connections: [ConnectionObservation] = []
    private(set) var losses: [String: UInt64] = [:]

    init(_ source: NetfilterEventSource) {
        self.source = source
        iterator = source.batches().makeAsyncIterator()
    }

    deinit { source.stop() }

    /// False when the source ended, or the condition did not hold within ten seconds, which ends the source.
    func collect(until condition: (EventCollector) -> Bool) async -> Bool {
        let source = source
        let watchdog = Task {
            try await Task.sleep(for: .seconds(10))
            source.stop()
        }
        defer { watchdog.cancel() }
        while !condition(self) {
            guard let batch = await iterator.next() else { return false }
            for event in batch.events {
                switch event {
                case .packet(let packet): packets.append(packet)
                case .connection(let connection): connections.append(connection)
                case .listed: continue
                }
            }
            for loss in batch.losses { losses[loss.name] = loss.count }
        }
        return true
    }

}
