// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlowModel
import NetworkModel
import Testing

@testable import FlowTool

@Suite("Conditions on the command line")
struct FilterTests {
    private static func filter(_ arguments: [String]) throws -> FlowExpression {
        try FlowFilterOptions.parse(arguments).expression()
    }

    private static func named(_ field: FlowTextField, _ name: String) -> FlowExpression {
        .any([.text(field, .init(.equals, name)), .text(field, .init(.hasPrefix, name + "-"))])
    }

    private static func label(_ key: String, _ value: String?) -> FlowExpression {
        let match = value.map { FlowTextMatch(.equals, $0) }
        return .any([.label(.source, key: key, match), .label(.destination, key: key, match)])
    }

    @Test(
        "flags come to one condition",
        arguments: [
            ([], .always),
            (["--from", "cart"], named(.sourceName, "cart")),
            (
                ["--from", "shop/cart"],
                .all([.text(.sourceNamespace, .init(.equals, "shop")), named(.sourceName, "cart")])
            ),
            (["--to", "shop/"], .text(.destinationNamespace, .init(.equals, "shop"))),
            (["--to", "internet"], .text(.destinationName, .init(.equals, "pub"))),
            (["--to", "PUBLIC NETWORK"], .text(.destinationName, .init(.equals, "PUBLIC NETWORK"))),
            (["--from", "web-6f9c-*"], .text(.sourceName, .init(.equals, "web-6f9c-*"))),
            (["--from", "a", "--from", "b"], .any([named(.sourceName, "a"), named(.sourceName, "b")])),
            (
                ["--namespace", "shop"],
                .any([
                    .text(.sourceNamespace, .init(.equals, "shop")),
                    .text(.destinationNamespace, .init(.equals, "shop")),
                ])
            ),
            (["--from-namespace", "a"], .text(.sourceNamespace, .init(.equals, "a"))),
            (["--to-namespace", "a"], .text(.destinationNamespace, .init(.equals, "a"))),
            (["--port", "5432"], .number(.destinationPort, 5_432...5_432)),
            (["--port", "8000:8100"], .number(.destinationPort, 8_000...8_100)),
            (["--protocol", "TCP"], .text(.transport, .init(.equals, "tcp"))),
            (["--protocol", "17"], .text(.transport, .init(.equals, "udp"))),
            (["--protocol", "ICMPv6"], .text(.transport, .init(.equals, "icmp6"))),
            (["--verdict", "deny"], .action(.deny)),
            (
                ["--pending"],
                .any([
                    .all([.action(.allow), .pendingAction(.deny)]),
                    .all([.action(.deny), .pendingAction(.allow)]),
                ])
            ),
            (["--reporter", "src"], .reporter(.source)), (["--reporter", "dest"], .reporter(.destination)),
            (["--policy", "web"], .policy(FlowPolicyCondition(name: .init(.equals, "web")))),
            (
                ["--policy", "KNP:shop/web"],
                .policy(
                    FlowPolicyCondition(
                        kind: .networkPolicy, namespace: .init(.equals, "shop"), name: .init(.equals, "web")))
            ),
            (["--label", "app=web"], label("app", "web")), (["--label", "app"], label("app", nil)),
            (
                ["--label", "a=1,b=2"],
                .any(
                    [FlowEnd.source, .destination].map { end in
                        .all([
                            .label(end, key: "a", .init(.equals, "1")),
                            .label(end, key: "b", .init(.equals, "2")),
                        ])
                    })
            ),
            (
                ["--ip", "10.1.2.3/8"],
                .any([
                    .address(.source, IPPrefix(IPAddress("10.0.0.0")!, length: 8)!),
                    .address(.destination, IPPrefix(IPAddress("10.0.0.0")!, length: 8)!),
                ])
            ),
            (
                ["--service", "data/db"],
                .all([
                    .text(.serviceNamespace, .init(.equals, "data")),
                    .text(.serviceName, .init(.equals, "db")),
                ])
            ),
            (["--filter", "action != allow"], .not(.action(.allow))),
            (
                ["--verdict", "deny", "--filter", "action != allow", "--from", "shop/"],
                .all([.text(.sourceNamespace, .init(.equals, "shop")), .action(.deny), .not(.action(.allow))])
            ),
        ] as [([String], FlowExpression)])
    func conditions(arguments: [String], expected: FlowExpression) throws {
        #expect(try Self.filter(arguments) == expected)
    }

    @Test(
        "what the flags come to is shown in the filter language",
        arguments: [
            ["--from", "shop/cart"], ["--verdict", "deny", "--port", "80", "--port", "443"],
            ["--pending", "--reporter", "dest"], ["--policy", "knp:shop/web"], ["--label", "app=web"],
        ])
    func text(arguments: [String]) throws {
        let text = try Self.filter(arguments).filterText
        #expect(!text.isEmpty)
        #expect(try Self.filter(["--filter", text]).filterText == text)
    }

    @Test(
        "what cannot be meant is refused",
        arguments: [
            ["--from", ""], ["--from", "a/b/c"], ["--from", "/a"], ["--port", "x"], ["--port", "70000"],
            ["--port", "90:80"], ["--port", "1:2:3"], ["--port", "+80"], ["--verdict", "pass"],
            ["--reporter", "both"],
            ["--policy", "xyz:web"], ["--policy", "shop/"], ["--label", "a!=b"], ["--label", "a==b"],
            ["--label", "=b"], ["--label", "a,"], ["--ip", "300.1.1.1"], ["--ip", "10.0.0.0/33"],
            ["--service", "a/"],
            ["--protocol", ""],
        ])
    func refusals(arguments: [String]) {
        #expect(throws: (any Error).self) { try FlowFilterOptions.parse(arguments) }
    }

    @Test("a filter that cannot be understood is shown with its place")
    func syntax() {
        #expect {
            try Self.filter(["--filter", "action = "])
        } throws: { error in
            guard let refusal = error as? FlowRefusal else { return false }
            return refusal.status == .validationFailure && refusal.excerpt.contains("^")
        }
    }

    @Test(
        "a server is a host with a port",
        arguments: [
            ("localhost", "localhost", 7_443), ("h.example:1", "h.example", 1),
            ("10.0.0.1:443", "10.0.0.1", 443),
            ("[::1]", "::1", 7_443), ("[fd00::1]:7443", "fd00::1", 7_443),
        ])
    func servers(text: String, host: String, port: Int) throws {
        let options = try FlowServerOptions.parse(["--server", text])
        #expect(options.server == (host, port))
        #expect(options.timeout == .seconds(10))
    }

    @Test(
        "options of a server that contradict are refused",
        arguments: [
            ["--server", "a:b"], ["--server", ":80"], ["--server", "a:0"], ["--server", "::1"],
            ["--server", "[1.2.3.4]"],
            ["--server", "[::1]80"], ["--server", "a b"], ["--cert", "c"], ["--key", "k"],
            ["--insecure", "--ca", "c"],
            ["--insecure", "--server-name", "n"], ["--timeout", "1ms"], ["--timeout", "2h"],
        ])
    func contradictions(arguments: [String]) {
        #expect(throws: (any Error).self) { try FlowServerOptions.parse(arguments) }
    }
}
