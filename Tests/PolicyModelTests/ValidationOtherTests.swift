// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel
import Testing

@Suite("Validation of names")
struct NameRuleTests {
    @Test(
        "tells good names from bad",
        arguments: [
            (.label, "a", true), (.label, "a-1", true), (.label, "", false), (.label, "-a", false),
            (.label, "a-", false),
            (.label, "A", false), (.label, "a.b", false), (.label, "ä", false),
            (.label, String(repeating: "a", count: 63), true),
            (.label, String(repeating: "a", count: 64), false),
            (.subdomain, "a.b-c.d", true), (.subdomain, "a..b", false), (.subdomain, "a.-b", false),
            (.subdomain, String(repeating: "a", count: 253), true),
            (.subdomain, String(repeating: "a", count: 254), false),
            (.namespacedPolicy, "a.b", true), (.namespacedPolicy, "a.b.c", false),
            (.namespacedPolicy, "knp.default.a.b.c", true), (.namespacedPolicy, "knp.default.", false),
            (.globalPolicy, "knp.default.a", false), (.globalPolicy, "a.b", true),
            (.globalPolicy, "a.", false),
            (.qualifiedName, "a.b/C_d", true), (.qualifiedName, "a/b/c", false),
            (.qualifiedName, "/b", false),
            (.qualifiedName, "a/", false), (.qualifiedName, "A.b/c", false), (.qualifiedName, "_a", false),
            (.labelValue, "", true), (.labelValue, "a_b.C-d", true), (.labelValue, "a b", false),
            (.labelValue, ".a", false), (.portName, "http", true), (.portName, "80", false),
            (.portName, "a--b", false),
            (.portName, "abcdefghijklmnop", false), (.portName, "HTTP", false),
        ] as [(NameRule, String, Bool)])
    func tellsNames(_ rule: NameRule, _ name: String, isGood: Bool) {
        #expect((rule.violation(in: name) == nil) == isGood)
    }
}

@Suite("Validation of Kubernetes policies and tiers")
struct ValidationKubernetesTests {
    private var policy = KubernetesPolicy(
        id: PolicyID(kind: .kubernetesNetworkPolicy, namespace: "shop", name: "db.v1.x"))

    @Test("accepts an empty policy")
    func acceptsEmpty() { #expect(policy.problems().isEmpty) }

    @Test("refuses an exception that is not strictly inside its block")
    mutating func refusesExceptions() throws {
        let block = try IPPrefix.parse("10.0.0.0/8", .strict)
        let outside = try IPPrefix.parse("11.0.0.0/16", .strict)
        let other = try IPPrefix.parse("fd00::/16", .strict)
        policy.ingress = [KubernetesRule(peers: [.ipBlock(block, except: [block, outside, other])])]
        #expect(
            policy.problems().map(\.field)
                == (0..<3).map { "spec.ingress[0].from[0].ipBlock.except[\($0)]" })
    }

    @Test("names the peers of egress 'to'")
    mutating func namesEgressPeers() {
        policy.egress = [KubernetesRule(peers: [.pods(nil, namespaces: nil)])]
        #expect(policy.problems().map(\.field) == ["spec.egress[0].to[0]"])
    }

    @Test("refuses label selectors that Kubernetes refuses")
    mutating func refusesSelectors() {
        policy.podSelector = LabelSelector(
            matchLabels: ["a b": "c"],
            matchExpressions: [
                .init(key: "/x", operator: .isIn), .init(key: "k", operator: .exists, values: ["v"]),
                .init(key: "k", operator: .notIn, values: ["v w"]),
            ])
        #expect(
            policy.problems().map(\.field) == [
                "spec.podSelector.matchLabels.a b", "spec.podSelector.matchExpressions[0].key",
                "spec.podSelector.matchExpressions[0].values", "spec.podSelector.matchExpressions[1].values",
                "spec.podSelector.matchExpressions[2].values[0]",
            ])
    }

    @Test("refuses a staged delete that says more")
    func refusesDelete() {
        var staged = KubernetesPolicy(
            id: PolicyID(kind: .stagedKubernetesNetworkPolicy, namespace: "shop", name: "db"))
        staged.stagedAction = .delete
        #expect(staged.problems().isEmpty)
        staged.ingress = [KubernetesRule()]
        staged.policyTypes = [.ingress]
        #expect(staged.problems().map(\.field) == ["spec.policyTypes", "spec.ingress"])
    }

    @Test("keeps the built-in tiers as they are")
    func builtInTiers() {
        #expect(TierResource.builtIn.flatMap { $0.problems() }.isEmpty)
        let changed = TierResource(name: "kube-admin", order: 1, defaultAction: .deny)
        #expect(changed.problems().map(\.field) == ["spec.order", "spec.defaultAction"])
        #expect(TierResource(name: "a.b").problems().map(\.field) == ["metadata.name"])
    }

    @Test("quotes text so that a terminal shows it as text")
    func quotes() {
        #expect("a\u{1b}[0m\u{202e}ü".quotedForMessage == "\"a\\u{1b}[0m\\u{202e}ü\"")
        #expect(String(repeating: "a", count: 100).quotedForMessage.count == 63)
    }
}
