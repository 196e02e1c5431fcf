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
            ingress: ingress.flatMap { $0.converted(.ingress, namespace: id.namespace) },
            egress: egress.flatMap { $0.converted(.egress, namespace: id.namespace) },
            isUntracked: false, isPreDNAT: false, appliesOnForward: false)
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
    /// One rule per protocol (alphabetical) and peer, protocol-major: rule index = protocol rank × peers +
    /// peer rank.
    func converted(_ direction: Direction, namespace: String) -> [Rule] {
        let entities = peers.isEmpty ? [EntityMatch()] : peers.map { $0.entity(namespace: namespace) }
        return portGroups.flatMap { group in
            entities.map { peer in
                var source = direction == .ingress ? peer : EntityMatch()
                var destination = direction == .ingress ? EntityMatch() : peer
                destination.ports = group.ports
                // A selector on the destination narrows named ports to its endpoints; the source has none.
                if direction == .ingress { source.ports = [] }
                return Rule(
                    action: .allow, transport: group.transport, source: source, destination: destination)
            }
        }
    }

    private var portGroups: [(transport: IPProtocol?, ports: [PortMatch])] {
        guard !ports.isEmpty else { return [(nil, [])] }
        let transports = Set(ports.map(\.transport)).sorted { $0.policyName < $1.policyName }
        return transports.map { transport in
            let own = ports.filter { $0.transport == transport }
            // An entry without a port means every port and absorbs the others.
            if own.contains(where: { $0.port == nil }) { return (transport, []) }
            return (transport, Self.merged(own.compactMap(\.port)))
        }
    }

    /// Names in order, then numbers with neighbours joined into ranges.
    private static func merged(_ ports: [PortMatch]) -> [PortMatch] {
        var names: [PortMatch] = []
        var ranges: [PortRange] = []
        for port in ports {
            switch port {
            case .named: if !names.contains(port) { names.append(port) }
            case .range(let range): ranges.append(range)
            }
        }
        var joined: [PortRange] = []
        for range in ranges.sorted() {
            if let last = joined.last, Int(range.first) <= Int(last.last) + 1,
                let union = PortRange(last.first, max(last.last, range.last))
            {
                joined[joined.count - 1] = union
            } else {
                joined.append(range)
            }
        }
        return names + joined.map(PortMatch.range)
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
