// SPDX-License-Identifier: Apache-2.0

import NetworkModel

extension ClusterPolicy {
    /// The policy as a global one in the tier that stands for its own (policy semantics 7.2).
    func converted() -> Policy? {
        let rules = Dictionary(
            uniqueKeysWithValues: Direction.allCases.map { direction in
                (direction, converted(self.rules(direction), direction))
            })
        let used = Direction.allCases.filter { rules[$0]?.isEmpty == false }
        return Policy(
            id: id, tier: tier.tierName, order: Double(priority), selector: subject.selector,
            // A policy without types governs both directions; its tier passes what no rule matches.
            directions: Set(used.isEmpty ? Direction.allCases : used),
            ingress: rules[.ingress] ?? [], egress: rules[.egress] ?? [],
            isUntracked: false, isPreDNAT: false, appliesOnForward: false)
    }

    public func rules(_ direction: Direction) -> [ClusterRule] { direction == .ingress ? ingress : egress }

    private func converted(_ rules: [ClusterRule], _ direction: Direction) -> [Rule] {
        rules.enumerated().flatMap { index, rule in rule.converted(direction, index: index) }
    }
}

extension ClusterPolicy.Subject {
    /// Over endpoints; the orchestrator term keeps host endpoints out.
    var selector: Selector {
        switch self {
        case .namespaces(let namespaces):
            .conjunction([LabelSelector().podSelector, namespaces.namespaceSelector])
        case .pods(let namespaces, let pods):
            .conjunction([pods.podSelector, namespaces.namespaceSelector])
        }
    }
}

extension ClusterRule {
    func converted(_ direction: Direction, index: Int) -> [Rule] {
        // What a peer that is not supported would have covered is not known: never allow more than was asked for.
        guard !peers.contains(where: \.isUnsupported) else {
            return action == .allow ? [] : [Rule(action: .deny, sourceIndex: index)]
        }
        return Rule.expanded(
            action, direction, peers: peers.map(\.entity),
            ports: PortGroup.groups(of: ports.map(\.groupEntry)), sourceIndex: index)
    }
}

extension ClusterPeer {
    var isUnsupported: Bool { if case .unsupported = self { true } else { false } }

    fileprivate var entity: EntityMatch {
        switch self {
        case .namespaces(let namespaces): EntityMatch(selector: namespaces.namespaceSelector)
        case .pods(let namespaces, let pods):
            EntityMatch(selector: .conjunction([namespaces.namespaceSelector, pods.podSelector]))
        case .networks(let nets): EntityMatch(nets: nets)
        case .unsupported: EntityMatch()
        }
    }
}

extension ClusterPort {
    fileprivate var groupEntry: (transport: IPProtocol?, port: PortMatch?) {
        switch self {
        case .transport(let transport, let port): (transport, port)
        case .named(let name): (nil, .named(name))
        }
    }
}
