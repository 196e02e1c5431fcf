// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel

extension ProfileResource {
    /// Everything that makes Calico's API refuse the profile (policy semantics 1.2, 1.6, 1.10), beyond what the types
    /// already exclude. Field paths are those of the API object; no locations.
    public func problems() -> [Diagnostic] {
        var list = ProblemList(resource: "Profile \(name)")
        list.checkName(name, .subdomain)
        for direction in Direction.allCases {
            let rules = direction == .ingress ? ingress : egress
            let field = direction == .ingress ? "spec.ingress" : "spec.egress"
            list.checkCount(
                rules.count, atMost: CalicoPolicy.maximumRules, field, of: "rules",
                try: "split the profile into several")
            for (index, rule) in rules.enumerated() {
                // A profile has no namespace of its own: its rules read like those of a global policy.
                rule.check(&list, "\(field)[\(index)]", direction: direction, isGlobal: true)
            }
            if name == Self.defaultAllow.name, rules != [CalicoRule(action: .allow)] {
                list.error(
                    field, "the built-in profile '\(name)' allows everything and cannot be changed",
                    try: "give the profile another name")
            }
        }
        for entry in labelsToApply.entries {
            list.checkLabel(
                key: entry.key, value: entry.value, FieldPath.child(entry.key, of: "spec.labelsToApply"))
        }
        return list.diagnostics
    }
}
