// SPDX-License-Identifier: Apache-2.0

import PolicyModel

/// A policy with its compiled rules. Immutable and shared between snapshots.
final class CompiledPolicy: Sendable {
    let policy: Policy
    let tieBreak: String
    /// Number of the set of what the policy selects.
    let subject: Int
    let ingress: [EnforcementRule]
    let egress: [EnforcementRule]
    /// Every set that the policy retains, once for each time.
    let sets: [Int]

    init(
        _ policy: Policy, subject: Int, ingress: [EnforcementRule], egress: [EnforcementRule], sets: [Int]
    ) {
        self.policy = policy
        tieBreak = policy.id.tieBreak
        self.subject = subject
        self.ingress = ingress
        self.egress = egress
        self.sets = sets
    }

    func rules(_ direction: Direction) -> [EnforcementRule] { direction == .ingress ? ingress : egress }
}

/// A profile's compiled rules.
final class CompiledProfile: Sendable {
    let name: String
    let ingress: [EnforcementRule]
    let egress: [EnforcementRule]
    let sets: [Int]

    init(name: String, ingress: [EnforcementRule], egress: [EnforcementRule], sets: [Int] = []) {
        self.name = name
        self.ingress = ingress
        self.egress = egress
        self.sets = sets
    }

    func rules(_ direction: Direction) -> [EnforcementRule] { direction == .ingress ? ingress : egress }
}

/// What makes two endpoints the same to every policy: what selects them and their profiles.
struct EndpointClassKey: Hashable, Sendable {
    /// Numbers of policies, in order of evaluation.
    var policies: [Int32]
    /// Numbers of profiles, in order of evaluation.
    var profiles: [Int32]
}

/// The walk of the endpoints of a class. Immutable and shared between snapshots.
final class EndpointWalk: Sendable {
    let key: EndpointClassKey
    let ingress: DirectionWalk
    let egress: DirectionWalk

    init(key: EndpointClassKey, ingress: DirectionWalk, egress: DirectionWalk) {
        self.key = key
        self.ingress = ingress
        self.egress = egress
    }

    func direction(_ direction: Direction) -> DirectionWalk { direction == .ingress ? ingress : egress }
}

/// The tiers of a walk with the positions of their rules.
struct DirectionWalk: Sendable {
    struct Tier: Sendable {
        let name: String
        let passesAtEnd: Bool
        /// Numbers of the policies that govern the direction, staged ones too, in order.
        let policies: [Int32]
        /// Their positions in the rule table, in order; neighbours are one range. A walk without staged policies
        /// leaves out the positions that the table marks as staged.
        let positions: [Range<Int>]
        let hasStaged: Bool
        /// Named for the end of the tier: the last enforced policy, -1 when all are staged.
        let enforcedTrigger: Int32
        /// Named for the end of the tier with staged policies: the first.
        let pendingTrigger: Int32
    }

    var tiers: [Tier] = []
    var hasStaged: Bool { tiers.contains { $0.hasStaged } }
}
