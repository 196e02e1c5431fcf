// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel
import TestSupport
import Testing

@testable import PolicyTool

@Suite("What a person types is understood")
struct ExplainRequestTests {
    struct Typed: CustomTestStringConvertible {
        let text: String
        let reference: EndpointReference
        var port: ConnectionRequest.Port?
        var transport: IPProtocol?
        var icmp: ICMPMatch?
        var testDescription: String { text }
    }

    private static func name(_ namespace: String, _ name: String) -> ResourceName {
        ResourceName(namespace: namespace, name: name)
    }

    static let typed: [Typed] = [
        Typed(text: "shop/db", reference: .name(name("shop", "db"))),
        Typed(text: "shop/db:5432", reference: .name(name("shop", "db")), port: .number(5432)),
        Typed(
            text: "shop/db:53/udp", reference: .name(name("shop", "db")), port: .number(53), transport: .udp),
        Typed(
            text: "shop/db:9/SCTP", reference: .name(name("shop", "db")), port: .number(9), transport: .sctp),
        Typed(
            text: "shop/db:0/47", reference: .name(name("shop", "db")), port: .number(0),
            transport: IPProtocol(rawValue: 47)),
        Typed(text: "shop/db:pg", reference: .name(name("shop", "db")), port: .name("pg")),
        Typed(text: "db", reference: .word("db")),
        Typed(text: "pod/shop/db-0", reference: .pod(name("shop", "db-0"))),
        Typed(text: "deployment/shop/db", reference: .workload(name("shop", "db"))),
        Typed(text: "sts/shop/db:1", reference: .workload(name("shop", "db")), port: .number(1)),
        Typed(text: "svc/shop/db:http", reference: .service(name("shop", "db")), port: .name("http")),
        Typed(text: "db.shop.svc:80", reference: .service(name("shop", "db")), port: .number(80)),
        Typed(text: "db.shop.svc.cluster.local", reference: .service(name("shop", "db"))),
        Typed(text: "db.shop", reference: .word("db.shop")),
        Typed(text: "node/n1:22", reference: .node("n1"), port: .number(22)),
        Typed(text: "set/partners", reference: .networkSet(ResourceName(name: "partners"))),
        Typed(text: "set/shop/partners", reference: .networkSet(name("shop", "partners"))),
        Typed(
            text: "shop/app.kubernetes.io/name=db,tier=x:80",
            reference: .labels(namespace: "shop", ["app.kubernetes.io/name": "db", "tier": "x"]),
            port: .number(80)),
        Typed(text: "10.0.0.1", reference: .address(IPAddress(v4: 0x0a00_0001))),
        Typed(text: "10.0.0.1:80", reference: .address(IPAddress(v4: 0x0a00_0001)), port: .number(80)),
        Typed(text: "fd00::7", reference: .address(IPAddress("fd00::7")!)),
        Typed(
            text: "[fd00::7]:53/udp", reference: .address(IPAddress("fd00::7")!), port: .number(53),
            transport: .udp),
        Typed(text: "[fd00::7]", reference: .address(IPAddress("fd00::7")!)),
        Typed(text: "fd00::7/icmp", reference: .address(IPAddress("fd00::7")!), transport: .icmp),
        Typed(text: "internet:443", reference: .internet, port: .number(443)),
        Typed(text: "unknown", reference: .unknown),
        Typed(text: "shop/db/icmp", reference: .name(name("shop", "db")), transport: .icmp),
        Typed(
            text: "shop/db/icmp:3/4", reference: .name(name("shop", "db")), transport: .icmp,
            icmp: ICMPMatch(type: 3, code: 4)),
        Typed(
            text: "[fd00::7]/icmpv6:128", reference: .address(IPAddress("fd00::7")!), transport: .icmp,
            icmp: ICMPMatch(type: 128, code: 0)),
    ]

    @Test("destinations", arguments: typed)
    func destinations(_ typed: Typed) throws {
        let request = try ConnectionRequest(source: "shop/web", destination: typed.text)
        #expect(request.destination == typed.reference)
        #expect(request.port == typed.port)
        #expect(request.transport == typed.transport)
        #expect(request.icmp == typed.icmp)
        #expect(request.source == .name(Self.name("shop", "web")))
    }

    @Test(
        "what makes no sense is refused with a way out",
        arguments: [
            (source: "shop/web", destination: "", says: "name a pod"),
            ("", "shop/db:1", "name a pod"),
            ("shop/web", "shop/db:99999", "number up to 65535"),
            ("shop/web", "shop/db:", "no port"),
            ("shop/web", "shop/db:53/quic", "tcp, udp, sctp"),
            ("shop/web", "shop/db:53/icmp:8", "has no port"),
            ("shop/web", "shop/db:53/icmp", "has no port"),
            ("shop/web", "shop/db/icmp:900", "ICMP type"),
            ("shop/web", "10.0.0.0/8:80", "block of addresses"),
            ("shop/web", "a/b/c/d:80", "NAMESPACE/NAME"),
            ("shop/web", "shop//db:80", "empty part"),
            ("shop/web", "shop/=x:80", "KEY=VALUE"),
            ("shop/web", "[fd00::7:80", "[fd00::7]:53"),
            ("shop/web:80/udp", "shop/db:80", "belongs to the destination"),
            ("shop/web/icmp", "shop/db", "belongs to the destination"),
            ("shop/web", String(repeating: "a", count: 2000), "longer than"),
        ])
    func refused(source: String, destination: String, says: String) {
        let error = #expect(throws: ConnectionRequestError.self) {
            try ConnectionRequest(source: source, destination: destination)
        }
        #expect(error?.description.contains(says) ?? false, "\(error?.description ?? "")")
    }

    @Test("nothing that can be typed does harm", arguments: 0..<50)
    func arbitrary(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let snapshot = ExplainSituation.snapshot("{}")
        let pieces = [
            "[", "]", ":", "/", "=", ",", ".", "-", "", "shop", "db", "icmp", "svc", "node", "set", "::",
            "10.0.0.1", "80",
            "99999", "udp", "internet", "unknown", "fd00::7", "\u{1b}", "é", " ",
        ]
        func word() -> String {
            (0..<Int.random(in: 0...7, using: &random)).map { _ in pieces.randomElement(using: &random) ?? ""
            }.joined()
        }
        for _ in 0..<60 {
            let (source, destination) = (word(), word())
            do {
                let request = try ConnectionRequest(source: source, destination: destination)
                _ = try ExplanationReport(request, in: snapshot).text(TextStyle())
            } catch {
                #expect(!error.description.isEmpty)
                #expect(!error.description.contains("\u{1b}"))
            }
        }
    }

    /// A pod that is over, and a namesake of the web in a namespace that is listed first.
    private static let more = """
        apiVersion: v1
        kind: Pod
        metadata: {name: done-x2x8z, namespace: shop}
        spec: {containers: [{name: c}]}
        status: {phase: Succeeded, podIPs: [{ip: 10.0.9.1}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: wxc, namespace: attic}
        spec: {containers: [{name: c}]}
        status: {phase: Running, podIPs: [{ip: 10.0.9.2}]}
        """

    @Test(
        "what is not there is refused with what is",
        arguments: [
            (source: "shop/wbe", destination: "shop/db", says: "did you mean shop/web?"),
            ("ops/web", "shop/db", "did you mean shop/web?"),
            ("shop/web", "shop/db:0", "nothing listens on port 0"),
            ("shop/web", "svc/shop/frnt:80", "did you mean shop/front?"),
            ("shop/web", "svc/shop/front:81", "it has tcp/80"),
            ("shop/web", "shop/app=dbx:1", "app=db"),
            ("shop/web", "nowhere/app=db:1", "no pod in namespace nowhere"),
            ("shop/web", "node/n1:22", "host endpoint"),
            ("shop/web", "set/partner:22", "did you mean partners?"),
            ("shop/web", "shop/db:metrics", "main (tcp/5432)"),
            ("shop/web", "ops/probe", "say which port"),
            ("shop/web", "8.8.8.8", "say which port"),
            ("shop/web", "2001:db8::7:53", "is meant: [2001:db8::7:53]:443"),
            ("shop/web", "shop/db:metrics", "shop/db has no port named metrics"),
            ("shop/web", "pod/shop/db:5432", "there is no pod shop/db; did you mean shop/db-0?"),
            ("shop/web", "deploy/db:5432", "deploy/NAMESPACE/db); did you mean shop/db?"),
            ("shop/web", "partners:443", "the network set is set/partners"),
            ("shop/web", "example.com:443", "give an address"),
            ("shop/wxb", "shop/db", "did you mean shop/web, attic/wxc?"),
            ("shop/done", "shop/db", "all pods of shop/done have finished"),
            ("ops/probe", "[fd00::1:20]:80", "IP version in common"),
            ("shop/w\u{1b}[31m", "shop/db", "\\u{1b}[31m"),
        ])
    func absent(source: String, destination: String, says: String) throws {
        let request = try ConnectionRequest(source: source, destination: destination)
        let error = #expect(throws: ConnectionRequestError.self) {
            try ExplanationReport(request, in: ExplainSituation.snapshot(Self.more))
        }
        #expect(error?.description.contains(says) ?? false, "\(error?.description ?? "")")
    }

    @Test(
        "names stand for what is there",
        arguments: [
            (
                destination: "shop/web:80", ends: ["shop/web-6b9f7c8d4c-bbbbb", "shop/web-6b9f7c8d4c-ccccc"],
                port: 80
            ),
            ("deployment/shop/web", ["shop/web-6b9f7c8d4c-bbbbb", "shop/web-6b9f7c8d4c-ccccc"], 8080),
            ("web:main", ["shop/web-6b9f7c8d4c-bbbbb", "shop/web-6b9f7c8d4c-ccccc"], 8080),
            ("shop/tier=canary", ["shop/web-6b9f7c8d4c-ccccc"], 8080),
            ("shop/db", ["shop/db-0"], 5432),
            ("db-0", ["shop/db-0"], 5432),
            ("10.0.1.20:7", ["shop/db-0"], 7),
            ("set/partners:443", ["network set partners"], 443),
            ("node/n1:kubelet", ["host endpoint n1-eth0"], 10250),
        ])
    func resolved(destination: String, ends: [String], port: UInt16) throws {
        let request = try ConnectionRequest(source: "internet", destination: destination)
        let host = """
            apiVersion: projectcalico.org/v3
            kind: HostEndpoint
            metadata: {name: n1-eth0}
            spec:
              node: n1
              interfaceName: eth0
              expectedIPs: [192.168.7.1]
              ports: [{name: kubelet, protocol: TCP, port: 10250}]
            """
        let resolved = try EndpointResolver(ExplainSituation.snapshot(host)).resolve(request)
        #expect(resolved.destinations.map(\.name) == ends)
        #expect(resolved.port == port)
    }

    @Test("a Service leads to its endpoints and their port")
    func service() throws {
        let request = try ConnectionRequest(source: "shop/cart", destination: "svc/shop/front")
        let resolved = try EndpointResolver(ExplainSituation.snapshot("{}")).resolve(request)
        #expect(resolved.destinations.map(\.port) == [8080, 8080])
        #expect(resolved.destinations.map(\.title) == ["shop/web", "shop/web"])
        #expect(resolved.notes.count == 1)
    }

    @Test(
        "pods point to their workload",
        arguments: [
            (pod: "web-6b9f7c8d4c-bbbbb", workload: "web"), ("db-0", "db"), ("db-backup-0", "db-backup"),
            ("agent-x2x8z", "agent"), ("job-28391230-x2x8z", "job"), ("web", "web"),
            ("web-front", "web-front"),
            ("node-agent", "node-agent"), ("-", "-"), ("a-", "a-"),
        ])
    func workloads(pod: String, workload: String) {
        #expect(PodResource(name: ResourceName(namespace: "n", name: pod)).workloadName == workload)
    }
}
