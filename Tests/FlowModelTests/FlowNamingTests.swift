// SPDX-License-Identifier: Apache-2.0

import FlowModel
import NetworkModel
import PolicyModel
import Testing

@Suite("Names in flow records")
struct FlowNamingTests {
    static func address(_ text: String) -> IPAddress {
        guard let address = IPAddress(text) else { preconditionFailure("bad address \(text)") }
        return address
    }

    static func set(_ name: String, _ namespace: String = "", _ nets: String...) -> ClusterResource {
        .networkSet(
            NetworkSetResource(
                name: ResourceName(namespace: namespace, name: name), labels: ["set": name],
                nets: nets.compactMap { try? IPPrefix.parse($0, .lenient) }))
    }

    static let base: [ClusterResource] = [
        .namespace(NamespaceResource(name: "prod")),
        .pod(
            PodResource(
                name: ResourceName(namespace: "prod", name: "web-6f9c-x1"), labels: ["app": "web"],
                generateName: "web-6f9c-", addresses: [address("10.0.0.1"), address("fd00::1")])),
        .pod(
            PodResource(name: ResourceName(namespace: "prod", name: "db"), addresses: [address("10.0.0.2")])),
        .pod(
            PodResource(
                name: ResourceName(namespace: "prod", name: "done"), addresses: [address("10.0.0.3")],
                phase: "Succeeded")),
        .service(
            ServiceResource(
                name: ResourceName(namespace: "prod", name: "db"), clusterAddresses: [address("10.96.0.7")],
                ports: [ServicePort(name: "pg", port: 5432), ServicePort(transport: .udp, port: 53)])),
    ]

    struct Row: Sendable, CustomTestStringConvertible {
        let sets: [ClusterResource]
        let destination: String
        let name: String
        let namespace: String
        let type: FlowEndpointType
        var testDescription: String { "\(destination) is \(type.rawValue) \(namespace)/\(name)" }
    }

    @Test(
        "own namespace beats a longer global prefix, global beats other namespaces, endpoints beat every set",
        arguments: [
            Row(
                sets: [set("a", "prod", "10.9.0.0/16"), set("b", "", "10.9.9.0/24")], destination: "10.9.9.9",
                name: "a",
                namespace: "prod", type: .networkSet),
            Row(
                sets: [set("c", "dev", "10.9.9.9/32"), set("b", "", "10.9.0.0/16")], destination: "10.9.9.9",
                name: "b",
                namespace: "-", type: .networkSet),
            Row(
                sets: [set("c", "dev", "10.9.9.9/32")], destination: "10.9.9.9", name: "c", namespace: "dev",
                type: .networkSet),
            Row(
                sets: [set("b2", "", "8.8.0.0/16"), set("b1", "", "8.8.0.0/16")], destination: "8.8.8.8",
                name: "b1",
                namespace: "-", type: .networkSet),
            Row(
                sets: [set("any", "", "0.0.0.0/0")], destination: "10.0.0.2", name: "db", namespace: "prod",
                type: .workload),
            Row(sets: [], destination: "10.0.0.3", name: "pvt", namespace: "-", type: .network),
            Row(sets: [], destination: "100.64.0.1", name: "pub", namespace: "-", type: .network),
            Row(sets: [], destination: "fd00::9", name: "pub", namespace: "-", type: .network),
            Row(sets: [], destination: "fd00::1", name: "web-6f9c-*", namespace: "prod", type: .workload),
        ])
    func lookup(row: Row) {
        let naming = FlowNaming(ClusterState(Self.base + row.sets))
        let tuple = ConnectionTuple(
            source: Self.address("10.0.0.1"), destination: Self.address(row.destination), transport: .tcp,
            destinationPort: 80)
        let names = naming.names(tuple, original: nil)
        #expect(names.destination == FlowEndpoint(type: row.type, name: row.name, namespace: row.namespace))
        #expect(names.source.name == "web-6f9c-*")
        #expect(names.sourceLabels == ["app=web"])
    }

    @Test("a Service is named from the tuple before destination NAT, and only when there was NAT")
    func services() {
        let naming = FlowNaming(ClusterState(Self.base))
        let forwarded = ConnectionTuple(
            source: Self.address("10.0.0.1"), destination: Self.address("10.0.0.2"), transport: .tcp,
            destinationPort: 5432)
        var original = forwarded
        original.destination = Self.address("10.96.0.7")
        #expect(
            naming.names(forwarded, original: original).service
                == FlowService(name: "db", namespace: "prod", portName: "pg", port: 5432))
        #expect(naming.names(forwarded, original: forwarded).service == .none)
        #expect(naming.names(forwarded, original: nil).service == .none)
        original.destinationPort = 1
        #expect(naming.names(forwarded, original: original).service == .none)
    }
}
