// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyAnalysis
import PolicyEngine
import PolicyModel
import TestSupport
import Testing

@Suite("Semantic difference")
struct PolicyDifferenceTests {
    /// Two worlds that differ in policies, and for some seeds in pods and labels.
    private func worlds(seed: UInt64) -> (old: PolicySnapshot, new: PolicySnapshot) {
        var world = RandomWorld(seed: seed, policies: 8, pods: 4)
        let old = world.state
        var new = old
        for policy in old.policies.values where UInt64(policy.id.name.utf8.count) % 3 == seed % 3 {
            new.apply(.remove(.policy(policy.id)))
        }
        for _ in 0..<2 { new.apply(.set(.policy(world.policy()))) }
        let pods = old.pods.values.sorted { $0.name < $1.name }
        if seed % 4 == 0 { new.apply(.remove(.pod(pods[0].name))) }
        if seed % 4 == 1 {
            var pod = pods[1]
            pod.labels = ["app": "b", "tier": "b"]
            new.apply(.set(.pod(pod)))
        }
        if seed % 4 == 2 {
            let name = ResourceName(namespace: "dev", name: "late")
            new.apply(
                .set(
                    .pod(
                        PodResource(
                            name: name, labels: ["app": "a"], addresses: [Build.address("10.0.0.200")]))))
        }
        return (PolicySnapshot(old, generation: 1), PolicySnapshot(new, generation: 2))
    }

    @Test("has every connection that changes and no other", arguments: UInt64(200)..<216)
    func bruteForce(seed: UInt64) throws {
        let (old, new) = worlds(seed: seed)
        let difference = try PolicyDifference(from: old, to: new)
        var random = SplitMix64(seed: seed)
        let addresses = Set(Probes.addresses(old) + Probes.addresses(new)).sorted()
        for source in addresses {
            for destination in addresses where destination.family == source.family {
                let changes = difference.changes.filter { change in
                    change.sources.contains { $0.contains(source) }
                        && change.destinations.contains { $0.contains(destination) }
                }
                for tuple in Probes.sample(source, destination, &random) {
                    let expected = SingleChange(old, new, tuple)
                    let found = changes.filter { $0.traffic.contains(tuple) }.map(\.kind)
                    guard found == (expected.kind.map { [$0] } ?? []) else {
                        Issue.record("seed \(seed): \(tuple) should be \(expected), is \(found)")
                        return
                    }
                }
            }
        }
    }

    @Test("each example really changes, in the way that it is an example of", arguments: UInt64(300)..<312)
    func examples(seed: UInt64) throws {
        let (old, new) = worlds(seed: seed)
        for change in try PolicyDifference(from: old, to: new).changes {
            let tuple = try #require(change.example.before ?? change.example.after)
            #expect(SingleChange(old, new, tuple).kind == change.kind, "\(change.explanation): \(tuple)")
            #expect(change.sources.contains { $0.contains(tuple.source) })
            #expect(change.destinations.contains { $0.contains(tuple.destination) })
        }
    }

    @Test("of a world with itself is empty, and with staged policies enforced it is what they change")
    func sameWorld() throws {
        for seed in UInt64(1)...10 {
            let snapshot = PolicySnapshot(RandomWorld(seed: seed).state, generation: 1)
            #expect(try PolicyDifference(from: snapshot, to: snapshot).isEmpty)
        }
        var staged = Build.policy("shop/lock", types: [.ingress], staged: true)
        staged.ingress = [Build.rule(.allow, .tcp, ports: [80])]
        let snapshot = shop([staged])
        let difference = try PolicyDifference(from: snapshot, to: snapshot, newIncludesStaged: true)
        #expect(difference.changes.map(\.kind) == [.closes, .redecided])
        #expect(difference.changes.first?.traffic.text == "everything but tcp/80")
    }

    private func shop(_ policies: [CalicoPolicy]) -> PolicySnapshot {
        let resources: [ClusterResource] =
            [
                .namespace(NamespaceResource(name: "shop")), Build.pod("shop/a", "10.0.0.1", ["app": "a"]),
                Build.pod("shop/b", "10.0.0.2", ["app": "b"]), Build.pod("shop/c", "10.0.0.3", ["app": "c"]),
            ] + policies.map { .policy(PolicyResource($0)) }
        return PolicySnapshot(ClusterState(resources), generation: 1)
    }

    private func ingress(_ rules: [CalicoRule]) -> CalicoPolicy {
        var policy = Build.policy("shop/c", selector: "app == 'c'", types: [.ingress])
        policy.ingress = rules
        return policy
    }

    @Test("merges sources, destinations and ports, and names what decided before and after")
    func merging() throws {
        let old = shop([ingress([Build.rule(.allow, .tcp, from: "app == 'a'", ports: [80])])])
        let new = shop([ingress([Build.rule(.allow, .tcp, from: "app in {'a','b'}", ports: [80, 443])])])
        let difference = try PolicyDifference(from: old, to: new)
        let opens = difference.changes(.opens)
        #expect(
            opens.map(\.explanation).sorted() == [
                "tcp/443 from shop/a to shop/c opens", "tcp/80, tcp/443 from shop/b to shop/c opens",
            ])
        #expect(opens[0].before.map(\.action) == [.deny])
        #expect(
            opens[0].after.map(\.place) == [
                .rule(PolicyID(kind: .networkPolicy, namespace: "shop", name: "c"), index: 0)
            ])
        #expect(
            difference.objects == [
                ObjectChange(
                    key: .policy(PolicyID(kind: .networkPolicy, namespace: "shop", name: "c")), kind: .changed
                )
            ])
    }

    @Test("covers changed pairs with as few rectangles as rows or columns need")
    func rectangles() throws {
        func world(_ allowed: [String: [String]]) -> PolicySnapshot {
            var resources: [ClusterResource] = [.namespace(NamespaceResource(name: "shop"))]
            for (index, name) in ["a", "b", "c", "x", "y"].enumerated() {
                resources.append(Build.pod("shop/\(name)", "10.0.0.\(index + 1)", ["app": name]))
            }
            for name in ["x", "y"] {
                var policy = Build.policy("shop/\(name)", selector: "app == '\(name)'", types: [.ingress])
                policy.ingress = (allowed[name] ?? []).map {
                    Build.rule(.allow, .tcp, from: "app == '\($0)'", ports: [80])
                }
                resources.append(.policy(PolicyResource(policy)))
            }
            return PolicySnapshot(ClusterState(resources), generation: 1)
        }
        let difference = try PolicyDifference(
            from: world([:]), to: world(["x": ["a", "b"], "y": ["a", "c"]]))
        #expect(
            difference.changes.map(\.explanation) == [
                "tcp/80 from shop/a, shop/b to shop/x opens", "tcp/80 from shop/a, shop/c to shop/y opens",
            ])
        #expect(difference.changes.map(\.pairCount) == [2, 2])
    }

    @Test("a rule that only moves is not a change; one that another takes over from is")
    func movedRules() throws {
        let first = Build.rule(.allow, .tcp, from: "app == 'a'", ports: [80])
        let second = Build.rule(.allow, .tcp, from: "app == 'b'", ports: [80])
        let both = Build.rule(.allow, .tcp, from: "app in {'a','b'}", ports: [80])
        let old = shop([ingress([first, second])])
        #expect(try PolicyDifference(from: old, to: shop([ingress([second, first])])).isEmpty)
        let taken = try PolicyDifference(from: old, to: shop([ingress([both])]))
        #expect(taken.changes.map(\.kind) == [.redecided, .redecided])
    }
}

/// What single evaluations in both worlds say of one connection.
struct SingleChange {
    let kind: PolicyDifference.Kind?

    init(_ old: PolicySnapshot, _ new: PolicySnapshot, _ tuple: ConnectionTuple) {
        // A pod that only one world has is not there in the other.
        let ends = [tuple.source, tuple.destination]
        let isMissing = [old, new].map { world in
            let other = world.generation == old.generation ? new : old
            return ends.contains { world.endpoint(at: $0) == nil && other.endpoint(at: $0) != nil }
        }
        let before = SingleVerdict(old, tuple, staged: false)
        let after = SingleVerdict(new, tuple, staged: false)
        let (wasAllowed, isAllowed) = (before.isAllowed && !isMissing[0], after.isAllowed && !isMissing[1])
        guard wasAllowed == isAllowed else {
            kind = isAllowed ? .opens : .closes
            return
        }
        let isSame =
            isMissing.contains(true)
            || Self.identity(before, old) == Self.identity(after, new)
        kind = isSame ? nil : .redecided
    }

    private static func identity(_ verdict: SingleVerdict, _ world: PolicySnapshot) -> [String] {
        let deciding =
            verdict.isAllowed ? [verdict.egress, verdict.ingress] : [verdict.ingress ?? verdict.egress]
        return deciding.compactMap(\.self).map { decision in
            let place =
                switch decision.place {
                case .rule(let id, let index):
                    "\(id) \(world.policy(id)?.rules(decision.direction)[index].text ?? "")"
                case .endOfTier: "end of \(decision.tier)"
                case .profileRule(let name, _): "profile \(name)"
                case .noProfileMatch: "no profile"
                }
            return "\(decision.direction) \(decision.action) \(place)"
        }
    }
}
