// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyAnalysis
import PolicyEngine
import PolicyModel
import TestSupport
import Testing

/// Policies in a small shop, and whether they trigger a lint.
struct LintCase: CustomTestStringConvertible, Sendable {
    let id: LintID
    let triggers: Bool
    let name: String
    var testDescription: String { "\(id.rawValue): \(name)" }
    let resources: [ClusterResource]

    init(
        _ id: LintID, triggers: Bool, _ name: String, _ policies: [CalicoPolicy], with: [ClusterResource] = []
    ) {
        self.id = id
        self.triggers = triggers
        self.name = name
        resources = LintCase.shop + with + policies.map { .policy(PolicyResource($0)) }
    }

    init(_ id: LintID, triggers: Bool, _ name: String, kubernetes policy: KubernetesPolicy) {
        self.id = id
        self.triggers = triggers
        self.name = name
        resources = LintCase.shop + [.policy(PolicyResource(policy))]
    }

    static let shop: [ClusterResource] = [
        .namespace(NamespaceResource(name: "shop")), .namespace(NamespaceResource(name: "kube-system")),
        .tier(TierResource(name: "early", order: 1, defaultAction: .pass)),
        Build.pod("shop/web", "10.0.0.1", ["app": "web"], ports: [NamedPort(name: "http", port: 8080)]),
        Build.pod("shop/cart", "10.0.0.2", ["app": "cart"]), Build.pod("shop/db", "10.0.0.3", ["app": "db"]),
        Build.pod("kube-system/dns", "10.0.9.9", ["k8s-app": "kube-dns"]),
    ]
}

extension LintCase {
    static func database(
        _ ingress: [CalicoRule] = [], egress: [CalicoRule] = [], types: [Direction]? = [.ingress],
        name: String = "db", order: Double? = nil, tier: String = "default", staged: Bool = false
    ) -> CalicoPolicy {
        var policy = Build.policy(
            "shop/\(name)", selector: "app == 'db'", types: types, order: order, tier: tier, staged: staged)
        policy.ingress = ingress
        policy.egress = egress
        return policy
    }

    static func kubernetes(types: [Direction]?, egress: Bool) -> KubernetesPolicy {
        var policy = KubernetesPolicy(
            id: PolicyID(kind: .kubernetesNetworkPolicy, namespace: "shop", name: "k"))
        policy.policyTypes = types
        if egress { policy.egress = [KubernetesRule(ports: [KubernetesPort(port: .range(PortRange(80)))])] }
        return policy
    }

    private static let web = Build.rule(.allow, .tcp, from: "app == 'web'", ports: [80])

    static let rules: [LintCase] = [
        LintCase(
            .shadowedRule, triggers: true, "a deny after two allows that cover it",
            [
                database([
                    Build.rule(.allow, .tcp, from: "app == 'web'"),
                    Build.rule(.allow, .tcp, from: "app == 'cart'"),
                    Build.rule(.deny, .tcp, from: "app in {'web','cart'}", ports: [80]),
                ])
            ]),
        LintCase(
            .shadowedRule, triggers: false, "a deny of which a port is left",
            [database([web, Build.rule(.deny, .tcp, from: "app == 'web'", ports: [80, 81])])]),
        LintCase(
            .shadowedRule, triggers: true, "a policy behind one that takes its traffic",
            [
                database([Build.rule(.deny, .tcp)], order: 1),
                database([web, Build.rule(.allow, .udp)], name: "later", order: 2),
            ]),
        LintCase(
            .contradictoryRule, triggers: true, "a protocol that is wanted and excluded",
            [database([contradiction])]),
        LintCase(.contradictoryRule, triggers: false, "an ordinary rule", [database([web])]),
        LintCase(
            .contradictoryRule, triggers: true, "nets without what notNets leave",
            [database([emptyNets])]),
        LintCase(
            .selectorSelectsNothing, triggers: true, "a misspelt label",
            [database([Build.rule(.allow, .tcp, from: "app == 'wbe'")])]),
        LintCase(.selectorSelectsNothing, triggers: false, "a label that a pod has", [database([web])]),
        LintCase(
            .unmatchedRule, triggers: true, "a named port that nobody declares",
            [database([Build.rule(.allow, .tcp, named: ["metrics"])])]),
        LintCase(
            .unmatchedRule, triggers: false, "a named port of the pod",
            [serving("http")]),
        LintCase(
            .passInLastTier, triggers: true, "a pass in the only tier",
            [database([Build.rule(.pass, .tcp)])]),
        LintCase(
            .passInLastTier, triggers: false, "a pass to a tier that has policies",
            [database([Build.rule(.pass, .tcp)], name: "first", tier: "early"), database([web])]),
        LintCase(.httpNotEnforced, triggers: true, "a rule with a method", [database([http])]),
        LintCase(.httpNotEnforced, triggers: false, "a rule without", [database([web])]),
    ]

    private static var contradiction: CalicoRule {
        var rule = Build.rule(.allow, .tcp)
        rule.notTransport = ProtocolName(.tcp)
        return rule
    }

    private static var emptyNets: CalicoRule {
        var rule = Build.rule(.allow, .tcp, fromNets: ["10.1.0.0/16"])
        rule.source.notNets = [Build.block("10.0.0.0/8")]
        return rule
    }

    private static var http: CalicoRule {
        var rule = web
        rule.hasHTTPMatch = true
        return rule
    }

    private static func serving(_ port: String) -> CalicoPolicy {
        var policy = Build.policy("shop/web", selector: "app == 'web'", types: [.ingress])
        policy.ingress = [Build.rule(.allow, .tcp, named: [port])]
        return policy
    }

    static let policies: [LintCase] = [
        LintCase(
            .policySelectsNothing, triggers: true, "a selector without pods",
            [Build.policy("shop/x", selector: "app == 'nobody'", types: [.ingress])]),
        LintCase(.policySelectsNothing, triggers: false, "a selector with a pod", [database([web])]),
        LintCase(
            .policySelectsNothing, triggers: false, "a selector with a host endpoint only",
            [Build.policy("host", selector: "role == 'node'", types: [.ingress])],
            with: [.hostEndpoint(HostEndpointResource(name: "node", labels: ["role": "node"]))]),
        LintCase(
            .policyNeverDecides, triggers: true, "a policy after one that denies everything",
            [database([Build.rule(.deny)], order: 1), database([web], name: "late", order: 2)]),
        LintCase(
            .policyNeverDecides, triggers: false, "a default deny beside an allowing policy",
            [database([web], order: 1), database([], name: "deny", order: 2)]),
        LintCase(
            .missingTier, triggers: true, "a tier that nobody defined", [database([web], tier: "nowhere")]),
        LintCase(.missingTier, triggers: false, "the default tier", [database([web])]),
        LintCase(
            .stagedEqualsEnforced, triggers: true, "the same text twice",
            [database([web]), database([web], staged: true)]),
        LintCase(
            .stagedEqualsEnforced, triggers: false, "another port",
            [database([web]), database([Build.rule(.allow, .tcp, ports: [81])], staged: true)]),
        LintCase(
            .rulesWithoutType, triggers: true, "egress rules and types Ingress",
            [database([web], egress: [Build.rule(.allow)], types: [.ingress])]),
        LintCase(
            .rulesWithoutType, triggers: false, "egress rules and both types",
            [database([web], egress: [Build.rule(.allow)], types: [.ingress, .egress])]),
        LintCase(
            .typeWithoutRules, triggers: true, "ingress rules and both types",
            [database([web], types: [.ingress, .egress])]),
        LintCase(
            .typeWithoutRules, triggers: false, "a default deny of both",
            [database(types: [.ingress, .egress])]),
        LintCase(
            .inferredTypes, triggers: true, "Kubernetes, only egress rules",
            kubernetes: kubernetes(types: nil, egress: true)),
        LintCase(
            .inferredTypes, triggers: false, "Kubernetes, types given",
            kubernetes: kubernetes(types: [.egress], egress: true)),
        LintCase(
            .inferredTypes, triggers: true, "Calico, rules for both",
            [database([web], egress: [Build.rule(.allow)], types: nil)]),
        LintCase(
            .inferredTypes, triggers: false, "Calico, only egress rules",
            [database(egress: [Build.rule(.allow)], types: nil)]),
    ]

    static let exposure: [LintCase] = [
        LintCase(
            .allowAllToInternet, triggers: true, "allow without conditions",
            [database(egress: [Build.rule(.allow)], types: [.egress])]),
        LintCase(
            .allowAllToInternet, triggers: true, "all of TCP to 0.0.0.0/0",
            [database(egress: [Build.rule(.allow, .tcp, toNets: ["0.0.0.0/0"])], types: [.egress])]),
        LintCase(
            .allowAllToInternet, triggers: false, "one port to the internet",
            [database(egress: [Build.rule(.allow, .tcp, ports: [443])], types: [.egress])]),
        LintCase(
            .allowAllToInternet, triggers: false, "everything, but only to pods",
            [database(egress: [Build.rule(.allow, to: "has(app)")], types: [.egress])]),
        LintCase(
            .allowAllFromInternet, triggers: true, "allow without conditions",
            [database([Build.rule(.allow)])]),
        LintCase(.allowAllFromInternet, triggers: false, "from a pod", [database([web])]),
        LintCase(
            .missingDNSEgress, triggers: true, "egress to a pod and nothing else",
            [database(egress: [Build.rule(.allow, .tcp, to: "app == 'web'")], types: [.egress])]),
        LintCase(
            .missingDNSEgress, triggers: false, "egress to a pod and to DNS",
            [database(egress: [Build.rule(.allow, .tcp, to: "app == 'web'"), dns], types: [.egress])]),
        LintCase(
            .missingDNSEgress, triggers: false, "DNS over IPv4 is enough for a pod of both IP versions",
            [
                database(
                    egress: [Build.rule(.allow, .tcp, to: "app in {'web', 'both'}"), dns], types: [.egress])
            ],
            with: [dualStackPod("db-0", ["app": "db"], 4), dualStackPod("both", ["app": "both"], 5)]),
        LintCase(
            .missingDNSEgress, triggers: false, "no egress at all",
            [database(egress: [], types: [.egress])]),
    ]

    private static func dualStackPod(_ name: String, _ labels: Labels, _ number: UInt32) -> ClusterResource {
        .pod(
            PodResource(
                name: ResourceName(namespace: "shop", name: name), labels: labels,
                addresses: [
                    IPAddress(v4: 0x0a00_0000 + number),
                    IPAddress(bits: UInt128(0xfd00) << 112 | UInt128(number)),
                ]))
    }

    private static var dns: CalicoRule {
        var rule = Build.rule(.allow, .udp, to: "k8s-app == 'kube-dns'", ports: [53])
        rule.destination.namespaceSelector = "all()"
        return rule
    }
}

@Suite("Policy lints")
struct PolicyLintTests {
    @Test(
        "are found where they are and not where they are not",
        arguments: LintCase.rules + LintCase.policies + LintCase.exposure)
    func cases(_ test: LintCase) throws {
        let findings = try PolicyLint(PolicySnapshot(ClusterState(test.resources), generation: 1)).findings
        let found = findings.filter { $0.id == test.id }
        #expect(!found.isEmpty == test.triggers, "\(findings.map(\.explanation))")
        for finding in findings {
            #expect(finding.explanation.hasSuffix("."))
            #expect(!finding.suggestion.isEmpty)
        }
    }

    @Test("every lint has a case that triggers it and one that does not")
    func coverage() {
        let all = LintCase.rules + LintCase.policies + LintCase.exposure
        for id in LintID.allCases {
            for triggers in [true, false] {
                #expect(all.contains { $0.id == id && $0.triggers == triggers }, "\(id.rawValue) \(triggers)")
            }
        }
    }

    @Test("a finding says where the rule is written and who takes its traffic")
    func places() throws {
        var resource = PolicyResource(
            LintCase.database([
                Build.rule(.allow, .tcp), Build.rule(.allow, .udp), Build.rule(.deny, .tcp, ports: [80]),
            ]), origin: SourceLocation(file: "db.yaml", line: 4))
        resource.ruleLines = [.ingress: [10, 14, 18]]
        let state = ClusterState(LintCase.shop + [.policy(resource)])
        let findings = try PolicyLint(PolicySnapshot(state, generation: 1)).findings
        let finding = try #require(findings.first { $0.id == .shadowedRule })
        #expect(finding.location == SourceLocation(file: "db.yaml", line: 18))
        #expect(finding.field == "spec.ingress[2]")
        #expect(
            finding.explanation
                == "ingress rule 2 of NetworkPolicy shop/db (Deny TCP to ports 80) never gets any traffic: "
                + "all of it is taken by ingress rule 0 of NetworkPolicy shop/db.")
    }

    @Test(
        "rules that random connections hit are never called dead, all others are",
        arguments: UInt64(400)..<404)
    func bruteForce(seed: UInt64) throws {
        let snapshot = PolicySnapshot(RandomWorld(seed: seed, policies: 8, pods: 3).state, generation: 1)
        let dead: [LintID] = [.shadowedRule, .contradictoryRule, .selectorSelectsNothing, .unmatchedRule]
        let findings = try PolicyLint(snapshot).findings
        let idle = Set(
            findings.filter { $0.id == .policySelectsNothing || $0.id == .policyNeverDecides }.map(\.policy))
        let reported = Set(
            findings.filter { dead.contains($0.id) && !$0.policy.kind.isStaged && !idle.contains($0.policy) }
                .filter { !$0.explanation.hasPrefix("part of") }
                .map { WrittenRule(policy: $0.policy, direction: $0.direction, index: $0.ruleIndex ?? -1) })
        let hit = WrittenRule.hit(in: snapshot)
        #expect(reported.isDisjoint(with: hit), "seed \(seed)")
        let deciding = WrittenRule.all(in: snapshot).filter { !idle.contains($0.policy) }
        #expect(Set(deciding).subtracting(hit).isSubset(of: reported), "seed \(seed)")
    }
}

/// A rule as it was written.
struct WrittenRule: Hashable {
    let policy: PolicyID
    let direction: Direction?
    let index: Int

    /// Rules of enforced policies that decide something if they get traffic.
    static func all(in snapshot: PolicySnapshot) -> [WrittenRule] {
        snapshot.policies.filter { !$0.id.kind.isStaged }.flatMap { policy in
            policy.directions.flatMap { direction in
                policy.rules(direction).filter { $0.action != .log }.map {
                    WrittenRule(policy: policy.id, direction: direction, index: $0.sourceIndex)
                }
            }
        }
    }

    /// Rules that any connection between the probes hits.
    static func hit(in snapshot: PolicySnapshot) -> Set<WrittenRule> {
        var found: Set<WrittenRule> = []
        let addresses = Probes.addresses(snapshot)
        for source in addresses {
            for destination in addresses where destination.family == source.family {
                let isEvaluated = (snapshot.endpoint(at: source) ?? snapshot.endpoint(at: destination)) != nil
                for tuple in isEvaluated ? Probes.tuples(source, destination) : [] {
                    for direction in Direction.allCases {
                        for hit in snapshot.evaluate(tuple, direction)?.trace.enforced ?? [] {
                            guard case .rule(let id, let index) = hit.place else { continue }
                            let written = snapshot.policy(id)?.rules(direction)[index].sourceIndex ?? -1
                            found.insert(WrittenRule(policy: id, direction: direction, index: written))
                        }
                    }
                }
            }
        }
        return found
    }
}
