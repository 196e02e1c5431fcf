// SPDX-License-Identifier: Apache-2.0

extension GoodManifests {
    /// Host endpoints, profiles and cluster policies, without mistakes.
    static let clusterKinds = """
        ---
        apiVersion: projectcalico.org/v3
        kind: HostEndpoint
        metadata: {name: node1-eth0, labels: {host: node1}}
        spec:
          node: node1
          interfaceName: eth0
          expectedIPs: [192.0.2.1, "2001:db8::1"]
          profiles: [projectcalico-default-allow, base]
          ports:
          - {name: ssh, protocol: TCP, port: 22}
          - {name: dns, protocol: 17, port: 53}
        ---
        apiVersion: projectcalico.org/v3
        kind: HostEndpoint
        metadata: {name: node2-all}
        spec: {node: node2, interfaceName: "*"}
        ---
        apiVersion: projectcalico.org/v3
        kind: HostEndpoint
        metadata: {name: node3-address}
        spec: {node: node3, expectedIPs: [192.0.2.3]}
        ---
        apiVersion: projectcalico.org/v3
        kind: Profile
        metadata: {name: base}
        spec:
          ingress:
          - action: Allow
            source: {selector: app == 'web'}
          egress: [{action: Deny, protocol: UDP}]
          labelsToApply: {zone: east, a.b/c: ""}
        ---
        apiVersion: policy.networking.k8s.io/v1alpha2
        kind: ClusterNetworkPolicy
        metadata: {name: base}
        spec:
          tier: Admin
          priority: 7
          subject:
            pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: db}}}
          ingress:
          - name: from dev
            action: Deny
            from:
            - namespaces: {matchLabels: {env: dev}}
            - pods:
                namespaceSelector: {}
                podSelector: {matchExpressions: [{key: app, operator: Exists}]}
            protocols:
            - udp: {destinationPort: {number: 53}}
            - tcp: {destinationPort: {range: {start: 5000, end: 6000}}}
            - sctp: {}
            - destinationNamedPort: pg
          - {action: Pass, from: [{namespaces: {}}]}
          egress:
          - action: Accept
            to:
            - networks: [10.0.0.0/8, "fd00::/8"]
        ---
        apiVersion: policy.networking.k8s.io/v1alpha2
        kind: ClusterNetworkPolicy
        metadata: {name: empty}
        spec: {tier: Baseline, priority: 0, subject: {namespaces: {}}}

        """

    /// The kinds that ClusterNetworkPolicy replaced: read with a notice.
    static let retired = """
        apiVersion: policy.networking.k8s.io/v1alpha1
        kind: AdminNetworkPolicy
        metadata: {name: old}
        spec:
          priority: 50
          subject: {namespaces: {matchLabels: {env: prod}}}
          ingress:
          - name: from dev
            action: Allow
            from: [{namespaces: {matchLabels: {env: dev}}}]
            ports:
            - portNumber: {protocol: UDP, port: 53}
            - portNumber: {port: 80}
            - portRange: {protocol: SCTP, start: 1, end: 2}
            - namedPort: pg
          egress:
          - action: Pass
            to: [{networks: [10.0.0.0/8]}, {nodes: {}}]
        ---
        apiVersion: policy.networking.k8s.io/v1alpha1
        kind: BaselineAdminNetworkPolicy
        metadata: {name: default}
        spec:
          subject: {pods: {namespaceSelector: {}, podSelector: {}}}
          egress:
          - action: Deny
            to: [{pods: {namespaceSelector: {}, podSelector: {}}}]

        """
}
