// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel
import Testing

@Suite("Explanations say what fails and what is not known")
struct ExplanationTests {
    // MARK: - The world: prod/web 10.0.0.1, prod/db 10.0.0.2, dev/job 10.0.0.3, a partners set

    private static func pod(
        _ namespace: String, _ name: String, _ host: UInt32, account: String = ""
    ) -> ClusterResource {
        .pod(
            PodResource(
                name: ResourceName(namespace: namespace, name: name), labels: ["app": name],
                serviceAccount: account,
                addresses: [IPAddress(v4: 0x0a00_0000 + host)],
                ports: [NamedPort(name: "main", port: 5432)]))
    }

    private static let base: [ClusterResource] = [
        .namespace(NamespaceResource(name: "prod", labels: ["env": "prod"])),
        .namespace(NamespaceResource(name: "dev", labels: ["env": "dev"])),
        pod("prod", "web", 1), pod("prod", "db", 2), pod("dev", "job", 3),
        .networkSet(
            NetworkSetResource(
                name: ResourceName(name: "partners"), labels: ["role": "partner"],
                nets: [prefix("203.0.113.0/24")])),
    ]

    private static func prefix(_ text: String) -> IPPrefix {
        guard let prefix = try? IPPrefix.parse(text, .lenient) else {
            preconditionFailure("bad prefix \(text)")
        }
        return prefix
    }

    private static func policy(
        _ name: String, kind: PolicyKind = .networkPolicy, selector: String = "app == 'db'",
        order: Double? = nil,
        _ ingress: CalicoRule...
    ) -> CalicoPolicy {
        var policy = CalicoPolicy(
            id: PolicyID(kind: kind, namespace: kind.isNamespaced ? "prod" : "", name: name))
        policy.selector = selector
        policy.order = order
        policy.types = [.ingress]
        policy.ingress = ingress
        return policy
    }

    private static func rule(
        _ action: RuleAction, _ change: (inout CalicoRule) -> Void = { _ in }
    ) -> CalicoRule {
        var rule = CalicoRule(action: action)
        change(&rule)
        return rule
    }

    private static func snapshot(
        _ policies: [CalicoPolicy], without key: ResourceKey? = nil, also: [ClusterResource] = []
    ) -> PolicySnapshot {
        let resources = (base + also).filter { $0.key != key } + policies.map { .policy(PolicyResource($0)) }
        return PolicySnapshot(ClusterState(resources), generation: 1)
    }

    private static func connection(
        from source: UInt32 = 1, port: UInt16 = 5432, _ transport: IPProtocol = .tcp
    ) -> ConnectionTuple {
        ConnectionTuple(
            source: IPAddress(v4: source < 256 ? 0x0a00_0000 + source : source),
            destination: IPAddress(v4: 0x0a00_0002),
            transport: transport, sourcePort: 40_000, destinationPort: port)
    }

    private static let partner: UInt32 = 0xcb00_7109
    private static let stranger: UInt32 = 0x0808_0808

    // MARK: - Clauses

    struct ClauseCase: CustomTestStringConvertible {
        let testDescription: String
        let tuple: ConnectionTuple
        let rule: CalicoRule
        let clauses: [UnmetClause]
    }

    private static func owner(_ host: UInt32) -> AddressOwner {
        snapshot([]).owners(of: connection(from: host).source)[0]
    }

    static let clauses: [ClauseCase] = [
        ClauseCase(
            testDescription: "protocol and port", tuple: connection(port: 53, .udp),
            rule: rule(.allow) {
                $0.transport = ProtocolName(.tcp)
                $0.destination.ports = [.range(PortRange(5432))]
            },
            clauses: [
                .transport(wanted: .tcp, actual: .udp),
                .ports(.destination, actual: 53, wanted: [.range(PortRange(5432))]),
            ]),
        ClauseCase(
            testDescription: "IP version", tuple: connection(), rule: rule(.allow) { $0.family = .v6 },
            clauses: [.family(wanted: [.v6], actual: .v4)]),
        ClauseCase(
            testDescription: "blocks of the other version alone", tuple: connection(),
            rule: rule(.allow) { $0.source.notNets = [prefix("fd00::/8")] },
            clauses: [.family(wanted: [.v6], actual: .v4)]),
        ClauseCase(
            testDescription: "wanted block", tuple: connection(),
            rule: rule(.allow) { $0.source.nets = [prefix("10.9.0.0/16")] },
            clauses: [.nets(.source, IPAddress(v4: 0x0a00_0001), wanted: [prefix("10.9.0.0/16")])]),
        ClauseCase(
            testDescription: "excluded block", tuple: connection(),
            rule: rule(.allow) { $0.source.notNets = [prefix("172.16.0.0/12"), prefix("10.0.0.0/8")] },
            clauses: [.excludedNet(.source, IPAddress(v4: 0x0a00_0001), prefix("10.0.0.0/8"))]),
        ClauseCase(
            testDescription: "ICMP type on TCP", tuple: connection(),
            rule: rule(.allow) { $0.icmp = ICMPMatch(type: 8) },
            clauses: [.icmp(wanted: ICMPMatch(type: 8), actual: nil)]),
        ClauseCase(
            testDescription: "excluded ICMP", tuple: connection(port: 8 << 8, .icmp),
            rule: rule(.allow) { $0.notICMP = ICMPMatch(type: 8) },
            clauses: [.excludedICMP(ICMPMatch(type: 8))]),
        ClauseCase(
            testDescription: "ports of a protocol without", tuple: connection(port: 8 << 8, .icmp),
            rule: rule(.allow) { $0.destination.ports = [.named("main")] },
            clauses: [.ports(.destination, actual: nil, wanted: [.named("main")])]),
        ClauseCase(
            testDescription: "named port at another number", tuple: connection(port: 80),
            rule: rule(.allow) { $0.destination.ports = [.named("main")] },
            clauses: [.ports(.destination, actual: 80, wanted: [.named("main")])]),
        ClauseCase(
            testDescription: "excluded named port", tuple: connection(),
            rule: rule(.allow) { $0.destination.notPorts = [.named("main")] },
            clauses: [.excludedPort(.destination, 5432, .named("main"))]),
        ClauseCase(
            testDescription: "the first false part of a selector", tuple: connection(from: 3),
            rule: rule(.allow) {
                $0.source.namespaceSelector = "all()"
                $0.source.selector = "has(app) && app == 'web'"
            },
            clauses: [
                .selector(
                    .source, IPAddress(v4: 0x0a00_0003),
                    wanted: Selector(
                        .and([.has(WellKnownLabel.namespace), .and([.has("app"), .equals("app", "web")])])),
                    [
                        SelectorMismatch(
                            owner: owner(3), term: Selector(.equals("app", "web")),
                            labels: [.init(key: "app", value: "job")])
                    ])
            ]),
        ClauseCase(
            testDescription: "all of an or, with labels that are not there", tuple: connection(from: 3),
            rule: rule(.allow) {
                $0.source.namespaceSelector = "env == 'x' || has(zone)"
            },
            clauses: [
                .selector(
                    .source, IPAddress(v4: 0x0a00_0003),
                    wanted: Selector(.or([.equals("pcns.env", "x"), .has("pcns.zone")])),
                    [
                        SelectorMismatch(
                            owner: owner(3),
                            term: Selector(.or([.equals("pcns.env", "x"), .has("pcns.zone")])),
                            labels: [
                                .init(key: "pcns.env", value: "dev"), .init(key: "pcns.zone", value: nil),
                            ])
                    ])
            ]),
        ClauseCase(
            testDescription: "an address of nobody", tuple: connection(from: stranger),
            rule: rule(.allow) { $0.source.namespaceSelector = "all()" },
            clauses: [
                .selector(
                    .source, IPAddress(v4: stranger), wanted: Selector(.has(WellKnownLabel.namespace)), [])
            ]),
        ClauseCase(
            testDescription: "an address of a network set", tuple: connection(from: partner),
            rule: rule(.allow) { $0.source.namespaceSelector = "all()" },
            clauses: [
                .selector(
                    .source, IPAddress(v4: partner), wanted: Selector(.has(WellKnownLabel.namespace)),
                    [
                        SelectorMismatch(
                            owner: owner(partner), term: Selector(.has(WellKnownLabel.namespace)),
                            labels: [.init(key: WellKnownLabel.namespace, value: nil)])
                    ])
            ]),
    ]

    @Test("every criterion that is not met, in order", arguments: clauses)
    func unmetClauses(_ example: ClauseCase) throws {
        let snapshot = Self.snapshot([Self.policy("p", example.rule)])
        let walk = try #require(snapshot.explain(example.tuple).ingress.walk)
        #expect(walk.tiers.first?.policies.first?.rules.first?.result == .failed(example.clauses))
    }

    // MARK: - Outcomes

    struct OutcomeCase: CustomTestStringConvertible {
        let testDescription: String
        let policies: [CalicoPolicy]
        var tuple = ExplanationTests.connection(from: 3)
        let outcome: Outcome
        /// What data planes do.
        let verdict: Verdict
    }

    private static let dev = MissingFact.namespaceLabels("dev")
    private static let open = rule(.allow) { $0.source.namespaceSelector = "env == 'dev'" }
    private static let http = rule(.allow) {
        $0.transport = ProtocolName(.tcp)
        $0.hasHTTPMatch = true
    }

    private static func request(_ name: String, _ index: Int = 0) -> MissingFact {
        .httpRequest(
            PolicyID(kind: .networkPolicy, namespace: "prod", name: name), .ingress, ruleIndex: index)
    }

    /// The namespace dev is not defined in these.
    static let outcomes: [OutcomeCase] = [
        OutcomeCase(
            testDescription: "an unknown rule before a deny", policies: [policy("p", open)],
            outcome: .undecidable([dev]), verdict: .deny),
        OutcomeCase(
            testDescription: "an unknown rule before one with the same action",
            policies: [policy("p", open, rule(.allow))], outcome: .allowed, verdict: .allow),
        OutcomeCase(
            testDescription: "an unknown rule behind the decision",
            policies: [policy("p", rule(.deny), open)],
            outcome: .denied, verdict: .deny),
        OutcomeCase(
            testDescription: "an unknown log rule decides nothing",
            policies: [policy("p", rule(.log) { $0.source.namespaceSelector = "env == 'dev'" })],
            outcome: .denied, verdict: .deny),
        OutcomeCase(
            testDescription: "an unknown rule that fails for something known",
            policies: [
                policy(
                    "p",
                    rule(.allow) {
                        $0.source.namespaceSelector = "env == 'dev'"
                        $0.transport = ProtocolName(.udp)
                    })
            ], outcome: .denied, verdict: .deny),
        OutcomeCase(
            testDescription: "a namespace's name is what it is",
            policies: [
                policy("p", rule(.allow) { $0.source.namespaceSelector = "projectcalico.org/name == 'prod'" })
            ],
            outcome: .denied, verdict: .deny),
        OutcomeCase(
            testDescription: "a namespace's name would be there with the namespace",
            policies: [
                policy("p", rule(.allow) { $0.source.namespaceSelector = "projectcalico.org/name == 'dev'" })
            ],
            outcome: .undecidable([dev]), verdict: .deny),
        OutcomeCase(
            testDescription: "a label that the namespace cannot change",
            policies: [
                policy("p", rule(.allow) { $0.source.namespaceSelector = "projectcalico.org/name != 'prod'" })
            ],
            outcome: .allowed, verdict: .allow),
        OutcomeCase(
            testDescription: "HTTP conditions", policies: [policy("p", http)],
            outcome: .undecidable([request("p")]),
            verdict: .allow),
        OutcomeCase(
            testDescription: "HTTP conditions before an allow", policies: [policy("p", http, rule(.allow))],
            outcome: .allowed, verdict: .allow),
        OutcomeCase(
            testDescription: "facts in order of evaluation, each once",
            policies: [policy("b", order: 2, open, open), policy("a", order: 1, http)],
            outcome: .undecidable([request("a"), dev]), verdict: .allow),
        OutcomeCase(
            testDescription: "a fork whose branches meet again does not matter",
            policies: [
                policy(
                    "a", order: 1, rule(.pass) { $0.source.namespaceSelector = "env == 'dev'" }, rule(.pass)),
                policy("b", order: 2, rule(.deny)),
            ], outcome: .allowed, verdict: .allow),
        OutcomeCase(
            testDescription: "a Service without slices",
            policies: [
                policy(
                    "p",
                    rule(.allow) {
                        $0.transport = ProtocolName(.tcp)
                        $0.source.service = ServiceMatch(name: "jobs", namespace: "dev")
                    })
            ], outcome: .undecidable([.serviceEndpoints(ResourceName(namespace: "dev", name: "jobs"))]),
            verdict: .deny),
    ]

    @Test("the outcome is open exactly as far as facts are missing", arguments: outcomes)
    func outcome(_ example: OutcomeCase) throws {
        let snapshot = Self.snapshot(example.policies, without: .namespace("dev"))
        let walk = try #require(snapshot.explain(example.tuple).ingress.walk)
        #expect(walk.outcome == example.outcome)
        #expect(walk.verdict == example.verdict)
        #expect(walk.trace == snapshot.evaluate(example.tuple, .ingress)?.trace)
    }

    @Test("whether a policy selects the endpoint may be unknown, too, and with it its tier")
    func unknownSelection() throws {
        var policy = Self.policy("p", kind: .globalNetworkPolicy, selector: "")
        policy.namespaceSelector = "env == 'dev'"
        let snapshot = Self.snapshot([policy], without: .namespace("dev"))
        let tuple = ConnectionTuple(
            source: IPAddress(v4: 0x0a00_0001), destination: IPAddress(v4: 0x0a00_0003), transport: .tcp,
            destinationPort: 80)
        let walk = try #require(snapshot.explain(tuple).ingress.walk)
        let shown = try #require(walk.tiers.first?.policies.first)
        #expect(shown.selectionDependsOn == [Self.dev])
        #expect(!shown.isSeenAsSelecting)
        #expect(walk.tiers.first?.decision == nil)
        #expect(walk.outcome == .undecidable([Self.dev]))
    }

    @Test("the labels of a service account that is not defined are unknown")
    func unknownAccount() throws {
        let rule = Self.rule(.allow) {
            $0.source.namespaceSelector = "all()"
            $0.source.serviceAccountSelector = "role == 'batch'"
        }
        let snapshot = Self.snapshot(
            [Self.policy("p", rule)], also: [Self.pod("dev", "batch", 9, account: "batch")])
        let outcome = snapshot.explain(Self.connection(from: 9)).ingress.outcome
        #expect(
            outcome == .undecidable([.serviceAccountLabels(ResourceName(namespace: "dev", name: "batch"))]))
    }

    @Test("a rule that many facts hang on names a bounded number")
    func boundedFacts() throws {
        let policies = (0..<200).map { Self.policy("p\($0)", Self.http) }
        let outcome = Self.snapshot(policies).explain(Self.connection()).ingress.outcome
        #expect(outcome?.missing.count == 64)
        #expect(outcome?.missing.first == Self.request("p0"))
    }

    // MARK: - Both sides

    @Test("one side that denies is enough, however little is known of the other")
    func combined() {
        let snapshot = Self.snapshot([Self.policy("p", Self.rule(.deny))])
        let explanation = snapshot.explain(Self.connection(from: 0), unknownEnds: [.source: "shop/gone"])
        #expect(explanation.egress == .unknown("shop/gone"))
        #expect(explanation.outcome == .denied)
    }

    @Test("an unknown end leaves it open, and is named once")
    func unknownEnd() {
        let rule = Self.rule(.allow) { $0.source.selector = "app == 'web'" }
        let snapshot = Self.snapshot([Self.policy("p", rule)])
        let explanation = snapshot.explain(Self.connection(from: 0), unknownEnds: [.source: "shop/gone"])
        #expect(explanation.outcome == .undecidable([.endpoint("shop/gone")]))
    }

    @Test("an address outside is checked by nobody")
    func outside() {
        let explanation = Self.snapshot([]).explain(Self.connection(from: Self.stranger))
        #expect(explanation.egress == .outside)
        #expect(explanation.outcome == .allowed)
    }

    struct HostCase: CustomTestStringConvertible {
        let testDescription: String
        var port: UInt16 = 9100
        var profiles: [String] = []
        let policies: [CalicoPolicy]
        let outcome: Outcome
        let decidedBy: String
    }

    private static func nodePolicy(
        _ name: String, _ rules: CalicoRule..., isUntracked: Bool = false
    ) -> CalicoPolicy {
        var policy = policy(name, kind: .globalNetworkPolicy, selector: "role == 'node'")
        policy.ingress = rules
        policy.isUntracked = isUntracked
        policy.appliesOnForward = isUntracked
        return policy
    }

    static let hosts: [HostCase] = [
        HostCase(
            testDescription: "no policy and no profile", policies: [], outcome: .denied,
            decidedBy: "normal: no profile matched"),
        HostCase(
            testDescription: "a profile", profiles: ["projectcalico-default-allow"], policies: [],
            outcome: .allowed,
            decidedBy: "profile projectcalico-default-allow rule 0"),
        HostCase(
            testDescription: "a failsafe port", port: 22, policies: [nodePolicy("n", rule(.deny))],
            outcome: .allowed,
            decidedBy: "failsafe"),
        HostCase(
            testDescription: "an early stage before a later",
            policies: [
                nodePolicy("n", rule(.deny)), nodePolicy("u", rule(.allow), isUntracked: true),
            ], outcome: .allowed, decidedBy: "untracked: gnp u rule 0"),
        HostCase(
            testDescription: "an early stage that matches nothing has no end",
            policies: [
                nodePolicy("n", rule(.allow)),
                nodePolicy("u", rule(.deny) { $0.transport = ProtocolName(.udp) }, isUntracked: true),
            ], outcome: .allowed, decidedBy: "normal: gnp n rule 0"),
        HostCase(
            testDescription: "an unknown rule of an early stage",
            policies: [
                nodePolicy("n", rule(.deny)),
                nodePolicy(
                    "u", rule(.allow) { $0.source.namespaceSelector = "env == 'dev'" }, isUntracked: true),
            ], outcome: .undecidable([dev]), decidedBy: "normal: gnp n rule 0"),
    ]

    /// The namespace dev, where the connection comes from, is not defined.
    @Test("a host endpoint is walked stage by stage", arguments: hosts)
    func hostEndpoint(_ example: HostCase) throws {
        let host = HostEndpointResource(
            name: "n1-eth0", labels: ["role": "node"], node: "n1", interfaceName: "eth0",
            expectedAddresses: [IPAddress(v4: 0x0a00_0063)], profiles: example.profiles)
        let snapshot = Self.snapshot(
            example.policies, without: .namespace("dev"), also: [.hostEndpoint(host)])
        var tuple = Self.connection(from: 3, port: example.port)
        tuple.destination = IPAddress(v4: 0x0a00_0063)
        guard case .hostEndpoint(let found) = snapshot.explain(tuple).ingress else {
            Issue.record("not a host endpoint")
            return
        }
        #expect(found.outcome == example.outcome)
        #expect(found.result.decidedBy == example.decidedBy)
        #expect(found.stages.map(\.stage) == [.untracked, .preDNAT, .normal])
    }

    @Test(
        "a failure that policy allows is not policy's",
        arguments: [
            (rule: rule(.allow), didConnect: nil, finding: ConnectionFinding.allowed),
            (rule(.allow), true, .allowed), (rule(.allow), false, .notPolicy), (rule(.deny), false, .denied),
            (http, false, .undecidable([request("p")])),
        ] as [(rule: CalicoRule, didConnect: Bool?, finding: ConnectionFinding)])
    func findings(rule: CalicoRule, didConnect: Bool?, finding: ConnectionFinding) {
        let explanation = Self.snapshot([Self.policy("p", rule)]).explain(Self.connection())
        #expect(explanation.finding(didConnect: didConnect) == finding)
    }

    // MARK: - Staged policies

    @Test("the first step at which the pending walk differs is named")
    func divergence() throws {
        let staged = Self.policy("s", kind: .stagedNetworkPolicy, order: 1, Self.rule(.log), Self.rule(.deny))
        let enforced = Self.policy("e", order: 2, Self.rule(.allow))
        let walk = try #require(Self.snapshot([staged, enforced]).explain(Self.connection()).ingress.walk)
        #expect(walk.divergence?.tier == "default")
        #expect(walk.divergence?.pending.place == .rule(staged.id, index: 1))
        #expect(walk.divergence?.enforced?.place == .rule(enforced.id, index: 0))
        #expect(walk.outcome == .allowed)
        #expect(walk.pendingOutcome == .denied)
        #expect(walk.tiers[0].policies.map(\.isStaged) == [true, false])
    }

    @Test("steps behind the decision of both walks are not reached")
    func notReached() throws {
        let policies = [
            Self.policy("a", order: 1, Self.rule(.allow), Self.rule(.deny)),
            Self.policy("b", order: 2, Self.rule(.deny)),
        ]
        let walk = try #require(Self.snapshot(policies).explain(Self.connection()).ingress.walk)
        #expect(walk.tiers[0].policies[0].rules.map(\.result) == [.matched, .notReached])
        #expect(walk.tiers[0].policies[1].rules.map(\.result) == [.notReached])
        #expect(walk.profiles[0].rules.map(\.result) == [.notReached])
    }

    @Test("a staged policy that no rule of matches is named for the end of its tier, and changes nothing")
    func noDivergence() throws {
        let unmatched = Self.rule(.allow) { $0.transport = ProtocolName(.udp) }
        let snapshot = Self.snapshot([
            Self.policy("trial", kind: .stagedNetworkPolicy, order: 1, unmatched),
            Self.policy("real", order: 2, unmatched),
        ])
        let walk = try #require(snapshot.explain(Self.connection()).ingress.walk)
        #expect(walk.decision?.policy?.name == "real")
        #expect(walk.pendingDecision?.policy?.name == "trial")
        #expect(walk.divergence == nil)
    }

    /// Policy semantics 5.5.
    @Test("of a Service as a source the address counts, and no port is named")
    func sourceService() throws {
        let service = ResourceName(namespace: "prod", name: "svc")
        let slice = ClusterResource.endpointSlice(
            EndpointSliceResource(
                name: service, serviceName: service.name, addresses: [IPAddress(v4: 0x0a00_0003)],
                ports: [NamedPort(name: "", port: 80)]))
        let rule = Self.rule(.allow) { $0.source.service = ServiceMatch(name: "svc", namespace: "prod") }
        let snapshot = Self.snapshot([Self.policy("p", rule)], also: [slice])
        func result(_ source: UInt32) -> RuleResult? {
            snapshot.explain(Self.connection(from: source)).ingress.walk?
                .tiers.first?.policies.first?.rules.first?.result
        }
        #expect(result(3) == .matched)
        #expect(
            result(1) == .failed([.service(.source, IPAddress(v4: 0x0a00_0001), port: nil, service)]))
    }

    /// Policy semantics 5.3: the endpoint that declares the name has to meet the selector, not only the address.
    @Test("a port that somebody else at the address declares is not the named one")
    func borrowedPort() throws {
        let rule = Self.rule(.allow) {
            $0.transport = ProtocolName(.tcp)
            $0.source.selector = "role == 'partner'"
            $0.source.namespaceSelector = "global()"
            $0.source.ports = [.named("main")]
        }
        let set = ClusterResource.networkSet(
            NetworkSetResource(
                name: ResourceName(name: "partners"), labels: ["role": "partner"],
                nets: [Self.prefix("10.0.0.1/32")]))
        let snapshot = Self.snapshot([Self.policy("p", rule)], also: [set])
        var tuple = Self.connection()
        tuple.sourcePort = 5432
        let walk = try #require(snapshot.explain(tuple).ingress.walk)
        #expect(
            walk.tiers.first?.policies.first?.rules.first?.result
                == .failed([.ports(.source, actual: 5432, wanted: [.named("main")])]))
        #expect(walk.verdict == .deny)
    }
}
