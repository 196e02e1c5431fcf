// SPDX-License-Identifier: Apache-2.0

/// Documents of every kind that is read, without mistakes.
enum GoodManifests {
    static let everyKind = workloads + policies

    static let workloads = """
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {team: blue}}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: web, namespace: shop, labels: {tier: front}}
        automountServiceAccountToken: false
        ---
        apiVersion: v1
        kind: Pod
        metadata:
          name: web-1
          namespace: shop
          generateName: web-
          labels: {app: web}
          ownerReferences: [{kind: ReplicaSet, name: web}]
        spec:
          serviceAccountName: web
          hostNetwork: true
          nodeName: node-1
          containers:
          - name: main
            command: [serve]
            args: ["--port", "8080"]
            ports:
            - {name: http, containerPort: 8080}
            - {containerPort: 9000}
          - name: side
            ports: [{name: dns, containerPort: 53, protocol: UDP}]
          initContainers:
          - name: init
            ports: [{name: init, containerPort: 1}]
        status:
          phase: Running
          podIP: 10.0.0.1
          podIPs: [{ip: 10.0.0.1}, {ip: "fd00::1"}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          selector: {app: web}
          clusterIP: 10.96.0.1
          clusterIPs: [10.96.0.1, "fd00::96"]
          externalIPs: [192.0.2.1]
          ports:
          - {name: http, port: 80, targetPort: http, nodePort: 30080}
          - {name: raw, port: 81, targetPort: 8081, protocol: UDP}
        ---
        apiVersion: v1
        kind: List
        items:
        - apiVersion: v1
          kind: Service
          metadata: {name: headless}
          spec: {clusterIP: None, ports: [{port: 5432}]}
        - apiVersion: v1
          kind: Pod
          metadata: {name: done}
          spec: {}
          status: {phase: Succeeded, podIP: 10.0.0.9}
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: web-x, namespace: shop, labels: {kubernetes.io/service-name: web}}
        addressType: IPv4
        endpoints:
        - addresses: [10.0.0.1]
          conditions: {ready: true}
        - addresses: [10.0.0.2]
        ports:
        - {name: http, port: 8080}
        - {name: any, port: null}

        """

    static let policies = """
        ---
        apiVersion: projectcalico.org/v3
        kind: Tier
        metadata: {name: security}
        spec: {order: 10.5, defaultAction: Pass}
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: NetworkSet
        metadata: {name: office, namespace: shop, labels: {net: office}}
        spec: {nets: [192.0.2.7, 198.51.100.9/24]}
        ---
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkSet
        metadata: {name: world}
        spec: {nets: [0.0.0.0/0, "::/0"]}
        ---
        apiVersion: projectcalico.org/v3
        kind: NetworkPolicy
        metadata: {name: db, namespace: shop}
        spec:
          tier: security
          order: -1.5
          selector: app == 'db'
          serviceAccountSelector: has(tier)
          types: [Ingress, Egress]
          performanceHints: [AssumeNeededOnEveryNode]
          ingress:
          - action: Allow
            protocol: TCP
            ipVersion: 4
            metadata: {annotations: {name: web}}
            source:
              selector: app == 'web'
              notSelector: has(bad)
              namespaceSelector: global()
              nets: [10.0.0.0/8]
              notNets: [10.1.0.0/16]
              serviceAccounts: {names: [web], selector: all()}
            destination: {ports: [5432, "9000:9200", "80", pg], notPorts: [9100]}
            http: {methods: [GET], paths: [{prefix: /a}]}
          - {action: Log, protocol: 6}
          - {action: Pass, notProtocol: "17"}
          egress:
          - {action: Deny, protocol: ICMP, icmp: {type: 8, code: 0}, notICMP: {type: 3}}
          - action: Allow
            destination: {services: {name: web, namespace: shop}}
        ---
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: base}
        spec:
          namespaceSelector: team == 'blue'
          doNotTrack: true
          applyOnForward: true
          ingress: [{action: Deny}]
        ---
        apiVersion: projectcalico.org/v3
        kind: StagedNetworkPolicy
        metadata: {name: db, namespace: shop}
        spec: {stagedAction: Learn, selector: all()}
        ---
        apiVersion: projectcalico.org/v3
        kind: StagedGlobalNetworkPolicy
        metadata: {name: base}
        spec: {stagedAction: Delete, tier: security}
        ---
        apiVersion: projectcalico.org/v3
        kind: StagedKubernetesNetworkPolicy
        metadata: {name: kube, namespace: shop}
        spec: {stagedAction: Set, podSelector: {}, policyTypes: [Ingress]}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: kube}
        spec:
          podSelector:
            matchLabels: {app: db}
            matchExpressions:
            - {key: env, operator: In, values: [dev, test]}
            - {key: old, operator: DoesNotExist}
          ingress:
          - from:
            - podSelector: {matchLabels: {app: web}}
              namespaceSelector: {}
            - ipBlock: {cidr: 10.0.0.0/8, except: [10.9.0.0/16]}
            ports:
            - {port: 80}
            - {protocol: UDP, port: 5000, endPort: 6000}
            - {protocol: SCTP}
            - {port: http}
          egress: [{}]

        """
}
