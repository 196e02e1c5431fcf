// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

extension PolicyCompiler {
    mutating func updatePolicy(_ id: PolicyID, _ stale: inout StaleClasses) {
        let old = policies[id]
        let converted = tables.state.policies[id]?.converted()
        // New sets are retained before old ones are released: what both use stays as it is.
        let compiled = converted.map { compile($0) }
        if let old {
            stale.policies.insert(old)
            drop(old)
        }
        guard let compiled else {
            if old != nil { policies.remove(id) }
            return
        }
        let number = policies.insert(id)
        stale.policies.insert(number)
        while tables.policies.count <= Int(number) {
            tables.policies.append(nil)
            tables.ingressPositions.append(0..<0)
            tables.egressPositions.append(0..<0)
            rank.append(0)
        }
        tables.policies[Int(number)] = compiled
        policiesOfSubject[compiled.subject].append(number)
        noteSelected(by: compiled, &stale)
    }

    /// Gives the rules of new versions their positions, in the order of evaluation: what is evaluated together then
    /// stands together.
    mutating func place(_ numbers: Set<Int32>) {
        let present = numbers.filter { tables.policies[Int($0)] != nil }
        for number in present.sorted(by: { rank[Int($0)] < rank[Int($1)] }) {
            if let compiled = tables.policies[Int(number)] { place(number, compiled) }
        }
    }

    mutating func place(_ number: Int32, _ compiled: CompiledPolicy) {
        let place = Int(number)
        let isStaged = compiled.policy.id.kind.isStaged
        tables.ingressPositions[place] = tables.ingress.insert(
            compiled.ingress, of: place, isStaged: isStaged, serviceSets: serviceSets)
        tables.egressPositions[place] = tables.egress.insert(
            compiled.egress, of: place, isStaged: isStaged, serviceSets: serviceSets)
    }

    /// What the policy selected is in classes that have it in their key, and so is found again.
    mutating func drop(_ number: Int32) {
        guard let compiled = tables.policies[Int(number)] else { return }
        tables.ingress.remove(
            compiled.ingress, at: tables.ingressPositions[Int(number)], serviceSets: serviceSets)
        tables.egress.remove(
            compiled.egress, at: tables.egressPositions[Int(number)], serviceSets: serviceSets)
        policiesOfSubject[compiled.subject].removeAll { $0 == number }
        release(compiled.sets)
        tables.policies[Int(number)] = nil
    }

    func noteSelected(by compiled: CompiledPolicy, _ stale: inout StaleClasses) {
        guard case .selector(let selector)? = tables.sets[compiled.subject]?.definition else { return }
        for labelSet in labelSetIndex.candidates(for: selector)
        where tables.matching.contains(compiled.subject, in: labelSet) {
            stale.labelSets.insert(labelSet)
        }
    }

    mutating func compile(_ policy: Policy) -> CompiledPolicy {
        retained = []
        let subject = retainAddresses(matching: policy.selector)
        let ingress = policy.ingress.compiled(into: &self)
        let egress = policy.egress.compiled(into: &self)
        return CompiledPolicy(policy, subject: subject, ingress: ingress, egress: egress, sets: retained)
    }

    /// Gives every rule a new position, in the order of evaluation and without gaps.
    mutating func layOutRules() {
        tables.ingress = RuleTable()
        tables.egress = RuleTable()
        for number in tables.order {
            guard let compiled = tables.policies[Int(number)] else { continue }
            place(number, compiled)
        }
    }

    // MARK: Order

    mutating func updateOrder(_ work: CompilerWork, _ stale: StaleClasses) {
        if work.tiersChanged || stale.policies.count > 16 {
            let numbers = tables.policies.indices.filter { tables.policies[$0] != nil }.map(Int32.init)
            tables.order = numbers.sorted { precedes($0, $1) }
        } else {
            tables.order.removeAll { stale.policies.contains($0) }
            for number in stale.policies where tables.policies[Int(number)] != nil {
                var low = 0
                var high = tables.order.count
                while low < high {
                    let middle = (low + high) / 2
                    if precedes(tables.order[middle], number) { low = middle + 1 } else { high = middle }
                }
                tables.order.insert(number, at: low)
            }
        }
        for (place, number) in tables.order.enumerated() { rank[Int(number)] = Int32(place) }
    }

    /// Policy semantics 3.1: known tiers before unknown ones, by order, then by name; then policies within the tier.
    func precedes(_ left: Int32, _ right: Int32) -> Bool {
        guard let first = tables.policies[Int(left)], let second = tables.policies[Int(right)] else {
            return false
        }
        guard first.policy.tier == second.policy.tier else {
            return tables.state.tierPrecedes(first.policy.tier, second.policy.tier)
        }
        return first.policy.order == second.policy.order
            ? first.tieBreak.utf8.lexicographicallyPrecedes(second.tieBreak.utf8)
            : first.policy.order < second.policy.order
    }
}
