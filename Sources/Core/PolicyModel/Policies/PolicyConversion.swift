// SPDX-License-Identifier: Apache-2.0

import NetworkModel

extension PolicyResource {
    /// The policy in its ordered form; nil when it has no part in evaluation: `stagedAction: Delete`, or a
    /// selector that cannot be parsed (validation has reported it; the policy is treated as absent, never
    /// half-applied).
    public func converted() -> Policy? {
        switch form {
        case .calico(let policy): try? policy.converted()  // The reason was reported by `problems()`.
        case .kubernetes(let policy): policy.converted()
        case .cluster(let policy): policy.converted()
        }
    }
}

extension CalicoPolicy {
    func converted() throws(SelectorSyntaxError) -> Policy? {
        guard stagedAction != .delete else { return nil }
        return Policy(
            id: id, tier: tier.isEmpty ? "default" : tier, order: order ?? .infinity,
            selector: try effectiveSelector(), directions: effectiveDirections,
            ingress: try ingress.converted(in: id.namespace), egress: try egress.converted(in: id.namespace),
            isUntracked: isUntracked, isPreDNAT: isPreDNAT, appliesOnForward: appliesOnForward)
    }

    /// Policy semantics 1.5: what the API layer fills in when `types` is missing.
    public var effectiveDirections: Set<Direction> {
        if let types, !types.isEmpty { return Set(types) }
        return egress.isEmpty ? [.ingress] : ingress.isEmpty ? [.egress] : [.ingress, .egress]
    }

    /// Policy semantics 2.4, "policy selector".
    func effectiveSelector() throws(SelectorSyntaxError) -> Selector {
        let accounts =
            serviceAccountSelector.isBlank
            ? nil
            : try Selector(parsing: serviceAccountSelector).prefixingLabels(
                with: WellKnownLabel.serviceAccountPrefix)
        if id.kind.isNamespaced {
            let own = Selector(.equals(WellKnownLabel.namespace, id.namespace))
            let selected = try Selector(parsing: selector).and(own)
            return accounts.map(selected.and) ?? selected
        }
        var result: Selector? = selector.isBlank ? nil : try Selector(parsing: selector)
        if !namespaceSelector.isBlank {
            let namespaces = try Selector(parsing: namespaceSelector)
                .prefixingLabels(with: WellKnownLabel.namespacePrefix)
            // `all()` anywhere in the result now means "is a workload": it must leave out host endpoints.
            result = Selector.conjunction([result, namespaces]).replacingAll(
                with: .has(WellKnownLabel.namespace))
        }
        if let accounts {
            result = Selector.conjunction([result, accounts])
                .replacingAll(with: .has(WellKnownLabel.serviceAccount))
        }
        return result ?? .all
    }
}

extension Selector {
    /// All of the given selectors, kept literally: `all()` does not disappear as it does in `and(_:)`.
    static func conjunction(_ parts: [Selector?]) -> Selector {
        let present = parts.compactMap { $0?.root }
        return present.count == 1 ? Selector(present[0]) : Selector(.and(present))
    }
}

extension ProfileResource {
    /// The rules of one direction in their converted form.
    public func convertedRules(_ direction: Direction) throws(SelectorSyntaxError) -> [Rule] {
        try (direction == .ingress ? ingress : egress).converted(in: "")
    }
}

extension [CalicoRule] {
    func converted(in namespace: String) throws(SelectorSyntaxError) -> [Rule] {
        var rules: [Rule] = []
        rules.reserveCapacity(count)
        for (index, rule) in enumerated() { rules.append(try rule.converted(in: namespace, index: index)) }
        return rules
    }
}

extension CalicoRule {
    func converted(in namespace: String, index: Int) throws(SelectorSyntaxError) -> Rule {
        Rule(
            action: action, family: family ?? transport?.impliedFamily, transport: transport?.number,
            notTransport: notTransport?.number, icmp: icmp, notICMP: notICMP,
            source: try source.converted(in: namespace),
            destination: try destination.converted(in: namespace),
            hasHTTPMatch: hasHTTPMatch, sourceIndex: index)
    }
}

extension CalicoEntityRule {
    /// Policy semantics 2.4, "rule peer selector".
    func converted(in namespace: String) throws(SelectorSyntaxError) -> EntityMatch {
        let main = try mainSelector()
        var positive = main
        if !namespaceSelector.isBlank {
            let namespaces = try Selector(parsing: namespaceSelector)
                .prefixingLabels(with: WellKnownLabel.namespacePrefix)
                .replacingAll(with: .has(WellKnownLabel.namespace))
                .replacingGlobal(with: .not(.has(WellKnownLabel.namespace)))
            positive = .conjunction([namespaces, main])
        } else if !namespace.isEmpty, main != nil || !notSelector.isBlank {
            // A namespaced policy means peers of its own namespace; rules of only nets or ports have no such
            // limit.
            positive = .conjunction([Selector(.equals(WellKnownLabel.namespace, namespace)), main])
        }
        var negative = notSelector.isBlank ? nil : try Selector(parsing: notSelector)
        if let base = positive, let excluded = negative {
            positive = .conjunction([base, excluded.negated])
            negative = nil
        }
        return EntityMatch(
            nets: nets, notNets: notNets, selector: positive, notSelector: negative, ports: ports,
            notPorts: notPorts,
            service: service.map {
                ResourceName(namespace: $0.namespace.isEmpty ? namespace : $0.namespace, name: $0.name)
            })
    }

    /// Selector and service accounts together; nil when neither is given.
    private func mainSelector() throws(SelectorSyntaxError) -> Selector? {
        var parts: [Selector] = []
        if !serviceAccountSelector.isBlank {
            parts.append(
                try Selector(parsing: serviceAccountSelector)
                    .prefixingLabels(with: WellKnownLabel.serviceAccountPrefix))
        }
        if !serviceAccountNames.isEmpty {
            let names = Set(serviceAccountNames).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            parts.append(Selector(.isIn(WellKnownLabel.serviceAccount, names)))
        }
        if !selector.isBlank { parts.append(try Selector(parsing: selector)) }
        return parts.isEmpty ? nil : .conjunction(parts)
    }
}

extension String {
    /// Only spaces and tabs, or nothing: for selectors the same as absent.
    var isBlank: Bool { utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 } }
}
