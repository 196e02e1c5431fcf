// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

/// What a walk is about: an endpoint, and which policies count for it.
struct WalkSubject {
    let labels: KnownLabels
    /// In order of evaluation.
    let profiles: [String]
    /// Leaves out policies that take no part in the stage.
    let isCandidate: (Policy) -> Bool
    /// False where what no rule matches goes on to another stage: there tiers have no end, and profiles no part.
    let decidesAll: Bool

    init(_ endpoint: WorkloadEndpoint, in cluster: ClusterState) {
        labels = KnownLabels(endpoint.labels, profiles: endpoint.profiles, in: cluster)
        profiles = endpoint.profiles
        isCandidate = \.appliesToWorkloads
        decidesAll = true
    }

    /// Staged policies are never evaluated for host endpoints.
    init(_ endpoint: HostEndpoint, _ stage: HostStage, in cluster: ClusterState) {
        labels = KnownLabels(endpoint.labels, profiles: endpoint.resource.profiles, in: cluster)
        profiles = stage == .normal ? endpoint.resource.profiles : []
        isCandidate = { stage.includes($0) && !$0.id.kind.isStaged }
        decidesAll = stage.endsTiers
    }
}

/// The walk of a subject before anything is compared: tiers with the policies that may select it, and profiles.
struct WalkPlan {
    struct Tier {
        let name: String
        let isDefined: Bool
        let endAction: RuleAction
        var policies: [Candidate] = []
    }

    struct Candidate {
        let policy: Policy
        /// Whether it selects the subject; never certainly false.
        let selection: Truth
        let rules: [Rule]
    }

    struct Profile {
        let name: String
        let missing: MissingFact?
        let rules: [Rule]
    }

    private(set) var tiers: [Tier] = []
    let profiles: [Profile]
    let decidesAll: Bool

    init(_ subject: WalkSubject, _ direction: Direction, in snapshot: PolicySnapshot) {
        let cluster = snapshot.cluster
        decidesAll = subject.decidesAll
        profiles = subject.profiles.map { Profile($0, direction, in: cluster) }
        for policy in snapshot.policies {
            guard policy.directions.contains(direction), subject.isCandidate(policy) else { continue }
            let selection = subject.labels.truth(of: policy.selector)
            guard !selection.isCertainlyFalse else { continue }
            if tiers.last?.name != policy.tier {
                let tier = cluster.tiers[policy.tier]
                tiers.append(
                    Tier(
                        name: policy.tier, isDefined: tier != nil,
                        endAction: !decidesAll || tier?.defaultAction == .pass ? .pass : .deny))
            }
            tiers[tiers.count - 1].policies.append(
                Candidate(policy: policy, selection: selection, rules: policy.rules(direction)))
        }
    }
}

extension WalkPlan.Profile {
    /// Policy semantics 1.10: a namespace's profile allows everything, an account's has no rules, one that is not
    /// there denies everything.
    init(_ name: String, _ direction: Direction, in cluster: ClusterState) {
        self.name = name
        // A namespace that is only implied has unknown labels, but its profile is there.
        missing = cluster.isNamespaceProfile(name) ? nil : cluster.undefinedSubject(ofProfile: name)
        if let profile = cluster.profiles[name] {
            // Validation has refused profiles with selectors that cannot be parsed.
            rules = (try? profile.convertedRules(direction)) ?? []
        } else if cluster.isAccountProfile(name) {
            rules = []
        } else {
            rules = [Rule(action: cluster.isNamespaceProfile(name) ? .allow : .deny)]
        }
    }
}
