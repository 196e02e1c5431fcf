// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

extension CompiledTables {
    /// The walk of a class: its policies by tier, with the positions of their rules.
    func walk(for key: EndpointClassKey) -> EndpointWalk {
        EndpointWalk(key: key, ingress: walk(for: key, .ingress), egress: walk(for: key, .egress))
    }

    private func walk(for key: EndpointClassKey, _ direction: Direction) -> DirectionWalk {
        var result = DirectionWalk()
        var tier: [(number: Int32, compiled: CompiledPolicy)] = []
        for number in key.policies {
            guard let compiled = policies[Int(number)], compiled.policy.directions.contains(direction) else {
                continue
            }
            if let last = tier.last, last.compiled.policy.tier != compiled.policy.tier {
                result.tiers.append(walkTier(tier, direction))
                tier = []
            }
            tier.append((number, compiled))
        }
        if !tier.isEmpty { result.tiers.append(walkTier(tier, direction)) }
        return result
    }

    private func walkTier(
        _ members: [(number: Int32, compiled: CompiledPolicy)], _ direction: Direction
    ) -> DirectionWalk.Tier {
        var ranges: [Range<Int>] = []
        for (number, _) in members { ranges.appendJoining(positions(number, direction)) }
        let name = members[0].compiled.policy.tier
        return DirectionWalk.Tier(
            name: name, passesAtEnd: state.tiers[name]?.defaultAction == .pass,
            policies: members.map(\.number),
            positions: ranges, hasStaged: members.contains { $0.compiled.policy.id.kind.isStaged },
            enforcedTrigger: members.last { !$0.compiled.policy.id.kind.isStaged }?.number ?? -1,
            pendingTrigger: members[0].number)
    }
}

extension [Range<Int>] {
    /// Adds a range; one that begins where the last ends makes it longer. Empty ranges add nothing.
    fileprivate mutating func appendJoining(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        if let last, last.upperBound == range.lowerBound {
            self[count - 1] = last.lowerBound..<range.upperBound
        } else {
            append(range)
        }
    }
}

extension ClusterState {
    /// Policy semantics 3.1: known tiers first, then by order, then by name.
    func tierPrecedes(_ left: String, _ right: String) -> Bool {
        switch (tiers[left], tiers[right]) {
        case (let first?, let second?) where first.order != second.order: first.order < second.order
        case (.some, .none): true
        case (.none, .some): false
        default: left.utf8.lexicographicallyPrecedes(right.utf8)
        }
    }

    /// Every resource as a change, for a compiler that knows nothing yet.
    var changes: [ClusterChange] {
        var changes: [ClusterChange] = []
        changes += namespaces.values.map { .set(.namespace($0)) }
        changes += serviceAccounts.values.map { .set(.serviceAccount($0)) }
        changes += pods.values.map { .set(.pod($0)) }
        changes += services.values.map { .set(.service($0)) }
        changes += endpointSlices.values.map { .set(.endpointSlice($0)) }
        changes += networkSets.values.map { .set(.networkSet($0)) }
        changes += hostEndpoints.values.map { .set(.hostEndpoint($0)) }
        changes += profiles.values.map { .set(.profile($0)) }
        changes += tiers.values.map { .set(.tier($0)) }
        changes += policies.values.map { .set(.policy($0)) }
        return changes
    }

    func isNamespaceProfile(_ name: String) -> Bool {
        name.hasPrefix("kns.") && namespaces[String(name.dropFirst(4))] != nil
    }

    /// `ksa.<namespace>.<name>`: a namespace has no dots, an account's name may have.
    func isAccountProfile(_ name: String) -> Bool {
        guard name.hasPrefix("ksa."), let dot = name.dropFirst(4).firstIndex(of: ".") else { return false }
        let namespace = String(name[name.index(name.startIndex, offsetBy: 4)..<dot])
        let account = String(name[name.index(after: dot)...])
        return serviceAccounts[ResourceName(namespace: namespace, name: account)] != nil
    }
}
