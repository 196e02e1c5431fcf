// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel
import Testing

/// Policy semantics 3.3: in each profile the first matching rule counts; `Pass` leaves the profile, as in data planes.
@Suite("Profiles")
struct ProfileTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        /// Actions of the rules for TCP, by profile.
        var profiles: [[RuleAction]]
        var transport = IPProtocol.tcp
        /// The rules are for every protocol.
        var isOpen = false
        var trace: String
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "a rule that passes leaves its profile, and the next is asked",
            profiles: [[.pass, .allow], [.deny]], trace: "0|__PROFILE__|pro:p1|deny|0"),
        Case(
            name: "a rule that passes leaves the last profile, and nothing allows",
            profiles: [[.pass, .allow]], trace: "0|__PROFILE__|pro:__NO_MATCH__|deny|0"),
        Case(
            name: "a rule that logs leaves the decision to the next rule",
            profiles: [[.log, .allow], [.deny]], trace: "0|__PROFILE__|pro:p0|allow|1"),
        Case(
            name: "a profile without a matching rule leaves the decision to the next profile",
            profiles: [[], [.log], [.allow]], trace: "0|__PROFILE__|pro:p2|allow|0"),
        Case(
            name: "a rule that passes everything leaves its profile", profiles: [[.pass], [.allow]],
            isOpen: true, trace: "0|__PROFILE__|pro:p1|allow|0"),
        Case(
            name: "an only rule of another protocol does not match", profiles: [[.allow]],
            transport: .udp, trace: "0|__PROFILE__|pro:__NO_MATCH__|deny|0"),
        Case(
            name: "rules of another protocol do not match", profiles: [[.pass, .deny], [.allow]],
            transport: .udp, trace: "0|__PROFILE__|pro:__NO_MATCH__|deny|0"),
    ]

    private func resources(_ example: Case) -> [ClusterResource] {
        example.profiles.enumerated().map { index, actions in
            .profile(
                ProfileResource(
                    name: "p\(index)",
                    ingress: actions.map { action in
                        var rule = CalicoRule(action: action)
                        if !example.isOpen { rule.transport = ProtocolName(.tcp) }
                        return rule
                    }))
        }
    }

    private let peer = IPAddress(v4: 0xc000_0201)
    private let address = IPAddress(v4: 0x0a00_0001)

    private func tuple(_ example: Case) -> ConnectionTuple {
        ConnectionTuple(
            source: peer, destination: address, transport: example.transport, destinationPort: 80)
    }

    @Test("of a workload, evaluated and explained", arguments: cases)
    func workload(_ example: Case) throws {
        let pod = PodResource(
            name: ResourceName(namespace: "ns", name: "pod"), addresses: [address],
            profiles: example.profiles.indices.map { "p\($0)" })
        let snapshot = PolicySnapshot(ClusterState(resources(example) + [.pod(pod)]), generation: 1)
        let tuple = tuple(example)
        let walk = try #require(snapshot.explain(tuple).ingress.walk)
        #expect(snapshot.evaluate(tuple, .ingress)?.trace.enforced.map(\.traceText) == [example.trace])
        #expect(walk.outcome == (example.trace.contains("|allow|") ? .allowed : .denied))
        #expect(walk.profileDecision.map { PolicyHit($0, policyIndex: 0).traceText } == example.trace)
    }

    @Test("of a host endpoint, evaluated and explained", arguments: cases)
    func host(_ example: Case) throws {
        let host = HostEndpointResource(
            name: "host", node: "node", interfaceName: "eth0", expectedAddresses: [address],
            profiles: example.profiles.indices.map { "p\($0)" })
        let snapshot = PolicySnapshot(
            ClusterState(resources(example) + [.hostEndpoint(host)]), generation: 1)
        let tuple = tuple(example)
        let result = try #require(
            snapshot.evaluate(
                HostTraffic(tuple, path: .local, direction: .ingress), atHostEndpoint: "host"))
        guard case .policy(let decision) = result.reason,
            case .hostEndpoint(let explained) = snapshot.explain(tuple).ingress
        else {
            Issue.record("\(result)")
            return
        }
        #expect(PolicyHit(decision, policyIndex: 0).traceText == example.trace)
        #expect(explained.outcome == (example.trace.contains("|allow|") ? .allowed : .denied))
    }
}
