// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel

/// What can be said of a policy from what is written in it.
extension LintReport {
    mutating func addFormFindings() {
        for policy in policies {
            guard let resource = snapshot.cluster.policies[policy.id] else { continue }
            addTypeFindings(policy, resource)
            addTier(policy)
            addHTTP(policy)
            addTwin(policy)
        }
    }

    // MARK: - Types

    /// The directions as written, and whether there are rules for them; nil for kinds without types.
    private func writtenTypes(
        _ resource: PolicyResource
    ) -> (types: [Direction]?, ingress: Bool, egress: Bool, field: String)? {
        switch resource.form {
        case .calico(let policy):
            (policy.types, !policy.ingress.isEmpty, !policy.egress.isEmpty, "types")
        case .kubernetes(let policy):
            (policy.policyTypes, !policy.ingress.isEmpty, !policy.egress.isEmpty, "policyTypes")
        case .cluster: nil
        }
    }

    private mutating func addTypeFindings(_ policy: Policy, _ resource: PolicyResource) {
        guard let written = writtenTypes(resource) else { return }
        let hasRules: [Direction: Bool] = [.ingress: written.ingress, .egress: written.egress]
        guard let types = written.types, !types.isEmpty else {
            addInferredTypes(policy, hasIngress: written.ingress, hasEgress: written.egress, written.field)
            return
        }
        for direction in Direction.allCases {
            let other: Direction = direction == .ingress ? .egress : .ingress
            let name = direction.rawValue.lowercased()
            if hasRules[direction] == true, !types.contains(direction) {
                add(
                    .rulesWithoutType, .warning, policy.id, direction,
                    because: "\(policy.id) has \(name) rules, but its \(written.field) do not list "
                        + "\(direction.rawValue): the rules have no effect.",
                    suggestion: "add \(direction.rawValue) to \(written.field), or remove the rules")
            }
            if hasRules[direction] == false, types.contains(direction), hasRules[other] == true {
                add(
                    .typeWithoutRules, .note, policy.id, direction,
                    because:
                        "\(policy.id) lists \(direction.rawValue) in its \(written.field) and has no "
                        + "\(name) rules: it allows no \(name) of the pods that it selects.",
                    suggestion: "remove \(direction.rawValue) from \(written.field) if only "
                        + "\(other.rawValue.lowercased()) was meant, or write the denial as a policy of "
                        + "its own"
                )
            }
        }
    }

    private mutating func addInferredTypes(
        _ policy: Policy, hasIngress: Bool, hasEgress: Bool, _ field: String
    ) {
        guard hasEgress else { return }
        if policy.directions.contains(.ingress), !hasIngress {
            add(
                .inferredTypes, .warning, policy.id, .ingress,
                because:
                    "\(policy.id) has only egress rules and no \(field): it governs ingress all the same, "
                    + "and denies all of it for the pods that it selects.",
                suggestion: "write \(field): [Egress] if ingress was not meant")
        } else if hasIngress {
            add(
                .inferredTypes, .note, policy.id, .egress,
                because: "\(policy.id) has no \(field): because it has egress rules it governs egress too, "
                    + "and what the rules do not allow is denied.",
                suggestion: "write \(field): [Ingress, Egress] to say so")
        }
    }

    // MARK: - Tier, HTTP, twins

    private mutating func addTier(_ policy: Policy) {
        guard snapshot.cluster.tiers[policy.tier] == nil else { return }
        add(
            .missingTier, .warning, policy.id,
            because:
                "\(policy.id) is in tier \(policy.tier), which does not exist: it is evaluated after "
                + "all other tiers, and what it does not decide is denied there.",
            suggestion: "define the tier, or correct the name")
    }

    private mutating func addHTTP(_ policy: Policy) {
        for direction in Direction.allCases {
            for rule in policy.rules(direction) where rule.hasHTTPMatch {
                add(
                    .httpNotEnforced, .warning, policy.id, direction, rule: rule.sourceIndex,
                    because:
                        "\(direction.rawValue.lowercased()) rule \(rule.sourceIndex) of \(policy.id) "
                        + "has HTTP conditions; packet data planes do not see them and apply the rule to "
                        + "every request.",
                    suggestion: "do not rely on the HTTP conditions, or enforce them in a proxy")
            }
        }
    }

    private mutating func addTwin(_ staged: Policy) {
        guard let kind = staged.id.kind.enforcedTwin,
            let twin = policy(
                PolicyID(kind: kind, namespace: staged.id.namespace, name: staged.id.name)),
            staged.tier == twin.tier, staged.order == twin.order, staged.selector == twin.selector,
            staged.directions == twin.directions, staged.ingress == twin.ingress,
            staged.egress == twin.egress,
            staged.isUntracked == twin.isUntracked, staged.isPreDNAT == twin.isPreDNAT,
            staged.appliesOnForward == twin.appliesOnForward
        else { return }
        add(
            .stagedEqualsEnforced, .note, staged.id,
            because:
                "\(staged.id) says the same as \(twin.id), which is enforced already: it previews nothing.",
            suggestion: "remove the staged policy, or change it to what you want to try; "
                + "to be asked before its twin it needs a smaller order")
    }
}

extension PolicyKind {
    /// The enforced kind of a staged one.
    fileprivate var enforcedTwin: PolicyKind? {
        switch self {
        case .stagedNetworkPolicy: .networkPolicy
        case .stagedGlobalNetworkPolicy: .globalNetworkPolicy
        case .stagedKubernetesNetworkPolicy: .kubernetesNetworkPolicy
        default: nil
        }
    }
}
