// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

/// Finds label sets by their labels and by label terms. Kept by the compiler only.
struct LabelSetIndex {
    private var numbers: [Labels: Int] = [:]
    private var uses: [Int] = []
    private var free: [Int] = []
    private var terms = LabelTermIndex()

    var count: Int { numbers.count }

    /// The number of the label set, one use more. `isNew`: the selectors must be asked.
    mutating func retain(_ labels: Labels, in sets: inout [Labels]) -> (number: Int, isNew: Bool) {
        if let number = numbers[labels] {
            uses[number] += 1
            return (number, false)
        }
        let number = free.popLast() ?? sets.count
        if number == sets.count {
            sets.append(Labels())
            uses.append(0)
        }
        sets[number] = labels
        numbers[labels] = number
        uses[number] = 1
        for entry in labels.entries {
            terms.insert(number, LabelTerm(key: entry.key, value: entry.value))
            terms.insert(number, LabelTerm(key: entry.key, value: nil))
        }
        return (number, true)
    }

    /// One use less; true when the label set is gone.
    mutating func release(_ number: Int, in sets: inout [Labels]) -> Bool {
        uses[number] -= 1
        guard uses[number] == 0 else { return false }
        let labels = sets[number]
        for entry in labels.entries {
            terms.remove(number, LabelTerm(key: entry.key, value: entry.value))
            terms.remove(number, LabelTerm(key: entry.key, value: nil))
        }
        numbers[labels] = nil
        sets[number] = Labels()
        free.append(number)
        return true
    }

    /// The numbers of all label sets that may match the selector.
    func candidates(for selector: Selector) -> [Int] {
        guard let anchors = selector.anchors else { return Array(numbers.values) }
        return anchors.count == 1
            ? terms.numbers(anchors[0]) : Array(Set(anchors.flatMap { terms.numbers($0) }))
    }
}
