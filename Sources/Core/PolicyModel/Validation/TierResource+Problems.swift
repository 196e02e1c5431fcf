// SPDX-License-Identifier: Apache-2.0

extension TierResource {
    /// What makes Calico's API refuse the tier (policy semantics 1.3).
    public func problems() -> [Diagnostic] {
        var list = ProblemList(resource: "Tier \(name)")
        list.checkName(name, .label)
        if !order.isFinite { list.error("spec.order", "the order must be a finite number") }
        guard let builtIn = Self.builtIn.first(where: { $0.name == name }) else { return list.diagnostics }
        if order != builtIn.order {
            list.error(
                "spec.order", "the order of the built-in tier '\(name)' is fixed",
                try: "use \(Int(builtIn.order))")
        }
        if defaultAction != builtIn.defaultAction {
            list.error(
                "spec.defaultAction", "the default action of the built-in tier '\(name)' is fixed",
                try: "use \(builtIn.defaultAction.rawValue)")
        }
        return list.diagnostics
    }
}
