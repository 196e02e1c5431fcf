// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

/// What rules refer to by number: a selector, a Service, named ports. Immutable and shared between snapshots.
final class SetEntry: Sendable {
    let definition: SetDefinition
    /// For named ports with a selector: the number of the selector's own set; otherwise -1.
    let selectorSet: Int

    init(_ definition: SetDefinition, selectorSet: Int) {
        self.definition = definition
        self.selectorSet = selectorSet
    }
}

extension SetDefinition {
    /// For people, and for names: different definitions may have texts that are equal as characters.
    var text: String {
        switch self {
        case .selector(let selector): "selector \(selector)"
        case .serviceAddresses(let service): "service addresses \(service)"
        case .servicePlaces(let service): "service \(service)"
        case .namedPorts(let names, let transport, let selector):
            "ports \(names.joined(separator: ",")) \(transport?.policyName ?? "any") of "
                + (selector?.description ?? "all()")
        }
    }
}

/// Finds sets by definition and selectors by label term. Kept by the compiler only.
struct SetIndex {
    private var numbers: [SetDefinition: Int] = [:]
    private var uses: [Int] = []
    private var free: [Int] = []
    private var terms = LabelTermIndex()
    private var unanchored: Set<Int> = []

    var count: Int { numbers.count }

    /// The number of the set, one use more. `isNew`: label sets must be asked.
    ///
    /// - Parameter selectorSet: for named ports of a selector, the number of its set, which the caller has retained.
    mutating func retain(
        _ definition: SetDefinition, selectorSet: Int = -1, in sets: inout [SetEntry?]
    ) -> (number: Int, isNew: Bool) {
        if let number = numbers[definition] {
            uses[number] += 1
            return (number, false)
        }
        return (add(SetEntry(definition, selectorSet: selectorSet), in: &sets), true)
    }

    private mutating func add(_ entry: SetEntry, in sets: inout [SetEntry?]) -> Int {
        let number = free.popLast() ?? sets.count
        if number == sets.count {
            sets.append(nil)
            uses.append(0)
        }
        sets[number] = entry
        numbers[entry.definition] = number
        uses[number] = 1
        if case .selector(let selector) = entry.definition {
            if let anchors = selector.anchors {
                for term in anchors { terms.insert(number, term) }
            } else {
                unanchored.insert(number)
            }
        }
        return number
    }

    /// One use less; true when the set is gone.
    mutating func release(_ number: Int, in sets: inout [SetEntry?]) -> Bool {
        uses[number] -= 1
        guard uses[number] == 0, let entry = sets[number] else { return false }
        if case .selector(let selector) = entry.definition {
            for term in selector.anchors ?? [] { terms.remove(number, term) }
            unanchored.remove(number)
        }
        numbers[entry.definition] = nil
        sets[number] = nil
        free.append(number)
        return true
    }

    /// The numbers of all selectors that may match the labels, some perhaps twice.
    func candidates(for labels: Labels, _ body: (Int) -> Void) {
        unanchored.forEach(body)
        for entry in labels.entries {
            terms.numbers(LabelTerm(key: entry.key, value: entry.value)).forEach(body)
            terms.numbers(LabelTerm(key: entry.key, value: nil)).forEach(body)
        }
    }
}
