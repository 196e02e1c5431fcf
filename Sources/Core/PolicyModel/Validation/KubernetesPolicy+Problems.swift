// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel

extension KubernetesPolicy {
    /// Everything that makes the Kubernetes API (or Calico's, for the staged kind) refuse the policy, beyond
    /// what the types already exclude, and what is probably not meant. Field paths are those of the API
    /// object; no locations.
    public func problems() -> [Diagnostic] {
        var list = ProblemList(resource: id.description)
        list.checkName(id.name, .subdomain)
        list.checkName(id.namespace, .label, field: "metadata.namespace")
        if stagedAction == .delete {
            checkDelete(&list)
            return list.diagnostics
        }
        list.checkSelector(podSelector, "spec.podSelector")
        list.checkUnique(policyTypes ?? [], "spec.policyTypes") { "'\($0.rawValue)'" }
        for direction in Direction.allCases {
            let rules = direction == .ingress ? ingress : egress
            let field = direction == .ingress ? "spec.ingress" : "spec.egress"
            let peers = direction == .ingress ? "from" : "to"
            for (index, rule) in rules.enumerated() {
                for (position, peer) in rule.peers.enumerated() {
                    peer.check(&list, "\(field)[\(index)].\(peers)[\(position)]")
                }
                for (position, port) in rule.ports.enumerated() {
                    port.check(&list, "\(field)[\(index)].ports[\(position)]")
                }
            }
            if let policyTypes, !policyTypes.isEmpty, !policyTypes.contains(direction), !rules.isEmpty {
                list.warning(
                    field,
                    "these rules never apply: spec.policyTypes does not contain '\(direction.rawValue)'",
                    try: "add '\(direction.rawValue)' to spec.policyTypes or remove the rules")
            }
        }
        return list.diagnostics
    }

    private func checkDelete(_ list: inout ProblemList) {
        let given: [(String, Bool)] = [
            ("podSelector", !podSelector.isEmpty), ("policyTypes", !(policyTypes ?? []).isEmpty),
            ("ingress", !ingress.isEmpty), ("egress", !egress.isEmpty),
        ]
        for (name, isGiven) in given where isGiven {
            list.error(
                "spec.\(name)", "'\(name)' cannot be given together with 'stagedAction: Delete'",
                try: "keep only 'stagedAction'")
        }
    }
}

extension KubernetesPeer {
    fileprivate func check(_ list: inout ProblemList, _ path: String) {
        switch self {
        case .pods(nil, namespaces: nil):
            list.error(
                path, "an empty peer selects nothing", try: "give podSelector, namespaceSelector or ipBlock")
        case .pods(let pods, let namespaces):
            if let pods { list.checkSelector(pods, "\(path).podSelector") }
            if let namespaces { list.checkSelector(namespaces, "\(path).namespaceSelector") }
        case .ipBlock(let block, let exceptions):
            for (index, exception) in exceptions.enumerated()
            where !block.contains(exception) || exception == block {
                list.error(
                    "\(path).ipBlock.except[\(index)]", "\(exception) is not a smaller block inside \(block)",
                    try: "an exception must lie strictly inside the block's cidr")
            }
        }
    }
}

extension KubernetesPort {
    fileprivate func check(_ list: inout ProblemList, _ path: String) {
        if !transport.hasPolicyPorts {
            list.error(
                "\(path).protocol", "\(transport.policyName) has no ports", try: "use TCP, UDP or SCTP")
        }
    }
}
