// SPDX-License-Identifier: Apache-2.0

/// The kinds of findings. The raw value is the anchor in the documentation of lints.
public enum LintID: String, Hashable, Sendable, CaseIterable {
    case shadowedRule = "shadowed-rule"
    case contradictoryRule = "contradictory-rule"
    case selectorSelectsNothing = "selector-selects-nothing"
    case unmatchedRule = "unmatched-rule"
    case policySelectsNothing = "policy-selects-nothing"
    case policyNeverDecides = "policy-never-decides"
    case allowAllToInternet = "allow-all-to-internet"
    case allowAllFromInternet = "allow-all-from-internet"
    case missingDNSEgress = "missing-dns-egress"
    case stagedEqualsEnforced = "staged-equals-enforced"
    case rulesWithoutType = "rules-without-type"
    case typeWithoutRules = "type-without-rules"
    case inferredTypes = "inferred-types"
    case missingTier = "missing-tier"
    case passInLastTier = "pass-in-last-tier"
    case httpNotEnforced = "http-not-enforced"

    /// What the lint is about, for lists of lints.
    public var title: String {
        switch self {
        case .shadowedRule: "A rule never gets any traffic, because earlier rules take all of it"
        case .contradictoryRule: "The conditions of a rule exclude each other"
        case .selectorSelectsNothing: "A selector of a rule matches nothing in this world"
        case .unmatchedRule: "A rule matches no connection in this world"
        case .policySelectsNothing: "A policy selects nothing in this world"
        case .policyNeverDecides: "A policy decides no connection in this world"
        case .allowAllToInternet: "A rule lets pods connect to any address of the internet on any port"
        case .allowAllFromInternet: "A rule lets any address of the internet connect to pods on any port"
        case .missingDNSEgress: "Pods may connect to others and cannot resolve their names"
        case .stagedEqualsEnforced: "A staged policy says the same as the enforced policy of its name"
        case .rulesWithoutType: "A policy has rules for a direction that its types leave out"
        case .typeWithoutRules: "A policy has rules for one direction and denies everything in the other"
        case .inferredTypes: "A policy without types governs a direction that is easily overlooked"
        case .missingTier: "A policy is in a tier that does not exist"
        case .passInLastTier: "A rule passes to the next tier and there is none"
        case .httpNotEnforced: "A rule has HTTP conditions, which are not enforced"
        }
    }
}

/// How bad a finding is.
public enum LintSeverity: String, Hashable, Sendable, CaseIterable, Comparable {
    /// Probably not what was meant.
    case warning
    /// Often deliberate; worth a look.
    case note

    public static func < (left: LintSeverity, right: LintSeverity) -> Bool {
        left == .warning && right == .note
    }
}
