// SPDX-License-Identifier: Apache-2.0

/// Suggests names that a person may have meant.
enum NearNames {
    static let maximumCount = 5

    /// "did you mean a, b?", else what there is, else that there is nothing.
    static func list(_ word: String, in names: some Sequence<String>) -> String {
        let candidates = Set(names).filter { !$0.isEmpty && $0 != word }.sorted()
        guard !candidates.isEmpty else { return "there is nothing of the kind in these files" }
        let own = word.split(separator: "/").last.map(String.init) ?? word
        let scored = candidates.map { (name: $0, distance: distance(own, word, to: $0)) }
        let best = scored.map(\.distance).min() ?? 0
        if best <= max(1, own.count / 3) {
            // Those of the same namespace first.
            let near = scored.filter { $0.distance == best }.map {
                (name: $0.name, whole: edits(word, $0.name))
            }
            .sorted { ($0.whole, $0.name) < ($1.whole, $1.name) }
            return "did you mean \(near.prefix(maximumCount).map(\.name).joined(separator: ", "))?"
        }
        let more = candidates.count > maximumCount ? ", … (\(candidates.count))" : ""
        return "there are \(candidates.prefix(maximumCount).joined(separator: ", "))\(more)"
    }

    /// 0 for the same name in another namespace, or one that begins with the word; else the edits between the two.
    private static func distance(_ own: String, _ word: String, to candidate: String) -> Int {
        let name = candidate.split(separator: "/").last.map(String.init) ?? candidate
        if name == own || name.hasPrefix(own + "-") { return 0 }
        return min(edits(own, name), edits(word, candidate))
    }

    /// Insertions, deletions, replacements and swaps of neighbours between the first 64 bytes of two words.
    private static func edits(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.utf8.prefix(64)), Array(right.utf8.prefix(64)))
        var rows = [Array(0...right.count)]
        for i in left.indices {
            var row = [i + 1]
            for j in right.indices {
                let change = rows[i][j] + (left[i] == right[j] ? 0 : 1)
                var cost = min(row[j] + 1, rows[i][j + 1] + 1, change)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    cost = min(cost, rows[i - 1][j - 1] + 1)
                }
                row.append(cost)
            }
            rows.append(row)
        }
        return rows[left.count][right.count]
    }
}
