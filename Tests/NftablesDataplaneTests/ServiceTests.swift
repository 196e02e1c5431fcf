// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxKernel
import NetworkModel
import PolicyEngine
import TestSupport
import Testing

@testable import NftablesDataplane

@Suite("Services", .serialized, .enabled(if: kernelTestsAvailable))
struct ServiceTests {
    private static func place(
        _ address: String, _ port: UInt16, _ transport: IPProtocol = .tcp
    ) -> AddressPort {
        AddressPort(address: IPAddress(address)!, transport: transport, port: port)
    }

    private static func service(_ front: AddressPort, _ backends: [AddressPort]) -> ServiceTranslation {
        ServiceTranslation(
            service: ResourceName(namespace: "prod", name: "svc-\(front.port)"), front: front,
            backends: backends)
    }

    static let services = [
        service(place("10.96.0.1", 80), [place("10.2.0.2", 8080), place("10.2.0.2", 8081)]),
        service(place("fd96::1", 80), [place("fd02::2", 8080)]),
        service(place("10.96.0.1", 53, .udp), [place("10.2.0.2", 5353, .udp)]),
        service(place("10.96.0.2", 80), []),
        service(place("10.96.0.2", 53, .udp), []),
        service(place("fd96::2", 80), []),
    ]

    @Test("the table as text")
    func golden() throws {
        let table = ServiceTableCompiler(tableName: "vibrissa-services").compile(Self.services)
        try expectGolden(NftTextRenderer(instance: 0).render(table), "services.nft")
    }

    @Test("messages and text make the same table")
    func encodersAgree() async throws {
        let namespaces = try TestNamespaces(1)
        let table = try NftablesServiceTable.open(in: namespaces.all[0])
        try await table.apply(Self.services)
        let byMessages = try namespaces.all[0].nftList("vibrissa-services")
        let text = table.rulesText()
        try await table.remove()
        try namespaces.all[0].nftLoad(text)
        // What nft stores to print `typeof` is left out of messages; the kernel does not look at it.
        let byText = try namespaces.all[0].nftList("vibrissa-services")
            .replacing(
                "typeof numgen random mod 2 : ip daddr . th dport", with: "type 0 : ipv4_addr . inet_service"
            )
            .replacing(
                "typeof numgen random mod 2 : ip6 daddr . th dport", with: "type 0 : ipv6_addr . inet_service"
            )
        expectSame(byText, byMessages)
    }

    @Test("connections reach all backends; without backends they are refused")
    func traffic() async throws {
        let network = try TestNetwork()
        let table = try NftablesServiceTable.open(in: network.node)
        try await table.apply(Self.services)
        let servers = try [8080, 8081].map {
            try TestSocket.server(in: network.server, IPAddress("10.2.0.2")!, $0, SOCK_STREAM)
        }
        let front = IPAddress("10.96.0.1")!
        var counts = [0, 0]
        for _ in 0..<40 {
            #expect(try network.connect(front, 80, milliseconds: 5000) == nil)
            let index = servers[0].isReadable(milliseconds: 0) ? 0 : 1
            _ = try servers[index].accept()
            counts[index] += 1
        }
        #expect(counts.allSatisfy { $0 > 0 })

        let v6Server = try TestSocket.server(in: network.server, IPAddress("fd02::2")!, 8080, SOCK_STREAM)
        #expect(try network.connect(IPAddress("fd96::1")!, 80, milliseconds: 5000) == nil)
        _ = try v6Server.accept()

        let resolver = try TestSocket.server(in: network.server, IPAddress("10.2.0.2")!, 5353, SOCK_DGRAM)
        let query = try TestSocket(in: network.client, .v4, SOCK_DGRAM)
        #expect(query.connectError(front, 53, milliseconds: 100) == nil)
        try query.send([7])
        #expect(try resolver.receive() == [7])

        #expect(try network.connect(IPAddress("10.96.0.2")!, 80, milliseconds: 5000) == ECONNREFUSED)
        #expect(try network.connect(IPAddress("fd96::2")!, 80, milliseconds: 5000) == ECONNREFUSED)
        let refused = try TestSocket(in: network.client, .v4, SOCK_DGRAM)
        #expect(refused.connectError(IPAddress("10.96.0.2")!, 53, milliseconds: 100) == nil)
        try refused.send([7])
        #expect(throws: SocketFailure.self) { try refused.receive() }

        try await table.apply([])
        #expect(try network.connect(front, 80, milliseconds: 300) != nil)
        try await table.apply(Self.services)
        #expect(try network.connect(front, 80, milliseconds: 5000) == nil)
    }
}
