// SPDX-License-Identifier: Apache-2.0

import Glibc
import NetworkModel
import TestSupport
import Testing

@testable import LinuxKernel

// Kernel tests run one after another: they wait for the kernel on the test runner's few threads.
@Suite("Kernel", .serialized, .enabled(if: kernelTestsAvailable, "needs CAP_NET_ADMIN and CAP_SYS_ADMIN"))
enum KernelTests {}

extension KernelTests {
    @Suite("Network namespaces", .serialized)
    struct NetworkNamespaceTests {
        @Test("creates, lists, opens and deletes a name")
        func lifeCycle() throws {
            let namespaces = try TestNamespaces(2)
            let name = namespaces.names[0]
            #expect(NetworkNamespace.exists(name))
            #expect(try NetworkNamespace.list(prefix: name) == [name])
            #expect(try NetworkNamespace.open(name).identity == namespaces.all[0].identity)
            #expect(namespaces.all[0].identity != namespaces.all[1].identity)
            #expect(throws: KernelError.self) { try NetworkNamespace.create(name) }
            try NetworkNamespace.delete(name)
            #expect(!NetworkNamespace.exists(name))
            let gone = #expect(throws: KernelError.self) { try NetworkNamespace.delete(name) }
            #expect(gone?.code == .notFound)
        }

        @Test("shares names with ip netns, both ways")
        func sharesNames() throws {
            let namespaces = try TestNamespaces(2)
            try run("ip", "netns", "exec", namespaces.names[0], "true")
            try run("ip", "netns", "delete", namespaces.names[0])
            #expect(!NetworkNamespace.exists(namespaces.names[0]))
            try run("ip", "netns", "add", namespaces.names[0])
            #expect(try NetworkNamespace.list(prefix: namespaces.names[0]) == [namespaces.names[0]])
            try NetworkNamespace.delete(namespaces.names[0])
        }

        @Test("leaves no name behind when its object goes")
        func fixtureCleansUp() throws {
            let names = try TestNamespaces(1).names
            #expect(!NetworkNamespace.exists(names[0]))
        }

        @Test("runs a closure inside and leaves the caller where it was")
        func performs() throws {
            let namespaces = try TestNamespaces(1)
            let namespace = namespaces.all[0]
            let before = try NetworkNamespace.current().identity
            let inside = try namespace.perform { try NetworkNamespace.current().identity }
            #expect(inside == namespace.identity)
            #expect(try NetworkNamespace.current().identity == before)
            #expect(before != inside)
        }

        @Test("runs a closure inside without blocking the caller")
        func performsAsync() async throws {
            let namespaces = try TestNamespaces(1)
            let inside = try await namespaces.all[0].performAsync { try NetworkNamespace.current().identity }
            #expect(inside == namespaces.all[0].identity)
        }

        @Test("hands the closure's error back")
        func performThrows() throws {
            let namespace = try NetworkNamespace.anonymous()
            #expect(throws: SocketFailure.self) {
                try namespace.perform { throw SocketFailure(call: "none", errno: 0) }
            }
        }

        @Test("writes sysctls of the namespace only")
        func sysctls() throws {
            let namespace = try NetworkNamespace.anonymous()
            let outside = try Sysctl.read("net.ipv4.ip_default_ttl")
            let inside = try namespace.perform {
                try Sysctl.write("net.ipv4.ip_default_ttl", "17")
                return try Sysctl.read("net.ipv4.ip_default_ttl")
            }
            #expect(inside == "17")
            #expect(try Sysctl.read("net.ipv4.ip_default_ttl") == outside)
            let missing = #expect(throws: KernelError.self) {
                try Sysctl.write("net.ipv4.no_such_thing", "1")
            }
            #expect(missing?.code == .notFound)
        }

        @Test("finds the processes inside")
        func processes() throws {
            let namespaces = try TestNamespaces(1)
            #expect(try NetworkNamespace.processes(in: namespaces.all[0]) == [])
            let child = try namespaces.all[0].perform { try start(["sleep", "60"]) }
            defer {
                kill(child, SIGKILL)
                waitpid(child, nil, 0)
            }
            #expect(try NetworkNamespace.processes(in: namespaces.all[0]) == [child])
            #expect(try NetworkNamespace.processes(in: NetworkNamespace.current()).contains(getpid()))
        }

        @Test("misses no kernel feature here")
        func features() throws {
            #expect(try KernelFeatures.missing().map(\.description) == [])
        }
    }
}
