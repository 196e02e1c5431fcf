// SPDX-License-Identifier: Apache-2.0

import KubernetesClient
import NetworkModel
import PolicyModel
import Testing

@Suite("Manifests without mistakes")
struct GoodManifestTests {
    private let state: ClusterState
    private let update: ClusterUpdate

    init() throws {
        var store = ManifestStore()
        let bytes = Array(GoodManifests.everyKind.utf8)
        let first = store.apply([.content(path: "all.yaml", bytes: bytes)])
        update = try #require(first)
        var state = ClusterState()
        state.apply(update.changes)
        self.state = state
    }

    @Test("give no diagnostics and one resource each")
    func givesNoDiagnostics() {
        #expect(update.diagnostics.map(\.description) == [])
        #expect(update.changes.count == 16)
    }

    @Test("read a pod with its ports, addresses and arguments")
    func readsPods() throws {
        let pod = try #require(state.pods[ResourceName(namespace: "shop", name: "web-1")])
        #expect(pod.labels == ["app": "web"])
        #expect(pod.generateName == "web-")
        #expect(pod.serviceAccount == "web")
        #expect(pod.usesHostNetwork && pod.nodeName == "node-1" && pod.phase == "Running")
        #expect(pod.addresses.map(\.description) == ["10.0.0.1", "fd00::1"])
        #expect(pod.arguments == ["serve", "--port", "8080"])
        #expect(
            pod.ports == [
                NamedPort(name: "http", port: 8080), NamedPort(name: "dns", transport: .udp, port: 53),
                NamedPort(name: "init", port: 1),
            ])
        let done = try #require(state.pods[ResourceName(namespace: "default", name: "done")])
        #expect(done.serviceAccount == "default" && done.isFinished)
        #expect(done.addresses.map(\.description) == ["10.0.0.9"])
    }

    @Test("read services and their endpoints")
    func readsServices() throws {
        let web = try #require(state.services[ResourceName(namespace: "shop", name: "web")])
        #expect(web.selector == ["app": "web"])
        #expect(web.clusterAddresses.map(\.description) == ["10.96.0.1", "fd00::96"])
        #expect(web.externalAddresses.map(\.description) == ["192.0.2.1"])
        #expect(
            web.ports == [
                ServicePort(name: "http", port: 80, targetPort: .name("http"), nodePort: 30080),
                ServicePort(name: "raw", transport: .udp, port: 81, targetPort: .number(8081)),
            ])
        let headless = try #require(state.services[ResourceName(namespace: "default", name: "headless")])
        #expect(headless.isHeadless && headless.clusterAddresses.isEmpty)
        #expect(headless.ports == [ServicePort(port: 5432)])
        let slice = try #require(state.endpointSlices[ResourceName(namespace: "shop", name: "web-x")])
        #expect(slice.serviceName == "web")
        #expect(slice.addresses.map(\.description) == ["10.0.0.1", "10.0.0.2"])
        #expect(slice.ports == [NamedPort(name: "http", port: 8080)])
    }

    @Test("read namespaces, accounts, tiers and sets")
    func readsTheRest() throws {
        // Kubernetes puts the name on every namespace.
        #expect(
            state.namespaces["shop"]?.labels == ["kubernetes.io/metadata.name": "shop", "team": "blue"])
        #expect(
            state.serviceAccounts[ResourceName(namespace: "shop", name: "web")]?.labels == ["tier": "front"])
        #expect(state.tiers["security"] == TierResource(name: "security", order: 10.5, defaultAction: .pass))
        let office = try #require(state.networkSets[ResourceName(namespace: "shop", name: "office")])
        #expect(office.nets.map(\.description) == ["192.0.2.7/32", "198.51.100.0/24"])
        #expect(state.networkSets[ResourceName(name: "world")]?.nets.count == 2)
    }

    @Test("read every field of a Calico policy")
    func readsCalicoPolicies() throws {
        let id = PolicyID(kind: .networkPolicy, namespace: "shop", name: "db")
        let resource = try #require(state.policies[id])
        guard case .calico(let policy) = resource.form else { throw Missing() }
        #expect(resource.origin?.file == "all.yaml")
        let lines = GoodManifests.everyKind.split(separator: "\n", omittingEmptySubsequences: false)
        let line = try #require(resource.origin?.line)
        #expect(lines[line - 1] == "apiVersion: projectcalico.org/v3" && lines[line] == "kind: NetworkPolicy")
        #expect(policy.tier == "security" && policy.order == -1.5 && policy.selector == "app == 'db'")
        #expect(policy.serviceAccountSelector == "has(tier)" && policy.types == [.ingress, .egress])
        #expect(policy.ingress.map(\.action) == [.allow, .log, .pass])
        let rule = policy.ingress[0]
        #expect(rule.family == .v4 && rule.transport == ProtocolName(.tcp) && rule.hasHTTPMatch)
        #expect(rule.source.selector == "app == 'web'" && rule.source.notSelector == "has(bad)")
        #expect(rule.source.namespaceSelector == "global()")
        #expect(rule.source.nets.map(\.description) == ["10.0.0.0/8"])
        #expect(rule.source.notNets.map(\.description) == ["10.1.0.0/16"])
        #expect(rule.source.serviceAccountNames == ["web"] && rule.source.serviceAccountSelector == "all()")
        let range = try #require(PortRange(9000, 9200))
        #expect(
            rule.destination.ports == [
                .range(PortRange(5432)), .range(range), .range(PortRange(80)), .named("pg"),
            ])
        #expect(rule.destination.notPorts == [.range(PortRange(9100))])
        #expect(policy.ingress[1].transport == ProtocolName(.tcp, isNumeric: true))
        #expect(policy.ingress[2].notTransport == ProtocolName(.udp, isNumeric: true))
        #expect(
            policy.egress[0].icmp == ICMPMatch(type: 8, code: 0)
                && policy.egress[0].notICMP == ICMPMatch(type: 3))
        #expect(policy.egress[1].destination.service == ServiceMatch(name: "web", namespace: "shop"))
    }

    @Test("read the global and staged kinds")
    func readsOtherCalicoPolicies() throws {
        let base = PolicyID(kind: .globalNetworkPolicy, name: "base")
        guard case .calico(let global)? = state.policies[base]?.form else { throw Missing() }
        #expect(global.namespaceSelector == "team == 'blue'" && global.isUntracked && global.appliesOnForward)
        #expect(global.types == nil && global.order == nil && global.tier == "default")
        let staged = PolicyID(kind: .stagedNetworkPolicy, namespace: "shop", name: "db")
        guard case .calico(let learn)? = state.policies[staged]?.form else { throw Missing() }
        #expect(learn.stagedAction == .learn)
        let deleted = PolicyID(kind: .stagedGlobalNetworkPolicy, name: "base")
        guard case .calico(let delete)? = state.policies[deleted]?.form else { throw Missing() }
        #expect(delete.stagedAction == .delete && delete.tier == "security")
    }

    @Test("read Kubernetes policies")
    func readsKubernetesPolicies() throws {
        let id = PolicyID(kind: .kubernetesNetworkPolicy, namespace: "default", name: "kube")
        guard case .kubernetes(let policy)? = state.policies[id]?.form else { throw Missing() }
        #expect(policy.podSelector.matchLabels == ["app": "db"])
        #expect(
            policy.podSelector.matchExpressions == [
                .init(key: "env", operator: .isIn, values: ["dev", "test"]),
                .init(key: "old", operator: .doesNotExist),
            ])
        #expect(policy.policyTypes == nil)
        let block = try IPPrefix.parse("10.0.0.0/8", .strict)
        let exception = try IPPrefix.parse("10.9.0.0/16", .strict)
        #expect(
            policy.ingress[0].peers == [
                .pods(LabelSelector(matchLabels: ["app": "web"]), namespaces: LabelSelector()),
                .ipBlock(block, except: [exception]),
            ])
        let range = try #require(PortRange(5000, 6000))
        #expect(
            policy.ingress[0].ports == [
                KubernetesPort(port: .range(PortRange(80))),
                KubernetesPort(transport: .udp, port: .range(range)),
                KubernetesPort(transport: .sctp), KubernetesPort(port: .named("http")),
            ])
        #expect(policy.egress == [KubernetesRule()])
        let staged = PolicyID(kind: .stagedKubernetesNetworkPolicy, namespace: "shop", name: "kube")
        guard case .kubernetes(let set)? = state.policies[staged]?.form else { throw Missing() }
        #expect(set.stagedAction == .set && set.policyTypes == [.ingress])
    }

    @Test("JSON is read like YAML")
    func readsJSON() {
        let json =
            #"{"apiVersion": "v1",\#n\#t"kind": "Namespace","#
            + #""metadata": {"name": "a", "labels": {"x": "\u0079"}}}"#
        var store = ManifestStore()
        let update = store.apply([.content(path: "a.json", bytes: Array(json.utf8))])
        let labels: Labels = ["kubernetes.io/metadata.name": "a", "x": "y"]
        #expect(update?.changes == [.set(.namespace(NamespaceResource(name: "a", labels: labels)))])
        #expect(update?.diagnostics == [])
    }

    private struct Missing: Error {}
}
