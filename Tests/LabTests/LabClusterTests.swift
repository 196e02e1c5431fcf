// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel
import Testing

@testable import Lab

@Suite("Lab cluster")
struct LabClusterTests {
    static func pod(
        _ namespace: String, _ name: String, app: String = "web", port: UInt16 = 8080, phase: String = "",
        arguments: [String] = ["--serve", "http:8080"]
    ) -> ClusterChange {
        .set(
            .pod(
                PodResource(
                    name: ResourceName(namespace: namespace, name: name), labels: ["app": app],
                    ports: [NamedPort(name: "http", port: port)], phase: phase, arguments: arguments)))
    }

    static func service(_ name: String, app: String = "web", headless: Bool = false) -> ClusterChange {
        .set(
            .service(
                ServiceResource(
                    name: ResourceName(namespace: "shop", name: name), selector: ["app": app],
                    externalAddresses: name == "front" ? [IPAddress("198.51.100.80")!] : [],
                    ports: [ServicePort(name: "http", port: 80, targetPort: .name("http"))],
                    isHeadless: headless)))
    }

    static func state(after steps: [[ClusterChange]]) -> (ClusterState, LabCluster) {
        var cluster = LabCluster(hosts: [])
        var state = ClusterState()
        for step in steps { state.apply(cluster.apply(step)) }
        return (state, cluster)
    }

    @Test("networks are what the documentation says")
    func networks() {
        #expect(LabCluster.podNetworks.map(\.description) == ["10.244.0.0/24", "fd00:10:244::/64"])
        #expect(LabCluster.serviceNetworks.map(\.description) == ["10.96.0.0/16", "fd00:10:96::/112"])
    }

    @Test("pods get one unique address of each family, of the same number")
    func uniqueAddresses() {
        let (state, cluster) = Self.state(after: [(0..<200).map { Self.pod("shop", "web-\($0)") }])
        let addresses = state.pods.values.flatMap(\.addresses)
        #expect(Set(addresses).count == 400)
        #expect(addresses.allSatisfy { address in LabCluster.podNetworks.contains { $0.contains(address) } })
        #expect(state.pods.values.allSatisfy { $0.addresses.map(\.family) == [.v4, .v6] })
        #expect(cluster.snapshot.pods.count == 200)
        #expect(cluster.snapshot.pods.map(\.name) == cluster.snapshot.pods.map(\.name).sorted())
    }

    @Test("an address stays with its pod, and is not given to another soon after")
    func stableAddresses() {
        let name = ResourceName(namespace: "shop", name: "web-1")
        let first = [Self.pod("shop", "web-1"), Self.pod("shop", "web-2")]
        let (before, _) = Self.state(after: [first])
        let (after, _) = Self.state(after: [
            first, [Self.pod("shop", "aaa"), Self.pod("shop", "web-1", port: 9)],
            [.remove(.pod(ResourceName(namespace: "shop", name: "web-2")))], [Self.pod("shop", "web-3")],
        ])
        #expect(after.pods[name]?.addresses == before.pods[name]?.addresses)
        let released = before.pods[ResourceName(namespace: "shop", name: "web-2")]!.addresses
        #expect(after.pods.values.allSatisfy { $0.addresses != released })
    }

    @Test("released addresses are used again before the pool is exhausted; then a diagnostic names the pod")
    func exhaustion() {
        let full = (0..<253).map { Self.pod("shop", "p-\($0)") }
        let (state, cluster) = Self.state(after: [
            full, [Self.pod("shop", "one-more")],
        ])
        #expect(state.pods.count == 253)
        #expect(cluster.diagnostics.map(\.resource) == ["Pod shop/one-more"])
        var again = cluster
        _ = again.apply([.remove(.pod(ResourceName(namespace: "shop", name: "p-0")))])
        #expect(again.diagnostics.isEmpty)
        #expect(again.snapshot.pods.contains { $0.name.name == "one-more" })
    }

    @Test("services get stable cluster addresses; the name server's is fixed")
    func serviceAddresses() {
        let dns = ClusterChange.set(
            .service(
                ServiceResource(
                    name: LabCluster.dnsService, selector: ["app": "dns"],
                    ports: [ServicePort(name: "dns", transport: .udp, port: 53)])))
        let (state, cluster) = Self.state(after: [[Self.service("b")], [dns, Self.service("a")]])
        #expect(
            state.services[LabCluster.dnsService]?.clusterAddresses.map(\.description)
                == ["10.96.0.10", "fd00:10:96::a"])
        #expect(cluster.snapshot.nameServers.map(\.description) == ["10.96.0.10", "fd00:10:96::a"])
        let b = state.services[ResourceName(namespace: "shop", name: "b")]
        #expect(b?.clusterAddresses.map(\.description) == ["10.96.0.16", "fd00:10:96::10"])
    }

    @Test("slices hold the addresses and resolved ports of the selected pods of the namespace, by family")
    func slices() {
        let (state, _) = Self.state(after: [
            [
                Self.service("front"), Self.pod("shop", "w1"), Self.pod("shop", "w2", port: 9090),
                Self.pod("shop", "other", app: "db"), Self.pod("elsewhere", "w3"),
                Self.pod("shop", "done", phase: "Succeeded"),
            ]
        ])
        let slices = state.endpointSlices.values.sorted { $0.name < $1.name }
        #expect(slices.map(\.name.name) == ["front-ipv4", "front-ipv4-1", "front-ipv6", "front-ipv6-1"])
        #expect(slices.allSatisfy { $0.serviceName == "front" && $0.addresses.count == 1 })
        #expect(slices.map { $0.ports[0].port } == [8080, 9090, 8080, 9090])
        let w1 = state.pods[ResourceName(namespace: "shop", name: "w1")]!
        #expect(slices[0].addresses + slices[2].addresses == w1.addresses)
    }

    @Test("translations cover cluster and external addresses, and lose backends with their pods")
    func translations() {
        let pods = [Self.pod("shop", "w1"), Self.pod("shop", "w2", port: 9090)]
        let (state, cluster) = Self.state(after: [[Self.service("front")] + pods])
        let fronts = cluster.snapshot.translations.map(\.front.address.description)
        #expect(Set(fronts) == ["10.96.0.16", "fd00:10:96::10", "198.51.100.80"])
        let external = cluster.snapshot.translations.first { $0.front.address.description == "198.51.100.80" }
        #expect(external?.backends.map(\.port) == [8080, 9090])
        #expect(
            cluster.snapshot.translations.allSatisfy { it in
                it.backends.allSatisfy { $0.address.family == it.front.address.family }
            })
        #expect(state.endpointSlices.count == 4)
        var later = cluster
        _ = later.apply(
            pods.map { change in
                guard case .set(let resource) = change else { return change }
                return .remove(resource.key)
            })
        #expect(later.snapshot.translations.allSatisfy { $0.backends.isEmpty })
        #expect(later.snapshot.translations.count == 3)
    }

    @Test("changes come out once: what stays the same is not said again")
    func smallestChanges() {
        var cluster = LabCluster(hosts: [])
        _ = cluster.apply([Self.pod("shop", "w1"), Self.service("front")])
        #expect(cluster.apply([]).isEmpty)
        let namespace = ClusterChange.set(.namespace(NamespaceResource(name: "shop")))
        #expect(cluster.apply([namespace]) == [namespace])
        let removal = cluster.apply([.remove(.service(ResourceName(namespace: "shop", name: "front")))])
        #expect(
            Set(removal) == [
                .remove(.service(ResourceName(namespace: "shop", name: "front"))),
                .remove(.endpointSlice(ResourceName(namespace: "shop", name: "front-ipv4"))),
                .remove(.endpointSlice(ResourceName(namespace: "shop", name: "front-ipv6"))),
            ])
    }

    @Test(
        "any order and split of the same changes ends in the same state, addresses aside", arguments: 0..<10)
    func anyOrder(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let changes =
            [Self.service("front"), Self.service("bare", headless: true)]
            + (0..<6).map { Self.pod("shop", "w\($0)") }
        func shape(_ state: ClusterState) -> [String] {
            state.endpointSlices.values.map { "\($0.name) \($0.addresses.count) \($0.ports.map(\.port))" }
                .sorted()
        }
        let expected = shape(Self.state(after: [changes]).0)
        #expect(shape(Self.state(after: changes.shuffled(using: &random).map { [$0] }).0) == expected)
    }

    @Test("wrong arguments are told with pod and field; the pod keeps its network and does nothing")
    func badArguments() throws {
        let (state, cluster) = Self.state(after: [
            [Self.pod("shop", "w1", arguments: ["--netns", "/proc/1/ns/net"])]
        ])
        let diagnostic = try #require(cluster.diagnostics.first)
        #expect(diagnostic.resource == "Pod shop/w1")
        #expect(diagnostic.field == "spec.containers[0].args")
        #expect(state.pods.values.first?.addresses.count == 2)
        #expect(cluster.snapshot.pods.map(\.behavior) == [WorkloadBehavior()])
        #expect(cluster.snapshot.pods[0].arguments.isEmpty)
    }

    @Test("names: services by cluster address, headless ones by pods, hosts by their domain")
    func names() {
        var cluster = LabCluster(hosts: InternetHost.shop)
        _ = cluster.apply([
            Self.service("front"), Self.service("bare", headless: true), Self.pod("shop", "w1"),
        ])
        let zone = cluster.snapshot.zone
        #expect(
            zone.lookup("front.shop.svc.cluster.local")?.map(\.description) == [
                "10.96.0.16", "fd00:10:96::10",
            ])
        #expect(zone.lookup("bare.shop.svc.cluster.local") == cluster.snapshot.pods[0].addresses.sorted())
        #expect(zone.lookup("api.payments.example")?.first?.description == "203.0.113.10")
    }

    @Test("every host of the internet parses")
    func hostsParse() throws {
        #expect(InternetHost.shop.count == 6)
        for host in InternetHost.shop { _ = try WorkloadBehavior.parse(container: host.arguments) }
        #expect(Set(InternetHost.shop.flatMap(\.addresses)).count == 12)
    }

    @Test("the source hands on completed updates after the wires are told")
    func source() async {
        struct Script: ClusterStateSource {
            let steps: [ClusterUpdate]
            func updates() -> AsyncStream<ClusterUpdate> {
                AsyncStream { continuation in
                    for step in steps { continuation.yield(step) }
                    continuation.finish()
                }
            }
        }
        let problem = Diagnostic(.error, message: "upstream")
        let script = Script(steps: [
            ClusterUpdate(changes: [Self.pod("shop", "w1")], diagnostics: [problem]),
            ClusterUpdate(changes: [Self.service("front")], diagnostics: []),
        ])
        let (stream, told) = AsyncStream<LabSnapshot>.makeStream(bufferingPolicy: .bufferingNewest(10))
        let source = LabClusterSource(completing: script, hosts: []) { told.yield($0) }
        var updates: [ClusterUpdate] = []
        for await update in source.updates() { updates.append(update) }
        told.finish()
        var snapshots: [LabSnapshot] = []
        for await snapshot in stream { snapshots.append(snapshot) }
        #expect(updates.count == 2)
        #expect(updates[0].diagnostics == [problem])
        #expect(updates[1].changes.count == 3)
        #expect(snapshots.map(\.translations.count) == [0, 3])
    }
}
