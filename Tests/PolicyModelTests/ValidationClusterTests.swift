// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel
import Testing

/// A change to a sound cluster policy, and the problems that it must cause.
struct ClusterMistake: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let fields: [String]
    let message: String
    let severity: Diagnostic.Severity
    let change: @Sendable (inout ClusterPolicy) -> Void

    init(
        _ name: String, at fields: String..., says message: String, _ severity: Diagnostic.Severity = .error,
        _ change: @escaping @Sendable (inout ClusterPolicy) -> Void
    ) {
        testDescription = name
        self.fields = fields
        self.message = message
        self.severity = severity
        self.change = change
    }

    static let sound: ClusterPolicy = {
        let any = LabelSelector()
        var policy = ClusterPolicy(
            id: PolicyID(kind: .kubernetesClusterNetworkPolicy, name: "base.v1"), tier: .admin,
            priority: 1000,
            subject: .pods(namespaces: any, pods: any))
        policy.ingress = [ClusterRule(action: .deny, peers: [.namespaces(any)], ports: [.named("pg")])]
        policy.egress = [
            ClusterRule(action: .pass, peers: [.networks([IPPrefix(IPAddress(v4: 1))])]),
            ClusterRule(action: .allow, peers: [.pods(namespaces: any, pods: any)], ports: [.named("pg")]),
        ]
        return policy
    }()

    static let bad = LabelSelector(matchLabels: ["a/b/c": "d"])

    static let all = [
        ClusterMistake("name in capitals", at: "metadata.name", says: "lower-case") {
            $0.id = PolicyID(kind: .kubernetesClusterNetworkPolicy, name: "Base")
        },
        ClusterMistake("priority above", at: "spec.priority", says: "0 to 1000") { $0.priority = 1001 },
        ClusterMistake("priority below", at: "spec.priority", says: "0 to 1000") { $0.priority = -1 },
        ClusterMistake(
            "subject of namespaces", at: "spec.subject.namespaces.matchLabels[a/b/c]", says: "label name"
        ) {
            $0.subject = .namespaces(bad)
        },
        ClusterMistake(
            "subject of pods", at: "spec.subject.pods.namespaceSelector.matchLabels[a/b/c]",
            "spec.subject.pods.podSelector.matchLabels[a/b/c]", says: "label name"
        ) { $0.subject = .pods(namespaces: bad, pods: bad) },
        ClusterMistake(
            "peer of namespaces", at: "spec.ingress[0].from[0].namespaces.matchLabels[a/b/c]",
            says: "label name"
        ) { $0.ingress[0].peers = [.namespaces(bad)] },
        ClusterMistake(
            "peer of pods", at: "spec.egress[0].to[1].pods.podSelector.matchLabels[a/b/c]", says: "label name"
        ) { $0.egress[0].peers.append(.pods(namespaces: LabelSelector(), pods: bad)) },
        ClusterMistake("action Log", at: "spec.ingress[0].action", says: "'Log'") {
            $0.ingress[0].action = .log
        },
        ClusterMistake("name of 101 characters", at: "spec.egress[1].name", says: "at most 100") {
            $0.egress[1].name = String(repeating: "ä", count: 101)
        },
        ClusterMistake("26 rules", at: "spec.ingress", says: "at most 25") {
            $0.ingress = Array(repeating: $0.ingress[0], count: 26)
        },
        ClusterMistake("26 peers", at: "spec.egress[1].to", says: "at most 25") {
            $0.egress[1].peers = Array(repeating: $0.egress[1].peers[0], count: 26)
        },
        ClusterMistake("26 protocols", at: "spec.ingress[0].protocols", says: "at most 25") {
            $0.ingress[0].ports = Array(repeating: .named("pg"), count: 26)
        },
        ClusterMistake("26 networks", at: "spec.egress[0].to[0].networks", says: "at most 25") {
            $0.egress[0].peers = [.networks((0..<26).map { IPPrefix(IPAddress(v4: $0)) })]
        },
        ClusterMistake(
            "named port of networks", at: "spec.egress[0].protocols[1]",
            says: "cannot be combined with a 'networks'"
        ) { $0.egress[0].ports = [.transport(.tcp, nil), .named("pg")] },
        ClusterMistake(
            "nodes in a rule that denies", at: "spec.egress[0].to[0].nodes",
            says: "denies all egress traffic", .warning
        ) { $0.egress[0].peers = [.unsupported("nodes")] },
        ClusterMistake(
            "domain names in a rule that accepts", at: "spec.egress[2].to[0].domainNames",
            says: "allows nothing",
            .warning
        ) { $0.egress.append(ClusterRule(action: .allow, peers: [.unsupported("domainNames")])) },
    ]
}

@Suite("Validation of cluster policies")
struct ValidationClusterTests {
    @Test("accepts a sound policy") func acceptsSound() { #expect(ClusterMistake.sound.problems() == []) }

    @Test("finds exactly the one mistake", arguments: ClusterMistake.all)
    func finds(_ mistake: ClusterMistake) {
        var policy = ClusterMistake.sound
        mistake.change(&policy)
        let problems = policy.problems()
        #expect(problems.map(\.field) == mistake.fields)
        #expect(
            problems.allSatisfy { $0.message.contains(mistake.message) && $0.severity == mistake.severity })
        #expect(problems.allSatisfy { $0.resource == policy.id.description })
    }

    @Test("the retired API allows a hundred of each, and calls the protocols ports")
    func retiredLimits() {
        var policy = ClusterMistake.sound
        policy.ingress[0].ports = Array(repeating: .named("pg"), count: 101)
        policy.egress = Array(repeating: policy.egress[0], count: 100)
        #expect(policy.problems(.retired).map(\.field) == ["spec.ingress[0].ports"])
    }
}
