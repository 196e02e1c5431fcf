// SPDX-License-Identifier: Apache-2.0

import PolicyModel

extension BadManifest {
    static let hostEndpoints = [
        BadManifest(
            "host endpoint without a node", global("interfaceName: eth0", kind: "HostEndpoint"), line: 4,
            field: "spec.node", says: "needs the name of its node"),
        BadManifest(
            "host endpoint without an interface", global("node: n", kind: "HostEndpoint"), line: 4,
            field: "spec",
            says: "'interfaceName' or 'expectedIPs'", suggests: "\"*\""),
        BadManifest(
            "host endpoint with empty lists",
            global("node: n\ninterfaceName: \"\"\nexpectedIPs: []", kind: "HostEndpoint"), line: 4,
            field: "spec",
            says: "'interfaceName' or 'expectedIPs'"),
        BadManifest(
            "host endpoint with a bad address only",
            global("node: n\nexpectedIPs: [10.0.0.0/8]", kind: "HostEndpoint"), line: 6,
            field: "spec.expectedIPs[0]", says: "no IP address"),
        BadManifest(
            "host endpoint address twice",
            global("node: n\nexpectedIPs:\n- 10.0.0.1\n- 10.0.0.1", kind: "HostEndpoint"), line: 8,
            field: "spec.expectedIPs[1]", says: "listed twice"),
        BadManifest(
            "interface name too long",
            global("node: n\ninterfaceName: abcdefghijklmnop", kind: "HostEndpoint"),
            line: 6, field: "spec.interfaceName", says: "longer than 15"),
        BadManifest(
            "misspelled field of a host endpoint",
            global("node: n\ninterface: eth0\nexpectedIPs: [10.0.0.1]", kind: "HostEndpoint"), line: 6,
            field: "spec.interface", says: "not known"),
        BadManifest(
            "host endpoint port without a protocol",
            global("node: n\ninterfaceName: \"*\"\nports:\n- {name: ssh, port: 22}", kind: "HostEndpoint"),
            line: 8,
            field: "spec.ports[0].protocol", says: "required"),
        BadManifest(
            "host endpoint port of ICMP",
            global(
                "node: n\ninterfaceName: \"*\"\nports:\n- {name: ping, protocol: ICMP, port: 1}",
                kind: "HostEndpoint"),
            line: 8, field: "spec.ports[0].protocol", says: "has no ports"),
        BadManifest(
            "profile without a spec",
            "apiVersion: projectcalico.org/v3\nkind: Profile\nmetadata: {name: a}\n", line: 1,
            field: "spec", says: "required"),
        BadManifest(
            "misspelled field of a profile", global("labelsToAply: {a: b}", kind: "Profile"), line: 5,
            field: "spec.labelsToAply", says: "not known", suggests: "'labelsToApply'"),
        BadManifest(
            "label of a profile", global("labelsToApply:\n  a.b/c: \"d e\"", kind: "Profile"), line: 6,
            field: "spec.labelsToApply[a.b/c]", says: "label value"),
        BadManifest(
            "rule of a profile",
            global("egress:\n- action: Allow\n  source: {nets: [10.0.0.1/8]}", kind: "Profile"),
            line: 7, field: "spec.egress[0].source.nets[0]", says: "bits set"),
        BadManifest(
            "built-in profile changed",
            "apiVersion: projectcalico.org/v3\nkind: Profile\nmetadata: {name: projectcalico-default-allow}\n"
                + "spec:\n  ingress: []\n  egress: [{action: Allow}]\n",
            line: 5, field: "spec.ingress", says: "cannot be changed"),
        BadManifest(
            "ICMP match of nothing", rule("protocol: ICMP\nicmp: {}"), line: 8, field: "spec.ingress[0].icmp",
            says: "limits nothing", .warning),
        BadManifest(
            "ICMP match of nothing with TCP", rule("protocol: TCP\nicmp: {}"), line: 8,
            field: "spec.ingress[0].icmp", says: "needs the protocol ICMP"),
        BadManifest(
            "tier label that lies",
            "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata:\n  name: a\n  labels:\n"
                + "    projectcalico.org/tier: security\nspec: {}\n",
            line: 6, field: "metadata.labels[projectcalico.org/tier]", says: "\"security\"", .warning),
    ]

    /// A cluster policy: `lines` of its spec from line 8.
    private static func cluster(_ lines: String) -> String {
        document(
            "policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy",
            "tier: Admin\npriority: 1\nsubject: {namespaces: {}}\n\(lines)", namespace: "")
    }

    /// A cluster policy with one egress rule: `lines` of it from line 10.
    private static func clusterRule(_ lines: String) -> String {
        let body = lines.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
        return cluster("egress:\n- action: Accept\n\(body)")
    }

    private static func bare(_ spec: String) -> String {
        document("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", spec, namespace: "")
    }

    static let clusterPolicies = [
        BadManifest(
            "no tier", bare("priority: 1\nsubject: {namespaces: {}}"), line: 4, field: "spec.tier",
            says: "required",
            suggests: "Baseline"),
        BadManifest(
            "tier of Calico", bare("tier: default\npriority: 1\nsubject: {namespaces: {}}"), line: 5,
            field: "spec.tier", says: "expected Admin, Baseline"),
        BadManifest(
            "no priority", bare("tier: Admin\nsubject: {namespaces: {}}"), line: 4, field: "spec.priority",
            says: "required"),
        BadManifest(
            "priority too large", bare("tier: Admin\npriority: 1001\nsubject: {namespaces: {}}"), line: 6,
            field: "spec.priority", says: "0 to 1000"),
        BadManifest(
            "no subject", bare("tier: Admin\npriority: 1"), line: 4, field: "spec.subject", says: "required"),
        BadManifest(
            "subject of nothing", bare("tier: Admin\npriority: 1\nsubject: {}"), line: 7,
            field: "spec.subject",
            says: "exactly one of 'namespaces', 'pods'; none is given"),
        BadManifest(
            "subject of both",
            bare(
                "tier: Admin\npriority: 1\nsubject: {namespaces: {}, pods: {namespaceSelector: {}, podSelector: {}}}"
            ),
            line: 7, field: "spec.subject", says: "2 are given"),
        BadManifest(
            "subject misspelled", bare("tier: Admin\npriority: 1\nsubject: {namespace: {}}"), line: 7,
            field: "spec.subject.namespace", says: "not known", suggests: "'namespaces'"),
        BadManifest(
            "subject of pods without pods",
            bare("tier: Admin\npriority: 1\nsubject:\n  pods: {namespaceSelector: {}}"), line: 8,
            field: "spec.subject.pods.podSelector", says: "required", suggests: "podSelector: {}"),
        BadManifest(
            "subject of pods without namespaces",
            bare("tier: Admin\npriority: 1\nsubject:\n  pods: {podSelector: {}}"), line: 8,
            field: "spec.subject.pods", says: "every namespace is meant", .warning),
        BadManifest(
            "field of another kind", cluster("types: [Ingress]"), line: 8, field: "spec.types",
            says: "not known"),
        BadManifest(
            "no action", cluster("ingress:\n- from: [{namespaces: {}}]"), line: 9,
            field: "spec.ingress[0].action",
            says: "required", suggests: "Accept, Deny, Pass"),
        BadManifest(
            "action Allow", cluster("ingress:\n- action: Allow\n  from: [{namespaces: {}}]"), line: 9,
            field: "spec.ingress[0].action", says: "expected Accept, Deny, Pass"),
        BadManifest(
            "no peers", cluster("ingress:\n- action: Deny"), line: 9, field: "spec.ingress[0].from",
            says: "required"),
        BadManifest(
            "empty peers", clusterRule("to: []"), line: 10, field: "spec.egress[0].to",
            says: "at least one peer"),
        BadManifest(
            "peer of nothing", clusterRule("to:\n- {}"), line: 11, field: "spec.egress[0].to[0]",
            says: "none is given"),
        BadManifest(
            "networks of ingress", cluster("ingress:\n- action: Deny\n  from: [{networks: [10.0.0.0/8]}]"),
            line: 10,
            field: "spec.ingress[0].from[0].networks", says: "not known"),
        BadManifest(
            "empty networks", clusterRule("to:\n- networks: []"), line: 11,
            field: "spec.egress[0].to[0].networks",
            says: "must not be empty"),
        BadManifest(
            "bad network", clusterRule("to:\n- networks: [10.0.0.0/33]"), line: 11,
            field: "spec.egress[0].to[0].networks[0]", says: "prefix length"),
        BadManifest(
            "network twice", clusterRule("to:\n- networks:\n  - 10.0.0.0/8\n  - 10.0.0.0/8"), line: 13,
            field: "spec.egress[0].to[0].networks[1]", says: "listed twice"),
        BadManifest(
            "nodes", clusterRule("to:\n- nodes: {}"), line: 11, field: "spec.egress[0].to[0].nodes",
            says: "not supported: the whole rule allows nothing", .warning),
        BadManifest(
            "label of nodes",
            clusterRule("to:\n- nodes:\n    matchExpressions:\n    - {key: a, operator: In}"),
            line: 13, field: "spec.egress[0].to[0].nodes.matchExpressions[0].values",
            says: "at least one value"),
        BadManifest(
            "domain name that is a number", clusterRule("to:\n- domainNames: [7]"), line: 11,
            field: "spec.egress[0].to[0].domainNames[0]", says: "expected a string"),
        BadManifest(
            "label value of a peer",
            clusterRule("to:\n- pods:\n    namespaceSelector: {}\n    podSelector: {matchLabels: {a: b c}}"),
            line: 13,
            field: "spec.egress[0].to[0].pods.podSelector.matchLabels.a", says: "label value"),
        BadManifest(
            "empty protocols", clusterRule("to: [{namespaces: {}}]\nprotocols: []"), line: 11,
            field: "spec.egress[0].protocols", says: "must not be empty", suggests: "remove 'protocols'"),
        BadManifest(
            "ports of the retired API", clusterRule("to: [{namespaces: {}}]\nports: []"), line: 11,
            field: "spec.egress[0].ports", says: "not known"),
        BadManifest(
            "protocol in capitals", clusterRule("to: [{namespaces: {}}]\nprotocols:\n- TCP: {}"), line: 12,
            field: "spec.egress[0].protocols[0].TCP", says: "not known", suggests: "'tcp'"),
        BadManifest(
            "two protocols in one entry",
            clusterRule("to: [{namespaces: {}}]\nprotocols:\n- {tcp: {}, udp: {}}"), line: 12,
            field: "spec.egress[0].protocols[0]", says: "2 are given"),
        BadManifest(
            "port and range",
            clusterRule(
                "to: [{namespaces: {}}]\nprotocols:\n- tcp: {destinationPort: {number: 1, range: {start: 1, end: 2}}}"
            ),
            line: 12, field: "spec.egress[0].protocols[0].tcp.destinationPort", says: "2 are given"),
        BadManifest(
            "range that is one port",
            clusterRule(
                "to: [{namespaces: {}}]\nprotocols:\n- udp:\n    destinationPort:\n      range: {start: 7, end: 7}"
            ),
            line: 14, field: "spec.egress[0].protocols[0].udp.destinationPort.range", says: "not larger",
            suggests: "one port"),
        BadManifest(
            "range without an end",
            clusterRule("to: [{namespaces: {}}]\nprotocols:\n- udp: {destinationPort: {range: {start: 7}}}"),
            line: 12,
            field: "spec.egress[0].protocols[0].udp.destinationPort.range.end", says: "required"),
        BadManifest(
            "named port in capitals",
            clusterRule("to: [{namespaces: {}}]\nprotocols:\n- destinationNamedPort: PG"), line: 12,
            field: "spec.egress[0].protocols[0].destinationNamedPort", says: "lower-case"),
        BadManifest(
            "named port of networks",
            clusterRule("to: [{networks: [10.0.0.0/8]}]\nprotocols:\n- destinationNamedPort: pg"), line: 12,
            field: "spec.egress[0].protocols[0]", says: "cannot be combined with a 'networks' peer"),
        BadManifest(
            "named port of nodes", clusterRule("to: [{nodes: {}}]\nprotocols:\n- destinationNamedPort: pg"),
            line: 12,
            field: "spec.egress[0].protocols[0]", says: "cannot be combined with a 'nodes' peer"),
        BadManifest(
            "26 cluster rules",
            cluster(
                "ingress:\n" + String(repeating: "- {action: Deny, from: [{namespaces: {}}]}\n", count: 26)),
            line: 8, field: "spec.ingress", says: "at most 25"),
    ]
}
