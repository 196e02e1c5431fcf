// SPDX-License-Identifier: Apache-2.0

/// One decision of a walk, as numbers.
enum WalkStep: Hashable, Sendable {
    /// Position in the rule table of the direction.
    case rule(Int32)
    /// Number of the tier in the walk.
    case endOfTier(Int32)
    /// Place of the profile in the class, and index of its rule.
    case profile(Int32, rule: Int32)
    case noProfileMatch
}
