// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxKernel
import NetworkModel
import Synchronization
import Testing

@testable import Lab

@Suite("Lab network", .enabled(if: kernelTestsAvailable, "needs CAP_NET_ADMIN and CAP_SYS_ADMIN"))
struct LabNetworkTests {
    /// The port that a listener or receiver of the kernel's choosing got.
    static func port(of descriptor: Int32) -> UInt16 {
        var place = SocketAddress()
        _ = place.withMutablePointer { getsockname(descriptor, $0, $1) }
        return place.withPointer { pointer, _ in
            // The port stands at the same offset for both families.
            UnsafeRawPointer(pointer).loadUnaligned(fromByteOffset: 2, as: UInt16.self).bigEndian
        }
    }

    /// Connects from one namespace to a listener in another, both in their namespaces; returns errno, 0 for
    /// success.
    static func connect(
        from source: NetworkNamespace, to destination: NetworkNamespace, at place: IPAddress
    ) throws -> Int32 {
        let server = try destination.perform {
            try WorkloadSocket.server(WorkloadServer(kind: .tcp, port: 5432), address: place)
        }
        defer { close(server) }
        return try source.perform {
            let client = try WorkloadSocket.client(to: place, port: 5432, transport: .tcp, from: nil)
            defer { close(client) }
            var waiting = pollfd(fd: client, events: Int16(POLLOUT), revents: 0)
            guard poll(&waiting, 1, 3000) == 1 else { return ETIMEDOUT }
            return WorkloadSocket.pendingError(client)
        }
    }

    @Test("pods reach each other, the internet and back, on both families")
    func everythingIsReachable() throws {
        let host = InternetHost(
            name: "host", addresses: [address("203.0.113.10"), address("2001:db8::10")], arguments: [])
        let lab = try TestLabNetwork(hosts: [host])
        let pods = (2...4).map { lab.pod($0) }
        #expect(lab.network.reconcile(pods: pods).isEmpty)
        let (first, second) = (try lab.namespace(of: pods[0]), try lab.namespace(of: pods[2]))
        for place in pods[2].addresses {
            #expect(try Self.connect(from: first, to: second, at: place) == 0, "\(place)")
        }
        for place in host.addresses {
            #expect(try Self.connect(from: first, to: try lab.internet, at: place) == 0, "\(place)")
        }
        for place in pods[0].addresses {
            #expect(try Self.connect(from: try lab.internet, to: first, at: place) == 0, "\(place)")
        }
    }

    @Test("the node has one interface and one route per pod, named as the data plane expects")
    func nodeInterfaces() throws {
        let lab = try TestLabNetwork()
        let pods = (2...4).map { lab.pod($0) }
        #expect(lab.network.reconcile(pods: pods).isEmpty)
        let node = try #require(lab.network.nodeNamespace)
        let names = try LinkConfigurator.open(in: node).interfaces().map(\.name)
        let expected = pods.map { LabNetwork.interfaceName(for: $0.name) }
        #expect(Set(expected).count == 3)
        #expect(expected.allSatisfy { $0.utf8.count == 15 && $0.hasPrefix("cali") })
        #expect(Set(names) == Set(expected + ["lo", LabNetwork.uplinkInterface]))
    }

    @Test("pods come and go while others stay connected")
    func reconcilesLive() throws {
        let lab = try TestLabNetwork()
        let (one, two, three) = (lab.pod(2), lab.pod(3), lab.pod(4))
        #expect(lab.network.reconcile(pods: [one, two]).isEmpty)
        let before = lab.network.incarnation(of: one.name)
        #expect(lab.network.reconcile(pods: [one, three]).isEmpty)
        #expect(lab.network.incarnation(of: one.name) == before)
        #expect(lab.network.incarnation(of: two.name) == nil)
        #expect(!NetworkNamespace.exists(lab.network.podNamespaceName(two.name)))
        let (source, destination) = (try lab.namespace(of: one), try lab.namespace(of: three))
        #expect(try Self.connect(from: source, to: destination, at: three.addresses[0]) == 0)
        var moved = three
        moved.addresses = lab.pod(9).addresses
        #expect(lab.network.reconcile(pods: [one, moved]).isEmpty)
        let newPlace = try lab.namespace(of: moved)
        #expect(try Self.connect(from: source, to: newPlace, at: moved.addresses[1]) == 0)
    }

    @Test("a pod cannot send from another's address")
    func reversePathCheck() throws {
        let lab = try TestLabNetwork()
        let (one, two) = (lab.pod(2), lab.pod(3))
        #expect(lab.network.reconcile(pods: [one, two]).isEmpty)
        let (source, destination) = (try lab.namespace(of: one), try lab.namespace(of: two))
        let foreign = address("10.244.0.77")
        try source.perform {
            try LinkConfigurator().addAddress(foreign, prefixLength: 32, to: "eth0")
        }
        let receiver = try destination.perform {
            try WorkloadSocket.server(WorkloadServer(kind: .udp, port: 9999), address: two.addresses[0])
        }
        defer { close(receiver) }
        // The forged datagram goes first, so the honest one shows that it is not merely late.
        for local in [foreign, one.addresses[0]] {
            let sender = try source.perform {
                try WorkloadSocket.client(to: two.addresses[0], port: 9999, transport: .udp, from: local)
            }
            defer { close(sender) }
            let text = Array("\(local)".utf8)
            #expect(try WorkloadSocket.send(sender, text[...]) == text.count)
        }
        var waiting = pollfd(fd: receiver, events: Int16(POLLIN), revents: 0)
        #expect(poll(&waiting, 1, 3000) == 1)
        let received = try WorkloadSocket.receive(receiver, maximumBytes: 100)
        #expect(received.map { String(decoding: $0, as: UTF8.self) } == "10.244.0.2")
    }

    @Test("tear-down leaves no namespace and is safe to repeat")
    func tearDown() throws {
        let lab = try TestLabNetwork()
        #expect(lab.network.reconcile(pods: [lab.pod(2), lab.pod(3)]).isEmpty)
        #expect(try NetworkNamespace.list(prefix: lab.prefix + "-").count == 4)
        #expect(lab.network.tearDown().isEmpty)
        #expect(try NetworkNamespace.list(prefix: lab.prefix + "-").isEmpty)
        #expect(lab.network.tearDown().isEmpty)
        #expect(lab.network.reconcile(pods: [lab.pod(2)]).count == 1)
        #expect(try NetworkNamespace.list(prefix: lab.prefix + "-").isEmpty)
    }

    @Test("the next start removes what a crashed lab left: namespaces and the processes in them")
    func leftovers() async throws {
        let lab = try TestLabNetwork()
        let pod = lab.pod(2)
        #expect(lab.network.reconcile(pods: [pod]).isEmpty)
        // A stray process of the crashed lab, started from a thread in the pod's namespace.
        let stray = try lab.namespace(of: pod).perform {
            try LabSpawn.start("/bin/sleep", arguments: ["600"])
        }
        defer { close(stray.output) }
        let found = try LabNetwork.cleanUpLeftovers(prefix: lab.prefix)
        #expect(found.namespaces.count == 3)
        #expect(found.processes == [stray.pid])
        var status: Int32 = 0
        #expect(waitpid(stray.pid, &status, 0) == stray.pid)
        #expect(status & 0x7f == SIGKILL)
        #expect(try LabNetwork.cleanUpLeftovers(prefix: lab.prefix).isEmpty)
    }

    @Test("workload processes are in their namespace as a whole; one without a namespace is where the lab is")
    func processesArePlaced() async throws {
        let lab = try TestLabNetwork()
        let pods = [lab.pod(2), lab.pod(3)]
        #expect(lab.network.reconcile(pods: pods).isEmpty)
        let processes = try LabProcesses(executable: "/bin/sleep", logger: LabProcessesTests.logger)
        processes.reconcile(
            pods.map {
                LabProcess(
                    id: $0.name.name, arguments: ["600"],
                    networkNamespacePath:
                        "\(NetworkNamespace.directory)/\(lab.network.podNamespaceName($0.name))")
            } + [LabProcess(id: "outside", arguments: ["600"])])
        #expect(await eventually { processes.counts.running == 3 })
        for pod in pods {
            let namespace = try lab.namespace(of: pod)
            #expect(try NetworkNamespace.processes(in: namespace).count == 1)
        }
        #expect(processes.counts.failedStarts == 0)
        await processes.stop()
    }

    @Test("the machine's own namespace is not touched")
    func machineUntouched() throws {
        let before = try LinkConfigurator().interfaces().map(\.name)
        let lab = try TestLabNetwork()
        #expect(lab.network.reconcile(pods: [lab.pod(2)]).isEmpty)
        #expect(try LinkConfigurator().interfaces().map(\.name) == before)
    }

    @Test("real workloads find each other by name and say only what changes")
    func workloadsTalk() async throws {
        let lab = try TestLabNetwork()
        let directory = try TestDirectory()
        let (server, client) = (lab.pod(2), lab.pod(3))
        #expect(lab.network.reconcile(pods: [server, client]).isEmpty)
        try LabFile.write(
            DNSZone(["web.test.svc.cluster.local": server.addresses]).text, to: directory.path + "/zone")
        var serving = try WorkloadOptions.parse([
            "--serve", "http:8080", "--serve", "tcp:5432", "--serve", "udp:8125", "--serve", "dns:53",
            // Wakes the loop, so that it sees that it should end.
            "--call", "udp://127.0.0.1:8125 every=50ms",
        ])
        serving.zonePath = directory.path + "/zone"
        let serverWorkload = try TestWorkload(in: try lab.namespace(of: server), serving)
        defer { serverWorkload.stop() }
        var calling = try WorkloadOptions.parse([
            "--call", "http://web.test:8080/ every=50ms", "--call",
            "tcp://web.test:5432 every=50ms bytes=100000",
            "--call", "udp://web.test:8125 every=50ms", "--call", "tcp://web.test:9 every=50ms",
            "--call", "dns://10.244.0.2:53/web.test.svc.cluster.local every=50ms",
            "--call", "icmp://web.test every=50ms", "--call", "http://none.test:80/ every=50ms",
            "--call", "http://web.test:5432/ every=50ms",
        ])
        calling.nameServers = server.addresses
        let clientWorkload = try TestWorkload(in: try lab.namespace(of: client), calling)
        defer { clientWorkload.stop() }

        let expected = [
            "http://none.test:80/ (its name) is unreachable: no such name",
            "http://web.test:5432/ (10.244.0.2) is unreachable: answered \"lab ready\"",
            "http://web.test:5432/ (fd00:10:244::2) is unreachable: answered \"lab ready\"",
            "tcp://web.test:9 (10.244.0.2) is unreachable: Connection refused",
            "tcp://web.test:9 (fd00:10:244::2) is unreachable: Connection refused",
        ]
        #expect(await eventually { clientWorkload.reports.count >= 3 })
        #expect(
            await eventually {
                Set(clientWorkload.reports).isSuperset(of: expected.filter { !$0.contains("answered") })
            })
        let others = clientWorkload.reports.filter { line in
            !line.hasPrefix("http://none.test") && !line.hasPrefix("tcp://web.test:9 ")
                && !line.hasPrefix("http://web.test:5432")
        }
        #expect(others.isEmpty, "only the calls that must fail may be reported")
        #expect(serverWorkload.reports.isEmpty)
    }
}

@Suite("Lab lock")
struct LabLockTests {
    @Test("a second lab is refused and told where the first one is")
    func secondLab() throws {
        let directory = try TestDirectory()
        let lock = try LabLock.acquire(runDirectory: directory.path)
        try lock.publish(consoleAddress: "http://127.0.0.1:8080")
        let error = #expect(throws: LabError.self) { try LabLock.acquire(runDirectory: directory.path) }
        #expect(error?.code == .alreadyRunning)
        #expect(
            error?.message == "a lab is already running (process \(getpid()), console http://127.0.0.1:8080)")
        withExtendedLifetime(lock) {}
    }

    @Test("the lock is free when the first lab is gone")
    func released() throws {
        let directory = try TestDirectory()
        do { _ = try LabLock.acquire(runDirectory: directory.path) }
        _ = try LabLock.acquire(runDirectory: directory.path)
    }

    @Test("interface names differ and do not change")
    func interfaceNames() {
        let names = (0..<5000).map {
            LabNetwork.interfaceName(for: ResourceName(namespace: "shop", name: "p-\($0)"))
        }
        #expect(Set(names).count == 5000)
        #expect(names.allSatisfy { $0.utf8.count == 15 })
        #expect(
            LabNetwork.interfaceName(for: ResourceName(namespace: "data", name: "db-0"))
                == LabNetwork.interfaceName(for: ResourceName(namespace: "data", name: "db-0")))
    }
}
