// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

/// Builds the chains and endpoint classes of a snapshot.
struct SnapshotCompiler {
    private let policies: [Policy]
    private let tiers: [String: TierResource]
    private let namespaceProfiles: Set<String>
    private let accountProfiles: Set<String>
    private(set) var chains: [EnforcementChain] = []
    private var chainIndexes: [EnforcementChain.Owner: [Direction: Int]] = [:]
    var sets: SetCompiler

    init(policies: [Policy], endpoints: [WorkloadEndpoint], state: ClusterState) {
        self.policies = policies
        tiers = state.tiers
        namespaceProfiles = Set(state.namespaces.values.map(\.profileName))
        accountProfiles = Set(state.serviceAccounts.values.map(\.profileName))
        sets = SetCompiler(endpoints: endpoints, state: state)
    }

    private struct ClassKey: Hashable {
        let selecting: [Int]
        let profiles: [String]
    }

    /// Groups endpoints that the same policies select and that have the same profiles.
    mutating func compileClasses(
        for endpoints: [WorkloadEndpoint]
    ) -> (classes: [PolicySnapshot.CompiledClass], classOfEndpoint: [Int]) {
        var classes: [PolicySnapshot.CompiledClass] = []
        var indexes: [ClassKey: Int] = [:]
        let classOfEndpoint = endpoints.map { endpoint in
            let selecting = policies.indices.filter {
                policies[$0].appliesToWorkloads && policies[$0].selector.matches(endpoint)
            }
            let key = ClassKey(selecting: selecting, profiles: endpoint.profiles)
            if let index = indexes[key] { return index }
            indexes[key] = classes.count
            classes.append(compileClass(key))
            return classes.count - 1
        }
        return (classes, classOfEndpoint)
    }

    private mutating func compileClass(_ key: ClassKey) -> PolicySnapshot.CompiledClass {
        PolicySnapshot.CompiledClass(
            enforced: EndpointClass(
                ingress: compileDirection(.ingress, key, includingStaged: false),
                egress: compileDirection(.egress, key, includingStaged: false)),
            pending: EndpointClass(
                ingress: compileDirection(.ingress, key, includingStaged: true),
                egress: compileDirection(.egress, key, includingStaged: true)),
            selecting: key.selecting)
    }

    private mutating func compileDirection(
        _ direction: Direction, _ key: ClassKey, includingStaged: Bool
    ) -> DirectionProgram {
        let governing = key.selecting.map { policies[$0] }.filter {
            $0.directions.contains(direction) && (includingStaged || !$0.id.kind.isStaged)
        }
        var result: [EnforcementTier] = []
        var start = 0
        while start < governing.count {
            let tier = governing[start].tier
            let end = governing[start...].firstIndex { $0.tier != tier } ?? governing.count
            let members = governing[start..<end]
            // Traces name the last policy for the end of an enforced tier, the first for a pending one (6.3).
            let trigger = includingStaged ? members[start] : members[end - 1]
            result.append(
                EnforcementTier(
                    name: tier, chains: members.map { chain(for: $0, direction) },
                    endAction: tiers[tier]?.defaultAction == .pass ? .pass : .deny, endTrigger: trigger.id))
            start = end
        }
        return DirectionProgram(
            tiers: result, profiles: key.profiles.map { chain(forProfile: $0, direction) })
    }

    private mutating func chain(for policy: Policy, _ direction: Direction) -> Int {
        chain(owner: .policy(policy.id, tier: policy.tier), direction) { compiler in
            policy.rules(direction).enumerated().map { index, rule in
                EnforcementRule(index: index, action: rule.action, match: rule.compiled(into: &compiler.sets))
            }
        }
    }

    /// A namespace's profile allows everything, an account's has no rules, an unknown one denies (1.10).
    private mutating func chain(forProfile name: String, _ direction: Direction) -> Int {
        chain(owner: .profile(name), direction) { compiler in
            if compiler.accountProfiles.contains(name) { return [] }
            let isNamespace = compiler.namespaceProfiles.contains(name)
            return [EnforcementRule(index: 0, action: isNamespace ? .allow : .deny, match: RuleMatch())]
        }
    }

    private mutating func chain(
        owner: EnforcementChain.Owner, _ direction: Direction,
        rules: (inout SnapshotCompiler) -> [EnforcementRule]
    ) -> Int {
        if let index = chainIndexes[owner]?[direction] { return index }
        let compiled = EnforcementChain(owner: owner, direction: direction, rules: rules(&self))
        chainIndexes[owner, default: [:]][direction] = chains.count
        chains.append(compiled)
        return chains.count - 1
    }
}
