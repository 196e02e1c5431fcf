// SPDX-License-Identifier: Apache-2.0

/// Counts records per second of the clock, for the last ten seconds.
struct RecordRate: Sendable {
    private static let seconds = 10
    private var counts = [Int](repeating: 0, count: seconds + 1)
    private var latest: Int64 = 0

    mutating func add(_ count: Int, second: Int64) {
        advance(to: second)
        counts[index(second)] += count
    }

    func perSecond(now: Int64) -> Double {
        var copy = self
        copy.advance(to: now)
        // The second that is still running is left out.
        return Double(copy.counts.reduce(0, +) - copy.counts[index(now)]) / Double(Self.seconds)
    }

    private func index(_ second: Int64) -> Int {
        let rest = Int(second % Int64(counts.count))
        return rest < 0 ? rest + counts.count : rest
    }

    private mutating func advance(to second: Int64) {
        guard second != latest else { return }
        if second < latest || second - latest > Int64(counts.count) {
            counts = Array(repeating: 0, count: counts.count)
        } else {
            for passed in (latest + 1)...second { counts[index(passed)] = 0 }
        }
        latest = second
    }
}
