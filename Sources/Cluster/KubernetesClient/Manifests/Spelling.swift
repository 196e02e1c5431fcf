// SPDX-License-Identifier: Apache-2.0

/// "Did you mean": the accepted word closest to what was written.
enum Spelling {
    /// The candidate that differs only in case or punctuation, otherwise the one with the fewest edits (at
    /// most a third of the word, at most three); nil when nothing is close.
    static func nearest(to word: String, in candidates: [String]) -> String? {
        guard word.utf8.count <= 64 else { return nil }
        let folded = fold(word)
        if let same = candidates.first(where: { fold($0) == folded }) { return same }
        let limit = min(3, max(1, folded.count / 3))
        return candidates.map { (word: $0, distance: distance(folded, fold($0))) }
            .filter { $0.distance <= limit }
            .min { $0.distance < $1.distance }?.word
    }

    static func advice(for word: String, in candidates: [String]) -> String {
        nearest(to: word, in: candidates).map { "did you mean '\($0)'?" } ?? ""
    }

    private static func fold(_ word: String) -> [UInt8] {
        word.lowercased().utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") }
    }

    /// Edits between two words: insert, delete, replace, swap neighbours (optimal string alignment).
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for i in 1...left.count {
            var current = [i] + [Int](repeating: 0, count: right.count)
            for j in 1...right.count {
                let isSame = left[i - 1] == right[j - 1]
                current[j] = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (isSame ? 0 : 1))
                if i > 1, j > 1, left[i - 1] == right[j - 2], left[i - 2] == right[j - 1] {
                    current[j] = min(current[j], beforePrevious[j - 2] + 1)
                }
            }
            beforePrevious = previous
            previous = current
        }
        return previous[right.count]
    }
}
