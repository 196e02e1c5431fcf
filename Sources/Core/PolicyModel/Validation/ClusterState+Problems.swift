// SPDX-License-Identifier: Apache-2.0

import NetworkModel

extension ClusterState {
    /// What objects of the state say about each other and is not there, as warnings: the objects are used all the
    /// same. Sorted, so that equal states give equal lists.
    public func problems() -> [Diagnostic] {
        policies.values.compactMap(missingTier).sorted { $0.resource < $1.resource } + missingNamespaces
            + missingProfiles + dormantHostEndpoints
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

    /// A host endpoint with such a profile is as if the profile denied everything (1.10).
    private var missingProfiles: [Diagnostic] {
        let known = Set(
            Array(profiles.keys) + namespaces.values.map(\.profileName)
                + serviceAccounts.values.map(\.profileName))
        return hostEndpoints.values.sorted { $0.name < $1.name }.flatMap { endpoint in
            endpoint.profiles.enumerated().filter { !known.contains($0.element) }.map { index, profile in
                Diagnostic(
                    .warning, resource: "HostEndpoint \(endpoint.name)", field: "spec.profiles[\(index)]",
                    message:
                        "there is no profile \(profile.quotedForMessage): what no policy allows is denied",
                    suggestion: "add the Profile, or correct the name")
            }
        }
    }

    /// Of several host endpoints for one interface the first by name is active (1.9).
    private var dormantHostEndpoints: [Diagnostic] {
        let named = hostEndpoints.values.filter { !$0.interfaceName.isEmpty }
        let rivals = Dictionary(grouping: named) { [$0.node, $0.interfaceName] }.values
        return rivals.flatMap { endpoints in
            let sorted = endpoints.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            return sorted.dropFirst().map { endpoint in
                Diagnostic(
                    .warning, resource: "HostEndpoint \(endpoint.name)", field: "spec.interfaceName",
                    message:
                        "it has no effect: HostEndpoint \(sorted[0].name) stands for the same interface of the "
                        + "node \(endpoint.node.quotedForMessage), and the first by name is used",
                    suggestion: "remove one of them")
            }
        }.sorted { $0.resource < $1.resource }
    }
}
