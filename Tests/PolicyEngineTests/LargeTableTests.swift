// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel
import Testing

/// Rows of the rule tables are many words long here; the random worlds of other suites fit into one or two.
@Suite("Policies of hundreds of rules")
struct LargeTableTests {
    /// Two pods with a policy each, whose rules stand side by side in the tables, and a staged policy before each.
    private struct World {
        static let ruleCount = 700
        let pods: [PodResource]
        let snapshot: PolicySnapshot

        init() throws {
            pods = try ["10.0.0.1", "10.0.0.2"].enumerated().map { index, address in
                PodResource(
                    name: ResourceName(namespace: "ns", name: "pod-\(index)"), labels: ["app": "\(index)"],
                    addresses: [try #require(IPAddress(address))])
            }
            var resources: [ClusterResource] = pods.map { .pod($0) }
            for index in pods.indices {
                resources.append(
                    .policy(Self.policy(.networkPolicy, index, order: 2, ports: 1000 + index * 100)))
                resources.append(
                    .policy(Self.policy(.stagedNetworkPolicy, index, order: 1, ports: 1350 + index * 100)))
            }
            snapshot = PolicySnapshot(ClusterState(resources), generation: 1)
        }

        /// Rule n allows the port that is n above the first, of TCP; the very last one any UDP.
        private static func policy(
            _ kind: PolicyKind, _ pod: Int, order: Double, ports first: Int
        ) -> PolicyResource {
            var policy = CalicoPolicy(id: PolicyID(kind: kind, namespace: "ns", name: "p\(pod)"))
            policy.selector = "app == '\(pod)'"
            policy.order = order
            policy.ingress = (0..<ruleCount).map { offset in
                var rule = CalicoRule(action: .allow)
                rule.transport = ProtocolName(.tcp)
                rule.destination.ports = [.range(PortRange(UInt16(first + offset)))]
                return rule
            }
            var last = CalicoRule(action: .allow)
            last.transport = ProtocolName(.udp)
            policy.ingress.append(last)
            return PolicyResource(policy)
        }

        func hits(_ pod: Int, _ transport: IPProtocol, _ port: Int) throws -> (enforced: Int, pending: Int) {
            let tuple = ConnectionTuple(
                source: try #require(IPAddress("192.0.2.1")), destination: pods[pod].addresses[0],
                transport: transport, destinationPort: UInt16(port))
            let trace = try #require(snapshot.evaluate(tuple, .ingress)).trace
            let (enforced, pending) = (try #require(trace.enforced.first), try #require(trace.pending.first))
            // Rules of staged policies are told from those of enforced ones by a large number.
            return (
                enforced.ruleIndex,
                pending.ruleIndex + (pending.policy?.kind.isStaged == true ? 10_000 : 0)
            )
        }
    }

    @Test("each port finds its own rule, enforced and pending, and none of the neighbours'", arguments: 0..<2)
    func ports(pod: Int) throws {
        let world = try World()
        let (first, staged) = (1000 + pod * 100, 1350 + pod * 100)
        for port in 900..<2300 {
            let hits = try world.hits(pod, .tcp, port)
            let own = port - first
            let preview = port - staged
            let enforced = (0..<World.ruleCount).contains(own) ? own : -1
            let pending =
                (0..<World.ruleCount).contains(preview)
                ? preview + 10_000 : enforced == -1 ? -1 + 10_000 : enforced
            if hits != (enforced, pending) {
                Issue.record("port \(port): \(hits), expected \((enforced, pending))")
            }
        }
    }

    @Test("the last of many rules is found", arguments: 0..<2)
    func last(pod: Int) throws {
        let hits = try World().hits(pod, .udp, 53)
        #expect(hits == (World.ruleCount, World.ruleCount + 10_000))
    }

    @Test("rules of the other IP version at the end of the table do not match", arguments: IPFamily.allCases)
    func families(family: IPFamily) {
        let pod = PodResource(
            name: ResourceName(namespace: "ns", name: "pod"),
            addresses: [IPAddress(v4: 0x0a00_0001), IPAddress(bits: 0xfd << 120 | 1)])
        var policy = CalicoPolicy(id: PolicyID(kind: .networkPolicy, namespace: "ns", name: "p"))
        policy.ingress = (0..<300).map { index in
            var rule = CalicoRule(action: .allow)
            rule.family = index == 0 ? family : family == .v4 ? .v6 : .v4
            if index == 0 { rule.transport = ProtocolName(.sctp) }
            return rule
        }
        let snapshot = PolicySnapshot(
            ClusterState([.pod(pod), .policy(PolicyResource(policy))]), generation: 1)
        func verdict(_ transport: IPProtocol) -> Verdict? {
            let isV4 = family == .v4
            return snapshot.evaluate(
                ConnectionTuple(
                    source: isV4 ? IPAddress(v4: 0xc000_0201) : IPAddress(bits: 0x2001_0db8 << 96 | 1),
                    destination: pod.addresses[isV4 ? 0 : 1], transport: transport, destinationPort: 80),
                .ingress)?.verdict
        }
        #expect(verdict(.sctp) == .allow)
        #expect(verdict(.tcp) == .deny)
    }
}
