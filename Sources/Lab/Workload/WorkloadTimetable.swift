// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel

/// When a workload does what. A pure state machine over nanoseconds of any clock that never goes back; shared
/// by the real process and the simulation, so both make the same attempts.
///
/// Every entry fires once when it is due, however late; missed turns are not made up for.
public struct WorkloadTimetable: Sendable {
    /// One thing to do now.
    public enum Activity: Hashable, Sendable {
        /// Attempt number `attempt` (from 0) of the behaviour's call `index`.
        case call(index: Int, attempt: Int)
        /// Attempt number `attempt` (from 0) of the behaviour's probe `index`.
        case probe(index: Int, attempt: Int)
    }

    private struct Entry {
        let isProbe: Bool
        let index: Int
        let intervalNanoseconds: Int64
        var dueNanoseconds: Int64
        var attempt = 0
    }

    /// The first attempt of anything comes within this time, also of rare jobs: a newcomer should see them.
    static let longestFirstDelayNanoseconds: Int64 = 3_000_000_000

    private var entries: [Entry] = []
    private var random: SeededGenerator

    public init(_ behavior: WorkloadBehavior, seed: UInt64, startNanoseconds: Int64) {
        random = SeededGenerator(seed: seed)
        let intervals =
            behavior.calls.enumerated().map { (false, $0.offset, $0.element.every.nanoseconds) }
            + behavior.probes.enumerated().map { (true, $0.offset, $0.element.every.nanoseconds) }
        for (isProbe, index, interval) in intervals {
            let spread = max(1, min(interval, Self.longestFirstDelayNanoseconds))
            entries.append(
                Entry(
                    isProbe: isProbe, index: index, intervalNanoseconds: max(1_000_000, interval),
                    dueNanoseconds: startNanoseconds + Int64.random(in: 0..<spread, using: &random)))
        }
    }

    /// When the next activity is due; nil when there never is one.
    public var nextDueNanoseconds: Int64? { entries.lazy.map(\.dueNanoseconds).min() }

    /// Everything that is due at `now`, each entry at most once, and plans the next turns.
    public mutating func takeDue(atNanoseconds now: Int64) -> [Activity] {
        var due: [Activity] = []
        for position in entries.indices where entries[position].dueNanoseconds <= now {
            let entry = entries[position]
            due.append(
                entry.isProbe
                    ? .probe(index: entry.index, attempt: entry.attempt)
                    : .call(index: entry.index, attempt: entry.attempt))
            let tenth = entry.intervalNanoseconds / 10
            let jitter = tenth == 0 ? 0 : Int64.random(in: -tenth...tenth, using: &random)
            entries[position].attempt = entry.attempt &+ 1
            entries[position].dueNanoseconds = now + entry.intervalNanoseconds + jitter
        }
        return due
    }
}

extension Duration {
    /// The whole duration in nanoseconds, saturating after 292 years.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (seconds < 0 ? .min : .max) : scaled + attoseconds / 1_000_000_000
    }
}
