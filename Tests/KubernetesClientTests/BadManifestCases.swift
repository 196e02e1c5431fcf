// SPDX-License-Identifier: Apache-2.0

import PolicyModel

extension BadManifest {
    static let all =
        documents + policies + rules + peers + kubernetesPolicies + others + hostEndpoints + clusterPolicies

    private static let documents = [
        BadManifest(
            "no kind", "apiVersion: v1\nmetadata: {name: a}\n", line: 1, field: "kind", says: "required"),
        BadManifest(
            "no version", "kind: Pod\nmetadata: {name: a}\n", line: 1, field: "apiVersion", says: "required"),
        BadManifest(
            "a list on top", "- a\n- b\n", line: 1, field: "", says: "expected an object, found a list"),
        BadManifest("text on top", "hello\n", line: 1, field: "", says: "expected an object, found a string"),
        BadManifest(
            "unread kind", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n", line: 2,
            field: "kind",
            says: "\"Deployment\" of \"apps/v1\" is not read", .warning),
        BadManifest(
            "misspelled kind", "apiVersion: projectcalico.org/v3\nkind: NetworkPolcy\nmetadata: {name: a}\n",
            line: 2,
            field: "kind", says: "not read", suggests: "did you mean 'NetworkPolicy'?"),
        BadManifest(
            "wrong version", "apiVersion: v1\nkind: NetworkPolicy\nmetadata: {name: a}\n", line: 2,
            field: "kind",
            says: "not read", suggests: "networking.k8s.io/v1", .warning),
        BadManifest(
            "no metadata", "apiVersion: v1\nkind: Namespace\n", line: 1, field: "metadata", says: "required"),
        BadManifest(
            "no name", "apiVersion: v1\nkind: Namespace\nmetadata:\n  labels: {a: b}\n", line: 3,
            field: "metadata.name", says: "required"),
        BadManifest(
            "name is a number", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: 7\n", line: 4,
            field: "metadata.name", says: "expected a string, found the number 7", suggests: "\"7\""),
        BadManifest(
            "capital name", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: Shop\n", line: 4,
            field: "metadata.name", says: "lower-case"),
        BadManifest(
            "label value is a number",
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  labels:\n    v: 1.10\n",
            line: 6, field: "metadata.labels.v", says: "found the number 1.10", suggests: "\"1.10\""),
        BadManifest(
            "bad label name",
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  labels:\n    a b: c\n",
            line: 6, field: "metadata.labels.a b", says: "label name"),
        BadManifest(
            "bad label value",
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  labels:\n    x.y/z: \"a b\"\n",
            line: 6, field: "metadata.labels[x.y/z]", says: "label value"),
        BadManifest(
            "misspelled namespace",
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  namspace: b\nspec: {}\n",
            line: 5, field: "metadata.namspace", says: "ignored", suggests: "'namespace'", .warning),
        BadManifest(
            "namespace of a global kind",
            "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata:\n  name: a\n  namespace: b\nspec: {}\n",
            line: 5, field: "metadata.namespace", says: "not namespaced", .warning),
    ]

    private static let policies = [
        BadManifest(
            "no spec", "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: a}\n",
            line: 1,
            field: "spec", says: "required"),
        BadManifest(
            "misspelled spec",
            "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: a}\nspec: {}\nsepc: {}\n",
            line: 5, field: "sepc", says: "not known", suggests: "'spec'"),
        BadManifest(
            "field of another kind", calico("doNotTrack: true"), line: 5, field: "spec.doNotTrack",
            says: "not known"),
        BadManifest(
            "Kubernetes field in a Calico policy", calico("podSelector: {}"), line: 5,
            field: "spec.podSelector",
            says: "not known", suggests: ""),
        BadManifest(
            "misspelled selector", calico("tier: default\nselektor: all()"), line: 6, field: "spec.selektor",
            says: "not known", suggests: "'selector'"),
        BadManifest(
            "order is text", calico("order: \"10\""), line: 5, field: "spec.order", says: "finite number",
            suggests: "quotes"),
        BadManifest(
            "order is not finite", calico("order: .inf"), line: 5, field: "spec.order", says: "finite"),
        BadManifest("tier with a dot", calico("tier: a.b"), line: 5, field: "spec.tier", says: "lower-case"),
        BadManifest(
            "selector syntax", calico("selector: app == db"), line: 5, field: "spec.selector",
            says: "found \"db\" at column 8"),
        BadManifest(
            "global() in a policy selector", calico("selector: global()"), line: 5, field: "spec.selector",
            says: "'global()' is not allowed"),
        BadManifest(
            "selector too long", calico("selector: has(\(String(repeating: "a", count: 1020)))"), line: 5,
            field: "spec.selector", says: "at most 1024"),
        BadManifest(
            "type misspelled", calico("types: [ingress]"), line: 5, field: "spec.types[0]",
            says: "expected Ingress, Egress", suggests: "'Ingress'"),
        BadManifest(
            "type twice", calico("types:\n- Ingress\n- Ingress"), line: 7, field: "spec.types[1]",
            says: "listed twice"),
        BadManifest(
            "rules that never apply", calico("types: [Egress]\ningress:\n- action: Deny"), line: 6,
            field: "spec.ingress",
            says: "never apply", suggests: "'Ingress'", .warning),
        BadManifest(
            "rules are an object", calico("ingress:\n  action: Allow"), line: 5, field: "spec.ingress",
            says: "expected a list"),
        BadManifest(
            "untracked without forward", global("doNotTrack: true"), line: 5, field: "spec.doNotTrack",
            says: "needs 'applyOnForward: true'"),
        BadManifest(
            "both host stages", global("doNotTrack: true\npreDNAT: true\napplyOnForward: true"), line: 6,
            field: "spec.preDNAT", says: "cannot both be true"),
        BadManifest(
            "egress before DNAT", global("preDNAT: true\napplyOnForward: true\negress:\n- action: Deny"),
            line: 7,
            field: "spec.egress", says: "cannot have egress rules"),
        BadManifest(
            "egress type before DNAT", global("preDNAT: true\napplyOnForward: true\ntypes: [Egress]"),
            line: 7,
            field: "spec.types[0]", says: "'Egress'"),
        BadManifest(
            "flag is text", global("applyOnForward: \"yes\""), line: 5, field: "spec.applyOnForward",
            says: "true or false"),
        BadManifest(
            "staged action misspelled", global("stagedAction: delete", kind: "StagedGlobalNetworkPolicy"),
            line: 5,
            field: "spec.stagedAction", says: "expected Set, Delete", suggests: "'Delete'"),
        BadManifest(
            "staged delete with a selector",
            global("stagedAction: Delete\nselector: all()", kind: "StagedGlobalNetworkPolicy"), line: 6,
            field: "spec.selector", says: "'stagedAction: Delete'"),
        BadManifest(
            "performance hint", calico("performanceHints: [Fast]"), line: 5,
            field: "spec.performanceHints[0]",
            says: "AssumeNeededOnEveryNode"),
        BadManifest(
            "dots in a global policy's name",
            "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\n"
                + "metadata:\n  name: a.b.c\nspec: {}\n",
            line: 4,
            field: "metadata.name", says: "more than one dot"),
    ]

    private static let others = [
        BadManifest(
            "tier action", global("defaultAction: Allow", kind: "Tier"), line: 5, field: "spec.defaultAction",
            says: "expected Deny, Pass"),
        BadManifest(
            "order of a built-in tier",
            "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: default}\nspec:\n  order: 5\n",
            line: 5,
            field: "spec.order", says: "fixed"),
        BadManifest(
            "CIDR twice in a set", global("nets:\n- 10.0.0.0/8\n- 10.1.2.3/8", kind: "GlobalNetworkSet"),
            line: 7,
            field: "spec.nets[1]", says: "listed twice"),
        BadManifest(
            "reserved label on a set",
            "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata:\n  name: a\n  labels:\n"
                + "    projectcalico.org/namespace: b\nspec: {}\n",
            line: 6, field: "metadata.labels[projectcalico.org/namespace]", says: "must not carry"),
        BadManifest(
            "service selector misspelled", document("v1", "Service", "selecter: {a: b}"), line: 5,
            field: "spec.selecter",
            says: "not known", suggests: "'selector'", .warning),
        BadManifest(
            "service port missing", document("v1", "Service", "ports:\n- name: http"), line: 6,
            field: "spec.ports[0].port",
            says: "required"),
        BadManifest(
            "cluster address", document("v1", "Service", "clusterIP: none"), line: 5, field: "spec.clusterIP",
            says: "no IP address"),
        BadManifest(
            "numeric argument", document("v1", "Pod", "containers:\n- name: a\n  args:\n  - 8080"), line: 8,
            field: "spec.containers[0].args[0]", says: "found the number 8080", suggests: "\"8080\""),
        BadManifest(
            "pod address",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {}\nstatus:\n  podIPs:\n  - ip: 10.0.0\n",
            line: 7,
            field: "status.podIPs[0].ip", says: "no IP address"),
        BadManifest(
            "endpoint address",
            "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\naddressType: IPv4\n"
                + "endpoints:\n- addresses: [db.example.com]\n",
            line: 6, field: "endpoints[0].addresses[0]", says: "no IP address"),
    ]
}
