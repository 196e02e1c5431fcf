// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyEngine
internal import PolicyModel

/// The answer of `explain` as JSON and YAML; the schema is described in docs/reference/policy-explain.md.
///
/// Names are stable. A single value that there is not is left out; a list may be empty.
struct ExplanationDocument: Encodable {
    /// `denied` if a connection is, else `undecidable` if one is, else `allowed`.
    let outcome: String
    /// The two arguments.
    let source: String
    let destination: String
    /// Connections that policy treats alike, the worst first; never empty.
    let groups: [Group]
    /// What was chosen for the person.
    let notes: [String]

    struct Group: Encodable {
        /// `allowed`, `denied` or `undecidable`.
        let outcome: String
        /// The outcome if staged policies were enforced.
        let pendingOutcome: String
        /// The answer in one sentence.
        let sentence: String
        /// What to do about it, in sentences.
        let advice: [String]
        /// On what an undecidable outcome depends.
        let missingFacts: [String]
        /// How many connections there are in the group, IP versions counted.
        let count: Int
        let sources: [String]
        let destinations: [String]
        /// The connection that stands for the group; the sides are about it.
        let connection: Connection
        let egress: Side
        let ingress: Side
    }

    struct Connection: Encodable {
        let source: End
        let destination: End
        /// `tcp`, `udp`, `sctp`, `icmp`, `icmp6`, or a number.
        let `protocol`: String
        let sourcePort: UInt16?
        /// After translation by a Service.
        let destinationPort: UInt16?
        let icmpType: UInt8?
        let icmpCode: UInt8?
    }

    struct End: Encodable {
        let name: String
        /// Absent for an end that is not known.
        let address: String?
        /// Whom the address belongs to: endpoints and network sets.
        let owners: [String]
    }

    struct Side: Encodable {
        /// `workload`, `hostEndpoint`, `nobody` (outside the cluster) or `unknown`.
        let evaluatedBy: String
        let endpoint: String?
        /// Of a workload.
        let walk: Walk?
        /// Of a host endpoint.
        let host: Host?
    }

    struct Host: Encodable {
        let outcome: String
        /// `allow` or `deny`: what data planes do.
        let verdict: String
        let missingFacts: [String]
        /// `normal: gnp nodes rule 0`, `failsafe`.
        let decidedBy: String
        /// In the order that packets go through them.
        let stages: [Stage]
    }

    struct Stage: Encodable {
        /// `untracked`, `preDNAT` or `normal`.
        let name: String
        let isFailsafe: Bool
        let tiers: [Tier]
        let profiles: [Profile]
    }

    struct Walk: Encodable {
        let outcome: String
        let pendingOutcome: String
        /// `allow` or `deny`: what data planes do.
        let verdict: String
        let pendingVerdict: String
        let missingFacts: [String]
        /// The step that decided, and the one that would if staged policies were enforced.
        let decidedBy: Decision?
        let pendingDecidedBy: Decision?
        /// Trace texts (policy semantics 6.1), in order.
        let enforced: [String]
        let pending: [String]
        /// The first step at which the pending walk differs.
        let divergence: Divergence?
        let tiers: [Tier]
        let profiles: [Profile]
    }

    struct Divergence: Encodable {
        let tier: String
        let pending: Decision
        /// Absent when the tier takes no part in the enforced walk.
        let enforced: Decision?
    }

    struct Decision: Encodable {
        /// `allow`, `deny` or `pass`.
        let action: String
        /// `rule`, `endOfTier`, `profileRule` or `noProfileMatch`.
        let place: String
        let policy: String?
        let profile: String?
        let ruleIndex: Int?
    }

    struct Tier: Encodable {
        let name: String
        let isDefined: Bool
        /// `deny` or `pass`, when no rule matches.
        let endAction: String
        let decision: Decision?
        let pendingDecision: Decision?
        let policies: [Policy]
    }

    struct Policy: Encodable {
        let kind: String
        let namespace: String?
        let name: String
        let isStaged: Bool
        let file: String?
        let line: Int?
        /// Facts on which it depends whether the policy selects the endpoint; empty when it does.
        let selectionDependsOn: [String]
        let rules: [Rule]
    }

    struct Rule: Encodable {
        let index: Int
        let line: Int?
        let action: String
        let text: String
        /// `matched`, `failed`, `unknown` or `notReached`.
        let result: String
        /// What is not met, in the order of the rule; of a failed rule at least one.
        let reasons: [String]
        /// Facts on which an unknown result depends.
        let dependsOn: [String]
    }

    struct Profile: Encodable {
        let name: String
        /// The object that the profile is made from and that there is not.
        let missing: String?
        let rules: [Rule]
    }
}
