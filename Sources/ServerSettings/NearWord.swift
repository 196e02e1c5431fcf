// SPDX-License-Identifier: Apache-2.0

/// Finds the word that was probably meant.
enum NearWord {
    /// Nil when none is near: at most a third of the letters may differ.
    static func to(_ word: String, in words: some Sequence<String>) -> String? {
        let bytes = Array(word.utf8.prefix(64))
        let near = words.map { (word: $0, distance: edits(bytes, Array($0.utf8.prefix(64)))) }
            .min { ($0.distance, $0.word) < ($1.distance, $1.word) }
        guard let near, near.distance <= max(1, bytes.count / 3) else { return nil }
        return near.word
    }

    /// Insertions, deletions and replacements.
    private static func edits(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (i, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for j in right.indices {
                let cost = min(row[j] + 1, row[j + 1] + 1, diagonal + (byte == right[j] ? 0 : 1))
                diagonal = row[j + 1]
                row[j + 1] = cost
            }
        }
        return row[right.count]
    }
}
