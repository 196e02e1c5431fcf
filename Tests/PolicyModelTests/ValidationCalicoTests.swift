// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel
import Testing

/// A change to a sound policy, and the problem that it must cause.
struct PolicyMistake: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let field: String
    let message: String
    let kind: PolicyKind
    let change: @Sendable (inout CalicoPolicy) -> Void

    init(
        _ name: String, _ kind: PolicyKind = .networkPolicy, at field: String, says message: String,
        _ change: @escaping @Sendable (inout CalicoPolicy) -> Void
    ) {
        testDescription = name
        self.field = field
        self.message = message
        self.kind = kind
        self.change = change
    }

    var policy: CalicoPolicy {
        let namespace = kind.isNamespaced ? "shop" : ""
        var policy = CalicoPolicy(id: PolicyID(kind: kind, namespace: namespace, name: "db"))
        policy.ingress = [CalicoRule(action: .allow)]
        change(&policy)
        return policy
    }

    static let all = rules + policies

    private static let rules = [
        PolicyMistake(
            "named port is fine without protocol, a number is not", at: "spec.ingress[0].source.ports",
            says: "protocol"
        ) {
            $0.ingress[0].source.ports = [.named("http"), .range(PortRange(80))]
        },
        PolicyMistake("ports of a numeric protocol", at: "spec.ingress[0].destination.notPorts", says: "50") {
            $0.ingress[0].transport = ProtocolName(.esp)
            $0.ingress[0].destination.notPorts = [.named("http")]
        },
        PolicyMistake("icmp without protocol", at: "spec.ingress[0].icmp", says: "needs the protocol") {
            $0.ingress[0].icmp = ICMPMatch(type: 1)
        },
        PolicyMistake("number 1 over IPv6", at: "spec.ingress[0].notProtocol", says: "IPv4 protocol") {
            $0.ingress[0].notTransport = ProtocolName(.icmp, isNumeric: true)
            $0.ingress[0].family = .v6
        },
        PolicyMistake(
            "mixed families across sides", at: "spec.ingress[0].destination.notNets[0]", says: "mixes"
        ) {
            $0.ingress[0].source.nets = [IPPrefix(IPAddress(v4: 1))]
            $0.ingress[0].destination.notNets = [IPPrefix(IPAddress(bits: 1))]
        },
        PolicyMistake("all of IPv6 excluded", at: "spec.ingress[0].source.notNets[0]", says: "every address")
        {
            $0.ingress[0].source.notNets = IPPrefix(IPAddress(bits: 0), length: 0).map { [$0] } ?? []
        },
        PolicyMistake(
            "service beside accounts", at: "spec.ingress[0].source.services", says: "'serviceAccounts'"
        ) {
            $0.ingress[0].source.service = ServiceMatch(name: "a")
            $0.ingress[0].source.serviceAccountNames = ["b"]
        },
        PolicyMistake("service without a name", at: "spec.ingress[0].source.services", says: "needs the name")
        {
            $0.ingress[0].source.service = ServiceMatch(name: "", namespace: "a")
        },
        PolicyMistake(
            "source service in egress", at: "spec.egress[0].source.services", says: "an egress rule"
        ) {
            $0.egress = [CalicoRule(action: .allow)]
            $0.egress[0].source.service = ServiceMatch(name: "a")
        },
        PolicyMistake(
            "account selector", at: "spec.ingress[0].source.serviceAccounts.selector", says: "column 3"
        ) {
            $0.ingress[0].source.serviceAccountSelector = "a b"
        },
        PolicyMistake("global( inside a quoted value", at: "spec.selector", says: "global()") {
            $0.selector = "a == 'global('"
        },
        PolicyMistake("http and UDP", at: "spec.ingress[0].http", says: "UDP") {
            $0.ingress[0].hasHTTPMatch = true
            $0.ingress[0].transport = ProtocolName(.udp)
        },
    ]

    private static let policies = [
        PolicyMistake("namespace in capitals", at: "metadata.namespace", says: "lower-case") {
            $0.id = PolicyID(kind: .networkPolicy, namespace: "Shop", name: "db")
        },
        PolicyMistake("three parts in a name", at: "metadata.name", says: "more than one dot") {
            $0.id = PolicyID(kind: .networkPolicy, namespace: "shop", name: "a.b.c")
        },
        PolicyMistake(
            "selector of 1,025 characters", at: "spec.serviceAccountSelector", says: "1025 characters"
        ) {
            $0.serviceAccountSelector = "has(" + String(repeating: "a", count: 1020) + ")"
        },
        PolicyMistake("order that is no number", at: "spec.order", says: "finite") { $0.order = .nan },
        PolicyMistake("untracked before DNAT", .globalNetworkPolicy, at: "spec.preDNAT", says: "both") {
            $0.isUntracked = true
            $0.isPreDNAT = true
            $0.appliesOnForward = true
        },
        PolicyMistake(
            "delete with performance hints", .stagedGlobalNetworkPolicy, at: "spec.performanceHints",
            says: "Delete"
        ) {
            $0.stagedAction = .delete
            $0.ingress = []
            $0.isNeededOnEveryNode = true
        },
        PolicyMistake("delete with rules", .stagedNetworkPolicy, at: "spec.ingress", says: "Delete") {
            $0.stagedAction = .delete
        },
        PolicyMistake("1,025 rules", at: "spec.egress", says: "at most 1024") {
            $0.egress = Array(repeating: CalicoRule(action: .deny), count: 1025)
        },
    ]
}

@Suite("Validation of Calico policies")
struct ValidationCalicoTests {
    @Test("finds exactly the one mistake", arguments: PolicyMistake.all)
    func finds(_ mistake: PolicyMistake) {
        let problems = mistake.policy.problems()
        #expect(problems.map(\.field) == [mistake.field])
        #expect(problems.allSatisfy { $0.message.contains(mistake.message) && $0.severity == .error })
        #expect(problems.allSatisfy { $0.resource == mistake.policy.id.description && $0.location == nil })
    }

    @Test(
        "accepts names that older releases made",
        arguments: ["default.db", "knp.default.a.b.c", "ossg.default.x"])
    func acceptsOldNames(_ name: String) {
        #expect(
            CalicoPolicy(id: PolicyID(kind: .networkPolicy, namespace: "shop", name: name)).problems().isEmpty
        )
    }

    @Test("warns of rules that the types switch off")
    func warnsOfDeadRules() {
        var policy = CalicoPolicy(id: PolicyID(kind: .globalNetworkPolicy, name: "db"))
        policy.types = [.egress]
        policy.ingress = [CalicoRule(action: .deny)]
        #expect(policy.problems().map(\.severity) == [.warning])
    }

    @Test("accepts global() alone, with blanks, and inside no other field")
    func acceptsGlobal() {
        var policy = CalicoPolicy(id: PolicyID(kind: .networkPolicy, namespace: "shop", name: "db"))
        policy.ingress = [CalicoRule(action: .allow)]
        policy.ingress[0].source.namespaceSelector = " global( ) "
        #expect(policy.problems().isEmpty)
        policy.ingress[0].source.namespaceSelector = "!global()"
        #expect(policy.problems().count == 1)
    }

    @Test("refuses global() in parentheses as a namespace selector: only the term itself has a meaning there")
    func refusesWrappedGlobal() {
        var policy = CalicoPolicy(id: PolicyID(kind: .networkPolicy, namespace: "shop", name: "db"))
        policy.ingress = [CalicoRule(action: .allow)]
        policy.ingress[0].source.namespaceSelector = "(global())"
        #expect(policy.problems().map(\.severity) == [.error])
    }

    @Test("warns of global() where it is merely true of everything")
    func warnsOfGlobal() {
        var policy = CalicoPolicy(id: PolicyID(kind: .networkPolicy, namespace: "shop", name: "db"))
        policy.ingress = [CalicoRule(action: .allow)]
        policy.ingress[0].source.notSelector = "!global()"
        policy.ingress[0].destination.serviceAccountSelector = "global()"
        let problems = policy.problems()
        #expect(
            problems.map(\.field) == [
                "spec.ingress[0].source.notSelector", "spec.ingress[0].destination.serviceAccounts.selector",
            ])
        #expect(problems.allSatisfy { $0.severity == .warning })
    }

    @Test("accepts notICMP without a protocol, and warns where it excludes nothing")
    func notICMP() {
        var policy = CalicoPolicy(id: PolicyID(kind: .networkPolicy, namespace: "shop", name: "db"))
        policy.ingress = [CalicoRule(action: .allow)]
        policy.ingress[0].notICMP = ICMPMatch(type: 8)
        #expect(policy.problems() == [])
        policy.ingress[0].transport = ProtocolName(.udp)
        #expect(policy.problems().map(\.field) == ["spec.ingress[0].notICMP"])
        #expect(policy.problems().map(\.severity) == [.warning])
    }

    @Test("warns of types beside a staged delete, which Calico's client removes")
    func warnsOfDeletedTypes() {
        var policy = CalicoPolicy(id: PolicyID(kind: .stagedNetworkPolicy, namespace: "shop", name: "db"))
        policy.stagedAction = .delete
        policy.types = [.ingress]
        #expect(policy.problems().map(\.field) == ["spec.types"])
        #expect(policy.problems().map(\.severity) == [.warning])
    }
}
