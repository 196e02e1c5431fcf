// SPDX-License-Identifier: Apache-2.0

extension ExplainSituation {
    static let all: [ExplainSituation] = [
        allowedByRule, deniedByRule, deniedByEndOfTier, emptyPolicy, pass, staged, http, namespaceLabels,
        service,
        outside, differingPods, version6, folded, ping, unknownSource, wide, colored,
        host, hostEarly, failsafe, sameNode,
    ]

    private static let database = """
        apiVersion: projectcalico.org/v3
        kind: NetworkPolicy
        metadata: {name: allow-web, namespace: shop}
        spec:
          tier: application
          selector: app == 'db'
          ingress:
          - action: Allow
            protocol: UDP
            destination: {ports: [53]}
          - action: Allow
            protocol: TCP
            source: {selector: app == 'web'}
            destination: {ports: [5432]}
        ---
        apiVersion: projectcalico.org/v3
        kind: NetworkPolicy
        metadata: {name: backup, namespace: shop}
        spec:
          tier: application
          selector: tier == 'data'
          ingress:
          - action: Allow
            protocol: TCP
            source: {nets: [10.9.0.0/16]}
            destination: {ports: [5432, 9187]}
          - action: Allow
            protocol: TCP
            source: {namespaceSelector: env == 'ops'}

        """

    static let allowedByRule = ExplainSituation(
        name: "allowed-by-rule", source: "shop/web", destination: "shop/db:5432", policies: database)

    static let deniedByRule = ExplainSituation(
        name: "denied-by-rule", source: "shop/cart", destination: "203.0.113.9:443",
        policies: """
            apiVersion: projectcalico.org/v3
            kind: GlobalNetworkPolicy
            metadata: {name: quarantine}
            spec:
              tier: security
              selector: app == 'cart'
              types: [Egress]
              egress:
              - action: Log
              - action: Deny
                destination: {selector: role == 'partner'}
            """)

    static let deniedByEndOfTier = ExplainSituation(
        name: "denied-by-end-of-tier", source: "shop/cart", destination: "shop/db:5432", policies: database)

    static let emptyPolicy = ExplainSituation(
        name: "empty-policy", source: "ops/probe", destination: "shop/cart",
        policies: """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: default-deny, namespace: shop}
            spec: {podSelector: {}, policyTypes: [Ingress]}
            """)

    static let pass = ExplainSituation(
        name: "pass", source: "shop/cart", destination: "shop/db:5432",
        policies: """
            apiVersion: projectcalico.org/v3
            kind: GlobalNetworkPolicy
            metadata: {name: databases}
            spec:
              tier: security
              selector: tier == 'data'
              ingress:
              - action: Deny
                source: {namespaceSelector: env != 'prod'}
              - action: Pass
                source: {serviceAccounts: {names: [cart, web]}}
              - action: Deny
            ---
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: db, namespace: shop}
            spec:
              podSelector: {matchLabels: {app: db}}
              ingress:
              - from: [{podSelector: {matchLabels: {app: cart}}}, {podSelector: {matchLabels: {app: web}}}]
                ports: [{port: 5432}]
            """)

    static let staged = ExplainSituation(
        name: "staged", source: "shop/web", destination: "shop/db:5432",
        policies: database + """
            ---
            apiVersion: projectcalico.org/v3
            kind: StagedNetworkPolicy
            metadata: {name: lockdown, namespace: shop}
            spec:
              tier: application
              order: 1
              selector: app == 'db'
              ingress:
              - action: Deny
                source: {notSelector: app == 'cart'}
            """)

    static let http = ExplainSituation(
        name: "http", source: "shop/cart", destination: "shop/app=web",
        policies: """
            apiVersion: projectcalico.org/v3
            kind: NetworkPolicy
            metadata: {name: read-only, namespace: shop}
            spec:
              selector: app == 'web'
              ingress:
              - action: Allow
                protocol: TCP
                source: {selector: app == 'cart'}
                http: {methods: [GET]}
            """)

    static let namespaceLabels = ExplainSituation(
        name: "namespace-labels", source: "builds/runner", destination: "shop/db:5432", policies: database)

    static let service = ExplainSituation(
        name: "service", source: "internet", destination: "svc/shop/front:80",
        policies: """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: front, namespace: shop}
            spec:
              podSelector: {matchLabels: {app: web}}
              ingress:
              - from: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]
                ports: [{port: main}]
            """)

    static let outside = ExplainSituation(
        name: "outside", source: "shop/cart", destination: "8.8.8.8:53/udp",
        policies: """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: egress, namespace: shop}
            spec:
              podSelector: {}
              policyTypes: [Egress]
              egress:
              - to: [{ipBlock: {cidr: 0.0.0.0/0, except: [8.8.8.0/24]}}]
              - to: [{podSelector: {}}]
            """)

    static let differingPods = ExplainSituation(
        name: "differing-pods", source: "shop/cart", destination: "shop/web:8080",
        policies: """
            apiVersion: projectcalico.org/v3
            kind: NetworkPolicy
            metadata: {name: canary, namespace: shop}
            spec:
              selector: tier == 'canary'
              ingress:
              - action: Allow
                source: {selector: app == 'probe'}
            """)

    static let version6 = ExplainSituation(
        name: "version-6", source: "shop/cart", destination: "[fd00::1:20]:5432",
        policies: """
            apiVersion: projectcalico.org/v3
            kind: NetworkPolicy
            metadata: {name: db, namespace: shop}
            spec:
              selector: app == 'db'
              ingress:
              - action: Allow
                ipVersion: 4
                protocol: TCP
                destination: {ports: [5432]}
              - action: Allow
                protocol: TCP
                source: {nets: [fd00:9::/32]}
            """)

    static let folded = ExplainSituation(
        name: "folded", source: "shop/cart", destination: "shop/db:9000",
        policies: """
            apiVersion: projectcalico.org/v3
            kind: NetworkPolicy
            metadata: {name: many, namespace: shop}
            spec:
              selector: app == 'db'
              ingress:
            """
                + (1...9).map { "\n  - {action: Allow, protocol: UDP, destination: {ports: [\($0)]}}" }
                .joined()
                + (1...5).map { "\n  - {action: Allow, protocol: TCP, destination: {ports: [\(8000 + $0)]}}" }
                .joined()
                + (1...3).map { "\n  - {action: Allow, protocol: TCP, source: {nets: [10.\($0).0.0/16]}}" }
                .joined()
                + "\n  - {action: Allow, source: {selector: app == 'cart'}}"
                + (1...4).map { "\n  - {action: Deny, protocol: TCP, source: {nets: [10.\($0).0.0/16]}}" }
                .joined())

    static let ping = ExplainSituation(
        name: "ping", source: "shop/cart", destination: "pod/shop/db-0/icmp",
        policies: """
            apiVersion: projectcalico.org/v3
            kind: NetworkPolicy
            metadata: {name: ping, namespace: shop}
            spec:
              selector: app == 'db'
              ingress:
              - {action: Deny, protocol: ICMP, icmp: {type: 8, code: 1}}
              - {action: Allow, protocol: ICMP, notICMP: {type: 8}}
              - {action: Allow, protocol: ICMPv6}
            """)

    private static let node = """
        apiVersion: projectcalico.org/v3
        kind: HostEndpoint
        metadata: {name: n1-eth0, labels: {role: node}}
        spec: {node: n1, interfaceName: eth0, expectedIPs: [192.168.7.1], profiles: [projectcalico-default-allow]}
        ---
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: early}
        spec:
          selector: role == 'node'
          preDNAT: true
          applyOnForward: true
          ingress: [{action: Deny, protocol: TCP, destination: {ports: [8080]}}]
        ---
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: nodes}
        spec:
          selector: role == 'node'
          ingress: [{action: Allow, protocol: TCP, source: {nets: [10.9.0.0/16]}, destination: {ports: [9100]}}]
        """

    static let host = ExplainSituation(
        name: "host", source: "shop/cart", destination: "node/n1:9100", policies: node)

    static let hostEarly = ExplainSituation(
        name: "host-early", source: "internet", destination: "node/n1:8080", policies: node)

    static let sameNode = ExplainSituation(
        name: "same-node", source: "node/n1", destination: "shop/db:5432",
        policies: node + "\n---\n" + database)

    static let failsafe = ExplainSituation(
        name: "failsafe", source: "internet", destination: "n1:22", policies: node)

    static let unknownSource = ExplainSituation(
        name: "unknown-source", source: "unknown", destination: "shop/db:5432", policies: database)

    private static let bothWays = """
        apiVersion: projectcalico.org/v3
        kind: NetworkPolicy
        metadata: {name: cart-egress, namespace: shop}
        spec:
          tier: application
          selector: app == 'cart'
          types: [Egress]
          egress:
          - {action: Allow, protocol: UDP, destination: {ports: [53]}}
          - {action: Allow, protocol: TCP, destination: {selector: tier == 'data', ports: [5432]}}
        ---

        """

    static let wide = ExplainSituation(
        name: "wide", source: "shop/cart", destination: "shop/db:5432", policies: bothWays + database,
        width: 140)

    static let colored = ExplainSituation(
        name: "colored", source: "shop/cart", destination: "shop/db:5432", policies: bothWays + database,
        isColored: true, isFull: true)
}
