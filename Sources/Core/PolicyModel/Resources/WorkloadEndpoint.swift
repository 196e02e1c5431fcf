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
        self.init(pod) { state.labels(ofProfile: $0) }
    }

    /// - Parameter inherited: the labels that a profile hands on to its endpoints.
    public init?(_ pod: PodResource, inherited: (String) -> Labels) {
        guard !pod.usesHostNetwork, !pod.isFinished, !pod.addresses.isEmpty else { return nil }
        name = pod.name
        addresses = pod.addresses
        ports = pod.ports
        profiles = pod.profiles ?? Self.derivedProfiles(of: pod)
        ownLabels = Self.amendedLabels(of: pod)
        labels = profiles.reduce(ownLabels) { $0.inheriting(inherited($1)) }
    }

    /// `kns.<namespace>`, then `ksa.<namespace>.<account>` (policy semantics 1.10).
    static func derivedProfiles(of pod: PodResource) -> [String] {
        let namespace = "kns.\(pod.name.namespace)"
        return pod.serviceAccount.isEmpty
            ? [namespace] : [namespace, "ksa.\(pod.name.namespace).\(pod.serviceAccount)"]
    }

    /// The pod's labels with Calico's own, without those by which it could pose as a namespace or account.
    static func amendedLabels(of pod: PodResource) -> Labels {
        let own = pod.labels.filter {
            !$0.key.hasPrefix(WellKnownLabel.namespacePrefix)
                && !$0.key.hasPrefix(WellKnownLabel.serviceAccountPrefix)
        }
        var added = [
            (key: WellKnownLabel.namespace, value: pod.name.namespace),
            (key: WellKnownLabel.orchestrator, value: "k8s"),
        ]
        if !pod.serviceAccount.isEmpty {
            added.append((key: WellKnownLabel.serviceAccount, value: pod.serviceAccount))
        }
        return Labels(added).inheriting(own)
    }
}

extension ClusterState {
    /// The labels that a profile hands on to its endpoints; none for a profile that is not known.
    public func labels(ofProfile name: String) -> Labels {
        if let profile = profiles[name] { return profile.labelsToApply }
        if let namespace = namespaces.profileSubject(of: name) { return namespace.inheritedLabels }
        return serviceAccounts.profileSubject(of: name)?.inheritedLabels ?? Labels()
    }
}

/// A node's interface as policy sees it: as the subject of the host stages, and as a peer of rules by its addresses.
public struct HostEndpoint: Hashable, Sendable, LabelLookup {
    public let resource: HostEndpointResource
    /// Own labels and those of its profiles; the first to name a key wins.
    public let labels: Labels

    public init(_ resource: HostEndpointResource, in state: ClusterState) {
        self.resource = resource
        labels = resource.profiles.reduce(resource.labels) { $0.inheriting(state.labels(ofProfile: $1)) }
    }

    public func value(forLabel key: String) -> String? { labels[key] }
}

extension NamespaceResource {
    /// The profile that Calico derives from the namespace; it allows everything, both ways.
    public var profileName: String { "kns.\(name)" }

    /// What endpoints and network sets of the namespace inherit.
    public var inheritedLabels: Labels {
        labels.inherited(prefix: WellKnownLabel.namespacePrefix, name: name)
    }
}

extension ServiceAccountResource {
    /// The profile that Calico derives from the account: labels, no rules.
    public var profileName: String { "ksa.\(name.namespace).\(name.name)" }

    /// What the account's pods inherit.
    public var inheritedLabels: Labels {
        labels.inherited(prefix: WellKnownLabel.serviceAccountPrefix, name: name.name)
    }
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
        let own = Labels([(key: WellKnownLabel.namespace, value: name.namespace)]).inheriting(labels)
        guard let namespace = state.namespaces[name.namespace] else { return own }
        return own.inheriting(namespace.inheritedLabels)
    }
}

extension Labels: LabelLookup {
    public func value(forLabel key: String) -> String? { self[key] }

    /// As an endpoint inherits them: every key with the prefix, and the object's name, which wins over a label of
    /// that name.
    fileprivate func inherited(prefix: String, name: String) -> Labels {
        let prefixed = entries.map { (key: prefix + $0.key, value: $0.value) }
        return Labels(prefixed + [(key: prefix + WellKnownLabel.name, value: name)])
    }
}
