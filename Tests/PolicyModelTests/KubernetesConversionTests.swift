// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel
import Testing

/// A converted rule in short: `Allow TCP from app == "web" to 80:81 <0>`, the written rule's index at the end.
func shortTexts(_ rules: [Rule]) -> [String] { rules.map { "\($0.text) <\($0.sourceIndex)>" } }

private func net(_ text: String) throws -> IPPrefix { try IPPrefix.parse(text, .strict) }

@Suite("Conversion of Kubernetes policies")
struct KubernetesConversionTests {
    private var policy = KubernetesPolicy(
        id: PolicyID(kind: .kubernetesNetworkPolicy, namespace: "prod", name: "db"))
    private let orchestrator = "projectcalico.org/orchestrator == \"k8s\""

    private func converted() throws -> Policy { try #require(PolicyResource(policy).converted()) }

    @Test("gives the tier default, order 1000 and a selector of pods in the policy's namespace")
    mutating func frame() throws {
        policy.podSelector = LabelSelector(
            matchLabels: ["b": "2", "a": "1"],
            matchExpressions: [
                .init(key: "z", operator: .isIn, values: ["y", "x"]), .init(key: "e", operator: .exists),
                .init(key: "n", operator: .notIn, values: ["v"]), .init(key: "d", operator: .doesNotExist),
            ])
        let policy = try converted()
        #expect(policy.tier == "default" && policy.order == 1000 && policy.directions == [.ingress])
        #expect(
            policy.selector.description
                == "((\(orchestrator) && a == \"1\" && b == \"2\" && z in {\"x\", \"y\"} && has(e) "
                + "&& n not in {\"v\"} && !has(d)) && projectcalico.org/namespace == \"prod\")")
    }

    @Test("isolates in the directions that the API server fills in")
    mutating func types() throws {
        #expect(try converted().directions == [.ingress])
        policy.egress = [KubernetesRule()]
        #expect(try converted().directions == [.ingress, .egress])
        policy.policyTypes = [.egress]
        #expect(try converted().directions == [.egress])
    }

    @Test("expands the worked example: one rule for each peer, ports merged, names first")
    mutating func workedExample() throws {
        policy.ingress = [
            KubernetesRule(
                peers: [
                    .pods(
                        LabelSelector(matchLabels: ["app": "web"]),
                        namespaces: LabelSelector(matchLabels: ["env": "dev"])),
                    .ipBlock(try net("10.0.0.0/8"), except: [try net("10.9.0.0/16")]),
                ],
                ports: [
                    KubernetesPort(port: .range(PortRange(80))), KubernetesPort(port: .range(PortRange(81))),
                    KubernetesPort(port: .named("http")),
                ])
        ]
        #expect(
            shortTexts(try converted().ingress) == [
                "Allow TCP from (pcns.env == \"dev\" && (\(orchestrator) && app == \"web\")) "
                    + "to ports http, 80:81 <0>",
                "Allow TCP from nets 10.0.0.0/8 except nets 10.9.0.0/16 to ports http, 80:81 <0>",
            ])
    }

    @Test("numbers rules protocol-major and remembers the rule as written")
    mutating func protocolMajor() throws {
        let peers = ["10.0.0.0/8", "11.0.0.0/8"]
        policy.egress = [
            KubernetesRule(),
            KubernetesRule(
                peers: try peers.map { .ipBlock(try net($0), except: []) },
                ports: [
                    KubernetesPort(transport: .udp, port: .range(PortRange(53))),
                    KubernetesPort(transport: .tcp, port: .range(PortRange(5432))),
                    KubernetesPort(transport: .sctp, port: .range(PortRange(9))),
                ]),
        ]
        #expect(
            shortTexts(try converted().egress) == [
                "Allow <0>", "Allow SCTP to nets 10.0.0.0/8 ports 9 <1>",
                "Allow SCTP to nets 11.0.0.0/8 ports 9 <1>", "Allow TCP to nets 10.0.0.0/8 ports 5432 <1>",
                "Allow TCP to nets 11.0.0.0/8 ports 5432 <1>", "Allow UDP to nets 10.0.0.0/8 ports 53 <1>",
                "Allow UDP to nets 11.0.0.0/8 ports 53 <1>",
            ])
    }

    @Test(
        "merges the ports of a protocol",
        arguments: [
            ([80, 81, 82], "80:82"), ([82, 80], "80, 82"), ([1, 65535], "1, 65535"),
            ([65534, 65535], "65534:65535"),
            ([7, 7], "7"), ([], "every"),
        ] as [([UInt16], String)])
    mutating func mergesPorts(_ ports: [UInt16], expected: String) throws {
        let entries = ports.map { KubernetesPort(port: .range(PortRange($0))) }
        policy.ingress = [KubernetesRule(ports: entries.isEmpty ? [KubernetesPort()] : entries)]
        #expect(
            shortTexts(try converted().ingress)
                == [expected == "every" ? "Allow TCP <0>" : "Allow TCP to ports \(expected) <0>"])
    }

    @Test("an entry for all ports absorbs the others of its protocol, and overlapping ranges join")
    mutating func absorbs() throws {
        let wide = try #require(PortRange(100, 200))
        let wider = try #require(PortRange(150, 300))
        policy.ingress = [
            KubernetesRule(ports: [
                KubernetesPort(port: .range(PortRange(80))), KubernetesPort(),
                KubernetesPort(port: .named("http")),
                KubernetesPort(transport: .udp, port: .range(wider)),
                KubernetesPort(transport: .udp, port: .range(wide)),
            ])
        ]
        #expect(shortTexts(try converted().ingress) == ["Allow TCP <0>", "Allow UDP to ports 100:300 <0>"])
    }

    @Test("a peer without a namespace selector means the policy's namespace, an empty one every namespace")
    mutating func namespaces() throws {
        policy.ingress = [
            KubernetesRule(peers: [.pods(LabelSelector(), namespaces: nil)]),
            KubernetesRule(peers: [.pods(nil, namespaces: LabelSelector())]),
        ]
        #expect(
            shortTexts(try converted().ingress) == [
                "Allow from (projectcalico.org/namespace == \"prod\" && \(orchestrator)) <0>",
                "Allow from (has(projectcalico.org/namespace) && \(orchestrator)) <1>",
            ])
    }

    @Test("Calico rules keep their positions")
    func calicoPositions() throws {
        var policy = CalicoPolicy(id: PolicyID(kind: .globalNetworkPolicy, name: "a"))
        policy.ingress = [CalicoRule(action: .log), CalicoRule(action: .deny)]
        let converted = try #require(PolicyResource(policy).converted())
        #expect(shortTexts(converted.ingress) == ["Log <0>", "Deny <1>"])
    }
}
