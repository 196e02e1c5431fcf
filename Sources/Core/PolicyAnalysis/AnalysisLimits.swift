// SPDX-License-Identifier: Apache-2.0

/// Bounds of an analysis. Time and memory grow with them; the defaults are far above what a readable answer needs.
public struct AnalysisLimits: Hashable, Sendable {
    /// Distinguishable stretches of the address space outside the cluster.
    public var maximumRegions = 2_000_000
    /// Groups of endpoints and outside addresses that policy treats alike.
    public var maximumGroups = 4_000
    /// Pairs of a source group and a destination group.
    public var maximumCells = 8_000_000
    /// Changes in a difference.
    public var maximumChanges = 100_000

    public init() {}
}

/// Why an analysis was given up.
public enum AnalysisError: Error, Hashable, Sendable {
    case tooManyRegions(Int, maximum: Int)
    case tooManyGroups(Int, maximum: Int)
    case tooManyCells(Int, maximum: Int)
    case tooManyChanges(Int, maximum: Int)
}

extension AnalysisError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tooManyRegions(let count, let maximum):
            "cannot analyse the address space: rules and network sets cut it into \(count) parts, "
                + "the limit is \(maximum); leave out large network sets, or raise the limit"
        case .tooManyGroups(let count, let maximum):
            "cannot compute all pairs: policy tells \(count) groups of endpoints and addresses apart, "
                + "the limit is \(maximum); ask for part of the world with a filter, or raise the limit"
        case .tooManyCells(let count, let maximum):
            "cannot compute all pairs: \(count) pairs of groups, the limit is \(maximum); "
                + "ask for part of the world with a filter, or raise the limit"
        case .tooManyChanges(let count, let maximum):
            "cannot list the difference: \(count) changes, the limit is \(maximum); "
                + "compare smaller steps, or raise the limit"
        }
    }
}
