// SPDX-License-Identifier: Apache-2.0

import KubernetesClient
import NetworkModel
import PolicyModel
import Testing

/// What a file says, through the store: its resources and its problems.
func read(_ yaml: String) throws -> (state: ClusterState, problems: [Diagnostic]) {
    var store = ManifestStore()
    let first = store.apply([.content(path: "a.yaml", bytes: Array(yaml.utf8))])
    let update = try #require(first)
    var state = ClusterState()
    state.apply(update.changes)
    return (state, update.diagnostics)
}

@Suite("Host endpoints, profiles and cluster policies")
struct ClusterKindsTests {
    private let all = LabelSelector()
    private let dev = LabelSelector(matchLabels: ["env": "dev"])

    private func cluster(_ name: String, in state: ClusterState) throws -> ClusterPolicy {
        let id = PolicyID(kind: .kubernetesClusterNetworkPolicy, name: name)
        guard case .cluster(let policy)? = state.policies[id]?.form else { throw Missing(name: name) }
        return policy
    }

    private struct Missing: Error { let name: String }

    @Test("are read without diagnostics")
    func givesNoDiagnostics() throws {
        #expect(try read(GoodManifests.clusterKinds).problems.map(\.description) == [])
    }

    @Test("every field of a host endpoint is read")
    func hostEndpoints() throws {
        let state = try read(GoodManifests.clusterKinds).state
        #expect(
            state.hostEndpoints["node1-eth0"]
                == HostEndpointResource(
                    name: "node1-eth0", labels: ["host": "node1"], node: "node1", interfaceName: "eth0",
                    expectedAddresses: ["192.0.2.1", "2001:db8::1"].compactMap { IPAddress($0) },
                    profiles: ["projectcalico-default-allow", "base"],
                    ports: [
                        NamedPort(name: "ssh", port: 22), NamedPort(name: "dns", transport: .udp, port: 53),
                    ]))
        #expect(state.hostEndpoints["node2-all"]?.interfaceName == HostEndpointResource.everyInterface)
        #expect(state.hostEndpoints["node3-address"]?.interfaceName.isEmpty == true)
        #expect(state.hostEndpoints.count == 3)
    }

    @Test("every field of a profile is read, and the built-in profile stays")
    func profiles() throws {
        let state = try read(GoodManifests.clusterKinds).state
        let base = try #require(state.profiles["base"])
        #expect(base.labelsToApply == ["zone": "east", "a.b/c": ""])
        #expect(base.ingress.map(\.source.selector) == ["app == 'web'"])
        #expect(base.egress.map(\.transport) == [ProtocolName(.udp)])
        #expect(state.profiles[ProfileResource.defaultAllow.name] == .defaultAllow)
    }

    @Test("every field of a cluster policy is read")
    func clusterPolicies() throws {
        let state = try read(GoodManifests.clusterKinds).state
        let base = try cluster("base", in: state)
        #expect(base.tier == .admin && base.priority == 7)
        #expect(base.subject == .pods(namespaces: all, pods: LabelSelector(matchLabels: ["app": "db"])))
        #expect(base.ingress.map(\.action) == [.deny, .pass] && base.egress.map(\.action) == [.allow])
        #expect(base.ingress[0].name == "from dev")
        let app = LabelSelector(matchExpressions: [.init(key: "app", operator: .exists)])
        #expect(base.ingress[0].peers == [.namespaces(dev), .pods(namespaces: all, pods: app)])
        let range = try #require(PortRange(5000, 6000))
        #expect(
            base.ingress[0].ports == [
                .transport(.udp, .range(PortRange(53))), .transport(.tcp, .range(range)),
                .transport(.sctp, nil),
                .named("pg"),
            ])
        let nets = try ["10.0.0.0/8", "fd00::/8"].map { try IPPrefix.parse($0, .strict) }
        #expect(base.egress[0].peers == [.networks(nets)] && base.egress[0].ports == [])
        let empty = try cluster("empty", in: state)
        #expect(empty.tier == .baseline && empty.subject == .namespaces(all) && empty.ingress == [])
    }

    @Test("the retired kinds are read as the cluster policies that replace them, with a notice each")
    func retiredKinds() throws {
        let (state, problems) = try read(GoodManifests.retired)
        #expect(problems.map { $0.location?.line } == [2, 18, 21])
        #expect(problems.allSatisfy { $0.severity == .warning })
        #expect(
            problems.map(\.resource) == [
                "AdminNetworkPolicy old", "AdminNetworkPolicy old", "BaselineAdminNetworkPolicy default",
            ])
        #expect(problems[0].message.contains("ClusterNetworkPolicy \"old\" of the tier Admin"))
        #expect(problems[1].field == "spec.egress[0].to[1].nodes")
        #expect(problems[2].message.contains("of the tier Baseline, priority 1000"))
        #expect(problems[2].suggestion.contains("v1alpha2"))
        let old = try cluster("old", in: state)
        #expect(old.tier == .admin && old.priority == 50)
        #expect(old.ingress.map(\.action) == [.allow] && old.egress.map(\.action) == [.pass])
        let range = try #require(PortRange(1, 2))
        #expect(
            old.ingress[0].ports == [
                .transport(.udp, .range(PortRange(53))), .transport(.tcp, .range(PortRange(80))),
                .transport(.sctp, .range(range)), .named("pg"),
            ])
        #expect(old.egress[0].peers.last == .unsupported("nodes"))
        let baseline = try cluster("default", in: state)
        #expect(baseline.tier == .baseline && baseline.priority == 1000)
        #expect(baseline.egress[0].peers == [.pods(namespaces: all, pods: all)])
    }

    @Test("both API versions of a cluster policy mean the same")
    func sameMeaning() throws {
        let old = try cluster("old", in: read(GoodManifests.retired).state)
        let new = try read(
            """
            apiVersion: policy.networking.k8s.io/v1alpha2
            kind: ClusterNetworkPolicy
            metadata: {name: old}
            spec:
              tier: Admin
              priority: 50
              subject: {namespaces: {matchLabels: {env: prod}}}
              ingress:
              - name: from dev
                action: Accept
                from: [{namespaces: {matchLabels: {env: dev}}}]
                protocols:
                - udp: {destinationPort: {number: 53}}
                - tcp: {destinationPort: {number: 80}}
                - sctp: {destinationPort: {range: {start: 1, end: 2}}}
                - destinationNamedPort: pg
              egress:
              - {action: Pass, to: [{networks: [10.0.0.0/8]}, {nodes: {}}]}
            """)
        #expect(new.problems.allSatisfy { $0.severity == .warning })
        #expect(try cluster("old", in: new.state) == old)
    }

    @Test("a policy of any kind knows the lines of its rules")
    func ruleLines() throws {
        let state = try read(GoodManifests.everyKind + GoodManifests.clusterKinds).state
        let text = GoodManifests.everyKind + GoodManifests.clusterKinds
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        func starts(
            _ kind: PolicyKind, _ namespace: String, _ name: String, _ direction: Direction
        ) -> [String] {
            let id = PolicyID(kind: kind, namespace: namespace, name: name)
            return (state.policies[id]?.ruleLines[direction] ?? []).map {
                lines[$0 - 1].trimmingPrefix { $0 == " " }.description
            }
        }
        #expect(
            starts(.networkPolicy, "shop", "db", .ingress) == [
                "- action: Allow", "- {action: Log, protocol: 6}", "- {action: Pass, notProtocol: \"17\"}",
            ])
        #expect(starts(.networkPolicy, "shop", "db", .egress).count == 2)
        #expect(starts(.kubernetesNetworkPolicy, "default", "kube", .ingress) == ["- from:"])
        #expect(starts(.kubernetesNetworkPolicy, "default", "kube", .egress) == ["egress: [{}]"])
        #expect(
            starts(.kubernetesClusterNetworkPolicy, "", "base", .ingress) == [
                "- name: from dev", "- {action: Pass, from: [{namespaces: {}}]}",
            ])
        #expect(starts(.kubernetesClusterNetworkPolicy, "", "empty", .ingress) == [])
    }
}
