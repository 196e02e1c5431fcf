// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyModel

/// policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy (policy semantics 7.2).
extension ClusterPolicy {
    init(_ document: Field, _ metadata: Metadata) {
        self.init(unread: metadata)
        document.allowOnly(Field.topLevel)
        let spec = document.requiredSpec(try: "add 'spec:' with 'tier', 'priority' and 'subject'")
        if let spec { read(spec) }
        document.addProblems(problems(), of: metadata)
    }

    private mutating func read(_ spec: Field) {
        spec.allowOnly(["tier", "priority", "subject", "ingress", "egress"])
        if let field = spec.required("tier", try: "add 'tier: Admin' or 'tier: Baseline'") {
            let tiers = [Tier.admin, .baseline].map { (name: $0.rawValue, value: $0) }
            tier = field.choice(tiers, "tier") ?? .admin
        }
        priority = spec.requiredPriority() ?? 0
        subject = spec.clusterSubject() ?? subject
        let actions: [(name: String, value: RuleAction)] = [
            ("Accept", .allow), ("Deny", .deny), ("Pass", .pass),
        ]
        ingress = spec.list("ingress", atMost: .max).map { rule in
            ClusterRule(rule, .ingress, actions, "protocols") { $0.clusterProtocol() }
        }
        egress = spec.list("egress", atMost: .max).map { rule in
            ClusterRule(rule, .egress, actions, "protocols") { $0.clusterProtocol() }
        }
    }

    /// What stands in until the document has said otherwise.
    init(unread metadata: Metadata) {
        self.init(
            id: PolicyID(kind: .kubernetesClusterNetworkPolicy, name: metadata.name.name), tier: .admin,
            priority: 0, subject: .namespaces(LabelSelector()))
    }
}

extension ClusterRule {
    /// A rule of either version of the API: they differ in the words for actions and in the list of ports.
    init(
        _ field: Field, _ direction: Direction, _ actions: [(name: String, value: RuleAction)],
        _ portsKey: String, readPort: (Field) -> ClusterPort?
    ) {
        self.init(action: .deny)
        guard field.isObject() else { return }
        let peersKey = direction == .ingress ? "from" : "to"
        field.allowOnly(["name", "action", peersKey, portsKey])
        name = field.text("name")
        let words = actions.map(\.name).joined(separator: ", ")
        if let action = field.required("action", try: "the actions are \(words)") {
            self.action = action.choice(actions, "action") ?? .deny
        }
        if let peers = field.required(peersKey, try: "'namespaces: {}' is a peer that means every namespace")
        {
            peers.refuseEmptyList(
                "a rule needs at least one peer", try: "'namespaces: {}' is a peer that means every namespace"
            )
        }
        peers = field.list(peersKey) { $0.clusterPeer(direction) }
        field.child(portsKey)?.refuseEmptyList(
            "the list must not be empty",
            try: "remove '\(portsKey)': without it the rule is about all traffic")
        ports = field.list(portsKey, readPort)
    }
}
