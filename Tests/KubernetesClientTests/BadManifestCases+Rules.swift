// SPDX-License-Identifier: Apache-2.0

import PolicyModel

extension BadManifest {
    static let rules = [
        BadManifest(
            "no action", calico("egress:\n- protocol: TCP"), line: 6, field: "spec.egress[0].action",
            says: "required"),
        BadManifest(
            "action misspelled", rule("", action: "allow"), line: 6, field: "spec.ingress[0].action",
            says: "expected Allow, Deny, Log, Pass", suggests: "'Allow'"),
        BadManifest(
            "protocol in lower case", rule("protocol: tcp\ndestination: {ports: [80]}"), line: 7,
            field: "spec.ingress[0].protocol", says: "no protocol", suggests: "'TCP'"),
        BadManifest(
            "protocol zero", rule("protocol: 0"), line: 7, field: "spec.ingress[0].protocol", says: "1 to 255"
        ),
        BadManifest(
            "protocol 256", rule("protocol: \"256\""), line: 7, field: "spec.ingress[0].protocol",
            says: "1 to 255"),
        BadManifest(
            "IP version 5", rule("ipVersion: 5"), line: 7, field: "spec.ingress[0].ipVersion", says: "4 or"),
        BadManifest(
            "IP version in words", rule("ipVersion: IPv4"), line: 7, field: "spec.ingress[0].ipVersion",
            says: "4 or 6"),
        BadManifest(
            "ICMP without protocol", rule("icmp: {type: 8}"), line: 7, field: "spec.ingress[0].icmp",
            says: "needs the protocol"),
        BadManifest(
            "ICMP with TCP", rule("protocol: TCP\nicmp: {type: 8}"), line: 8, field: "spec.ingress[0].icmp",
            says: "TCP"),
        BadManifest(
            "ICMP code without type", rule("protocol: ICMP\nicmp: {code: 0}"), line: 8,
            field: "spec.ingress[0].icmp.type", says: "required", suggests: "'code' needs a 'type'"),
        BadManifest(
            "ICMP type 255", rule("protocol: ICMP\nicmp: {type: 255}"), line: 8,
            field: "spec.ingress[0].icmp.type",
            says: "0 to 254"),
        BadManifest(
            "ICMP over IPv6", rule("protocol: ICMP\nipVersion: 6"), line: 7,
            field: "spec.ingress[0].protocol",
            says: "IPv4 protocol", suggests: "ICMPv6"),
        BadManifest(
            "not ICMPv6 over IPv4", rule("notProtocol: 58\nipVersion: 4"), line: 7,
            field: "spec.ingress[0].notProtocol", says: "IPv6 protocol"),
        BadManifest(
            "http on deny", rule("http: {methods: [GET]}", action: "Deny"), line: 7,
            field: "spec.ingress[0].http",
            says: "'action: Allow'"),
        BadManifest(
            "http over UDP", rule("protocol: UDP\nhttp: {methods: [GET]}"), line: 8,
            field: "spec.ingress[0].http",
            says: "UDP"),
        BadManifest(
            "http in egress", rule("http: {methods: [GET]}", direction: "egress"), line: 7,
            field: "spec.egress[0].http", says: "egress"),
        BadManifest(
            "http path of both kinds", rule("http:\n  paths:\n  - {exact: /a, prefix: /b}"), line: 9,
            field: "spec.ingress[0].http.paths[0]", says: "exactly one"),
        BadManifest(
            "http path without a slash", rule("http:\n  paths:\n  - exact: a"), line: 9,
            field: "spec.ingress[0].http.paths[0].exact", says: "start with '/'"),
        BadManifest(
            "misspelled rule field", rule("destinations: {}"), line: 7, field: "spec.ingress[0].destinations",
            says: "not known", suggests: "'destination'"),
        BadManifest(
            "1025 rules", calico("ingress:\n" + String(repeating: "- action: Deny\n", count: 1025)), line: 5,
            field: "spec.ingress", says: "at most 1024"),
    ]

    static let peers = [
        BadManifest(
            "host bits in a CIDR", rule("source:\n  nets:\n  - 10.0.0.0/8\n  - 10.0.0.1/24"), line: 10,
            field: "spec.ingress[0].source.nets[1]", says: "bits set", suggests: "10.0.0.0/24"),
        BadManifest(
            "bare address", rule("source: {nets: [10.0.0.1]}"), line: 7,
            field: "spec.ingress[0].source.nets[0]",
            says: "no prefix length", suggests: "10.0.0.1/32"),
        BadManifest(
            "prefix too long", rule("source: {nets: [10.0.0.0/33]}"), line: 7,
            field: "spec.ingress[0].source.nets[0]",
            says: "prefix length"),
        BadManifest(
            "no CIDR", rule("source: {nets: [office]}"), line: 7, field: "spec.ingress[0].source.nets[0]",
            says: "no CIDR"),
        BadManifest(
            "CIDR twice", rule("source: {nets: [10.0.0.0/8, 10.0.0.0/8]}"), line: 7,
            field: "spec.ingress[0].source.nets[1]", says: "listed twice"),
        BadManifest(
            "mixed families", rule("source: {nets: [10.0.0.0/8]}\ndestination: {nets: [\"fd00::/8\"]}"),
            line: 8,
            field: "spec.ingress[0].destination.nets[0]", says: "mixes IPv4 and IPv6"),
        BadManifest(
            "CIDR of the other version", rule("ipVersion: 6\nsource: {nets: [10.0.0.0/8]}"), line: 8,
            field: "spec.ingress[0].source.nets[0]", says: "'ipVersion: 6'"),
        BadManifest(
            "everything excluded", rule("source: {notNets: [0.0.0.0/0]}"), line: 7,
            field: "spec.ingress[0].source.notNets[0]", says: "every address"),
        BadManifest(
            "257 CIDRs",
            rule(
                "source: {nets: ["
                    + (0..<257).map { "10.0.\($0 / 256).\($0 % 256)/32" }.joined(separator: ",") + "]}"),
            line: 7, field: "spec.ingress[0].source.nets", says: "at most 256"),
        BadManifest(
            "port without protocol", rule("destination:\n  ports: [80]"), line: 8,
            field: "spec.ingress[0].destination.ports", says: "needs a protocol"),
        BadManifest(
            "port of ICMP", rule("protocol: ICMP\nsource: {notPorts: [http]}"), line: 8,
            field: "spec.ingress[0].source.notPorts", says: "ICMP has no ports"),
        BadManifest(
            "port zero", rule("protocol: TCP\ndestination: {ports: [0]}"), line: 8,
            field: "spec.ingress[0].destination.ports[0]", says: "1 to 65535"),
        BadManifest(
            "port range backwards", rule("protocol: TCP\ndestination: {ports: [\"90:80\"]}"), line: 8,
            field: "spec.ingress[0].destination.ports[0]", says: "ends before it starts", suggests: "80:90"),
        BadManifest(
            "port range with a dash", rule("protocol: TCP\ndestination: {ports: [80-90]}"), line: 8,
            field: "spec.ingress[0].destination.ports[0]", says: "must contain a letter"),
        BadManifest(
            "51 ports",
            rule(
                "protocol: TCP\ndestination: {ports: [" + (1...51).map { "\($0)," }.joined() + "]}"),
            line: 8,
            field: "spec.ingress[0].destination.ports", says: "at most 50"),
        BadManifest(
            "global() with more", rule("source:\n  namespaceSelector: global() || has(a)"), line: 8,
            field: "spec.ingress[0].source.namespaceSelector", says: "cannot be combined"),
        BadManifest(
            "service with a selector", rule("source: {services: {name: a}, selector: all()}"), line: 7,
            field: "spec.ingress[0].source.services", says: "'selector'"),
        BadManifest(
            "service without a name", rule("source: {services: {namespace: a}}"), line: 7,
            field: "spec.ingress[0].source.services", says: "needs the name"),
        BadManifest(
            "destination service in ingress", rule("destination: {services: {name: a}}"), line: 7,
            field: "spec.ingress[0].destination.services", says: "not allowed in an ingress rule"),
        BadManifest(
            "service with ports",
            rule("protocol: TCP\ndestination: {services: {name: a}, ports: [80]}", direction: "egress"),
            line: 8,
            field: "spec.egress[0].destination.services", says: "destination ports"),
        BadManifest(
            "service without namespace in a global policy",
            global("egress:\n- action: Allow\n  destination: {services: {name: a}}"), line: 7,
            field: "spec.egress[0].destination.services", says: "needs a namespace"),
        BadManifest(
            "account twice", rule("source: {serviceAccounts: {names: [a, a]}}"), line: 7,
            field: "spec.ingress[0].source.serviceAccounts.names[1]", says: "listed twice"),
    ]

    static let kubernetesPolicies = [
        BadManifest(
            "no podSelector", kubernetes("ingress: []"), line: 4, field: "spec", says: "every pod",
            suggests: "podSelector: {}", .warning),
        BadManifest(
            "lower-case podSelector", kubernetes("podSelector: {}\npodselector: {}"), line: 6,
            field: "spec.podselector",
            says: "not known", suggests: "'podSelector'"),
        BadManifest(
            "from in egress", kubernetes("podSelector: {}\negress:\n- from: []"), line: 7,
            field: "spec.egress[0].from",
            says: "not known"),
        BadManifest(
            "Calico selector", kubernetes("podSelector: app == 'db'"), line: 5, field: "spec.podSelector",
            says: "expected an object, found a string"),
        BadManifest(
            "operator misspelled",
            kubernetes("podSelector:\n  matchExpressions:\n  - {key: a, operator: in, values: [b]}"), line: 7,
            field: "spec.podSelector.matchExpressions[0].operator", says: "expected In, NotIn",
            suggests: "'In'"),
        BadManifest(
            "In without values", kubernetes("podSelector:\n  matchExpressions:\n  - {key: a, operator: In}"),
            line: 7,
            field: "spec.podSelector.matchExpressions[0].values", says: "at least one value"),
        BadManifest(
            "Exists with values",
            kubernetes("podSelector:\n  matchExpressions:\n  - {key: a, operator: Exists, values: [b]}"),
            line: 7,
            field: "spec.podSelector.matchExpressions[0].values", says: "takes no values"),
        BadManifest(
            "empty peer", kubernetes("podSelector: {}\ningress:\n- from:\n  - {}"), line: 8,
            field: "spec.ingress[0].from[0]", says: "empty peer"),
        BadManifest(
            "block and selector",
            kubernetes(
                "podSelector: {}\ningress:\n- from:\n  - ipBlock: {cidr: 10.0.0.0/8}\n    podSelector: {}"),
            line: 8,
            field: "spec.ingress[0].from[0].ipBlock", says: "cannot be combined"),
        BadManifest(
            "exception outside its block",
            kubernetes(
                "podSelector: {}\ningress:\n- from:\n  - ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}"),
            line: 8, field: "spec.ingress[0].from[0].ipBlock.except[0]", says: "not a smaller block"),
        BadManifest(
            "host bits in a block",
            kubernetes("podSelector: {}\ningress:\n- from:\n  - ipBlock: {cidr: 10.0.0.1/8}"), line: 8,
            field: "spec.ingress[0].from[0].ipBlock.cidr", says: "10.0.0.0/8 is used", .warning),
        BadManifest(
            "protocol ICMP", kubernetes("podSelector: {}\ningress:\n- ports:\n  - protocol: ICMP"), line: 8,
            field: "spec.ingress[0].ports[0].protocol", says: "expected TCP, UDP, SCTP"),
        BadManifest(
            "end before start",
            kubernetes("podSelector: {}\ningress:\n- ports:\n  - port: 80\n    endPort: 70"), line: 9,
            field: "spec.ingress[0].ports[0].endPort", says: "smaller"),
        BadManifest(
            "end of a name",
            kubernetes("podSelector: {}\ningress:\n- ports:\n  - port: http\n    endPort: 70"), line: 9,
            field: "spec.ingress[0].ports[0].endPort", says: "numeric 'port'"),
        BadManifest(
            "quoted port", kubernetes("podSelector: {}\ningress:\n- ports:\n  - port: \"80\""), line: 8,
            field: "spec.ingress[0].ports[0].port", says: "digits only", suggests: "quotes"),
    ]
}
