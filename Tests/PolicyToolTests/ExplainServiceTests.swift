// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel
import Testing

@testable import PolicyTool

@Suite("A Service's address leads to its endpoints")
struct ExplainServiceTests {
    /// Two protocols on one port, and a network set around the address.
    private static let names = """
        apiVersion: v1
        kind: Service
        metadata: {name: names, namespace: shop}
        spec:
          clusterIP: 10.96.0.10
          externalIPs: [192.0.2.80]
          selector: {app: db}
          ports:
          - {name: dns, port: 53, protocol: UDP, targetPort: 5353}
          - {name: dns-tcp, port: 53, targetPort: main}
        ---
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkSet
        metadata: {name: service-range}
        spec: {nets: [10.96.0.0/12]}
        """

    private static func resolve(_ destination: String) throws -> ResolvedRequest {
        let request = try ConnectionRequest(source: "shop/web", destination: destination)
        return try EndpointResolver(ExplainSituation.snapshot(names)).resolve(request)
    }

    @Test(
        "translated as the cluster would",
        arguments: [
            (destination: "10.96.0.10:53/udp", end: "shop/db-0", port: 5353, transport: IPProtocol.udp),
            // TCP is meant where none is named and the Service has it.
            ("10.96.0.10:53", "shop/db-0", 5432, .tcp), ("10.96.0.10:dns", "shop/db-0", 5353, .udp),
            ("192.0.2.80:53/udp", "shop/db-0", 5353, .udp), ("svc/shop/names:53", "shop/db-0", 5432, .tcp),
            ("names.shop.svc:53/udp", "shop/db-0", 5353, .udp),
            ("names.shop.svc.cluster.local:53", "shop/db-0", 5432, .tcp),
        ])
    func translated(destination: String, end: String, port: UInt16, transport: IPProtocol) throws {
        let resolved = try Self.resolve(destination)
        #expect(resolved.destinations.map(\.name) == [end])
        #expect(resolved.destinations.map(\.port) == [port])
        #expect(resolved.transport == transport)
    }

    @Test(
        "but not with a port that the Service does not have, nor without ports",
        arguments: [
            (destination: "10.96.0.10:54/udp", says: "which has udp/53, tcp/53 only"),
            ("10.96.0.10:53/sctp", "which has udp/53, tcp/53 only"), ("10.96.0.10/icmp", nil),
            ("10.96.0.11:53/udp", nil),
        ])
    func literal(destination: String, says: String?) throws {
        let resolved = try Self.resolve(destination)
        #expect(resolved.destinations.map(\.port) == [nil])
        #expect(resolved.destinations[0].name.hasPrefix("10.96.0.1"))
        #expect(resolved.notes.contains { $0.contains(says ?? "no port of a Service") } == (says != nil))
    }

    @Test("and asks which port is meant")
    func ambiguous() throws {
        let error = #expect(throws: ConnectionRequestError.self) { try Self.resolve("10.96.0.10") }
        #expect(error?.description.contains("10.96.0.10:53/udp, 10.96.0.10:53") ?? false)
    }
}
