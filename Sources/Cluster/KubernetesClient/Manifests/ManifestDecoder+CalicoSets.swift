// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyModel

/// Calico's Tier, NetworkSet and GlobalNetworkSet (policy semantics 1.3, 1.8).
extension TierResource {
    init(_ document: Field, _ metadata: Metadata) {
        document.allowOnly(Field.topLevel)
        let spec = document.object("spec")
        spec?.allowOnly(["order", "defaultAction"])
        let actions = [DefaultAction.deny, .pass].map { (name: $0.rawValue, value: $0) }
        let builtIn = Self.builtIn.first { $0.name == metadata.name.name }
        self.init(
            name: metadata.name.name, order: spec?.number("order") ?? builtIn?.order,
            defaultAction: spec?.child("defaultAction")?.choice(actions, "default action")
                ?? builtIn?.defaultAction ?? .deny)
        document.addProblems(problems(), of: metadata)
    }
}

extension NetworkSetResource {
    init(_ document: Field, _ metadata: Metadata) {
        document.allowOnly(Field.topLevel)
        metadata.checkName(.subdomain, document)
        if metadata.labels[WellKnownLabel.namespace] != nil {
            document.problems.add([
                Diagnostic(
                    .error, field: "metadata.labels[\(WellKnownLabel.namespace)]",
                    message: "a network set must not carry the label '\(WellKnownLabel.namespace)'",
                    suggestion: "remove it")
            ])
        }
        guard let spec = document.requiredSpec() else {
            self.init(name: metadata.name, labels: metadata.labels)
            return
        }
        spec.allowOnly(["nets"])
        var seen: Set<IPPrefix> = []
        let nets = spec.list("nets") { element in
            let net = element.lenientPrefix()
            if let net, !seen.insert(net).inserted {
                element.error("\(net) is listed twice", try: "remove one of them")
            }
            return net
        }
        self.init(name: metadata.name, labels: metadata.labels, nets: nets)
    }
}
