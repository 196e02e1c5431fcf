// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel

/// A compiled rule in the form that is walked with sets of traffic.
///
/// A class, because walks pass over many rules and a rule is large.
final class SymbolicRule: Sendable {
    let action: RuleAction
    /// Chain and position of the rule, in the snapshot's numbers.
    let chain: Int
    let position: Int
    /// The decision that a match means; nil for `log`.
    let decision: Int?
    /// The address criterion of each side; nil when every address will do.
    let source: Int?
    let destination: Int?
    let match: RuleMatch
    let looksAtPlaces: Bool
    /// What matches when no places are looked at.
    private let plainV4: TrafficSet
    private let plainV6: TrafficSet

    init(
        action: RuleAction, chain: Int, position: Int, decision: Int?, source: Int?, destination: Int?,
        match: RuleMatch
    ) {
        self.action = action
        self.chain = chain
        self.position = position
        self.decision = decision
        self.source = source
        self.destination = destination
        self.match = match
        looksAtPlaces = match.looksAtPlaces
        plainV4 = match.traffic(.v4)
        plainV6 = match.traffic(.v6)
    }

    func traffic(_ source: AddressTraits, _ destination: AddressTraits) -> TrafficSet {
        guard looksAtPlaces else { return source.family == .v4 ? plainV4 : plainV6 }
        return match.traffic(
            source.family, sourcePlaces: source.places, destinationPlaces: destination.places)
    }
}

/// Everything about an address that a rule can see.
struct AddressTraits: Hashable, Sendable {
    let family: IPFamily
    /// Which address criteria it meets.
    let criteria: BitSet
    /// Sorted.
    let places: [SetPlace]
}

/// The walk of one direction for endpoints that share it.
struct SymbolicProgram: Sendable {
    struct Tier: Sendable {
        let chains: [Int]
        let passes: Bool
        let endDecision: Int
    }

    let direction: Direction
    let tiers: [Tier]
    let profiles: [Int]
    /// The criteria and sets of places by which the walk tells the endpoints themselves apart, and their peers.
    let own: Sight
    let peer: Sight

    /// What a walk looks at on one side.
    struct Sight: Sendable {
        var criteria: BitSet
        var placeSets: Set<Int> = []

        mutating func formUnion(_ other: Sight) {
            criteria.formUnion(other.criteria)
            placeSets.formUnion(other.placeSets)
        }

        /// The part of an address's traits that is looked at.
        func restrict(_ traits: AddressTraits) -> AddressTraits {
            var seen = traits.criteria
            seen.formIntersection(criteria)
            let places =
                traits.places.isEmpty ? [] : traits.places.filter { placeSets.contains($0.set) }
            return AddressTraits(family: traits.family, criteria: seen, places: places)
        }
    }
}
