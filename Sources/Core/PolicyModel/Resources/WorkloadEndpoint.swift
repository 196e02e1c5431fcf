// SPDX-License-Identifier: Apache-2.0

public import NetworkModel

/// A pod's interface as policy sees it: the pod's labels as Calico amends them, its addresses, ports and
/// profiles.
public struct WorkloadEndpoint: Hashable, Sendable, LabelLookup {
    public let name: ResourceName
    /// As flow records and label filters show it: without inherited labels.
    public let ownLabels: Labels
    /// Own labels and those inherited from namespace and service account; the first to name a key wins.
    public let labels: Labels
    public let addresses: [IPAddress]
    public let ports: [NamedPort]
    /// In order of evaluation.
    public let profiles: [String]

    public func value(forLabel key: String) -> String? { labels[key] }

    /// The endpoint of a pod; nil when it has none: host network, finished, or no address yet.
    public init?(_ pod: PodResource, in state: ClusterState) {
        guard !pod.usesHostNetwork, !pod.isFinished, !pod.addresses.isEmpty else { return nil }
        name = pod.name
        addresses = pod.addresses
        ports = pod.ports
        profiles = pod.profiles ?? Self.derivedProfiles(of: pod)
        ownLabels = Self.amendedLabels(of: pod)
        labels = ownLabels.inheriting(profiles.flatMap { Self.labels(ofProfile: $0, in: state) })
    }

    /// `kns.<namespace>`, then `ksa.<namespace>.<account>` (policy semantics 1.10).
    static func derivedProfiles(of pod: PodResource) -> [String] {
        let namespace = "kns.\(pod.name.namespace)"
        return pod.serviceAccount.isEmpty
            ? [namespace] : [namespace, "ksa.\(pod.name.namespace).\(pod.serviceAccount)"]
    }

    /// The pod's labels with Calico's own, without those by which it could pose as a namespace or account.
    static func amendedLabels(of pod: PodResource) -> Labels {
        var pairs = pod.labels.entries.filter {
            !$0.key.hasPrefix(WellKnownLabel.namespacePrefix)
                && !$0.key.hasPrefix(WellKnownLabel.serviceAccountPrefix)
        }.map { (key: $0.key, value: $0.value) }
        pairs.append((WellKnownLabel.namespace, pod.name.namespace))
        pairs.append((WellKnownLabel.orchestrator, "k8s"))
        if !pod.serviceAccount.isEmpty { pairs.append((WellKnownLabel.serviceAccount, pod.serviceAccount)) }
        return Labels(pairs)
    }

    /// The labels that a synthetic profile hands on to its endpoints.
    static func labels(ofProfile name: String, in state: ClusterState) -> [Labels.Entry] {
        if let namespace = state.namespaces.profileSubject(of: name) {
            return namespace.inheritedLabels
        }
        if let account = state.serviceAccounts.profileSubject(of: name) {
            return account.labels.entries.prefixed(WellKnownLabel.serviceAccountPrefix)
                + [
                    Labels.Entry(
                        key: WellKnownLabel.serviceAccountPrefix + WellKnownLabel.name,
                        value: account.name.name)
                ]
        }
        return []
    }
}

extension NamespaceResource {
    /// The profile that Calico derives from the namespace; it allows everything, both ways.
    public var profileName: String { "kns.\(name)" }

    /// What endpoints and network sets of the namespace inherit.
    var inheritedLabels: [Labels.Entry] {
        labels.entries.prefixed(WellKnownLabel.namespacePrefix)
            + [Labels.Entry(key: WellKnownLabel.namespacePrefix + WellKnownLabel.name, value: name)]
    }
}

extension ServiceAccountResource {
    /// The profile that Calico derives from the account: labels, no rules.
    public var profileName: String { "ksa.\(name.namespace).\(name.name)" }
}

extension [String: NamespaceResource] {
    fileprivate func profileSubject(of profile: String) -> NamespaceResource? {
        profile.hasPrefix("kns.") ? self[String(profile.dropFirst(4))] : nil
    }
}

extension [ResourceName: ServiceAccountResource] {
    /// `ksa.<namespace>.<name>`: a namespace has no dots, an account's name may have.
    fileprivate func profileSubject(of profile: String) -> ServiceAccountResource? {
        guard profile.hasPrefix("ksa."), let dot = profile.dropFirst(4).firstIndex(of: ".") else {
            return nil
        }
        let namespace = String(profile[profile.index(profile.startIndex, offsetBy: 4)..<dot])
        return self[ResourceName(namespace: namespace, name: String(profile[profile.index(after: dot)...]))]
    }
}

extension NetworkSetResource {
    /// The labels that selectors see: a namespaced set also carries its namespace and inherits that one's
    /// labels.
    public func effectiveLabels(in state: ClusterState) -> Labels {
        guard !name.namespace.isEmpty else { return labels }
        let own = Labels(
            labels.entries.map { (key: $0.key, value: $0.value) } + [
                (WellKnownLabel.namespace, name.namespace)
            ])
        return own.inheriting(state.namespaces[name.namespace]?.inheritedLabels ?? [])
    }
}

extension Labels: LabelLookup {
    public func value(forLabel key: String) -> String? { self[key] }

    /// Adds entries whose keys are not there yet; among the added the first wins.
    func inheriting(_ others: [Entry]) -> Labels {
        Labels((others.reversed() + entries).map { (key: $0.key, value: $0.value) })
    }
}

extension [Labels.Entry] {
    fileprivate func prefixed(_ prefix: String) -> [Labels.Entry] {
        map { Labels.Entry(key: prefix + $0.key, value: $0.value) }
    }
}
