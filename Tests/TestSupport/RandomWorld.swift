// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
public import PolicyModel

/// Small random clusters in which everything has a chance to interact with everything: few labels, few
/// addresses, few ports, all policy kinds and criteria. Equal numbers from the source give equal clusters.
public struct RandomWorld<Source: RandomNumberGenerator> {
    public var random: Source
    public private(set) var resources: [ClusterResource] = []
    public var state: ClusterState { ClusterState(resources) }

    private let namespaces = ["prod", "dev"]
    private let values = ["a", "b"]
    private let tiers = ["default", "early", "late", "missing"]
    private var serial = 0

    public init(_ source: Source, policies: Int, pods: Int) {
        random = source
        addBase(pods: pods)
        for _ in 0..<policies { resources.append(.policy(policy())) }
    }

    private mutating func pick<T>(_ choices: [T]) -> T {
        choices[Int.random(in: choices.indices, using: &random)]
    }
    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private mutating func addBase(pods: Int) {
        for name in namespaces {
            resources.append(.namespace(NamespaceResource(name: name, labels: ["env": pick(values)])))
            resources.append(
                .serviceAccount(
                    ServiceAccountResource(
                        name: ResourceName(namespace: name, name: "sa"), labels: ["role": pick(values)])))
        }
        resources.append(
            .tier(TierResource(name: "early", order: 100, defaultAction: chance(50) ? .pass : .deny)))
        resources.append(.tier(TierResource(name: "late", order: nil, defaultAction: .pass)))
        for index in 0..<pods { addPod(index) }
        resources.append(
            .networkSet(
                NetworkSetResource(
                    name: ResourceName(name: "partners"), labels: ["app": pick(values), "zone": "x"],
                    nets: [prefix("203.0.113.0/24"), prefix("10.0.0.2/32"), prefix("2001:db8::/32")])))
        resources.append(
            .networkSet(
                NetworkSetResource(
                    name: ResourceName(namespace: "prod", name: "office"), labels: ["app": pick(values)],
                    nets: [prefix("198.51.100.0/24"), prefix("203.0.113.8/29")])))
        resources.append(
            .endpointSlice(
                EndpointSliceResource(
                    name: ResourceName(namespace: "prod", name: "svc-1"), serviceName: "svc",
                    addresses: [Self.podAddress(0), Self.podAddress(1)],
                    ports: [
                        NamedPort(name: "http", port: 8080),
                        NamedPort(name: "dns", transport: .udp, port: 53),
                    ])))
    }

    static func podAddress(_ index: Int) -> IPAddress { IPAddress(v4: 0x0a00_0000 + UInt32(index + 1)) }
    static func podAddressV6(_ index: Int) -> IPAddress {
        IPAddress(bits: UInt128(0xfd00) << 112 | UInt128(index + 1))
    }

    private mutating func addPod(_ index: Int) {
        let name = ResourceName(namespace: pick(namespaces), name: "pod-\(index)")
        var labels = [(key: "app", value: pick(values))]
        if chance(50) { labels.append((key: "tier", value: pick(values))) }
        resources.append(
            .pod(
                PodResource(
                    name: name, labels: Labels(labels), serviceAccount: chance(60) ? "sa" : "",
                    addresses: [Self.podAddress(index), Self.podAddressV6(index)],
                    ports: [
                        NamedPort(name: "http", port: pick([8080, 80])),
                        NamedPort(name: "dns", transport: .udp, port: 53),
                    ])))
    }

    private func prefix(_ text: String) -> IPPrefix {
        guard let parsed = try? IPPrefix.parse(text, .lenient) else {
            preconditionFailure("bad prefix \(text)")
        }
        return parsed
    }

    // MARK: - Policies

    public mutating func policy() -> PolicyResource {
        serial += 1
        return chance(20) ? PolicyResource(kubernetesPolicy()) : PolicyResource(calicoPolicy())
    }

    private mutating func name() -> String {
        pick(["p\(serial)", "policy", "policy-1"]) + (chance(30) ? ".x" : "")
    }

    private mutating func selectorText() -> String {
        pick([
            "", "all()", "app == 'a'", "app == 'b'", "app != 'a'", "has(tier)", "!has(tier)",
            "app in {'a','b'}",
            "tier == 'a' || app == 'b'", "tier == 'a' || app != 'a'", "app contains 'a'",
            "!(app == 'a' && tier == 'b')", "has(zone)",
        ])
    }

    private mutating func calicoPolicy() -> CalicoPolicy {
        let kind = pick([
            PolicyKind.networkPolicy, .networkPolicy, .globalNetworkPolicy, .globalNetworkPolicy,
            .stagedNetworkPolicy,
            .stagedGlobalNetworkPolicy,
        ])
        var policy = CalicoPolicy(
            id: PolicyID(kind: kind, namespace: kind.isNamespaced ? pick(namespaces) : "", name: name()))
        policy.tier = pick(tiers)
        policy.order = chance(30) ? nil : pick([-1, 0, 1, 1.5, 1000])
        policy.selector = selectorText()
        if !kind.isNamespaced, chance(30) {
            policy.namespaceSelector = pick(["env == 'a'", "all()", "env != 'b'"])
        }
        if chance(20) { policy.serviceAccountSelector = pick(["role == 'a'", "all()"]) }
        policy.types = chance(40) ? nil : pick([[.ingress], [.egress], [.ingress, .egress]])
        policy.stagedAction = kind.isStaged ? pick([.set, .set, .learn, .ignore, .delete]) : .set
        for _ in 0..<Int.random(in: 0...3, using: &random) { policy.ingress.append(rule()) }
        for _ in 0..<Int.random(in: 0...3, using: &random) { policy.egress.append(rule()) }
        if !kind.isNamespaced, chance(25) {
            policy.appliesOnForward = true
            policy.isUntracked = chance(40)
            policy.isPreDNAT = !policy.isUntracked && chance(40)
        }
        return policy
    }

    private mutating func rule() -> CalicoRule {
        var rule = CalicoRule(action: pick([.allow, .allow, .deny, .pass, .log]))
        let transports = [IPProtocol.tcp, .udp, .icmp, .sctp, .icmpv6]
        if chance(60) { rule.transport = ProtocolName(pick(transports), isNumeric: chance(30)) }
        if chance(10) { rule.notTransport = ProtocolName(pick(transports), isNumeric: true) }
        if chance(10) { rule.family = pick([.v4, .v6]) }
        if rule.transport?.number == .icmp || rule.transport?.number == .icmpv6 {
            if chance(50) { rule.icmp = ICMPMatch(type: pick([0, 8]), code: chance(50) ? 0 : nil) }
            if chance(30) { rule.notICMP = ICMPMatch(type: 8, code: chance(50) ? 1 : nil) }
        }
        rule.source = entity(rule, isSource: true)
        rule.destination = entity(rule, isSource: false)
        return rule
    }

    private mutating func entity(_ rule: CalicoRule, isSource: Bool) -> CalicoEntityRule {
        var entity = CalicoEntityRule()
        if chance(10) {
            entity.service = ServiceMatch(name: "svc", namespace: chance(50) ? "prod" : "")
            return entity
        }
        let blocks = [
            "10.0.0.0/30", "203.0.113.0/24", "198.51.100.0/24", "fd00::/16", "2001:db8::/32", "0.0.0.0/0",
        ]
        if chance(20) { entity.nets = [prefix(pick(blocks)), prefix(pick(blocks))] }
        if chance(10) { entity.notNets = [prefix(pick(blocks))] }
        if chance(40) { entity.selector = selectorText() }
        if chance(15) { entity.notSelector = selectorText() }
        if chance(20) {
            entity.namespaceSelector = pick(["all()", "global()", "env == 'a'", "env != 'a'", "!all()"])
        }
        if chance(10) { entity.serviceAccountNames = ["sa"] }
        if chance(10) { entity.serviceAccountSelector = "role == 'a'" }
        let ports: [PortMatch] = [
            .range(PortRange(80)), .range(PortRange(53)), .range(PortRange(1000, 9000) ?? PortRange(1)),
            .named("http"),
            .named("dns"),
        ]
        if rule.transport?.number.hasPolicyPorts ?? false {
            if chance(40) { entity.ports = chance(50) ? [pick(ports)] : [pick(ports), pick(ports)] }
            if chance(15) { entity.notPorts = [pick(ports)] }
        } else if rule.transport == nil, chance(15) {
            entity.ports = [.named("http")]
        }
        return entity
    }

    private mutating func kubernetesPolicy() -> KubernetesPolicy {
        let kind = pick([PolicyKind.kubernetesNetworkPolicy, .stagedKubernetesNetworkPolicy])
        var policy = KubernetesPolicy(id: PolicyID(kind: kind, namespace: pick(namespaces), name: name()))
        policy.podSelector = labelSelector()
        policy.policyTypes = chance(50) ? nil : pick([[.ingress], [.egress], [.ingress, .egress]])
        for _ in 0..<Int.random(in: 0...2, using: &random) { policy.ingress.append(kubernetesRule()) }
        for _ in 0..<Int.random(in: 0...2, using: &random) { policy.egress.append(kubernetesRule()) }
        return policy
    }

    private mutating func labelSelector() -> LabelSelector {
        if chance(30) { return LabelSelector() }
        if chance(50) { return LabelSelector(matchLabels: ["app": pick(values)]) }
        return LabelSelector(matchExpressions: [
            .init(
                key: pick(["app", "tier"]), operator: pick([.isIn, .notIn, .exists, .doesNotExist]),
                values: ["a"])
        ])
    }

    private mutating func kubernetesRule() -> KubernetesRule {
        var rule = KubernetesRule()
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            if chance(30) {
                rule.peers.append(
                    .ipBlock(prefix("10.0.0.0/29"), except: chance(50) ? [prefix("10.0.0.2/32")] : []))
            } else {
                let namespaces: LabelSelector? =
                    chance(50)
                    ? nil : chance(50) ? LabelSelector() : LabelSelector(matchLabels: ["env": pick(values)])
                rule.peers.append(.pods(chance(70) ? labelSelector() : nil, namespaces: namespaces))
            }
        }
        let ports: [PortMatch?] = [.range(PortRange(80)), .range(PortRange(81)), .named("http"), nil]
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            rule.ports.append(KubernetesPort(transport: pick([.tcp, .udp, .sctp]), port: pick(ports)))
        }
        return rule
    }

    // MARK: - Traffic

    /// A random connection between pods and outside addresses, of one family.
    public mutating func connection() -> ConnectionTuple {
        let isV6 = chance(30)
        let outside = isV6 ? ["2001:db8::7", "2001:4860::8"] : ["203.0.113.9", "198.51.100.7", "192.0.2.1"]
        func address(_ index: Int) -> IPAddress { isV6 ? Self.podAddressV6(index) : Self.podAddress(index) }
        var ends = [
            address(Int.random(in: 0..<6, using: &random)), address(Int.random(in: 0..<6, using: &random)),
        ]
        if chance(30), let other = IPAddress(pick(outside)) { ends[chance(50) ? 0 : 1] = other }
        let transport = pick([IPProtocol.tcp, .tcp, .udp, isV6 ? .icmpv6 : .icmp, .sctp])
        let port: UInt16 =
            transport == .icmp || transport == .icmpv6
            ? pick([8 << 8, 0, 8 << 8 | 1]) : pick([80, 8080, 53, 5432])
        return ConnectionTuple(
            source: ends[0], destination: ends[1], transport: transport, sourcePort: pick([40000, 80, 53]),
            destinationPort: port)
    }
}

extension RandomWorld where Source == SplitMix64 {
    public init(seed: UInt64, policies: Int = 8, pods: Int = 6) {
        self.init(SplitMix64(seed: seed), policies: policies, pods: pods)
    }
}
