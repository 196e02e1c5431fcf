// SPDX-License-Identifier: Apache-2.0

extension CalicoPolicy {
    /// Most rules in one direction (policy semantics 1.4).
    public static let maximumRules = 1024

    /// Everything that makes Calico's API refuse the policy, beyond what the types already exclude (policy
    /// semantics 1.2, 1.4, 1.6, 1.7), and what is probably not meant. Field paths are those of the API
    /// object; no locations.
    ///
    /// A policy with an error must not be evaluated: upstream treats it as absent.
    public func problems() -> [Diagnostic] {
        var list = ProblemList(resource: id.description)
        list.checkName(id.name, id.kind.isNamespaced ? .namespacedPolicy : .globalPolicy)
        if id.kind.isNamespaced { list.checkName(id.namespace, .label, field: "metadata.namespace") }
        list.checkName(tier, .label, field: "spec.tier")
        if let order, !order.isFinite { list.error("spec.order", "the order must be a finite number") }
        if stagedAction == .delete {
            checkDelete(&list)
            return list.diagnostics
        }
        list.checkSelector(selector, "spec.selector")
        list.checkSelector(namespaceSelector, "spec.namespaceSelector")
        list.checkSelector(serviceAccountSelector, "spec.serviceAccountSelector")
        list.checkUnique(types ?? [], "spec.types") { "'\($0.rawValue)'" }
        checkHostStages(&list)
        for direction in Direction.allCases {
            let rules = direction == .ingress ? ingress : egress
            let field = direction == .ingress ? "spec.ingress" : "spec.egress"
            list.checkCount(
                rules.count, atMost: Self.maximumRules, field, of: "rules",
                try: "split the policy into several")
            for (index, rule) in rules.enumerated() {
                rule.check(
                    &list, "\(field)[\(index)]", direction: direction, isGlobal: !id.kind.isNamespaced)
            }
            if let types, !types.isEmpty, !types.contains(direction), !rules.isEmpty {
                list.warning(
                    field, "these rules never apply: spec.types does not contain '\(direction.rawValue)'",
                    try: "add '\(direction.rawValue)' to spec.types or remove the rules")
            }
        }
        return list.diagnostics
    }

    /// `stagedAction: Delete` names a policy to remove; a specification beside it would be ignored silently.
    private func checkDelete(_ list: inout ProblemList) {
        let given: [(String, Bool)] = [
            ("order", order != nil), ("selector", !selector.isEmpty),
            ("namespaceSelector", !namespaceSelector.isEmpty),
            ("serviceAccountSelector", !serviceAccountSelector.isEmpty),
            ("ingress", !ingress.isEmpty), ("egress", !egress.isEmpty), ("doNotTrack", isUntracked),
            ("preDNAT", isPreDNAT), ("applyOnForward", appliesOnForward),
            ("performanceHints", isNeededOnEveryNode),
        ]
        for (name, isGiven) in given where isGiven {
            list.error(
                "spec.\(name)", "'\(name)' cannot be given together with 'stagedAction: Delete'",
                try: "keep only 'tier' and 'stagedAction'")
        }
        if types?.isEmpty == false {
            list.warning(
                "spec.types", "'types' is ignored together with 'stagedAction: Delete'", try: "remove it")
        }
    }

    private func checkHostStages(_ list: inout ProblemList) {
        if isUntracked, isPreDNAT {
            list.error(
                "spec.preDNAT", "'doNotTrack' and 'preDNAT' cannot both be true", try: "keep one of them")
        }
        for (name, isOn) in [("doNotTrack", isUntracked), ("preDNAT", isPreDNAT)]
        where isOn && !appliesOnForward {
            list.error(
                "spec.\(name)", "'\(name)' needs 'applyOnForward: true'", try: "add 'applyOnForward: true'")
        }
        guard isPreDNAT else { return }
        if !egress.isEmpty {
            list.error(
                "spec.egress", "a 'preDNAT' policy cannot have egress rules", try: "remove the egress rules")
        }
        if let index = types?.firstIndex(of: .egress) {
            list.error(
                "spec.types[\(index)]", "a 'preDNAT' policy cannot have the type 'Egress'", try: "remove it")
        }
    }
}
