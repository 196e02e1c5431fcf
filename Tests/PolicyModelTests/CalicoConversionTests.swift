// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel
import Testing

/// Policy semantics 2.4, table by table.
@Suite("Conversion of Calico policies")
struct CalicoConversionTests {
    struct PolicyCase: CustomTestStringConvertible, Sendable {
        var isGlobal = true
        var selector = ""
        var namespaces = ""
        var accounts = ""
        var effective: String
        var testDescription: String { "\(isGlobal) \(selector) | \(namespaces) | \(accounts)" }
    }

    private static let namespace = "projectcalico.org/namespace"
    private static let account = "projectcalico.org/serviceaccount"

    static let policies = [
        PolicyCase(effective: "all()"),
        PolicyCase(selector: "all()", effective: "all()"),
        PolicyCase(namespaces: "all()", effective: "has(\(namespace))"),
        PolicyCase(
            selector: "all()", namespaces: "env != 'prod'",
            effective: "(has(\(namespace)) && pcns.env != \"prod\")"),
        PolicyCase(namespaces: "env != 'prod'", effective: "pcns.env != \"prod\""),
        PolicyCase(namespaces: "!all()", effective: "!has(\(namespace))"),
        PolicyCase(accounts: "all()", effective: "has(\(account))"),
        PolicyCase(
            selector: "all()", accounts: "role == 'x'",
            effective: "(has(\(account)) && pcsa.role == \"x\")"),
        PolicyCase(isGlobal: false, effective: "\(namespace) == \"ns1\""),
        PolicyCase(
            isGlobal: false, selector: "a == 'b'",
            effective: "(a == \"b\" && \(namespace) == \"ns1\")"),
        PolicyCase(isGlobal: false, accounts: "all()", effective: "\(namespace) == \"ns1\""),
    ]

    @Test("the effective selector of a policy", arguments: policies)
    func policySelector(_ example: PolicyCase) throws {
        var policy = CalicoPolicy(id: Self.id(isGlobal: example.isGlobal))
        policy.selector = example.selector
        policy.namespaceSelector = example.namespaces
        policy.serviceAccountSelector = example.accounts
        let converted = try #require(PolicyResource(policy).converted())
        #expect(converted.selector.description == example.effective)
    }

    struct PeerCase: CustomTestStringConvertible, Sendable {
        var name: String
        var edit: @Sendable (inout CalicoEntityRule) -> Void
        /// In a NetworkPolicy of ns1, and in a GlobalNetworkPolicy; nil: no condition.
        var namespaced: String?
        var global: String?
        var globalNegative: String?
        var testDescription: String { name }
    }

    static let peers = [
        PeerCase(
            name: "selector", edit: { $0.selector = "a == 'b'" },
            namespaced: "(\(namespace) == \"ns1\" && a == \"b\")", global: "a == \"b\""),
        PeerCase(
            name: "all namespaces", edit: { $0.namespaceSelector = "all()" },
            namespaced: "has(\(namespace))", global: "has(\(namespace))"),
        PeerCase(
            name: "global() with a selector",
            edit: {
                $0.namespaceSelector = "global()"
                $0.selector = "z == '1'"
            }, namespaced: "(!has(\(namespace)) && z == \"1\")",
            global: "(!has(\(namespace)) && z == \"1\")"),
        PeerCase(
            name: "no namespace", edit: { $0.namespaceSelector = "!all()" },
            namespaced: "!has(\(namespace))", global: "!has(\(namespace))"),
        PeerCase(
            name: "only notSelector", edit: { $0.notSelector = "has(x)" },
            namespaced: "(\(namespace) == \"ns1\" && !has(x))", globalNegative: "has(x)"),
        PeerCase(
            name: "only nets", edit: { $0.nets = [IPPrefix(IPAddress(v4: 1))] }),
        PeerCase(
            name: "service accounts by name", edit: { $0.serviceAccountNames = ["b", "a"] },
            namespaced: "(\(namespace) == \"ns1\" && \(account) in {\"a\", \"b\"})",
            global: "\(account) in {\"a\", \"b\"}"),
        PeerCase(
            name: "a negative namespace selector", edit: { $0.namespaceSelector = "env != 'prod'" },
            namespaced: "pcns.env != \"prod\"", global: "pcns.env != \"prod\""),
    ]

    @Test("the effective selectors of a rule's side", arguments: peers)
    func peerSelector(_ example: PeerCase) throws {
        for isGlobal in [false, true] {
            var policy = CalicoPolicy(id: Self.id(isGlobal: isGlobal))
            var rule = CalicoRule(action: .allow)
            example.edit(&rule.source)
            policy.ingress = [rule]
            let side = try #require(PolicyResource(policy).converted()?.ingress.first?.source)
            #expect(side.selector?.description == (isGlobal ? example.global : example.namespaced))
            #expect(side.notSelector?.description == (isGlobal ? example.globalNegative : nil))
        }
    }

    @Test("a Service without a namespace is one of the policy's own", arguments: ["", "other"])
    func service(namespace: String) throws {
        var policy = CalicoPolicy(id: Self.id(isGlobal: false))
        var rule = CalicoRule(action: .allow)
        rule.destination.service = ServiceMatch(name: "svc", namespace: namespace)
        policy.egress = [rule]
        let side = try #require(PolicyResource(policy).converted()?.egress.first?.destination)
        #expect(
            side.service == ResourceName(namespace: namespace.isEmpty ? "ns1" : namespace, name: "svc"))
    }

    private static func id(isGlobal: Bool) -> PolicyID {
        isGlobal
            ? PolicyID(kind: .globalNetworkPolicy, name: "p")
            : PolicyID(kind: .networkPolicy, namespace: "ns1", name: "p")
    }
}
