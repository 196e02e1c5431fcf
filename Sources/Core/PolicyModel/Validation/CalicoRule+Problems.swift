// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel

extension CalicoRule {
    /// Most entries in each of `nets` and `notNets` (policy semantics 1.6).
    public static let maximumNets = 256
    /// Most entries in each of `ports` and `notPorts` (policy semantics 1.6).
    public static let maximumPorts = 50

    func check(_ list: inout ProblemList, _ field: String, direction: Direction, isGlobal: Bool) {
        checkProtocols(&list, field)
        checkFamilies(&list, field)
        checkHTTP(&list, field, direction: direction)
        for (name, side) in [("source", source), ("destination", destination)] {
            let path = "\(field).\(name)"
            side.check(&list, path)
            checkPorts(&list, path, of: side)
            guard let service = side.service else { continue }
            if service.namespace.isEmpty, isGlobal {
                list.error(
                    "\(path).services", "'services' in a global policy needs a namespace",
                    try: "add 'namespace:' beside the service's name")
            }
            let isRightWay = (name == "source") == (direction == .ingress)
            if !isRightWay {
                list.error(
                    "\(path).services",
                    "'\(name).services' is not allowed in an \(direction.rawValue.lowercased()) rule",
                    try: "use '\(name == "source" ? "destination" : "source").services'")
            }
        }
        if !destination.ports.isEmpty || !destination.notPorts.isEmpty, destination.service != nil {
            list.error(
                "\(field).destination.services",
                "'destination.services' cannot be combined with destination ports",
                try: "remove the ports: the service's own ports are used")
        }
    }

    private func checkProtocols(_ list: inout ProblemList, _ field: String) {
        let isICMP = transport.map { $0.number == .icmp || $0.number == .icmpv6 } ?? false
        if icmp != nil, !isICMP {
            list.error(
                "\(field).icmp",
                transport == nil
                    ? "'icmp' needs the protocol ICMP or ICMPv6"
                    : "'icmp' cannot be combined with the protocol \(transport.policyText)",
                try: "set 'protocol: ICMP' or 'protocol: ICMPv6'")
        }
        if notICMP != nil, transport != nil, !isICMP {
            list.warning(
                "\(field).notICMP", "'notICMP' excludes nothing from the protocol \(transport.policyText)",
                try: "remove it")
        }
        for (name, value) in [("protocol", transport), ("notProtocol", notTransport)] {
            if value?.number == .icmp, family == .v6 {
                list.error(
                    "\(field).\(name)", "ICMP is an IPv4 protocol, but the rule has 'ipVersion: 6'",
                    try: "use ICMPv6")
            }
            if value?.number == .icmpv6, family == .v4 {
                list.error(
                    "\(field).\(name)", "ICMPv6 is an IPv6 protocol, but the rule has 'ipVersion: 4'",
                    try: "use ICMP")
            }
        }
    }

    /// Numeric ports need a protocol that has ports; names carry their own protocol.
    private func checkPorts(_ list: inout ProblemList, _ path: String, of side: CalicoEntityRule) {
        for (name, ports) in [("ports", side.ports), ("notPorts", side.notPorts)] where !ports.isEmpty {
            if let transport {
                guard !transport.number.hasPolicyPorts else { continue }
                list.error(
                    "\(path).\(name)", "the protocol \(Optional(transport).policyText) has no ports",
                    try: "use TCP, UDP or SCTP, or remove the ports")
            } else if ports.contains(where: \.isNumeric) {
                list.error(
                    "\(path).\(name)", "a numeric port needs a protocol",
                    try: "add 'protocol: TCP' (or UDP, SCTP) to the rule")
            }
        }
    }

    private func checkFamilies(_ list: inout ProblemList, _ field: String) {
        let lists = [
            ("source.nets", source.nets), ("source.notNets", source.notNets),
            ("destination.nets", destination.nets), ("destination.notNets", destination.notNets),
        ]
        let first = lists.lazy.compactMap { $0.1.first }.first?.family
        for (name, nets) in lists {
            for (index, net) in nets.enumerated() {
                if let family, net.family != family {
                    list.error(
                        "\(field).\(name)[\(index)]",
                        "\(net) does not fit the rule's 'ipVersion: \(family.rawValue)'"
                    )
                } else if family == nil, net.family != first {
                    list.error(
                        "\(field).\(name)[\(index)]", "\(net) mixes IPv4 and IPv6 in one rule",
                        try: "write one rule for each IP version")
                }
            }
        }
    }

    private func checkHTTP(_ list: inout ProblemList, _ field: String, direction: Direction) {
        guard hasHTTPMatch else { return }
        if action != .allow {
            list.error("\(field).http", "'http' is only allowed with 'action: Allow'")
        }
        if let transport, transport.number != .tcp {
            list.error(
                "\(field).http",
                "'http' cannot be combined with the protocol \(Optional(transport).policyText)")
        }
        if direction == .egress {
            list.error("\(field).http", "'http' is not allowed in an egress rule")
        }
    }
}

extension CalicoEntityRule {
    fileprivate func check(_ list: inout ProblemList, _ path: String) {
        for (name, nets) in [("nets", nets), ("notNets", notNets)] {
            list.checkCount(nets.count, atMost: CalicoRule.maximumNets, "\(path).\(name)", of: "CIDRs")
            list.checkUnique(nets, "\(path).\(name)") { "\($0)" }
        }
        for (index, net) in notNets.enumerated() where net.length == 0 {
            list.error(
                "\(path).notNets[\(index)]", "\(net) excludes every address, so the rule would never match",
                try: "remove it, or remove the rule")
        }
        for (name, ports) in [("ports", ports), ("notPorts", notPorts)] {
            list.checkCount(ports.count, atMost: CalicoRule.maximumPorts, "\(path).\(name)", of: "ports")
        }
        list.checkSelector(selector, "\(path).selector")
        list.checkSelector(notSelector, "\(path).notSelector", global: .meaningless)
        list.checkSelector(namespaceSelector, "\(path).namespaceSelector", global: .alone)
        list.checkSelector(
            serviceAccountSelector, "\(path).serviceAccounts.selector", global: .meaningless)
        list.checkUnique(serviceAccountNames, "\(path).serviceAccounts.names") { $0.quotedForMessage }
        for (index, name) in serviceAccountNames.enumerated() {
            list.checkName(name, .subdomain, field: "\(path).serviceAccounts.names[\(index)]")
        }
        checkService(&list, path)
    }

    private func checkService(_ list: inout ProblemList, _ path: String) {
        guard let service else { return }
        if service.name.isEmpty {
            list.error("\(path).services", "'services' needs the name of a Service", try: "add 'name:'")
        }
        for (name, text) in [("name", service.name), ("namespace", service.namespace)]
        where text.utf8.count > 253 {
            list.error("\(path).services.\(name)", "the name is longer than 253 characters")
        }
        let others: [(String, Bool)] = [
            ("selector", !selector.isEmpty), ("notSelector", !notSelector.isEmpty),
            ("namespaceSelector", !namespaceSelector.isEmpty), ("nets", !nets.isEmpty),
            ("notNets", !notNets.isEmpty),
            ("serviceAccounts", !serviceAccountNames.isEmpty || !serviceAccountSelector.isEmpty),
        ]
        let given = others.filter(\.1).map { "'\($0.0)'" }
        guard !given.isEmpty else { return }
        list.error(
            "\(path).services",
            "'services' cannot be combined with \(given.joined(separator: ", ")) on the same side",
            try: "write two rules")
    }
}

extension PortMatch {
    fileprivate var isNumeric: Bool { if case .range = self { true } else { false } }
}

extension ProtocolName? {
    fileprivate var policyText: String { self.map { $0.number.policyName } ?? "" }
}
