// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyModel

/// Rules in one line: `allow TCP from app == "web" to port 5432`.
enum RuleWording {
    static func text(_ rule: Rule) -> String {
        var parts: [String] = []
        if let family = rule.family { parts.append(family.name) }
        if let transport = rule.transport { parts.append(transport.policyName) }
        if let transport = rule.notTransport { parts.append("anything but \(transport.policyName)") }
        if let icmp = rule.icmp { parts.append(text(icmp)) }
        if let icmp = rule.notICMP { parts.append("except \(text(icmp))") }
        if let side = side(rule.source) { parts.append("from \(side)") }
        if let side = side(rule.destination) { parts.append("to \(side)") }
        if rule.hasHTTPMatch { parts.append("with HTTP conditions") }
        let what = parts.isEmpty ? "everything" : parts.joined(separator: " ")
        return "\(rule.action.rawValue.lowercased()) \(what)"
    }

    static func text(_ match: ICMPMatch) -> String {
        "type \(match.type)" + (match.code.map { " code \($0)" } ?? "")
    }

    /// nil when the side is anyone and any port.
    private static func side(_ side: EntityMatch) -> String? {
        var parts: [String] = []
        if let selector = side.selector { parts.append(SelectorWording.text(selector)) }
        if let selector = side.notSelector { parts.append("anything but \(SelectorWording.text(selector))") }
        if let service = side.service { parts.append("Service \(service)") }
        if !side.nets.isEmpty { parts.append(list(side.nets.map(\.description))) }
        if !side.notNets.isEmpty { parts.append("except \(list(side.notNets.map(\.description)))") }
        if !side.ports.isEmpty { parts.append(ports(side.ports)) }
        if !side.notPorts.isEmpty { parts.append("except \(ports(side.notPorts))") }
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }

    /// `port 5432`, `ports 80, 8000:8080, http`.
    static func ports(_ ports: [PortMatch]) -> String {
        (ports.count == 1 ? "port " : "ports ") + list(ports.map(text))
    }

    static func text(_ port: PortMatch) -> String {
        switch port {
        case .range(let range): range.description
        case .named(let name): name
        }
    }

    /// Long lists are cut: this is a line, not the policy.
    static func list(_ items: [String]) -> String {
        let shown = items.prefix(6).joined(separator: ", ")
        return items.count > 6 ? "\(shown), … (\(items.count))" : shown
    }
}

extension IPFamily {
    /// `IPv4` or `IPv6`.
    var name: String { self == .v4 ? "IPv4" : "IPv6" }
}
