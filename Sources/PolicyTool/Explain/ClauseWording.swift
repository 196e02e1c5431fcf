// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyEngine
internal import PolicyModel

/// Unmet criteria in words: what is, beside what the rule wants.
enum ClauseWording {
    static func text(_ clause: UnmetClause) -> String {
        switch clause {
        case .family(let wanted, let actual):
            let names = wanted.map(\.name).sorted().joined(separator: " and ")
            return
                "the connection is \(actual.name), rule is for \(names.isEmpty ? "neither version" : names)"
        case .transport(let wanted, let actual):
            return "protocol is \(actual.policyName), rule wants \(wanted.policyName)"
        case .excludedTransport(let transport):
            return "protocol is \(transport.policyName), which the rule excludes"
        case .icmp(let wanted, let actual):
            let found = actual.map { "ICMP is \(RuleWording.text($0))" } ?? "this is not ICMP"
            return "\(found), rule wants \(RuleWording.text(wanted))"
        case .excludedICMP(let match): return "ICMP is \(RuleWording.text(match)), which the rule excludes"
        case .nets(let end, let address, let wanted):
            let names = wanted.map(\.description)
            return
                "\(end.rawValue) \(address) is not in \(wanted.count > 1 ? "any of " : "")\(RuleWording.list(names))"
        case .excludedNet(let end, let address, let block):
            return "\(end.rawValue) \(address) is in \(block), which the rule excludes"
        case .selector(let end, let address, let wanted, let mismatches):
            return selector(end, address, wanted, mismatches)
        case .excludedSelector(let end, let address, let excluded, let owner):
            let owner = owner.map { name($0) } ?? "\(address)"
            return
                "\(end.rawValue) \(owner) matches \(SelectorWording.text(excluded)), which the rule excludes"
        case .service(let end, let address, let port, let service):
            let place = port.map { "\(address) port \($0)" } ?? "\(address)"
            return "\(end.rawValue) \(place) is no endpoint of Service \(service)"
        case .ports(let end, let actual, let wanted): return ports(end, actual, wanted)
        case .excludedPort(let end, let port, let match):
            let name = if case .named(let name) = match { " (\(name))" } else { "" }
            return "\(end.rawValue) port is \(port)\(name), which the rule excludes"
        }
    }

    private static func ports(_ end: ConnectionEnd, _ actual: UInt16?, _ wanted: [PortMatch]) -> String {
        let list = RuleWording.list(wanted.map(RuleWording.text))
        guard let actual else {
            return "the protocol has no ports, rule wants \(end.rawValue) \(RuleWording.ports(wanted))"
        }
        let isNamed = wanted.allSatisfy { if case .named = $0 { true } else { false } }
        return isNamed
            ? "\(end.rawValue) port is \(actual), which is not the port it declares as \(list)"
            : "\(end.rawValue) port is \(actual), rule wants \(list)"
    }

    // MARK: - Selectors

    private static func selector(
        _ end: ConnectionEnd, _ address: IPAddress, _ wanted: Selector, _ mismatches: [SelectorMismatch]
    ) -> String {
        guard let first = mismatches.first else {
            return "\(end.rawValue) \(address) belongs to no known endpoint or network set, "
                + "rule wants \(SelectorWording.text(wanted))"
        }
        let others = mismatches.dropFirst().map { name($0.owner) }
        let more = others.isEmpty ? "" : " (nor does \(RuleWording.list(others)) match)"
        return "\(actual(end, first)), rule wants \(SelectorWording.term(first.term))\(more)"
    }

    /// What the owner has of the labels that the failed term looks at.
    private static func actual(_ end: ConnectionEnd, _ mismatch: SelectorMismatch) -> String {
        let subject: String =
            switch mismatch.owner {
            case .workload: end.rawValue
            case .host, .networkSet: "\(end.rawValue) (\(name(mismatch.owner))):"
            }
        let labels = mismatch.labels.prefix(4).map { label in
            let key = SelectorWording.key(label.key)
            return label.value.map { "\(key) is \"\($0)\"" } ?? "\(key) is missing"
        }
        return labels.isEmpty
            ? "\(subject) does not match" : "\(subject) \(labels.joined(separator: " and "))"
    }

    /// `shop/cart-0`, `host endpoint n1-eth0`, `network set partners`.
    static func name(_ owner: AddressOwner) -> String {
        switch owner {
        case .workload(let endpoint): endpoint.name.description
        case .host(let endpoint): "host endpoint \(endpoint.resource.name)"
        case .networkSet(let set, _): "network set \(set.name)"
        }
    }

    // MARK: - Folding

    /// What kind of thing a rule wants that is not there: rules that fail for the same are folded.
    static func topic(_ clause: UnmetClause) -> String {
        switch clause {
        case .family: "want another IP version"
        case .transport, .excludedTransport: "want another protocol"
        case .icmp, .excludedICMP: "want other ICMP"
        case .nets(let end, _, _), .excludedNet(let end, _, _), .selector(let end, _, _, _),
            .excludedSelector(let end, _, _, _), .service(let end, _, _, _):
            "want another \(end.rawValue)"
        case .ports(let end, _, _), .excludedPort(let end, _, _): "want another \(end.rawValue) port"
        }
    }
}
