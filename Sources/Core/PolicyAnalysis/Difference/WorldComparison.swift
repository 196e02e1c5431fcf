// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel

/// Compares what two worlds make of every pair of groups, old first.
///
///     pair of groups ──▶ results of walks in each world ──▶ deltas (remembered by the four results)
///     deltas ──▶ one relation of sources and destinations for each way to change ──▶ rectangles
struct WorldComparison {
    /// One way to change: connections that differ in it are never in one change.
    struct Way: Hashable {
        let kind: PolicyDifference.Kind
        let cause: PolicyDifference.Cause
        /// The steps that differ, when the verdict does not; numbers of identities.
        let before: [Int]
        let after: [Int]
    }

    /// The part of the traffic of one pair and family that changes in one way.
    struct Delta {
        let way: Way
        var traffic: TrafficSet
        var before: Set<Step>
        var after: Set<Step>
    }

    /// A deciding step as its world reports it.
    struct Step: Hashable {
        let identity: Int
        let decision: RuleDecision
    }

    private var worlds: [Connectivity]
    let groups: [SiteGroup]
    private var identities: [DecisionIdentity: Int] = [:]
    private var steps: [Step] = []
    private var stepNumbers: [Step: Int] = [:]
    /// By world and number in its rule book.
    private var stepOfDecision: [[Int: Int]] = [[:], [:]]
    /// What results of walks come to, the same number in both worlds for the same parts by the same steps.
    private var outcomes: [Outcome: Int] = [:]
    private var outcomeList: [Outcome] = []
    /// By world and result.
    private var outcomeOfResult: [[Int]] = [[], []]
    private var known: [DeltaKey: Int] = [:]
    private var deltas: [[Delta]] = []

    init(_ worlds: [Connectivity], limits: AnalysisLimits) throws(AnalysisError) {
        var worlds = worlds
        let space = try AddressSpace(&worlds, limits: limits)
        groups = try space.groups(limits: limits)
        self.worlds = worlds
        guard groups.count * groups.count <= limits.maximumCells else {
            throw .tooManyCells(groups.count * groups.count, maximum: limits.maximumCells)
        }
    }

    /// The parts of the result of one walk, by step, in order of the steps' numbers.
    private struct Outcome: Hashable {
        struct Part: Hashable {
            /// Number of the step.
            let step: Int
            let isAllowed: Bool
            var traffic: TrafficSet
        }

        let parts: [Part]
    }

    /// What decides one pair and family in one world: numbers of outcomes.
    private struct Outcomes: Hashable {
        /// False: an end is not there.
        let exists: Bool
        let egress: Int?
        let ingress: Int?
    }

    private struct DeltaKey: Hashable {
        let family: IPFamily
        let old: Outcomes
        let new: Outcomes
    }

    mutating func changes(limits: AnalysisLimits) throws(AnalysisError) -> [PolicyDifference.Change] {
        var relations = ChangeRelations()
        for source in groups.indices {
            for destination in groups.indices {
                let v4 = deltas(source, destination, .v4)
                let v6 = deltas(source, destination, .v6)
                guard v4 != nil || v6 != nil else { continue }
                relations.add(
                    source, destination, v4: v4.map { deltas[$0] } ?? [], v6: v6.map { deltas[$0] } ?? [])
            }
        }
        return try relations.changes(groups, limits: limits)
    }

    /// Number of the deltas of a pair; nil when nothing changes.
    private mutating func deltas(_ source: Int, _ destination: Int, _ family: IPFamily) -> Int? {
        let (first, second) = (groups[source].ends, groups[destination].ends)
        let isEvaluated = [0, 1].contains {
            first[$0][family]?.egress != nil || second[$0][family]?.ingress != nil
        }
        guard isEvaluated else { return nil }
        let old = outcomes(0, first[0][family], second[0][family])
        let new = outcomes(1, first[1][family], second[1][family])
        guard old != new else { return nil }
        let key = DeltaKey(family: family, old: old, new: new)
        let number = known[key] ?? compare(key)
        return deltas[number].isEmpty ? nil : number
    }

    private mutating func outcomes(
        _ world: Int, _ source: Connectivity.End?, _ destination: Connectivity.End?
    ) -> Outcomes {
        guard let source, let destination else { return Outcomes(exists: false, egress: nil, ingress: nil) }
        let egress = worlds[world].egress(source, destination)
        let ingress = worlds[world].ingress(source, destination)
        return Outcomes(
            exists: true, egress: egress.map { outcome(world, $0) },
            ingress: ingress.map { outcome(world, $0) })
    }

    private mutating func outcome(_ world: Int, _ result: Int) -> Int {
        while outcomeOfResult[world].count <= result { outcomeOfResult[world].append(-1) }
        if outcomeOfResult[world][result] >= 0 { return outcomeOfResult[world][result] }
        var parts: [Int: Outcome.Part] = [:]
        for part in worlds[world].results[result].parts {
            let step = step(part.decision, world)
            let traffic = parts[step]?.traffic.union(part.traffic) ?? part.traffic
            parts[step] = Outcome.Part(step: step, isAllowed: part.isAllowed, traffic: traffic)
        }
        let outcome = Outcome(parts: parts.values.sorted { $0.step < $1.step })
        let number = outcomes[outcome] ?? outcomes.count
        if number == outcomeList.count {
            outcomes[outcome] = number
            outcomeList.append(outcome)
        }
        outcomeOfResult[world][result] = number
        return number
    }

    // MARK: - One pair of results

    /// A part of the traffic with what decides it: the step that denies, or all that allow.
    private struct Decided {
        let traffic: TrafficSet
        let isAllowed: Bool
        let steps: [Step]
        /// Identities of all final steps: also that of the egress which lets through what the ingress denies.
        let taken: Set<Int>

        init(_ traffic: TrafficSet, isAllowed: Bool, steps: [Step]) {
            self.traffic = traffic
            self.isAllowed = isAllowed
            self.steps = isAllowed ? steps : Array(steps.suffix(1))
            taken = Set(steps.map(\.identity))
        }
    }

    private mutating func compare(_ key: DeltaKey) -> Int {
        let old = decided(key.old, key.family)
        let new = decided(key.new, key.family)
        let cause = key.old.exists && key.new.exists ? PolicyDifference.Cause.rules : .endpoints
        var found: [Way: Delta] = [:]
        for before in old {
            for after in new {
                guard let way = Self.way(before, after, cause) else { continue }
                let traffic = before.traffic.intersection(after.traffic)
                guard !traffic.isEmpty else { continue }
                var delta =
                    found[way]
                    ?? Delta(way: way, traffic: .none(key.family), before: [], after: [])
                delta.traffic = delta.traffic.union(traffic)
                delta.before.formUnion(before.steps.filter { !after.taken.contains($0.identity) })
                delta.after.formUnion(after.steps.filter { !before.taken.contains($0.identity) })
                found[way] = delta
            }
        }
        known[key] = deltas.count
        deltas.append(Array(found.values))
        return deltas.count - 1
    }

    /// How the change from one to the other is classed; nil when it is none.
    private static func way(_ before: Decided, _ after: Decided, _ cause: PolicyDifference.Cause) -> Way? {
        switch (before.isAllowed, after.isAllowed) {
        case (false, true): return Way(kind: .opens, cause: cause, before: [], after: [])
        case (true, false): return Way(kind: .closes, cause: cause, before: [], after: [])
        default:
            // What cannot be there is not decided by anyone.
            guard cause == .rules else { return nil }
            let (old, new) = (before.steps.map(\.identity), after.steps.map(\.identity))
            guard old != new else { return nil }
            return Way(
                kind: .redecided, cause: cause, before: old.filter { !new.contains($0) },
                after: new.filter { !old.contains($0) })
        }
    }

    /// The parts of the two outcomes, crossed: traffic that the egress denies never meets the ingress.
    private func decided(_ outcomes: Outcomes, _ family: IPFamily) -> [Decided] {
        guard outcomes.exists else {
            return [Decided(.all(family), isAllowed: false, steps: [])]
        }
        var decided: [Decided] = []
        func arrive(_ traffic: TrafficSet, _ egress: Step?) {
            let before = egress.map { [$0] } ?? []
            guard let ingress = outcomes.ingress else {
                decided.append(Decided(traffic, isAllowed: true, steps: before))
                return
            }
            for part in outcomeList[ingress].parts {
                let both = traffic.intersection(part.traffic)
                guard !both.isEmpty else { continue }
                decided.append(Decided(both, isAllowed: part.isAllowed, steps: before + [steps[part.step]]))
            }
        }
        guard let egress = outcomes.egress else {
            arrive(.all(family), nil)
            return decided
        }
        for part in outcomeList[egress].parts {
            if part.isAllowed {
                arrive(part.traffic, steps[part.step])
            } else {
                decided.append(Decided(part.traffic, isAllowed: false, steps: [steps[part.step]]))
            }
        }
        return decided
    }

    /// Number of the step that a decision of the world's rule book is.
    private mutating func step(_ decision: Int, _ world: Int) -> Int {
        if let number = stepOfDecision[world][decision] { return number }
        let reported = worlds[world].book.decisions[decision]
        let identity = DecisionIdentity(reported, in: worlds[world].book)
        let identityNumber = identities[identity] ?? identities.count
        identities[identity] = identityNumber
        let step = Step(identity: identityNumber, decision: reported)
        let number = stepNumbers[step] ?? steps.count
        if number == steps.count {
            stepNumbers[step] = number
            steps.append(step)
        }
        stepOfDecision[world][decision] = number
        return number
    }
}
