// SPDX-License-Identifier: Apache-2.0

import NetworkModel

extension ClusterState {
    /// What objects of the state say about each other and is not there, as warnings: the objects are used all the
    /// same. Sorted, so that equal states give equal lists.
    public func problems() -> [Diagnostic] {
        policies.values.compactMap(missingTier).sorted { $0.resource < $1.resource } + missingNamespaces
    }

    /// Calico refuses such policies; where they exist all the same they apply after every tier that exists (1.3).
    private func missingTier(_ policy: PolicyResource) -> Diagnostic? {
        guard case .calico(let calico) = policy.form, !calico.tier.isEmpty, tiers[calico.tier] == nil else {
            return nil
        }
        return Diagnostic(
            .warning, resource: policy.id.description, field: "spec.tier",
            message:
                "there is no tier \"\(calico.tier)\": the policy applies after all tiers that exist, and "
                + "traffic that no rule there matches is denied",
            suggestion: "add the Tier, or correct the name; the tiers are "
                + tiers.keys.sorted().joined(separator: ", "),
            location: policy.origin)
    }

    /// Without its Namespace a pod has no profile that allows anything.
    private var missingNamespaces: [Diagnostic] {
        let used = Set(pods.values.filter { $0.profiles == nil }.map(\.name.namespace))
        return used.filter { namespaces[$0] == nil }.sorted().map { name in
            Diagnostic(
                .warning, resource: "Namespace \(name)",
                message: "pods are in it, but it is not defined: what no policy allows is denied there",
                suggestion: "add a Namespace named \(name)")
        }
    }
}
