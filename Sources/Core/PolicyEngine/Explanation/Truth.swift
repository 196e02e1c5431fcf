// SPDX-License-Identifier: Apache-2.0

import PolicyModel

/// A truth value of Kleene's three-valued logic that remembers why it is unknown, and how a data plane, which always
/// decides, takes it.
struct Truth: Hashable {
    /// How a data plane sees it: unknown labels are absent, unknown sets empty, HTTP conditions met.
    let asSeen: Bool
    /// What the answer depends on and is not known; empty when the answer is certain.
    let missing: [MissingFact]

    init(_ value: Bool, missing: [MissingFact] = []) {
        asSeen = value
        self.missing = missing
    }

    static let yes = Truth(true)
    static let no = Truth(false)

    var isCertain: Bool { missing.isEmpty }
    var isCertainlyFalse: Bool { isCertain && !asSeen }
    var isCertainlyTrue: Bool { isCertain && asSeen }

    static prefix func ! (value: Truth) -> Truth { Truth(!value.asSeen, missing: value.missing) }

    /// True when all are; certainly false as soon as one is.
    static func all(_ parts: some Sequence<Truth>) -> Truth {
        var result = Truth.yes
        for part in parts {
            if part.isCertainlyFalse { return .no }
            result = Truth(result.asSeen && part.asSeen, missing: result.missing.adding(part.missing))
        }
        return result
    }

    /// True when one is; certainly true as soon as one certainly is.
    static func any(_ parts: some Sequence<Truth>) -> Truth {
        var result = Truth.no
        for part in parts {
            if part.isCertainlyTrue { return .yes }
            result = Truth(result.asSeen || part.asSeen, missing: result.missing.adding(part.missing))
        }
        return result
    }
}

extension [MissingFact] {
    /// At most so many facts are named, the first in order of evaluation: nobody mends more at a time.
    static let maximumCount = 64

    /// Appends those that are not there yet.
    func adding(_ others: [MissingFact]) -> [MissingFact] {
        guard !others.isEmpty else { return self }
        guard !isEmpty else { return others }
        var result = self
        for fact in others where result.count < Self.maximumCount && !result.contains(fact) {
            result.append(fact)
        }
        return result
    }
}
