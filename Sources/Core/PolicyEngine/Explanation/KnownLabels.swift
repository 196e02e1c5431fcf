// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

/// The labels that a selector sees on one object, and which of them are not known because the object they would be
/// inherited from is not there.
struct KnownLabels {
    private let labels: Labels
    /// Name of the undefined namespace that the object would inherit from; nil when it is defined or does not count.
    private let undefinedNamespace: String?
    private let undefinedAccount: ResourceName?

    init(_ owner: AddressOwner, in cluster: ClusterState) {
        switch owner {
        case .workload(let endpoint): self.init(endpoint.labels, profiles: endpoint.profiles, in: cluster)
        case .host(let endpoint):
            self.init(endpoint.labels, profiles: endpoint.resource.profiles, in: cluster)
        case .networkSet(let set, let labels):
            // A set inherits from its namespace as if it had the namespace's profile, and nothing else.
            let namespace = set.name.namespace
            self.init(labels, profiles: namespace.isEmpty ? [] : ["kns.\(namespace)"], in: cluster)
        }
    }

    /// An endpoint with profiles: it inherits from those whose names say namespace or service account.
    init(_ labels: Labels, profiles: [String], in cluster: ClusterState) {
        self.labels = labels
        let undefined = profiles.lazy.compactMap { cluster.undefinedSubject(ofProfile: $0) }
        undefinedNamespace =
            undefined.compactMap { fact in
                if case .namespaceLabels(let name) = fact { name } else { nil }
            }.first
        undefinedAccount =
            undefined.compactMap { fact in
                if case .serviceAccountLabels(let name) = fact { name } else { nil }
            }.first
    }

    func value(_ key: String) -> String? { labels[key] }

    /// What a label may be.
    private enum Knowledge {
        case certain(String?)
        /// Absent as seen, but the object that is not there would surely give it this value.
        case absentOr(String, MissingFact)
        case anything(MissingFact)
    }

    private func knowledge(of key: String) -> Knowledge {
        if let value = labels[key] { return .certain(value) }
        if let name = undefinedNamespace, key.hasPrefix(WellKnownLabel.namespacePrefix) {
            let rest = key.dropFirst(WellKnownLabel.namespacePrefix.count)
            // The API server puts the second on every Namespace.
            return rest == WellKnownLabel.name || rest == WellKnownLabel.namespaceName
                ? .absentOr(name, .namespaceLabels(name)) : .anything(.namespaceLabels(name))
        }
        if let account = undefinedAccount, key.hasPrefix(WellKnownLabel.serviceAccountPrefix) {
            return key.dropFirst(WellKnownLabel.serviceAccountPrefix.count) == WellKnownLabel.name
                ? .absentOr(account.name, .serviceAccountLabels(account))
                : .anything(.serviceAccountLabels(account))
        }
        return .certain(nil)
    }

    // MARK: - Selectors

    /// Whether the selector matches, as far as the labels are known.
    func truth(of selector: Selector) -> Truth { truth(of: selector.root) }

    private func truth(of node: Selector.Node) -> Truth {
        switch node {
        case .all, .global: .yes
        case .not(let inner): !truth(of: inner)
        case .and(let parts): .all(parts.lazy.map { truth(of: $0) })
        case .or(let parts): .any(parts.lazy.map { truth(of: $0) })
        case .isIn(_, let values) where values.isEmpty: .no
        case .notIn(_, let values) where values.isEmpty: .yes
        case .has(let key), .equals(let key, _), .notEquals(let key, _), .contains(let key, _),
            .startsWith(let key, _), .endsWith(let key, _), .isIn(let key, _), .notIn(let key, _):
            truth(ofTerm: Selector(node), key)
        }
    }

    private func truth(ofTerm term: Selector, _ key: String) -> Truth {
        func holds(_ value: String?) -> Bool { term.matches(OneLabel(key: key, value: value)) }
        switch knowledge(of: key) {
        case .certain(let value): return Truth(holds(value))
        case .absentOr(let value, let fact):
            return holds(nil) == holds(value) ? Truth(holds(nil)) : Truth(holds(nil), missing: [fact])
        case .anything(let fact): return Truth(holds(nil), missing: [fact])
        }
    }

    /// The first part of a selector that is certainly false and that makes the whole so: of an `and` its first false
    /// part, of anything else the thing itself.
    func firstFalseTerm(of selector: Selector) -> Selector {
        func search(_ node: Selector.Node) -> Selector.Node {
            guard case .and(let parts) = node,
                let part = parts.first(where: { truth(of: $0).isCertainlyFalse })
            else { return node }
            return search(part)
        }
        return Selector(search(selector.root))
    }
}

/// An object with one label, or with none.
private struct OneLabel: LabelLookup {
    let key: String
    let value: String?

    func value(forLabel key: String) -> String? { key == self.key ? value : nil }
}

extension ClusterState {
    /// The namespace or service account that a derived profile is named for, when its labels are not known: there is
    /// no such object, or it is only implied. Nil for profiles that are known and for those with other names.
    func undefinedSubject(ofProfile profile: String) -> MissingFact? {
        guard profiles[profile] == nil else { return nil }
        if profile.hasPrefix("kns.") {
            let name = String(profile.dropFirst(4))
            return namespaces[name]?.isImplied ?? true ? .namespaceLabels(name) : nil
        }
        guard profile.hasPrefix("ksa.") else { return nil }
        let parts = profile.dropFirst(4).split(separator: ".", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        let account = ResourceName(namespace: String(parts[0]), name: String(parts[1]))
        return serviceAccounts[account] == nil ? .serviceAccountLabels(account) : nil
    }
}
