// SPDX-License-Identifier: Apache-2.0

import FlowModel
import Foundation
import KubernetesClient
import Lab
import LinuxKernel
import NetworkModel
import NftablesDataplane
import PolicyEngine
import PolicyModel
import TestSupport
import Testing

extension EndToEnd {
    /// One evaluator: for every connection the kernel's rules must say what the engine says, decision by
    /// decision.
    @Suite("Engine verdict is kernel verdict", .serialized, .enabled(if: kernelTestsRun))
    struct KernelAgreementTests {
        @Test("for 300 random connections over the lab's own policies")
        func shop() async throws {
            let folder = FileManager.default.temporaryDirectory.appending(
                path: "vibrissa-test-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: folder) }
            let update = ManifestDirectory(path: try LabManifests.prepare(directory: folder.path())).load()
            #expect(update.diagnostics.filter { $0.severity == .error } == [])
            var cluster = LabCluster()
            var state = ClusterState()
            state.apply(cluster.apply(update.changes))
            let pods = cluster.snapshot.pods.map { ($0.name, $0.addresses) }
            let bench = try await AgreementBench(hosts: InternetHost.shop)
            try await bench.using {
                var random = SplitMix64(seed: 2)
                let tuples = (0..<300).map { _ in
                    Self.connection(pods.map(\.1), InternetHost.shop.map(\.addresses), &random)
                }
                let verdicts = try await bench.compare(state, pods: pods, tuples: tuples, name: "shop")
                #expect(verdicts.allowed > 20 && verdicts.denied > 20, "\(verdicts)")
            }
        }

        @Test("for random connections over random policies of every kind, changed while the node runs")
        func randomWorlds() async throws {
            let outside = ["203.0.113.9", "198.51.100.7", "192.0.2.130", "2001:db8::7", "2001:db8:ffff::8"]
            let hosts = [
                InternetHost(name: "outside", addresses: outside.compactMap { IPAddress($0) }, arguments: [])
            ]
            let bench = try await AgreementBench(hosts: hosts)
            try await bench.using {
                var (allowed, denied) = (0, 0)
                for seed in 0..<12 {
                    let world = RandomWorld(seed: UInt64(seed), policies: 10)
                    let state = world.state
                    let pods = state.pods.values.sorted { $0.name < $1.name }.map { ($0.name, $0.addresses) }
                    var random = SplitMix64(seed: UInt64(seed) + 1000)
                    let tuples = (0..<40).map { _ in
                        Self.connection(pods.map(\.1), hosts.map(\.addresses), &random)
                    }
                    let verdicts = try await bench.compare(
                        state, pods: pods, tuples: tuples, name: "world \(seed)")
                    allowed += verdicts.allowed
                    denied += verdicts.denied
                }
                #expect(allowed > 20 && denied > 20, "allowed \(allowed), denied \(denied)")
            }
        }

        /// Between two pods, or between a pod and the outside; each with a source port of its own.
        private static func connection(
            _ pods: [[IPAddress]], _ hosts: [[IPAddress]], _ random: inout SplitMix64
        ) -> ConnectionTuple {
            let family: IPFamily = Int.random(in: 0..<3, using: &random) == 0 ? .v6 : .v4
            let inside = pods.flatMap { $0 }.filter { $0.family == family }
            let outside = hosts.flatMap { $0 }.filter { $0.family == family }
            func pick<T>(_ items: [T]) -> T { items[Int.random(in: items.indices, using: &random)] }
            var source = pick(inside)
            var destination = pick(inside.filter { $0 != source })
            switch Int.random(in: 0..<4, using: &random) {
            case 0: source = pick(outside)
            case 1: destination = pick(outside)
            default: break
            }
            let icmp: IPProtocol = family == .v4 ? .icmp : .icmpv6
            let transport = pick([IPProtocol.tcp, .tcp, .tcp, .udp, .udp, icmp])
            let isICMP = transport == icmp
            return ConnectionTuple(
                source: source, destination: destination, transport: transport,
                // Now and then one that rules name.
                sourcePort: Int.random(in: 0..<4, using: &random) == 0
                    ? pick([53, 80, 1000, 8080]) : UInt16.random(in: 10_000...60_000, using: &random),
                destinationPort: isICMP
                    ? (family == .v4 ? 8 : 128) << 8
                    : pick([53, 80, 443, 5432, 6379, 8080, 9090, 9100, 1000]))
        }
    }
}

/// A node with a data plane, for tests.
final class AgreementBench: Sendable {
    private let network: LabNetwork
    private let hosts: [InternetHost]
    private let dataplane: NftablesDataplane
    private let events: NetfilterEventSource
    private let seen = SeenDecisions()

    init(hosts: [InternetHost]) async throws {
        self.hosts = hosts
        let network = LabNetwork(prefix: "vibrissa-test-agree", hosts: hosts)
        self.network = network
        _ = try LabNetwork.cleanUpLeftovers(prefix: "vibrissa-test-agree")
        try network.bringUp()
        do {
            guard let node = network.nodeNamespace else { throw LabFailure(description: "no node") }
            dataplane = try NftablesDataplane.open(in: node)
            events = try NetfilterEventSource.open(in: node, decisions: dataplane.decisions)
        } catch {
            network.tearDown()
            throw error
        }
    }

    /// Collects events while `body` runs, and removes the network afterwards, whatever happened.
    func using(_ body: () async throws -> Void) async throws {
        let collecting = Task { [events, seen] in
            for await batch in events.batches() {
                for case .packet(let packet) in batch.events { seen.add(packet) }
            }
        }
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        collecting.cancel()
        network.tearDown()
        try result.get()
    }

    /// Returns how many connections the engine allows and denies, so that a test can see that it tests both.
    func compare(
        _ state: ClusterState, pods: [(ResourceName, [IPAddress])], tuples: [ConnectionTuple], name: String
    ) async throws -> (allowed: Int, denied: Int) {
        let failures = network.reconcile(
            pods: pods.map { LabPod(name: $0.0, addresses: $0.1, behavior: WorkloadBehavior()) })
        #expect(failures.isEmpty, "\(failures)")
        let snapshot = PolicySnapshot(state, generation: 1)
        _ = try await dataplane.apply(snapshot.program { LabNetwork.interfaceName(for: $0) })
        let unique = Dictionary(tuples.map { ($0, ()) }, uniquingKeysWith: { first, _ in first }).keys
        var expected: [ConnectionTuple: [RuleDecision]] = [:]
        var verdicts = (allowed: 0, denied: 0)
        for tuple in unique {
            let egress = snapshot.evaluate(tuple, .egress)
            let ingress = snapshot.evaluate(tuple, .ingress)
            var decisions = egress?.decisions(.egress) ?? []
            if egress?.verdict != .deny { decisions += ingress?.decisions(.ingress) ?? [] }
            expected[tuple] = decisions
            if decisions.contains(where: { $0.action == .deny }) {
                verdicts.denied += 1
            } else {
                verdicts.allowed += 1
            }
        }
        seen.reset()
        let sockets = try await send(Array(unique), owners: owners(pods))
        let deadline = Date().addingTimeInterval(8)
        while Date() < deadline,
            !expected.allSatisfy({ seen.walk($0.key, count: $0.value.count) == $0.value })
        {
            try await Task.sleep(for: .milliseconds(50))
        }
        for socket in sockets { close(socket) }
        for (tuple, decisions) in expected {
            #expect(seen.walk(tuple, count: decisions.count) == decisions, "\(name): \(tuple)")
            #expect(
                seen.hasNothingElse(tuple, than: decisions), "\(name): \(tuple) has more: \(seen.all(tuple))")
        }
        return verdicts
    }

    /// Namespace names by address.
    private func owners(_ pods: [(ResourceName, [IPAddress])]) -> [IPAddress: String] {
        var owners: [IPAddress: String] = [:]
        for (pod, addresses) in pods {
            for address in addresses { owners[address] = network.podNamespaceName(pod) }
        }
        for address in hosts.flatMap(\.addresses) { owners[address] = network.internetNamespaceName }
        return owners
    }

    private func send(_ tuples: [ConnectionTuple], owners: [IPAddress: String]) async throws -> [Int32] {
        var sockets: [Int32] = []
        for (owner, group) in Dictionary(grouping: tuples, by: { owners[$0.source] ?? "" }) {
            let namespace = try NetworkNamespace.open(owner)
            sockets += try await namespace.performAsync {
                try group.map { try ProbePacket(tuple: $0).send() }
            }
        }
        return sockets
    }
}

/// Decisions by connection, in the order of the kernel.
final class SeenDecisions: Sendable {
    private let decisions = Locked<[ConnectionTuple: [RuleDecision]]>([:])

    func reset() { decisions.with { $0 = [:] } }

    func add(_ packet: PacketEvent) {
        decisions.with { $0[packet.tuple, default: []].append(packet.decision) }
    }

    func all(_ tuple: ConnectionTuple) -> [RuleDecision] { decisions.with { $0[tuple] ?? [] } }

    /// The first walk of the connection. Egress and ingress come by two log groups, in any order between
    /// them.
    func walk(_ tuple: ConnectionTuple, count: Int) -> [RuleDecision] {
        let all = all(tuple)
        let egress = Self.firstWalk(all.filter { $0.direction == .egress })
        let ingress = Self.firstWalk(all.filter { $0.direction == .ingress })
        return egress + ingress
    }

    private static func firstWalk(_ decisions: [RuleDecision]) -> [RuleDecision] {
        guard let end = decisions.firstIndex(where: \.isFinal) else { return decisions }
        return Array(decisions[...end])
    }

    /// Repeated packets of the attempt may repeat the walk; anything else is a wrong rule.
    func hasNothingElse(_ tuple: ConnectionTuple, than expected: [RuleDecision]) -> Bool {
        all(tuple).allSatisfy { expected.contains($0) }
    }
}
