// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel
import Testing

@Suite("The evaluator's memory")
struct EvaluatorMemoryTests {
    @Test("a scan by ever new strangers is forgotten in time, and changes no answer")
    func strangers() throws {
        let pod = PodResource(
            name: ResourceName(namespace: "ns", name: "db"), labels: ["app": "db"],
            addresses: [try #require(IPAddress("10.0.0.1"))])
        var policy = CalicoPolicy(id: PolicyID(kind: .networkPolicy, namespace: "ns", name: "p"))
        var rule = CalicoRule(action: .allow)
        rule.source.nets = [try IPPrefix.parse("192.0.2.0/24", .strict)]
        policy.ingress = [rule]
        var evaluator = PolicyEvaluator(
            PolicySnapshot(ClusterState([.pod(pod), .policy(PolicyResource(policy))]), generation: 1))
        func verdict(_ source: UInt32) -> Verdict? {
            evaluator.decide(
                ConnectionTuple(
                    source: IPAddress(v4: source), destination: pod.addresses[0], transport: .tcp,
                    destinationPort: 80), .ingress)?.verdict
        }
        let friend: UInt32 = 0xc000_0207
        for stranger in 0..<200_000 as Range<UInt32> where verdict(0x0b00_0000 + stranger) != .deny {
            Issue.record("stranger \(stranger) was let in")
        }
        #expect(evaluator.resets > 0)
        #expect(verdict(friend) == .allow)
    }

    @Test("a scan of all ports is forgotten in time, and changes no answer")
    func ports() throws {
        var policy = CalicoPolicy(id: PolicyID(kind: .networkPolicy, namespace: "ns", name: "p"))
        var rule = CalicoRule(action: .allow)
        rule.transport = ProtocolName(.sctp)
        rule.destination.ports = [.range(PortRange(443))]
        policy.ingress = [rule]
        let pod = PodResource(
            name: ResourceName(namespace: "ns", name: "db"), addresses: [IPAddress(v4: 0x0a00_0001)])
        var evaluator = PolicyEvaluator(
            PolicySnapshot(ClusterState([.pod(pod), .policy(PolicyResource(policy))]), generation: 1))
        // The second round asks about ports that were forgotten, and about some that were not.
        let rounds = Array(0...UInt16.max) + stride(from: UInt16.max, to: 0, by: -4).map { $0 &+ 444 }
        for transport in [IPProtocol.tcp, .udp, .sctp] {
            for port in rounds {
                let verdict = evaluator.decide(
                    ConnectionTuple(
                        source: IPAddress(v4: 0xc000_0201), destination: pod.addresses[0],
                        transport: transport, destinationPort: port), .ingress)?.verdict
                if verdict != (transport == .sctp && port == 443 ? .allow : .deny) {
                    Issue.record("\(transport.policyName) \(port): \(String(describing: verdict))")
                }
            }
        }
        #expect(evaluator.resets > 0)
    }
}
