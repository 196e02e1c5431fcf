// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyModel

/// policy.networking.k8s.io/v1alpha1 AdminNetworkPolicy and BaselineAdminNetworkPolicy: retired, and ignored by current
/// releases of Calico (policy semantics 7.3). They are read as the ClusterNetworkPolicy that replaces them, so that
/// their effect can still be seen while they are being rewritten.
extension ClusterPolicy {
    /// Where a baseline policy, which has no priority of its own, stands in its tier: after all that have one.
    static let retiredBaselinePriority = 1000

    init(retired document: Field, _ metadata: Metadata, _ tier: Tier) {
        self.init(unread: metadata)
        self.tier = tier
        let kind = tier == .admin ? "AdminNetworkPolicy" : "BaselineAdminNetworkPolicy"
        // A person looks for the kind that is written in the file.
        if metadata.isIdentified {
            document.problems.resource = "\(kind) \(metadata.name.name)".escapedForMessage
        }
        warnOfRetirement(document, kind)
        document.allowOnly(Field.topLevel)
        if let spec = document.requiredSpec(try: "add 'spec:' with 'subject' and rules") {
            read(retired: spec)
        }
        document.addProblems(problems(.retired) + baselineNameProblems, of: metadata)
    }

    private mutating func read(retired spec: Field) {
        spec.allowOnly((tier == .admin ? ["priority"] : []) + ["subject", "ingress", "egress"])
        priority = tier == .admin ? spec.requiredPriority() ?? 0 : Self.retiredBaselinePriority
        subject = spec.clusterSubject() ?? subject
        let actions: [(name: String, value: RuleAction)] =
            [("Allow", .allow), ("Deny", .deny)] + (tier == .admin ? [("Pass", .pass)] : [])
        ingress = spec.list("ingress", atMost: .max).map { rule in
            ClusterRule(rule, .ingress, actions, "ports") { $0.retiredPort() }
        }
        egress = spec.list("egress", atMost: .max).map { rule in
            ClusterRule(rule, .egress, actions, "ports") { $0.retiredPort() }
        }
    }

    private var baselineNameProblems: [Diagnostic] {
        guard tier == .baseline, id.name != "default" else { return [] }
        return [
            Diagnostic(
                .error, field: "metadata.name",
                message: "the only BaselineAdminNetworkPolicy of a cluster is named 'default'",
                suggestion: "rename it, or write a ClusterNetworkPolicy of the tier Baseline")
        ]
    }

    private func warnOfRetirement(_ document: Field, _ kind: String) {
        let rank = tier == .admin ? "" : ", priority \(Self.retiredBaselinePriority)"
        (document.child("kind") ?? document).warning(
            "\(kind) is retired and current releases of Calico ignore it; it is read as the ClusterNetworkPolicy "
                + "\(id.name.quotedForMessage) of the tier \(tier.rawValue)\(rank)",
            try: "write it as a ClusterNetworkPolicy of policy.networking.k8s.io/v1alpha2")
    }
}

extension Field {
    /// An element of `ports`.
    fileprivate func retiredPort() -> ClusterPort? {
        guard
            let (key, field) = onlyChild(["portNumber", "portRange", "namedPort"], "an entry of 'ports'")
        else { return nil }
        if key == "namedPort" { return field.clusterPortName() }
        guard field.isObject() else { return nil }
        field.allowOnly(key == "portNumber" ? ["protocol", "port"] : ["protocol", "start", "end"])
        let transport = field.kubernetesProtocol()
        let range =
            key == "portNumber"
            ? field.required("port")?.port().map { PortRange($0) } : field.clusterPortRange()
        return range.map { .transport(transport, .range($0)) }
    }
}
