// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

extension PolicyCompiler {
    /// The number of the set of all addresses that belong to something that matches.
    mutating func retainAddresses(matching selector: Selector) -> Int { retain(.selector(selector)) }

    /// The triples of every endpoint that declares one of the names, for the protocol and selector of a rule.
    mutating func retainNamedPorts(_ names: [String], transport: IPProtocol?, selector: Selector?) -> Int {
        let set = selector.map { retainAddresses(matching: $0) } ?? -1
        return retain(
            .namedPorts(Set(names).sorted(), transport: transport, selector: selector), selectorSet: set)
    }

    mutating func retain(_ definition: SetDefinition, selectorSet: Int = -1) -> Int {
        let (number, isNew) = setIndex.retain(definition, selectorSet: selectorSet, in: &tables.sets)
        retained.append(number)
        guard isNew else { return number }
        while policiesOfSubject.count <= number { policiesOfSubject.append([]) }
        if case .serviceAddresses = definition { serviceSets.insert(number) }
        if case .selector(let selector) = definition {
            for labelSet in labelSetIndex.candidates(for: selector)
            where selector.matches(tables.labelSets[labelSet]) {
                tables.matching.append(number, to: labelSet)
            }
        }
        return number
    }

    mutating func release(_ sets: [Int]) {
        for number in sets {
            guard let entry = tables.sets[number] else { continue }
            guard setIndex.release(number, in: &tables.sets) else { continue }
            serviceSets.remove(number)
            guard case .selector(let selector) = entry.definition else { continue }
            for labelSet in labelSetIndex.candidates(for: selector) {
                tables.matching.remove(number, from: labelSet)
            }
        }
    }

    mutating func releaseLabelSet(_ number: Int) {
        if labelSetIndex.release(number, in: &tables.labelSets) { tables.matching.removeAll(from: number) }
    }

    mutating func retainLabelSet(_ labels: Labels) -> Int {
        let (number, isNew) = labelSetIndex.retain(labels, in: &tables.labelSets)
        guard isNew else { return number }
        var matching: Set<Int> = []
        setIndex.candidates(for: labels) { candidate in
            guard case .selector(let selector)? = tables.sets[candidate]?.definition else { return }
            if selector.matches(labels) { matching.insert(candidate) }
        }
        for set in matching { tables.matching.append(set, to: number) }
        return number
    }
}
