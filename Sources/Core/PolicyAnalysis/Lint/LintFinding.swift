// SPDX-License-Identifier: Apache-2.0

public import PolicyModel

/// One thing that a policy does not do, or does more than it seems to. Texts name objects from outside: escape them
/// before they reach a terminal.
public struct LintFinding: Hashable, Sendable {
    public let id: LintID
    public let severity: LintSeverity
    public let policy: PolicyID
    /// nil when the finding is about the policy as a whole.
    public let direction: Direction?
    /// Index of the rule in the policy as it was written, from 0.
    public let ruleIndex: Int?
    /// Of the rule if it is known, otherwise of the policy.
    public let location: SourceLocation?
    /// One sentence: what is so, and why.
    public let explanation: String
    /// What to do about it.
    public let suggestion: String

    /// `spec.ingress[2]`, `spec.egress`, or empty for the policy as a whole.
    public var field: String {
        guard let direction else { return "" }
        let list = "spec.\(direction.rawValue.lowercased())"
        return ruleIndex.map { "\(list)[\($0)]" } ?? list
    }
}

extension LintFinding: Comparable {
    /// By place in files, then by policy, then by rule.
    public static func < (left: LintFinding, right: LintFinding) -> Bool {
        let (first, second) = (left.sortKey, right.sortKey)
        if first.file != second.file { return first.file.utf8.lexicographicallyPrecedes(second.file.utf8) }
        if first.numbers != second.numbers { return first.numbers.lexicographicallyPrecedes(second.numbers) }
        return first.text.utf8.lexicographicallyPrecedes(second.text.utf8)
    }

    private var sortKey: (file: String, numbers: [Int], text: String) {
        (
            location?.file ?? "", [location?.line ?? 0],
            "\(policy) \(direction?.rawValue ?? "") \(ruleIndex ?? -1) \(id.rawValue) \(explanation)"
        )
    }
}
