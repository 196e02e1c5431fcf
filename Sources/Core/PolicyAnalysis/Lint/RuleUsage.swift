// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel

/// A converted rule of a policy.
struct RuleKey: Hashable {
    let policy: PolicyID
    let direction: Direction
    let index: Int
}

/// What all walks of a world make of every rule: which ones ever get traffic, and who takes it from the others.
struct RuleUsage {
    let book: RuleBook
    let sites: [Site]
    /// What the walk tells apart, by program: own sides of its pods, and sides of everybody.
    private(set) var pairs: [[(own: AddressTraits, peer: AddressTraits)]] = []
    private(set) var observed = UsageObserver()

    init(_ snapshot: PolicySnapshot, includingStaged: Bool, limits: AnalysisLimits) throws(AnalysisError) {
        var worlds = [Connectivity(snapshot, includingStaged: includingStaged)]
        let space = try AddressSpace(&worlds, limits: limits)
        book = worlds[0].book
        sites = space.sites
        let traits = worlds[0].traits
        let ends = space.sites.flatMap { [$0.ends[0].v4, $0.ends[0].v6] }.compactMap(\.self)
        let everybody = Set(ends.map(\.traits)).sorted().map { traits[$0] }
        for (number, program) in book.programs.enumerated() {
            let isIngress = program.direction == .ingress
            let own = Set(ends.filter { (isIngress ? $0.ingress : $0.egress) == number }.map(\.traits))
            let ownSeen = Set(own.map { program.own.restrict(traits[$0]) })
            let peersSeen = Set(everybody.map { program.peer.restrict($0) })
            pairs.append(
                ownSeen.flatMap { own in
                    peersSeen.filter { $0.family == own.family }.map { (own, $0) }
                })
        }
        for (number, program) in book.programs.enumerated() {
            observed.program = number
            for pair in pairs[number] {
                _ = book.walk(program, own: pair.own, peer: pair.peer, &observed)
            }
        }
    }

    /// The policy and converted index of a rule; nil for rules of profiles.
    func key(_ rule: SymbolicRule) -> RuleKey? {
        let chain = book.snapshot.chain(rule.chain)
        guard case .policy(let id, _) = chain.owner else { return nil }
        return RuleKey(policy: id, direction: chain.direction, index: chain.rules[rule.position].index)
    }

    /// Programs in which the chain takes part, with the position of its tier.
    func places(ofChain chain: Int) -> [(program: Int, tier: Int)] {
        book.programs.indices.flatMap { program in
            book.programs[program].tiers.indices.filter {
                book.programs[program].tiers[$0].chains.contains(chain)
            }.map { (program, $0) }
        }
    }

    /// The decisions that take all traffic of a rule that gets none; empty when no traffic matches it at all.
    func takers(of rule: SymbolicRule) -> [RuleDecision] {
        var found: [RuleDecision] = []
        for (program, _) in places(ofChain: rule.chain) {
            let isIngress = book.programs[program].direction == .ingress
            for pair in pairs[program] {
                let (source, destination) = isIngress ? (pair.peer, pair.own) : (pair.own, pair.peer)
                guard rule.admits(source, destination) else { continue }
                let wanted = rule.traffic(source, destination)
                guard !wanted.isEmpty else { continue }
                var observer = TakerObserver(book: book, wanted: wanted, until: rule)
                _ = book.walk(book.programs[program], own: pair.own, peer: pair.peer, &observer)
                for decision in observer.found where !found.contains(decision) { found.append(decision) }
            }
        }
        return found
    }
}

extension SymbolicRule {
    fileprivate var number: Int { chain << 32 | position }

    /// Whether the addresses meet the rule's conditions.
    func admits(_ source: AddressTraits, _ destination: AddressTraits) -> Bool {
        (self.source.map { source.criteria[$0] } ?? true)
            && (self.destination.map { destination.criteria[$0] } ?? true)
    }
}

/// Notes which rules get traffic, which chains are asked, and which tiers come to their end.
struct UsageObserver: WalkObserver {
    struct Place: Hashable {
        let program: Int
        let chain: Int
    }

    var program = 0
    /// Chain and position in one number.
    private(set) var live: Set<Int> = []
    private(set) var reached: Set<Int> = []
    /// By program and first chain of the tier.
    private(set) var ended: Set<Place> = []

    func isLive(_ rule: SymbolicRule) -> Bool { live.contains(rule.number) }

    mutating func reaches(chain: Int, _ remaining: TrafficSet) { reached.insert(chain) }

    mutating func takes(_ rule: SymbolicRule, _ part: TrafficSet) { live.insert(rule.number) }

    mutating func endsTier(_ tier: SymbolicProgram.Tier, _ remaining: TrafficSet) {
        if let first = tier.chains.first { ended.insert(Place(program: program, chain: first)) }
    }
}

/// Notes who takes traffic that a later rule wants.
private struct TakerObserver: WalkObserver {
    let book: RuleBook
    let wanted: TrafficSet
    let until: SymbolicRule
    private(set) var found: [RuleDecision] = []
    private var isPast = false

    init(book: RuleBook, wanted: TrafficSet, until: SymbolicRule) {
        self.book = book
        self.wanted = wanted
        self.until = until
    }

    mutating func reaches(chain: Int, _ remaining: TrafficSet) {}

    mutating func takes(_ rule: SymbolicRule, _ part: TrafficSet) {
        if rule.chain == until.chain, rule.position > until.position { isPast = true }
        guard !isPast, let decision = rule.decision, !part.intersection(wanted).isEmpty else { return }
        found.append(book.decisions[decision])
    }

    mutating func endsTier(_ tier: SymbolicProgram.Tier, _ remaining: TrafficSet) {
        if tier.chains.contains(until.chain) { isPast = true }
        guard !isPast, !tier.passes, !remaining.intersection(wanted).isEmpty else { return }
        found.append(book.decisions[tier.endDecision])
    }
}
