// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyAnalysis
import PolicyEngine
import PolicyModel
import TestSupport
import Testing

@testable import PolicyTool

@Suite("vibrissa policy matrix")
struct MatrixTests {
    static let world = World.reading([Fixtures.example])

    static func report(
        from: String? = nil, to: String? = nil, with: String? = nil, port: String? = nil, staged: Bool = false
    ) throws -> MatrixReport {
        func filter(_ text: String?) throws -> SiteFilter? {
            try text.map { try #require(SiteArgument(argument: $0)).filter(in: world.state) }
        }
        var question = MatrixFilter()
        question.source = try filter(from)
        question.destination = try filter(to)
        question.either = try filter(with)
        let asked = try port.map { try #require(PortArgument(argument: $0)) }
        question.transport = asked?.transport
        question.ports = asked?.ports
        let snapshot = PolicySnapshot(world.state, generation: 1)
        return MatrixReport(
            matrix: try ReachabilityMatrix(snapshot, includingStaged: staged, filter: question),
            notes: world.notes)
    }

    @Test("every form says the same")
    func forms() throws {
        let report = try Self.report()
        try expectGolden(report.text(TextStyle()), "matrix.txt")
        try expectGolden(report.csv, "matrix.csv")
        try expectGolden(report.dot, "matrix.dot")
        try expectGolden(try Document.json(report.view), "matrix.json")
        try expectGolden(try Document.yaml(report.view), "matrix.yaml")
    }

    /// Two pods of one IP version and of both, and a node that policies are not asked about.
    private static let mixed = """
        {apiVersion: v1, kind: Namespace, metadata: {name: x}}
        ---
        {apiVersion: v1, kind: Pod, metadata: {name: p, namespace: x, labels: {app: p}}, spec: {},
         status: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}}
        ---
        {apiVersion: v1, kind: Pod, metadata: {name: q, namespace: x, labels: {app: q}}, spec: {},
         status: {podIPs: [{ip: 10.0.0.2}]}}
        ---
        apiVersion: projectcalico.org/v3
        kind: NetworkPolicy
        metadata: {name: p, namespace: x}
        spec: {selector: app == 'p', types: [Egress], egress: [{action: Allow, protocol: TCP}]}
        ---
        apiVersion: projectcalico.org/v3
        kind: HostEndpoint
        metadata: {name: h}
        spec: {node: n, interfaceName: '*', expectedIPs: [192.168.0.5]}
        """

    @Test("what reads the same is said once, and host endpoints are said to be addresses")
    func mixedVersions() throws {
        let folder = try TemporaryFolder(["w.yaml": Self.mixed])
        let world = World.reading([folder.path])
        let matrix = try ReachabilityMatrix(PolicySnapshot(world.state, generation: 1))
        let text = MatrixReport(matrix: matrix, notes: []).text(TextStyle())
        #expect(text.hasPrefix("x/p\n  → all tcp: x/q, everything outside the cluster\n"), "\(text)")
        #expect(world.analysisRemarks.contains { $0.hasPrefix("host endpoints are taken as addresses") })
        #expect(!Self.world.analysisRemarks.contains { $0.hasPrefix("host endpoints") })
    }

    @Test("a question about one end has an answer about that end")
    func filters() throws {
        try expectGolden(
            [
                try Self.report(to: "shop/db").text(TextStyle()),
                try Self.report(with: "monitoring", port: "9187").text(TextStyle()),
                try Self.report(from: "shop/app=cart", port: "5000:6000").text(TextStyle()),
                try Self.report(from: "internet").text(TextStyle()),
                try Self.report(from: "shop/db", staged: true).text(TextStyle()),
            ].joined(separator: "\n"), "matrix-filters.txt")
    }

    @Test(
        "names of ends",
        arguments: [
            ("shop", .namespace("shop")), ("shop/cart", .name(ResourceName(namespace: "shop", name: "cart"))),
            ("10.0.0.1", .address(IPAddress(v4: 0x0a00_0001))), ("pods", .pods), ("outside", .outside),
            ("internet", .internet), ("", nil), ("a/b/c", nil), ("/a", nil), ("a/", nil), ("a/x=y=z", nil),
            ("a/x='", nil), ("a/=", nil),
        ] as [(String, SiteArgument.Meaning?)])
    func ends(text: String, meaning: SiteArgument.Meaning?) {
        #expect(SiteArgument(argument: text)?.meaning == meaning)
    }

    @Test(
        "an end that is not there is named, with what may have been meant",
        arguments: [
            ("shp", "there is no namespace \"shp\"; did you mean shop?"),
            ("shop/crt", "there is no pod or workload \"shop/crt\"; did you mean shop/cart?"),
        ])
    func unknownEnds(text: String, message: String) throws {
        let argument = try #require(SiteArgument(argument: text))
        let error = #expect(throws: WorldError.self) { try argument.filter(in: Self.world.state) }
        #expect(error?.description == message)
    }

    @Test(
        "ports",
        arguments: [
            ("80", .tcp, PortRange(80)), ("53/udp", .udp, PortRange(53)),
            ("80:90/sctp", .sctp, PortRange(80, 90)),
            ("icmp", .icmp, nil), ("UDP", .udp, nil), ("90:80", nil, nil), ("x", nil, nil),
            ("80/foo", nil, nil),
            ("80:81:82", nil, nil), ("65536", nil, nil), ("", nil, nil), ("80/", nil, nil),
        ] as [(String, IPProtocol?, PortRange?)])
    func ports(text: String, transport: IPProtocol?, ports: PortRange?) {
        #expect(PortArgument(argument: text)?.transport == transport)
        #expect(PortArgument(argument: text)?.ports == ports)
    }
}
