// SPDX-License-Identifier: Apache-2.0

import FlowModel
import KubernetesClient
import NetworkModel
import PolicyEngine
import PolicyModel
import Synchronization
import Testing

@testable import Lab

/// The shop as the engine sees it: manifests of a directory, completed by the lab, with simulated traffic.
struct ShopWorld {
    let state: ClusterState
    let snapshot: LabSnapshot
    let diagnostics: [Diagnostic]

    init(directory: String) {
        var cluster = LabCluster()
        var state = ClusterState()
        let update = ManifestDirectory(path: directory).load()
        state.apply(cluster.apply(update.changes))
        self.state = state
        snapshot = cluster.snapshot
        diagnostics = update.diagnostics + cluster.diagnostics
    }

    /// The keys of all flows of the first minutes, at both ends.
    func flows(seconds: Int64 = 120) -> Set<FlowKey> {
        let policies = PolicySnapshot(state, generation: 1)
        let naming = FlowNaming(state)
        let found = Mutex<Set<FlowKey>>([])
        let verdict: SimulatedVerdict = { tuple, _, _ in
            let egress = policies.evaluate(tuple, .egress)
            let ingress = policies.evaluate(tuple, .ingress)
            let isStoppedAtSource = egress?.verdict == .deny
            let names = naming.names(tuple, original: nil)
            for (reporter, outcome) in [(FlowReporter.source, egress), (.destination, ingress)] {
                guard let outcome, reporter == .source || !isStoppedAtSource else { continue }
                let key = FlowKey(
                    source: names.source, destination: names.destination,
                    destinationPort: Int64(tuple.destinationPort), transport: tuple.transport.flowName,
                    reporter: reporter, action: outcome.verdict == .allow ? .allow : .deny,
                    trace: FlowTrace(outcome.trace))
                found.withLock { _ = $0.insert(key) }
            }
            return (egress?.decisions(.egress), ingress?.decisions(.ingress))
        }
        var simulation = WorkloadSimulation(seed: 1)
        simulation.update(snapshot, hosts: InternetHost.shop, now: Timestamp(seconds: 0))
        for second in 1...seconds {
            _ = simulation.advance(to: Timestamp(seconds: second), generation: 1, verdict: verdict)
        }
        return found.withLock { $0 }
    }
}

extension FlowKey {
    /// `shop/catalog-*>data/db-0:5432`
    fileprivate var text: String {
        "\(source.namespace)/\(source.name)>\(destination.namespace)/\(destination.name):\(destinationPort)"
    }
}

@Suite("The shop")
struct ShopTests {
    @Test("its manifests and every scenario's files are read without a single complaint")
    func cleanManifests() throws {
        let directory = try TestDirectory()
        try LabManifests.prepare(directory: directory.path + "/shop")
        let world = ShopWorld(directory: directory.path + "/shop")
        #expect(world.diagnostics.map(\.description) == [])
        #expect(world.snapshot.pods.count == 14)
        #expect(world.snapshot.pods.allSatisfy { $0.behavior != WorkloadBehavior() })
        let policies = PolicySnapshot(world.state, generation: 1)
        #expect(world.state.policies.count == 15)
        #expect(Set(policies.policies.map(\.tier)) == ["security", "platform", "default"])
        let idle = policies.policies.map(\.id).filter { policies.endpointCounts[$0] == nil }
        #expect(idle.map(\.name) == ["quarantine"], "every other policy selects something")
    }

    @Test("business is allowed; what is denied is denied on purpose")
    func baseline() throws {
        let directory = try TestDirectory()
        try LabManifests.prepare(directory: directory.path + "/shop")
        let flows = ShopWorld(directory: directory.path + "/shop").flows()
        let denied = Set(flows.filter { $0.action == .deny }.map(\.text))
        #expect(
            denied == [
                "-/pub>storefront/frontend-7d9c5b6f4-*:9090",
                "platform/legacy-report-29318340-*>data/db-0:5432",
            ])
        let pendingDenied = Set(
            flows.filter { $0.action == .allow && $0.trace.pending.last?.action == .deny }.map(\.text))
        #expect(pendingDenied == ["shop/catalog-5c9f7d8b6d-*>data/cache-0:6379"])
        let allowed = Set(flows.filter { $0.action == .allow }.map(\.text))
        let business = [
            "-/pub>storefront/frontend-7d9c5b6f4-*:8080",
            "storefront/frontend-7d9c5b6f4-*>storefront/recommender-6d4f9c8b7-*:8080",
            "shop/orders-84b6c5d97-*>data/db-0:5432", "shop/checkout-79b6f8c4d-*>-/payment-provider:443",
            "data/backup-29318400-*>data/backup-storage:443", "shop/cart-6b8d7c5f9-*>platform/metrics-0:8125",
            "platform/health-checker-5f6d8b9c7-*>data/cache-0:9121",
            "data/backup-29318400-*>kube-system/coredns-76f75df574-*:53",
        ]
        #expect(allowed.isSuperset(of: business), "\(Set(business).subtracting(allowed))")
        let tiers = Set(flows.flatMap(\.trace.enforced).map(\.tier))
        #expect(tiers.isSuperset(of: ["security", "platform", "default"]))
        #expect(Set(flows.map(\.transport)).isSuperset(of: ["tcp", "udp", "icmp", "icmp6"]))
    }

    @Test(
        "each step of each scenario shows what it promises, and nothing else breaks", arguments: Scenario.all)
    func scenarios(_ scenario: Scenario) async throws {
        let directory = try TestDirectory()
        let manifests = try LabManifests.prepare(directory: directory.path + "/shop")
        let step = Mutex<Int?>(nil)
        let seen = Mutex<[Int: Set<FlowKey>]>([:])
        let environment = ScenarioRunner.Environment(
            observe: { expectation, _ in
                let number = step.withLock { $0 } ?? 0
                let known = seen.withLock { $0[number] }
                let flows = known ?? ShopWorld(directory: manifests).flows()
                seen.withLock { $0[number] = flows }
                let isSeen = flows.contains(where: expectation.matches)
                #expect(isSeen == expectation.isPresent, "step \(number): \(expectation)")
                return isSeen
            },
            present: { _ in }, report: { progress in step.withLock { $0 = progress?.step } },
            now: { Timestamp(seconds: 0) }, sleep: { _ in throw CancellationError() })
        // Time stands still: whatever is not as expected at once ends the run. Absence alone needs time.
        var steps = scenario.steps
        for index in steps.indices { steps[index].expectations.removeAll { !$0.isPresent } }
        let runner = ScenarioRunner(
            Scenario(name: scenario.name, title: scenario.title, steps: steps), directory: manifests,
            pace: .automatic, environment: environment)
        try await runner.run()
        let last = try #require(seen.withLock { $0[scenario.steps.count] })
        for expectation in scenario.steps.last?.expectations ?? [] where !expectation.isPresent {
            #expect(!last.contains(where: expectation.matches), "\(expectation)")
        }
        #expect(ShopWorld(directory: manifests).diagnostics.map(\.description) == [])
        let denied = Set(last.filter { $0.action == .deny }.map(\.text))
        let unexpected = denied.filter {
            !$0.contains("legacy-report") && !$0.contains("recommender") && !$0.contains(":9090")
        }
        #expect(unexpected.isEmpty)
    }
}
