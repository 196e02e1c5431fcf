// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

/// Hears what a walk comes by.
protocol WalkObserver {
    /// The chain is asked about traffic that is not empty.
    mutating func reaches(chain: Int, _ remaining: TrafficSet)
    /// The rule takes a part that is not empty.
    mutating func takes(_ rule: SymbolicRule, _ part: TrafficSet)
    /// Nothing in the tier took a part that is not empty.
    mutating func endsTier(_ tier: SymbolicProgram.Tier, _ remaining: TrafficSet)
}

/// For walks of which only the result counts.
struct SilentObserver: WalkObserver {
    mutating func reaches(chain: Int, _ remaining: TrafficSet) {}
    mutating func takes(_ rule: SymbolicRule, _ part: TrafficSet) {}
    mutating func endsTier(_ tier: SymbolicProgram.Tier, _ remaining: TrafficSet) {}
}

/// What a walk makes of all traffic between two addresses: disjoint parts with the decision that ends each.
struct WalkResult: Sendable {
    struct Part: Sendable {
        /// Index into the rule book's decisions.
        let decision: Int
        let isAllowed: Bool
        let traffic: TrafficSet
    }

    private(set) var parts: [Part] = []
    private(set) var allowed: TrafficSet

    init(_ family: IPFamily) { allowed = .none(family) }

    mutating func add(_ decision: Int, isAllowed: Bool, _ traffic: TrafficSet) {
        parts.append(Part(decision: decision, isAllowed: isAllowed, traffic: traffic))
        if isAllowed { allowed = allowed.union(traffic) }
    }
}

extension RuleBook {
    /// The walk of policy semantics 3.3 with all traffic at once: every rule takes its part of what remains.
    func walk(
        _ program: SymbolicProgram, own: AddressTraits, peer: AddressTraits,
        _ observer: inout some WalkObserver
    ) -> WalkResult {
        let isIngress = program.direction == .ingress
        var walk = Walk(
            book: self, source: isIngress ? peer : own, destination: isIngress ? own : peer)
        for tier in program.tiers {
            walk.run(tier.chains, &observer)
            if !walk.remaining.isEmpty {
                observer.endsTier(tier, walk.remaining)
                if !tier.passes { walk.finish(tier.endDecision) }
            }
            walk.goOnWithPassed()
            if walk.remaining.isEmpty { return walk.result }
        }
        for profile in program.profiles {
            walk.run([profile], &observer)
            walk.goOnWithPassed()
        }
        if !walk.remaining.isEmpty {
            let decision = RuleDecision.noProfileMatch(program.direction)
            walk.finish(decisions.firstIndex(of: decision) ?? 0)
        }
        return walk.result
    }
}

/// One walk under way.
private struct Walk {
    let book: RuleBook
    let source: AddressTraits
    let destination: AddressTraits
    private(set) var remaining: TrafficSet
    /// What has left the current tier or profile by `pass`.
    private var passed: TrafficSet
    private(set) var result: WalkResult

    init(book: RuleBook, source: AddressTraits, destination: AddressTraits) {
        self.book = book
        self.source = source
        self.destination = destination
        remaining = .all(source.family)
        passed = .none(source.family)
        result = WalkResult(source.family)
    }

    mutating func run(_ chains: [Int], _ observer: inout some WalkObserver) {
        for chain in chains {
            if remaining.isEmpty { return }
            observer.reaches(chain: chain, remaining)
            for rule in book.chains[chain] ?? [] { apply(rule, &observer) }
        }
    }

    private mutating func apply(_ rule: SymbolicRule, _ observer: inout some WalkObserver) {
        if let criterion = rule.source, !source.criteria[criterion] { return }
        if let criterion = rule.destination, !destination.criteria[criterion] { return }
        let part = remaining.intersection(rule.traffic(source, destination))
        guard !part.isEmpty else { return }
        observer.takes(rule, part)
        guard rule.action != .log else { return }
        remaining = remaining.subtracting(part)
        if rule.action == .pass {
            passed = passed.union(part)
        } else if let decision = rule.decision {
            result.add(decision, isAllowed: rule.action == .allow, part)
        }
    }

    /// All that remains is denied by the decision.
    mutating func finish(_ decision: Int) {
        result.add(decision, isAllowed: false, remaining)
        remaining = .none(source.family)
    }

    mutating func goOnWithPassed() {
        remaining = remaining.union(passed)
        passed = .none(source.family)
    }
}
