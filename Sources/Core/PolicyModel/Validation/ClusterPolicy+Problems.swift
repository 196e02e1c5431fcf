// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel

extension ClusterPolicy {
    /// What one version of the API allows, and what it calls the list of ports.
    public struct Limits: Hashable, Sendable {
        /// Most rules in one direction.
        public let rules: Int
        /// Most peers in one rule.
        public let peers: Int
        /// Most entries in one rule's list of ports.
        public let ports: Int
        /// `protocols` or `ports`: a rule's field.
        public let portsField: String

        /// policy.networking.k8s.io/v1alpha2 (policy semantics 7.2).
        public static let current = Limits(rules: 25, peers: 25, ports: 25, portsField: "protocols")
        /// policy.networking.k8s.io/v1alpha1: AdminNetworkPolicy and BaselineAdminNetworkPolicy.
        public static let retired = Limits(rules: 100, peers: 100, ports: 100, portsField: "ports")
    }

    /// Smaller is earlier.
    public static let priorities = 0...1000
    /// Most characters in the name of a rule.
    public static let maximumRuleNameLength = 100
    /// Most CIDRs, and most domain names, in one peer.
    public static let maximumNetworks = 25

    /// Everything that makes the API refuse the policy, beyond what the types already exclude, and what Calico does
    /// not support. Lists that must not be empty are left to the reader, which knows whether entries were dropped.
    /// Field paths are those of the API object; no locations.
    public func problems(_ limits: Limits = .current) -> [Diagnostic] {
        var list = ProblemList(resource: id.description)
        list.checkName(id.name, .subdomain)
        if !Self.priorities.contains(priority) {
            list.error("spec.priority", "\(priority) is no priority: expected a number from 0 to 1000")
        }
        switch subject {
        case .namespaces(let namespaces): list.checkSelector(namespaces, "spec.subject.namespaces")
        case .pods(let namespaces, let pods):
            list.checkSelector(namespaces, "spec.subject.pods.namespaceSelector")
            list.checkSelector(pods, "spec.subject.pods.podSelector")
        }
        for direction in Direction.allCases {
            let field = direction == .ingress ? "spec.ingress" : "spec.egress"
            list.checkCount(
                rules(direction).count, atMost: limits.rules, field, of: "rules",
                try: "split the policy into several of neighbouring priorities")
            for (index, rule) in rules(direction).enumerated() {
                rule.check(&list, "\(field)[\(index)]", direction, limits)
            }
        }
        return list.diagnostics
    }
}

extension ClusterRule {
    fileprivate func check(
        _ list: inout ProblemList, _ path: String, _ direction: Direction, _ limits: ClusterPolicy.Limits
    ) {
        if name.unicodeScalars.count > ClusterPolicy.maximumRuleNameLength {
            list.error(
                "\(path).name",
                "the name has \(name.unicodeScalars.count) characters, at most "
                    + "\(ClusterPolicy.maximumRuleNameLength) are allowed")
        }
        if action == .log { list.error("\(path).action", "a cluster policy has no action 'Log'") }
        let peersField = "\(path).\(direction == .ingress ? "from" : "to")"
        list.checkCount(peers.count, atMost: limits.peers, peersField, of: "peers")
        list.checkCount(ports.count, atMost: limits.ports, "\(path).\(limits.portsField)", of: "entries")
        for (index, peer) in peers.enumerated() {
            check(&list, peer, "\(peersField)[\(index)]", direction)
        }
        guard let place = peers.lazy.compactMap(\.fieldWithoutPortNames).first else { return }
        for (index, port) in ports.enumerated() {
            guard case .named(let name) = port else { continue }
            list.error(
                "\(path).\(limits.portsField)[\(index)]",
                "the named port \(name.quotedForMessage) cannot be combined with a '\(place)' peer: nothing there "
                    + "names its ports",
                try: "write the number of the port, or a rule of its own for the '\(place)' peer")
        }
    }

    private func check(
        _ list: inout ProblemList, _ peer: ClusterPeer, _ path: String, _ direction: Direction
    ) {
        switch peer {
        case .namespaces(let namespaces): list.checkSelector(namespaces, "\(path).namespaces")
        case .pods(let namespaces, let pods):
            list.checkSelector(namespaces, "\(path).pods.namespaceSelector")
            list.checkSelector(pods, "\(path).pods.podSelector")
        case .networks(let nets):
            list.checkCount(
                nets.count, atMost: ClusterPolicy.maximumNetworks, "\(path).networks", of: "CIDRs",
                try: "split the list into several peers")
        case .unsupported(let name):
            list.warning(
                "\(path).\(name)",
                "'\(name)' peers are not supported: "
                    + (action == .allow
                        ? "the whole rule allows nothing"
                        : "the whole rule denies all \(direction.rawValue.lowercased()) traffic"),
                try: "write 'networks' with the addresses that are meant, in a rule of its own")
        }
    }
}

extension ClusterPeer {
    /// The peer's field when it stands for places that declare no named ports.
    fileprivate var fieldWithoutPortNames: String? {
        switch self {
        case .networks: "networks"
        case .unsupported(let name): name
        case .namespaces, .pods: nil
        }
    }
}
