// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel
import Testing

@Suite("Conversion of cluster policies")
struct ClusterConversionTests {
    private var policy = ClusterPolicy(
        id: PolicyID(kind: .kubernetesClusterNetworkPolicy, name: "base"), tier: .admin, priority: 7,
        subject: .pods(namespaces: LabelSelector(), pods: LabelSelector(matchLabels: ["app": "db"])))
    private let orchestrator = "projectcalico.org/orchestrator == \"k8s\""
    private let dev = LabelSelector(matchLabels: ["env": "dev"])

    private func converted() throws -> Policy { try #require(PolicyResource(policy).converted()) }

    @Test("gives the worked example its tier, order, selector, types and rules")
    mutating func workedExample() throws {
        let range = try #require(PortRange(5000, 6000))
        let app = LabelSelector(matchLabels: ["app": "x"])
        policy.ingress = [
            ClusterRule(
                action: .deny, peers: [.namespaces(dev), .pods(namespaces: LabelSelector(), pods: app)],
                ports: [
                    .transport(.udp, .range(PortRange(53))), .transport(.tcp, .range(range)), .named("pg"),
                ])
        ]
        let result = try converted()
        #expect(result.tier == "kube-admin" && result.order == 7 && result.directions == [.ingress])
        #expect(
            result.selector.description
                == "((\(orchestrator) && app == \"db\") && has(projectcalico.org/namespace))")
        let fromDev = "from pcns.env == \"dev\""
        let fromX = "from (has(projectcalico.org/namespace) && (\(orchestrator) && app == \"x\"))"
        #expect(
            shortTexts(result.ingress) == [
                "Deny \(fromDev) to ports pg <0>", "Deny \(fromX) to ports pg <0>",
                "Deny TCP \(fromDev) to ports 5000:6000 <0>", "Deny TCP \(fromX) to ports 5000:6000 <0>",
                "Deny UDP \(fromDev) to ports 53 <0>", "Deny UDP \(fromX) to ports 53 <0>",
            ])
        #expect(result.egress.isEmpty && !result.isUntracked && !result.isPreDNAT && !result.appliesOnForward)
    }

    @Test("a baseline policy goes to the tier kube-baseline, a subject of namespaces means their pods")
    mutating func baseline() throws {
        policy.tier = .baseline
        policy.subject = .namespaces(dev)
        let result = try converted()
        #expect(result.tier == "kube-baseline")
        #expect(result.selector.description == "(\(orchestrator) && pcns.env == \"dev\")")
    }

    @Test("the directions are those with a rule, and both when there is none")
    mutating func directions() throws {
        #expect(try converted().directions == [.ingress, .egress])
        policy.egress = [ClusterRule(action: .pass, peers: [.namespaces(dev)])]
        #expect(try converted().directions == [.egress])
        policy.ingress = policy.egress
        #expect(try converted().directions == [.ingress, .egress])
    }

    @Test("networks become nets, protocols without a port every port of theirs")
    mutating func networks() throws {
        let nets = try ["10.0.0.0/8", "fd00::/8"].map { try IPPrefix.parse($0, .strict) }
        policy.egress = [
            ClusterRule(
                action: .allow, peers: [.networks(nets)],
                ports: [.transport(.udp, nil), .transport(.tcp, nil), .transport(.tcp, .range(PortRange(1)))])
        ]
        #expect(
            shortTexts(try converted().egress) == [
                "Allow TCP to nets 10.0.0.0/8, fd00::/8 <0>", "Allow UDP to nets 10.0.0.0/8, fd00::/8 <0>",
            ])
    }

    @Test(
        "a rule with a peer that is not supported denies everything, or is dropped when it accepts",
        arguments: [(.deny, ["Deny <1>"]), (.pass, ["Deny <1>"]), (.allow, [])] as [(RuleAction, [String])])
    mutating func unsupported(_ action: RuleAction, expected: [String]) throws {
        policy.egress = [
            ClusterRule(action: .pass, peers: [.namespaces(dev)]),
            ClusterRule(
                action: action, peers: [.namespaces(dev), .unsupported("nodes")], ports: [.named("pg")]),
            ClusterRule(action: .deny, peers: [.namespaces(dev)]),
        ]
        #expect(
            shortTexts(try converted().egress)
                == ["Pass to pcns.env == \"dev\" <0>"] + expected + ["Deny to pcns.env == \"dev\" <2>"])
    }

    @Test("a policy whose only rule was dropped governs both directions")
    mutating func droppedRule() throws {
        policy.egress = [ClusterRule(action: .allow, peers: [.unsupported("domainNames")])]
        let result = try converted()
        #expect(result.egress.isEmpty && result.directions == [.ingress, .egress])
    }

    @Test("peers are pods of any namespace only with the orchestrator term: sets match 'namespaces' alone")
    mutating func peers() throws {
        policy.ingress = [
            ClusterRule(
                action: .allow,
                peers: [.namespaces(LabelSelector()), .pods(namespaces: dev, pods: LabelSelector())])
        ]
        #expect(
            shortTexts(try converted().ingress) == [
                "Allow from has(projectcalico.org/namespace) <0>",
                "Allow from (pcns.env == \"dev\" && \(orchestrator)) <0>",
            ])
    }
}
