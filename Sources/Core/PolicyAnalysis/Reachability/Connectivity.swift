// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
public import PolicyEngine
public import PolicyModel

/// What policy makes of all traffic between two addresses, exactly.
///
/// Answers are remembered by what the rules can see of the two ends, so that asking for all pairs walks the rules only
/// once for each kind of pair.
public struct Connectivity: Sendable {
    let book: RuleBook
    /// What each program tells apart in the endpoints themselves and in their peers.
    private var own: [Projection]
    private var peer: [Projection]
    /// By program, projected own traits and projected peer traits: number of the result; -1 when not yet known.
    private var known: [[[Int]]]
    private var owners = OwnerMemory()
    private var traitNumbers: [AddressTraits: Int] = [:]
    private(set) var traits: [AddressTraits] = []
    private(set) var results: [WalkResult] = []
    private(set) var traffic = TrafficTable()
    /// Number of `results[i].allowed` in `traffic`.
    private var allowed: [Int] = []

    /// The traits that a program tells apart on one side.
    private struct Projection: Sendable {
        /// By trait number; -1 when not yet known.
        private var numbers: [Int] = []
        private var distinct: [AddressTraits: Int] = [:]

        func known(_ trait: Int) -> Int? {
            trait < numbers.count && numbers[trait] >= 0 ? numbers[trait] : nil
        }

        mutating func learn(_ trait: Int, _ seen: AddressTraits) -> Int {
            while numbers.count <= trait { numbers.append(-1) }
            if let number = distinct[seen] {
                numbers[trait] = number
                return number
            }
            numbers[trait] = distinct.count
            distinct[seen] = distinct.count
            return numbers[trait]
        }
    }

    /// - Parameter includingStaged: as if the staged policies were enforced.
    public init(_ snapshot: PolicySnapshot, includingStaged: Bool = false) {
        book = RuleBook(snapshot, includingStaged: includingStaged)
        own = book.programs.map { _ in Projection() }
        peer = own
        known = book.programs.map { _ in [] }
    }

    var snapshot: PolicySnapshot { book.snapshot }

    /// One end of connections: an address and whose it is.
    struct End: Hashable, Sendable {
        let address: IPAddress
        /// Number of the traits; equal numbers are the same to every rule.
        let traits: Int
        /// The walks of the workload that owns the address.
        let ingress: Int?
        let egress: Int?
    }

    mutating func end(_ address: IPAddress) -> End {
        guard let index = snapshot.endpointIndex(at: address),
            let programs = book.programsOfClass[snapshot.classNumber(ofEndpoint: index)]
        else {
            let traits = book.traits(of: address, seenBy: book.peerSight, &owners)
            return End(address: address, traits: number(traits), ingress: nil, egress: nil)
        }
        var sight = book.peerSight
        sight.formUnion(book.programs[programs.ingress].own)
        sight.formUnion(book.programs[programs.egress].own)
        let traits = book.traits(of: address, seenBy: sight, &owners)
        return End(
            address: address, traits: number(traits), ingress: programs.ingress, egress: programs.egress)
    }

    private mutating func number(_ value: AddressTraits) -> Int {
        if let known = traitNumbers[value] { return known }
        traitNumbers[value] = traits.count
        traits.append(value)
        return traits.count - 1
    }

    /// Number of the result of the walk that the source's egress makes; nil for a source outside the cluster.
    mutating func egress(_ source: End, _ destination: End) -> Int? {
        source.egress.map { result($0, own: source.traits, peer: destination.traits) }
    }

    /// Number of the result of the walk that the destination's ingress makes; nil for one outside the cluster.
    mutating func ingress(_ source: End, _ destination: End) -> Int? {
        destination.ingress.map { result($0, own: destination.traits, peer: source.traits) }
    }

    /// Number in `traffic` of what both ends allow.
    mutating func allowed(_ source: End, _ destination: End) -> Int {
        switch (egress(source, destination), ingress(source, destination)) {
        case (let first?, let second?): traffic.intersection(allowed[first], allowed[second])
        case (let only?, nil), (nil, let only?): allowed[only]
        case (nil, nil): traffic.number(.all(source.address.family))
        }
    }

    /// Number of the part of a set that is in another.
    mutating func restrict(_ number: Int, to wanted: TrafficSet) -> Int {
        traffic.intersection(number, traffic.number(wanted))
    }

    private mutating func result(_ program: Int, own ownTraits: Int, peer peerTraits: Int) -> Int {
        let first =
            own[program].known(ownTraits)
            ?? own[program].learn(ownTraits, book.programs[program].own.restrict(traits[ownTraits]))
        let second =
            peer[program].known(peerTraits)
            ?? peer[program].learn(peerTraits, book.programs[program].peer.restrict(traits[peerTraits]))
        if first < known[program].count, second < known[program][first].count,
            known[program][first][second] >= 0
        {
            return known[program][first][second]
        }
        var observer = SilentObserver()
        let walked = book.walk(
            book.programs[program], own: traits[ownTraits], peer: traits[peerTraits], &observer)
        while known[program].count <= first { known[program].append([]) }
        while known[program][first].count <= second { known[program][first].append(-1) }
        known[program][first][second] = results.count
        results.append(walked)
        allowed.append(traffic.number(walked.allowed))
        return results.count - 1
    }
}

/// Traffic that one pair of decisions decides.
public struct DecidedTraffic: Hashable, Sendable {
    public let traffic: TrafficSet
    public let verdict: Verdict
    /// What the source's egress decides; nil when nobody evaluates it.
    public let egress: RuleDecision?
    /// What the destination's ingress decides; nil when nobody evaluates it, or the egress has denied.
    public let ingress: RuleDecision?
}

extension Connectivity {
    /// The traffic that may go from one address to the other; nil when they are of different families.
    public mutating func traffic(from source: IPAddress, to destination: IPAddress) -> TrafficSet? {
        guard source.family == destination.family else { return nil }
        let number = allowed(end(source), end(destination))
        return traffic[number]
    }

    /// All traffic from one address to the other by what decides it; empty when they are of different families.
    public mutating func decisions(from source: IPAddress, to destination: IPAddress) -> [DecidedTraffic] {
        guard source.family == destination.family else { return [] }
        let (first, second) = (end(source), end(destination))
        let (egress, ingress) = (egress(first, second), ingress(first, second))
        return decided(source.family, egress: egress, ingress: ingress)
    }

    /// The parts of two results, crossed: traffic that the egress denies never meets the ingress.
    func decided(_ family: IPFamily, egress: Int?, ingress: Int?) -> [DecidedTraffic] {
        var result: [DecidedTraffic] = []
        func arrive(_ traffic: TrafficSet, _ egress: RuleDecision?) {
            guard let ingress else {
                result.append(
                    DecidedTraffic(traffic: traffic, verdict: .allow, egress: egress, ingress: nil))
                return
            }
            for part in results[ingress].parts {
                let both = traffic.intersection(part.traffic)
                guard !both.isEmpty else { continue }
                result.append(
                    DecidedTraffic(
                        traffic: both, verdict: part.isAllowed ? .allow : .deny, egress: egress,
                        ingress: book.decisions[part.decision]))
            }
        }
        guard let egress else {
            arrive(.all(family), nil)
            return result
        }
        for part in results[egress].parts {
            let decision = book.decisions[part.decision]
            if part.isAllowed {
                arrive(part.traffic, decision)
            } else {
                result.append(
                    DecidedTraffic(traffic: part.traffic, verdict: .deny, egress: decision, ingress: nil))
            }
        }
        return result
    }
}

/// Distinct sets of traffic by number, with remembered intersections.
struct TrafficTable: Sendable {
    private(set) var sets: [TrafficSet] = []
    private var numbers: [TrafficSet: Int] = [:]
    private var intersections: [Int: Int] = [:]

    subscript(_ number: Int) -> TrafficSet { sets[number] }

    mutating func number(_ set: TrafficSet) -> Int {
        if let known = numbers[set] { return known }
        numbers[set] = sets.count
        sets.append(set)
        return sets.count - 1
    }

    mutating func intersection(_ left: Int, _ right: Int) -> Int {
        if left == right { return left }
        let key = min(left, right) << 32 | max(left, right)
        if let known = intersections[key] { return known }
        let number = number(sets[left].intersection(sets[right]))
        intersections[key] = number
        return number
    }
}
