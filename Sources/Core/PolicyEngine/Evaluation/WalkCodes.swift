// SPDX-License-Identifier: Apache-2.0

import PolicyModel

/// Walks of classes as plain numbers, one after the other, so that following one counts no references.
///
///     hasStaged │ profile: kind place rule │ tierCount │ flags rangeCount (low high)… │ flags rangeCount …
struct WalkCodes: Sendable {
    private var codes: [Int32] = []
    /// By class number and direction; -1 where not there yet.
    private var starts: [Int32] = []

    private enum ProfileKind {
        static let general: Int32 = 0
        static let allow: Int32 = 1
        static let deny: Int32 = 2
        static let none: Int32 = 3
    }

    struct Tier {
        let passesAtEnd: Bool
        let hasEnforced: Bool
        let rangeCount: Int
        fileprivate let ranges: Int
        /// Where the next tier starts.
        let next: Int
    }

    /// Where the walk of a class starts; -1 when it is not there yet.
    func start(of classNumber: Int, _ direction: Direction) -> Int {
        let slot = Self.slot(classNumber, direction)
        return slot < starts.count ? Int(starts[slot]) : -1
    }

    private static func slot(_ classNumber: Int, _ direction: Direction) -> Int {
        classNumber * 2 + (direction == .ingress ? 0 : 1)
    }

    func hasStaged(_ start: Int) -> Bool { codes[start] != 0 }
    func tierCount(_ start: Int) -> Int { Int(codes[start + 4]) }
    func firstTier(_ start: Int) -> Int { start + 5 }

    func tier(at cursor: Int) -> Tier {
        let rangeCount = Int(codes[cursor + 1])
        return Tier(
            passesAtEnd: codes[cursor] & 1 != 0, hasEnforced: codes[cursor] & 2 != 0, rangeCount: rangeCount,
            ranges: cursor + 2, next: cursor + 2 + rangeCount * 2)
    }

    func range(_ number: Int, of tier: Tier) -> (low: Int, high: Int) {
        (Int(codes[tier.ranges + number * 2]), Int(codes[tier.ranges + number * 2 + 1]))
    }

    /// The profile's decision when it is the same for all traffic; nil when rules must be looked at.
    func constantProfile(_ start: Int) -> (WalkStep, Verdict)? {
        switch codes[start + 1] {
        case ProfileKind.allow: (.profile(codes[start + 2], rule: codes[start + 3]), .allow)
        case ProfileKind.deny: (.profile(codes[start + 2], rule: codes[start + 3]), .deny)
        case ProfileKind.none: (.noProfileMatch, .deny)
        default: nil
        }
    }

    /// Adds the walk of a class; gives where it starts.
    mutating func add(_ classNumber: Int, _ direction: Direction, _ tables: CompiledTables) -> Int {
        let slot = Self.slot(classNumber, direction)
        while starts.count <= slot { starts.append(-1) }
        let start = codes.count
        starts[slot] = Int32(start)
        addCodes(classNumber, direction, tables)
        return start
    }

    private mutating func addCodes(_ classNumber: Int, _ direction: Direction, _ tables: CompiledTables) {
        guard let walk = tables.classes[classNumber] else {
            return codes.append(contentsOf: [0, 3, 0, 0, 0])
        }
        let direct = walk.direction(direction)
        codes.append(direct.hasStaged ? 1 : 0)
        addProfile(walk.key.profiles, direction, tables)
        codes.append(Int32(direct.tiers.count))
        for tier in direct.tiers {
            codes.append((tier.passesAtEnd ? 1 : 0) | (tier.enforcedTrigger >= 0 ? 2 : 0))
            codes.append(Int32(tier.positions.count))
            for range in tier.positions { codes += [Int32(range.lowerBound), Int32(range.upperBound)] }
        }
    }

    private mutating func addProfile(_ profiles: [Int32], _ direction: Direction, _ tables: CompiledTables) {
        for (place, profile) in profiles.enumerated() {
            let rules = (tables.profiles[Int(profile)]?.rules(direction) ?? [])
                .filter { $0.action != .log }
            guard let first = rules.first else { continue }
            guard first.match == RuleMatch(), first.action != .pass else {
                return codes.append(contentsOf: [ProfileKind.general, 0, 0])
            }
            let kind = first.action == .allow ? ProfileKind.allow : ProfileKind.deny
            return codes.append(contentsOf: [kind, Int32(place), Int32(first.index)])
        }
        codes.append(contentsOf: [ProfileKind.none, 0, 0])
    }
}
