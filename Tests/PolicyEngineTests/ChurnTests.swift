// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel
import TestSupport
import Testing

@Suite("A compiler that follows a cluster for long")
struct ChurnTests {
    /// Things of the step's own, each with a name, labels, profile and selector that no other step uses; and what an
    /// earlier step has added goes.
    private func strangers(_ step: Int) -> [ClusterChange] {
        func names(_ step: Int) -> [ClusterResource] {
            let namespace = "ns-\(step)"
            var policy = CalicoPolicy(
                id: PolicyID(kind: .networkPolicy, namespace: namespace, name: "own"))
            policy.selector = "step == '\(step)'"
            var rule = CalicoRule(action: .allow)
            rule.source.selector = "peer == '\(step)'"
            rule.transport = ProtocolName(.tcp)
            rule.destination.ports = [.named("port-\(step)")]
            var service = CalicoRule(action: .allow)
            service.source.service = ServiceMatch(name: "service-\(step)", namespace: namespace)
            policy.ingress = [rule, service]
            var profile = ProfileResource(name: "profile-\(step)", labelsToApply: ["step": "\(step)"])
            profile.ingress = [rule]
            return [
                .namespace(NamespaceResource(name: namespace)), .policy(PolicyResource(policy)),
                .profile(profile),
                .pod(
                    PodResource(
                        name: ResourceName(namespace: namespace, name: "pod"), labels: ["own": "\(step)"],
                        addresses: [IPAddress(v4: 0x0b00_0000 + UInt32(step))],
                        ports: [NamedPort(name: "port-\(step)", port: 80)],
                        profiles: ["kns.\(namespace)", profile.name, "gone-\(step)"])),
                .hostEndpoint(
                    HostEndpointResource(
                        name: "host-\(step)", labels: ["own": "\(step)"], node: "node",
                        interfaceName: "eth\(step)", profiles: [profile.name, "missing-\(step)"])),
                .networkSet(
                    NetworkSetResource(
                        name: ResourceName(namespace: namespace, name: "set"), labels: ["peer": "\(step)"],
                        nets: [IPPrefix(IPAddress(v4: 0x0c00_0000 + UInt32(step)))])),
                .endpointSlice(
                    EndpointSliceResource(
                        name: ResourceName(namespace: namespace, name: "slice"),
                        serviceName: "service-\(step)",
                        addresses: [IPAddress(v4: 0x0b00_0000 + UInt32(step))],
                        ports: [NamedPort(name: "", port: 80)])),
            ]
        }
        let gone = step >= 3 ? names(step - 3).map { ClusterChange.remove($0.key) } : []
        return names(step).map { .set($0) } + gone
    }

    @Test("holds what a compiler of the final state holds, and few gaps", arguments: 0..<2)
    func churn(seed: Int) {
        var world = RandomWorld(seed: UInt64(seed) &+ 123_000)
        var compiler = PolicyCompiler(world.state)
        var changeCount = 0
        for step in 0..<600 {
            var batch = strangers(step)
            let policies = compiler.state.policies.keys.sorted { $0.tieBreak < $1.tieBreak }
            batch += policies.shuffled(using: &world.random).dropFirst(12).map { .remove(.policy($0)) }
            for _ in 0..<4 { batch.append(world.change(of: compiler.state)) }
            changeCount += batch.count
            compiler.apply(batch)
        }
        #expect(changeCount > 10_000)
        var followed = compiler.size
        let rebuilt = PolicyCompiler(compiler.state).size
        #expect(followed.unusedPositions <= followed.rules + 2 * 65)
        #expect(followed.unusedNumbers <= 400)
        #expect(followed.pooledNumbers <= 4096 + 4 * rebuilt.pooledNumbers)
        (followed.unusedPositions, followed.unusedNumbers) = (0, 0)
        followed.pooledNumbers = rebuilt.pooledNumbers
        #expect(followed == rebuilt)
        var one = PolicyEvaluator(compiler.snapshot(generation: 1))
        var other = PolicyEvaluator(PolicySnapshot(compiler.state, generation: 1))
        for _ in 0..<100 {
            let tuple = world.connection()
            for direction in Direction.allCases {
                #expect(one.evaluate(tuple, direction) == other.evaluate(tuple, direction))
            }
        }
    }

    @Test("gives back the places of lists that have become short")
    func shrinking() throws {
        let pods = (0..<200 as Range<UInt32>).map { number in
            ClusterResource.pod(
                PodResource(
                    name: ResourceName(namespace: "ns", name: "pod-\(number)"),
                    labels: ["own": "\(number)"], addresses: [IPAddress(v4: 0x0a00_0000 + number)]))
        }
        let policies = (0..<200).map { number in
            var policy = CalicoPolicy(
                id: PolicyID(kind: .networkPolicy, namespace: "ns", name: "p\(number)"))
            policy.selector = "own != '\(number)'"
            return ClusterResource.policy(PolicyResource(policy))
        }
        var compiler = PolicyCompiler(ClusterState(pods + policies))
        #expect(compiler.size.pooledNumbers >= 199 * 200)
        compiler.apply(policies.dropFirst().map { .remove($0.key) })
        #expect(compiler.size.pooledNumbers <= 4096)
    }

    /// Rules change places then, and every class has to follow.
    @Test("answers as before when its tables are laid out anew")
    func layout() {
        func policy(_ name: String, _ action: RuleAction, order: Double, rules: Int) -> ClusterChange {
            var policy = CalicoPolicy(id: PolicyID(kind: .networkPolicy, namespace: "ns", name: name))
            policy.selector = "app == '\(name)'"
            policy.order = order
            policy.ingress = [CalicoRule](repeating: CalicoRule(action: action), count: rules)
            return .set(.policy(PolicyResource(policy)))
        }
        func pod(_ app: String, _ number: UInt32) -> ClusterChange {
            .set(
                .pod(
                    PodResource(
                        name: ResourceName(namespace: "ns", name: app), labels: ["app": app],
                        addresses: [IPAddress(v4: number)])))
        }
        var compiler = PolicyCompiler()
        compiler.apply([
            pod("large", 1), pod("small", 2), policy("large", .deny, order: 1, rules: 100),
            policy("small", .allow, order: 2, rules: 1),
        ])
        var unused = 0
        for rules in 100..<110 {
            // Only the large policy changes; the small one's rule moves when the gaps become too many.
            compiler.apply([policy("large", .deny, order: 1, rules: rules)])
            let tuple = ConnectionTuple(
                source: IPAddress(v4: 3), destination: IPAddress(v4: 2), transport: .tcp,
                destinationPort: 80)
            let trace = compiler.snapshot(generation: 1).evaluate(tuple, .ingress)?.trace
            #expect(trace?.enforced.map(\.traceText) == ["0|default|np:ns/small|allow|0"])
            unused = max(unused, compiler.size.unusedPositions)
        }
        #expect(unused > 0)
        #expect(compiler.size.unusedPositions <= 2 * 110)
    }

    @Test("does nothing when everything is listed anew")
    func relisted() {
        let world = RandomWorld(seed: 5, policies: 40)
        var compiler = PolicyCompiler(world.state)
        let before = compiler.size
        let resources = Dictionary(world.resources.map { ($0.key, $0) }, uniquingKeysWith: { $1 }).values
        compiler.apply(resources.map { .set($0) } + [.remove(.pod(ResourceName(name: "nobody")))])
        #expect(compiler.size == before)
        #expect(compiler.size.unusedPositions == 0)
    }
}
