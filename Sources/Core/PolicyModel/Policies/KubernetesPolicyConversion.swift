// SPDX-License-Identifier: Apache-2.0

import NetworkModel

extension KubernetesPolicy {
    /// Order of Kubernetes policies among Calico's in the tier `default` (policy semantics 7.1).
    static let order = 1000.0

    func converted() -> Policy? {
        guard stagedAction != .delete else { return nil }
        let selected = Selector.conjunction([
            podSelector.podSelector, Selector(.equals(WellKnownLabel.namespace, id.namespace)),
        ])
        return Policy(
            id: id, tier: "default", order: Self.order, selector: selected, directions: effectiveDirections,
            ingress: converted(ingress, .ingress), egress: converted(egress, .egress),
            isUntracked: false, isPreDNAT: false, appliesOnForward: false)
    }

    private func converted(_ rules: [KubernetesRule], _ direction: Direction) -> [Rule] {
        rules.enumerated().flatMap { index, rule in
            rule.converted(direction, namespace: id.namespace, index: index)
        }
    }

    /// `policyTypes`, or what the API server fills in: Ingress always, Egress when there are egress rules.
    public var effectiveDirections: Set<Direction> {
        if let policyTypes, !policyTypes.isEmpty { return Set(policyTypes) }
        return egress.isEmpty ? [.ingress] : [.ingress, .egress]
    }
}

extension LabelSelector {
    /// As a selector over pods: starts with the orchestrator term, so it never matches sets or host
    /// endpoints.
    var podSelector: Selector {
        let nodes = [Selector.Node.equals(WellKnownLabel.orchestrator, "k8s")] + terms
        return Selector(nodes.count == 1 ? nodes[0] : .and(nodes))
    }

    /// As a selector over the labels that endpoints inherit from their namespace; empty means any namespace.
    var namespaceSelector: Selector {
        guard !isEmpty else { return Selector(.has(WellKnownLabel.namespace)) }
        return Selector(terms.count == 1 ? terms[0] : .and(terms))
            .prefixingLabels(with: WellKnownLabel.namespacePrefix)
    }
}

extension KubernetesRule {
    func converted(_ direction: Direction, namespace: String, index: Int) -> [Rule] {
        let entities = peers.isEmpty ? [EntityMatch()] : peers.map { $0.entity(namespace: namespace) }
        return Rule.expanded(
            .allow, direction, peers: entities,
            ports: PortGroup.groups(of: ports.map { ($0.transport, $0.port) }), sourceIndex: index)
    }
}

extension KubernetesPeer {
    func entity(namespace: String) -> EntityMatch {
        switch self {
        case .ipBlock(let block, let except):
            return EntityMatch(nets: [block], notNets: except)
        case .pods(let pods, let namespaces):
            let spaces =
                namespaces?.namespaceSelector ?? Selector(.equals(WellKnownLabel.namespace, namespace))
            return EntityMatch(selector: .conjunction([spaces, (pods ?? LabelSelector()).podSelector]))
        }
    }
}
