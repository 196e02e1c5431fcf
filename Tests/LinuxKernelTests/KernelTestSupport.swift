// SPDX-License-Identifier: Apache-2.0

import Glibc
import NetworkModel
import Synchronization
import TestSupport
import Testing

@testable import LinuxKernel

/// Whether tests that need privileges run: always when REQUIRE_KERNEL_TESTS=1, else when this process has
/// them.
let kernelTestsAvailable: Bool = {
    if let required = getenv("REQUIRE_KERNEL_TESTS"), String(cString: required) == "1" { return true }
    return (try? Capabilities.missing([.netAdmin, .sysAdmin, .netRaw])) == []
}()

/// Namespaces with unique names that vanish with this object, also when the test fails.
final class TestNamespaces: Sendable {
    private static let counter = Atomic<Int>(0)
    let names: [String]
    let all: [NetworkNamespace]

    init(_ count: Int) throws {
        let number = Self.counter.add(1, ordering: .relaxed).newValue
        names = (0..<count).map { "vibrissa-test-\(getpid())-\(number)-\($0)" }
        var made: [NetworkNamespace] = []
        do {
            for name in names { made.append(try NetworkNamespace.create(name)) }
        } catch {
            for namespace in made { try? NetworkNamespace.delete(namespace.name) }
            throw error
        }
        all = made
    }

    deinit { for name in names { try? NetworkNamespace.delete(name) } }
}

/// Two namespaces joined by a veth pair: `left` has 10.9.0.1 and fd09::1, `right` 10.9.0.2 and fd09::2.
final class TestLink: Sendable {
    let namespaces: TestNamespaces
    var left: NetworkNamespace { namespaces.all[0] }
    var right: NetworkNamespace { namespaces.all[1] }

    init() throws {
        namespaces = try TestNamespaces(2)
        let (left, right) = (namespaces.all[0], namespaces.all[1])
        try left.perform {
            let links = try LinkConfigurator()
            try links.createVethPair("eth0", peer: "eth0", peerNamespace: right, mtuBytes: 1400)
            try Self.configure(links, last: "1")
        }
        try right.perform { try Self.configure(try LinkConfigurator(), last: "2") }
    }

    private static func configure(_ links: LinkConfigurator, last: String) throws {
        try links.setLoopbackUp()
        try links.addAddress(IPAddress("10.9.0.\(last)")!, prefixLength: 24, to: "eth0")
        try links.addAddress(IPAddress("fd09::\(last)")!, prefixLength: 64, to: "eth0")
        try links.setUp("eth0")
    }
}

/// A socket of the namespace it was opened in, closed with the object. Reads wait five seconds at most.
final class TestSocket: Sendable {
    let descriptor: Int32

    init(
        in namespace: NetworkNamespace, _ family: IPFamily, _ type: __socket_type, _ transport: Int = 0
    )
        throws
    {
        descriptor = try namespace.perform {
            let domain = family == .v4 ? AF_INET : AF_INET6
            let descriptor = socket(
                domain, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), Int32(transport))
            try SocketFailure.check("socket", descriptor)
            return descriptor
        }
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func bind(_ address: IPAddress, _ port: UInt16) throws {
        try SocketFailure.check(
            "bind", withSocketAddress(address, port: port) { Glibc.bind(descriptor, $0, $1) })
    }

    func listen() throws { try SocketFailure.check("listen", Glibc.listen(descriptor, 8)) }

    func connect(_ address: IPAddress, _ port: UInt16) throws {
        try SocketFailure.check(
            "connect", withSocketAddress(address, port: port) { Glibc.connect(descriptor, $0, $1) })
    }

    func send(_ bytes: [UInt8]) throws {
        try SocketFailure.check("send", Glibc.send(descriptor, bytes, bytes.count, 0))
    }

    func receive() throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 2048)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        try SocketFailure.check("recv", count)
        return Array(bytes[..<count])
    }

    /// Receives one datagram and sends it back where it came from.
    func echo() throws {
        var bytes = [UInt8](repeating: 0, count: 2048)
        var peer = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let count = withUnsafeMutablePointer(to: &peer) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic -> Int in
                let received = recvfrom(descriptor, &bytes, bytes.count, 0, generic, &length)
                return received < 0 ? received : sendto(descriptor, bytes, received, 0, generic, length)
            }
        }
        try SocketFailure.check("echo", count)
    }
}

/// Runs `nft` with the given commands inside a namespace.
func nft(_ commands: String, in namespace: NetworkNamespace) throws {
    try namespace.perform { try run("nft", commands) }
}

/// Runs a program in the calling thread's namespace and waits for it; throws when it fails.
func run(_ words: String...) throws {
    let process = try start(words)
    var status: Int32 = 0
    try SocketFailure.check("waitpid", waitpid(process, &status, 0))
    guard status == 0 else { throw SocketFailure(call: "\(words[0]) exited with \(status >> 8)", errno: 0) }
}

/// Starts a program in the calling thread's namespace.
func start(_ words: [String]) throws -> pid_t {
    var process: pid_t = 0
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { arguments.forEach { free($0) } }
    let code = posix_spawnp(&process, words[0], nil, nil, &arguments, environ)
    guard code == 0 else { throw SocketFailure(call: "posix_spawnp \(words[0])", errno: code) }
    return process
}
