// SPDX-License-Identifier: Apache-2.0

import Glibc
import NetworkModel
import TestSupport
import Testing

@testable import LinuxKernel

extension KernelTests {
    @Suite("Links and routes", .serialized)
    struct LinkConfiguratorTests {
        @Test(
            "carries UDP both ways over a veth pair between two namespaces",
            arguments: ["10.9.0.2", "fd09::2"])
        func carriesUDP(text: String) throws {
            let link = try TestLink()
            let address = try #require(IPAddress(text))
            let server = try TestSocket(in: link.right, address.family, SOCK_DGRAM)
            try server.bind(address, 7)
            let client = try TestSocket(in: link.left, address.family, SOCK_DGRAM)
            try client.connect(address, 7)
            try client.send([1, 2, 3])
            try server.echo()
            #expect(try client.receive() == [1, 2, 3])
        }

        @Test("reports what it configured")
        func reportsInterfaces() throws {
            let namespace = try NetworkNamespace.anonymous()
            let links = try LinkConfigurator.open(in: namespace)
            try links.createVethPair("left", peer: "right", mtuBytes: 1280)
            try links.setHardwareAddress("left", [2, 0, 0, 0, 0, 9])
            try links.setUp("left")
            let left = try links.interface("left")
            #expect(left.isUp)
            #expect(left.mtuBytes == 1280)
            #expect(left.hardwareAddress == [2, 0, 0, 0, 0, 9])
            #expect(try links.interfaces().map(\.name).sorted() == ["left", "lo", "right"])
            try links.setDown("left")
            #expect(try !links.interface("left").isUp)
            try links.deleteLink("left")
            #expect(try links.interfaces().map(\.name) == ["lo"])
        }

        @Test("tells an existing link and a missing link apart")
        func tellsErrorsApart() throws {
            let namespace = try NetworkNamespace.anonymous()
            let links = try LinkConfigurator.open(in: namespace)
            try links.createVethPair("left", peer: "right")
            let exists = #expect(throws: KernelError.self) { try links.createVethPair("left", peer: "other") }
            #expect(exists?.code == .exists)
            let missing = #expect(throws: KernelError.self) { try links.deleteLink("none") }
            #expect(missing?.code == .notFound)
            #expect(missing?.subject == "none")
        }

        @Test("reaches a pod by the 169.254.1.1 pattern: onlink gateway and fixed neighbour")
        func onLinkGateway() throws {
            let namespaces = try TestNamespaces(2)
            let (pod, host) = (namespaces.all[0], namespaces.all[1])
            let gateway = try #require(IPAddress("169.254.1.1"))
            let podAddress = try #require(IPAddress("10.8.0.5"))
            let hostAddress = try #require(IPAddress("10.8.255.1"))
            try pod.perform {
                let links = try LinkConfigurator()
                try links.createVethPair("eth0", peer: "vbr0", peerNamespace: host)
                try links.addAddress(podAddress, prefixLength: 32, to: "eth0")
                try links.setUp("eth0")
            }
            let peerHardware = try host.perform {
                let links = try LinkConfigurator()
                try links.setLoopbackUp()
                try links.addAddress(hostAddress, prefixLength: 32, to: "lo")
                try links.setUp("vbr0")
                try links.addRoute(Route(to: IPPrefix(podAddress), device: "vbr0"))
                return try links.interface("vbr0").hardwareAddress
            }
            try pod.perform {
                let links = try LinkConfigurator()
                try links.addNeighbour(gateway, hardwareAddress: peerHardware, on: "eth0")
                try links.addRoute(Route(to: nil, via: gateway, device: "eth0", isOnLink: true))
            }
            let server = try TestSocket(in: host, .v4, SOCK_DGRAM)
            try server.bind(hostAddress, 7)
            let client = try TestSocket(in: pod, .v4, SOCK_DGRAM)
            try client.connect(hostAddress, 7)
            try client.send([9])
            try server.echo()
            #expect(try client.receive() == [9])
            try pod.perform {
                try LinkConfigurator().deleteRoute(
                    Route(to: nil, via: gateway, device: "eth0", isOnLink: true))
            }
            #expect(throws: SocketFailure.self) { try client.send([9]) }
        }
    }

    @Suite("Netlink transactions", .serialized)
    struct NetlinkSocketTests {
        // nf_tables: subsystem 10; NEWTABLE 0, NEWCHAIN 3; attribute 1 is the table, in a chain 3 is the
        // name.
        private func batch(
            chains: Int, table: String = "t", nameBytes: Int = 8, misplaced: [Int] = []
        ) -> (writer: NetlinkMessageWriter, misplaced: [UInt32]) {
            var writer = NetlinkMessageWriter()
            var sequences: [UInt32] = []
            writer.beginNetfilter(type: 0x10, flags: 1, family: 0, resource: 10)
            writer.end()
            writer.beginNetfilter(subsystem: 10, operation: 0, flags: 0x401, family: 1)
            writer.string(1, table)
            writer.end()
            for index in 0..<chains {
                let isMisplaced = misplaced.contains(index)
                let sequence = writer.beginNetfilter(subsystem: 10, operation: 3, flags: 0x401, family: 1)
                writer.string(1, isMisplaced ? "nowhere" : table)
                writer.string(3, "c\(index)" + String(repeating: "x", count: nameBytes))
                writer.end()
                if isMisplaced { sequences.append(sequence) }
            }
            writer.beginNetfilter(type: 0x11, flags: 1, family: 0, resource: 10)
            writer.end()
            return (writer, sequences)
        }

        private func openNetfilter() throws -> NetlinkSocket {
            try NetworkNamespace.anonymous().perform { try NetlinkSocket.open(.netfilter) }
        }

        /// Chains of the namespace, by dumping NFT_MSG_GETCHAIN (4).
        private func chainCount(_ socket: NetlinkSocket) throws -> Int {
            var request = NetlinkMessageWriter()
            request.beginNetfilter(subsystem: 10, operation: 4, flags: 0, family: 1)
            request.end()
            var count = 0
            _ = try socket.dump(request, operation: "list chains", subject: "") { _ in count += 1 }
            return count
        }

        @Test("commits a batch of more than a mebibyte at once")
        func commitsLargeBatch() throws {
            let socket = try openNetfilter()
            let (writer, _) = batch(chains: 8000, nameBytes: 100)
            #expect(writer.bytes.count > 1 << 20)
            try socket.sendBatch(writer, operation: "apply rules", subject: "t")
            #expect(try chainCount(socket) == 8000)
        }

        @Test("names the refused messages and commits nothing")
        func namesRefused() throws {
            let socket = try openNetfilter()
            let (writer, misplaced) = batch(chains: 20, misplaced: [4, 11])
            let error = #expect(throws: KernelError.self) {
                try socket.sendBatch(writer, operation: "apply rules", subject: "t")
            }
            #expect(error?.failedSequences == misplaced)
            #expect(error?.code == .notFound)
            #expect(try chainCount(socket) == 0)
            try socket.sendBatch(batch(chains: 3).writer, operation: "apply rules", subject: "t")
            #expect(try chainCount(socket) == 3)
        }

        @Test("ends a waiting receive when stopped from another thread")
        func stops() throws {
            let socket = try openNetfilter()
            let reader = try DedicatedThread.start("reader") {
                var bytes = [UInt8](repeating: 0, count: 4096)
                let reception = bytes.withUnsafeMutableBytes {
                    try? socket.receive(into: $0, timeoutMilliseconds: -1)
                }
                #expect(reception == .stopped)
            }
            socket.stop()
            reader.join()
            var bytes = [UInt8](repeating: 0, count: 16)
            let again = try bytes.withUnsafeMutableBytes {
                try socket.receive(into: $0, timeoutMilliseconds: 0)
            }
            #expect(again == .stopped)
        }

        @Test("returns when nothing comes in time", arguments: [Int32(0), 20])
        func timesOut(milliseconds: Int32) throws {
            let socket = try openNetfilter()
            var bytes = [UInt8](repeating: 0, count: 16)
            let reception = try bytes.withUnsafeMutableBytes {
                try socket.receive(into: $0, timeoutMilliseconds: milliseconds)
            }
            #expect(reception == .timedOut)
        }
    }
}
