// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel

/// The rules of a snapshot that can decide anything, prepared for walks with sets of traffic.
///
///     endpoint ──class──▶ programs (one per distinct walk) ──▶ chains ──▶ symbolic rules ──▶ criteria
struct RuleBook: Sendable {
    let snapshot: PolicySnapshot
    /// The snapshot's workloads and policies, which it makes anew each time it is asked.
    let endpoints: [WorkloadEndpoint]
    let policies: [PolicyID: Policy]
    /// Distinct address conditions of rules, without their ports.
    let criteria: [SideMatch]
    /// Numbers of criteria that depend on the address itself, and of those that depend on its owners alone.
    private let blockCriteria: [Int]
    fileprivate let ownerCriteria: [Int]
    private(set) var chains: [Int: [SymbolicRule]] = [:]
    private(set) var programs: [SymbolicProgram] = []
    private(set) var decisions: [RuleDecision] = []
    /// By class: the programs of ingress and egress.
    private(set) var programsOfClass: [Int: (ingress: Int, egress: Int)] = [:]
    /// What some walk looks at in peers: all that matters of an address outside the cluster.
    let peerSight: SymbolicProgram.Sight

    init(_ snapshot: PolicySnapshot, includingStaged: Bool) {
        self.snapshot = snapshot
        endpoints = snapshot.endpoints
        policies = Dictionary(snapshot.policies.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var builder = RuleBookBuilder(snapshot: snapshot)
        for index in endpoints.indices {
            let number = snapshot.classNumber(ofEndpoint: index)
            guard programsOfClass[number] == nil else { continue }
            func program(_ direction: Direction) -> Int {
                builder.program(
                    snapshot.walk(ofEndpoint: index, direction, includingStaged: includingStaged), direction)
            }
            programsOfClass[number] = (program(.ingress), program(.egress))
        }
        let criteria = builder.criteria
        self.criteria = criteria
        blockCriteria = criteria.indices.filter { !criteria[$0].looksAtOwnersOnly(in: snapshot) }
        let blocks = Set(blockCriteria)
        ownerCriteria = criteria.indices.filter { !blocks.contains($0) }
        chains = builder.chains
        decisions = builder.decisions
        programs = builder.walks.map { builder.symbolic($0) }
        var sight = SymbolicProgram.Sight(criteria: BitSet(capacity: criteria.count))
        for program in programs { sight.formUnion(program.peer) }
        peerSight = sight
    }

    /// Everything that rules can see of an address.
    ///
    /// - Parameter memory: what is known of other addresses of the same owners.
    func traits(
        of address: IPAddress, seenBy sight: SymbolicProgram.Sight, _ memory: inout OwnerMemory
    ) -> AddressTraits {
        var met = memory.criteria(of: address, self)
        for index in blockCriteria where snapshot.addressMatches(criteria[index], address) {
            met[index] = true
        }
        met.formIntersection(sight.criteria)
        let places = sight.placeSets.flatMap { set in
            snapshot.places(at: address, ofSet: set).map {
                SetPlace(set: set, transport: $0.transport, port: $0.port)
            }
        }
        return AddressTraits(family: address.family, criteria: met, places: places.sorted())
    }
}

/// The criteria that look only at whom an address belongs to, which is the same for all pods with equal labels.
struct OwnerMemory: Sendable {
    private var known: [[Labels]: BitSet] = [:]

    mutating func criteria(of address: IPAddress, _ book: RuleBook) -> BitSet {
        let owners = book.snapshot.owners(of: address).map(\.labels)
        if let known = known[owners] { return known }
        var met = BitSet(capacity: book.criteria.count)
        for index in book.ownerCriteria where book.snapshot.addressMatches(book.criteria[index], address) {
            met[index] = true
        }
        known[owners] = met
        return met
    }
}

/// Numbers criteria, decisions and walks while they are found.
private struct RuleBookBuilder {
    struct Walk: Hashable {
        let program: DirectionProgram
        let direction: Direction
    }

    let snapshot: PolicySnapshot
    private(set) var criteria: [SideMatch] = []
    private(set) var chains: [Int: [SymbolicRule]] = [:]
    private(set) var decisions: [RuleDecision] = []
    private(set) var walks: [Walk] = []
    private var criterionNumbers: [SideMatch: Int] = [:]
    private var decisionNumbers: [RuleDecision: Int] = [:]
    private var walkNumbers: [Walk: Int] = [:]

    init(snapshot: PolicySnapshot) { self.snapshot = snapshot }

    mutating func program(_ program: DirectionProgram, _ direction: Direction) -> Int {
        let walk = Walk(program: program, direction: direction)
        if let known = walkNumbers[walk] { return known }
        for chain in program.tiers.flatMap(\.chains) + program.profiles where chains[chain] == nil {
            chains[chain] = compile(chain)
        }
        for tier in program.tiers { _ = number(tier.endDecision(direction)) }
        _ = number(.noProfileMatch(direction))
        walkNumbers[walk] = walks.count
        walks.append(walk)
        return walks.count - 1
    }

    private mutating func compile(_ number: Int) -> [SymbolicRule] {
        let chain = snapshot.chain(number)
        var rules: [SymbolicRule] = []
        for (position, rule) in chain.rules.enumerated() {
            rules.append(
                SymbolicRule(
                    action: rule.action, chain: number, position: position,
                    decision: chain.decision(at: position).map { self.number($0) },
                    source: rule.match.source.addressCriterion.map { self.number($0) },
                    destination: rule.match.destination.addressCriterion.map { self.number($0) },
                    match: rule.match))
        }
        return rules
    }

    private mutating func number(_ criterion: SideMatch) -> Int {
        if let known = criterionNumbers[criterion] { return known }
        criterionNumbers[criterion] = criteria.count
        criteria.append(criterion)
        return criteria.count - 1
    }

    private mutating func number(_ decision: RuleDecision) -> Int {
        if let known = decisionNumbers[decision] { return known }
        decisionNumbers[decision] = decisions.count
        decisions.append(decision)
        return decisions.count - 1
    }

    /// The finished form, once every criterion is known.
    func symbolic(_ walk: Walk) -> SymbolicProgram {
        var source = SymbolicProgram.Sight(criteria: BitSet(capacity: criteria.count))
        var destination = source
        for chain in walk.program.tiers.flatMap(\.chains) + walk.program.profiles {
            for rule in chains[chain] ?? [] {
                if let criterion = rule.source { source.criteria[criterion] = true }
                if let criterion = rule.destination { destination.criteria[criterion] = true }
                source.placeSets.formUnion(rule.match.source.placeSets)
                destination.placeSets.formUnion(rule.match.destination.placeSets)
            }
        }
        let isIngress = walk.direction == .ingress
        return SymbolicProgram(
            direction: walk.direction,
            tiers: walk.program.tiers.map {
                SymbolicProgram.Tier(
                    chains: $0.chains, passes: $0.endAction == .pass,
                    endDecision: decisionNumbers[$0.endDecision(walk.direction)] ?? 0)
            },
            profiles: walk.program.profiles, own: isIngress ? destination : source,
            peer: isIngress ? source : destination)
    }
}

extension RuleDecision {
    /// Nothing allowed the connection, down to the last profile.
    static func noProfileMatch(_ direction: Direction) -> RuleDecision {
        RuleDecision(place: .noProfileMatch, tier: "", direction: direction, action: .deny)
    }
}

extension SideMatch {
    /// Whether the addresses that meet the criterion are those of certain owners, whatever the addresses are.
    fileprivate func looksAtOwnersOnly(in snapshot: PolicySnapshot) -> Bool {
        nets.isEmpty && notNets.isEmpty
            && [addressSet, notAddressSet].compactMap(\.self).allSatisfy { set in
                guard case .selector = snapshot.definition(ofSet: set) else { return false }
                return true
            }
    }
}
