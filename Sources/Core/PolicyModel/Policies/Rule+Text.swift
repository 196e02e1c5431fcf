// SPDX-License-Identifier: Apache-2.0

import NetworkModel

extension Rule {
    /// The rule in one line for people: `Allow TCP from app == "web" to ports 5432`.
    ///
    /// Selectors are the rewritten ones, because those are what matches: they show the namespace that a namespaced
    /// policy adds.
    public var text: String {
        var parts = [action.rawValue]
        if let family { parts.append(family == .v4 ? "IPv4" : "IPv6") }
        if let transport { parts.append(transport.policyName) }
        if let notTransport { parts.append("not \(notTransport.policyName)") }
        if let icmp { parts.append("type \(icmp.text)") }
        if let notICMP { parts.append("not type \(notICMP.text)") }
        if let text = source.text { parts.append("from \(text)") }
        if let text = destination.text { parts.append("to \(text)") }
        if hasHTTPMatch { parts.append("(HTTP conditions are not seen)") }
        return parts.joined(separator: " ")
    }
}

extension ICMPMatch {
    fileprivate var text: String { code.map { "\(type) code \($0)" } ?? "\(type)" }
}

extension EntityMatch {
    /// nil when the side matches everything.
    fileprivate var text: String? {
        var parts: [String] = []
        if let selector { parts.append(selector.description) }
        if let notSelector { parts.append("not (\(notSelector))") }
        if let service { parts.append("service \(service)") }
        if !nets.isEmpty { parts.append("nets \(Self.list(nets))") }
        if !notNets.isEmpty { parts.append("except nets \(Self.list(notNets))") }
        if !ports.isEmpty { parts.append("ports \(Self.list(ports.map(\.text)))") }
        if !notPorts.isEmpty { parts.append("except ports \(Self.list(notPorts.map(\.text)))") }
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }

    /// Long lists are cut: this is a line, not the policy.
    private static func list(_ items: [some CustomStringConvertible]) -> String {
        let shown = items.prefix(8).map(\.description).joined(separator: ", ")
        return items.count > 8 ? "\(shown), … (\(items.count))" : shown
    }
}

extension PortMatch {
    fileprivate var text: String {
        switch self {
        case .range(let range): range.description
        case .named(let name): name
        }
    }
}
