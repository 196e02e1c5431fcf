// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyEngine

/// A table in nft's language: for golden tests and for people. The kernel gets `NftNetlinkEncoder`'s bytes
/// instead.
///
/// `nft -f` accepts the text and makes the same rules of it.
struct NftTextRenderer {
    /// Stands in log prefixes (`DecisionPrefix.instance`).
    let instance: UInt32

    func render(_ table: NftTable) -> String {
        var lines = ["table inet \(table.name) {"]
        for set in table.sets { lines += render(set) + [""] }
        for chain in table.chains { lines += render(chain) + [""] }
        if lines.last == "" { lines.removeLast() }
        return lines.joined(separator: "\n") + "\n}\n"
    }

    /// Conditions alone, as they stand at the start of a rule.
    func render(_ conditions: [NftStatement]) -> String {
        conditions.map { render($0, NftChain(name: "")) }.joined(separator: " ")
    }

    // MARK: Sets

    private func render(_ set: NftSet) -> [String] {
        var lines = ["    \(set.kind.isMap ? "map" : "set") \(set.name) {", "        \(set.kind.text)"]
        if set.isInterval { lines.append("        flags interval") }
        if !set.comment.isEmpty { lines.append("        comment \"\(set.comment)\"") }
        if !set.elements.isEmpty {
            let elements = set.elements.map { render($0, set.kind) }.joined(separator: ", ")
            lines.append("        elements = { \(elements) }")
        }
        return lines + ["    }"]
    }

    private func render(_ element: NftElement, _ kind: NftSet.Kind) -> String {
        switch element {
        case .key(let key): render(key, kind)
        case .range(let range): render(range, kind)
        case .addressPort(let place): render(place)
        case .interface(let name, let verdict): "\"\(name)\" : \(render(verdict))"
        case .addressPortVerdict(let place, let verdict): "\(render(place)) : \(render(verdict))"
        case .backend(let index, let place): "\(index) : \(place.address) . \(place.port)"
        }
    }

    private func render(_ place: AddressPort) -> String {
        "\(place.address) . \(place.transport.rawValue) . \(place.port)"
    }

    private func render(_ key: UInt128, _ kind: NftSet.Kind) -> String {
        guard case .addresses(let family, _) = kind else { return "\(key)" }
        return render(key, family)
    }

    private func render(_ range: KeyRange, _ kind: NftSet.Kind) -> String {
        guard case .addresses(let family, _) = kind else {
            return range.isSingle ? "\(range.first)" : "\(range.first)-\(range.last)"
        }
        if range.isSingle { return render(range.first, family) }
        if let prefix = KeyRanges.prefix(of: range, family: family) { return "\(prefix)" }
        return "\(render(range.first, family))-\(render(range.last, family))"
    }

    private func render(_ key: UInt128, _ family: IPFamily) -> String {
        "\(family == .v4 ? IPAddress(v4: UInt32(truncatingIfNeeded: key)) : IPAddress(bits: key))"
    }

    // MARK: Chains

    private func render(_ chain: NftChain) -> [String] {
        var lines = ["    chain \(chain.name) {"]
        if !chain.comment.isEmpty { lines.append("        comment \"\(chain.comment)\"") }
        if let hook = chain.hook {
            let place = "hook \(hook.point) priority \(hook.priority)"
            lines.append("        type \(hook.type.rawValue) \(place); policy accept;")
        }
        for rule in chain.rules {
            lines.append("        " + rule.statements.map { render($0, chain) }.joined(separator: " "))
        }
        return lines + ["    }"]
    }

    private func render(_ statement: NftStatement, _ chain: NftChain) -> String {
        switch statement {
        case .match(let field, let test): "\(field.text) \(render(test, field))"
        case .lookup(let fields, let set, let isInverted):
            "\(fields.map(\.text).joined(separator: " . ")) \(isInverted ? "!= " : "")@\(set)"
        case .verdictMap(let fields, let map): "\(fields.map(\.text).joined(separator: " . ")) vmap @\(map)"
        case .connectionState(let state): "ct state \(render(state))"
        case .logIdentity(let group, let position):
            "log prefix \"\(prefix(chain, position))\" group \(group)"
        case .logToKernel(let prefix): "log prefix \"\(ObjectNames.comment(prefix))\" level info"
        case .setMarkBits(let bits): "meta mark set mark | \(hexadecimal(bits))"
        case .clearMarkBits(let bits): "meta mark set mark & \(hexadecimal(~bits))"
        case .verdict(let verdict): render(verdict)
        case .reject(.tcpReset): "reject with tcp reset"
        case .reject(.portUnreachable): "reject with icmpx type port-unreachable"
        case .translateDestination(let family, let map, let count):
            "dnat \(family == .v4 ? "ip" : "ip6") to numgen random mod \(count) map @\(map)"
        }
    }

    private func prefix(_ chain: NftChain, _ position: Int) -> String {
        guard let identity = chain.identity else { return "?|\(position)" }
        return DecisionPrefix(instance: instance, identity: identity, position: position).text
    }

    private func render(_ test: NftTest, _ field: NftField) -> String {
        switch test {
        case .equals(let value): render(value, field)
        case .differs(let value): "!= \(render(value, field))"
        case .within(let range): "\(render(range.first, field))-\(render(range.last, field))"
        case .outside(let range): "!= \(render(range.first, field))-\(render(range.last, field))"
        case .inPrefix(let prefix): "\(prefix)"
        case .notInPrefix(let prefix): "!= \(prefix)"
        case .startsWith(let text): "\"\(text)*\""
        case .hasBits(let bits): "& \(hexadecimal(bits)) == \(hexadecimal(bits))"
        case .inSet(let name): "@\(name)"
        case .notInSet(let name): "!= @\(name)"
        }
    }

    private func render(_ value: UInt128, _ field: NftField) -> String {
        switch field {
        case .family: value == NftField.number(of: .v4) ? "ipv4" : "ipv6"
        case .sourceAddress(let family), .destinationAddress(let family): render(value, family)
        default: "\(value)"
        }
    }

    private func render(_ state: NftConnectionState) -> String {
        let names: [(NftConnectionState, String)] = [
            (.invalid, "invalid"), (.established, "established"), (.related, "related"),
        ]
        return names.filter { state.contains($0.0) }.map(\.1).joined(separator: ",")
    }

    private func render(_ verdict: NftVerdict) -> String {
        switch verdict {
        case .accept: "accept"
        case .drop: "drop"
        case .return: "return"
        case .jump(let name): "jump \(name)"
        case .goto(let name): "goto \(name)"
        }
    }

    private func hexadecimal(_ value: UInt32) -> String { "0x" + String(value, radix: 16) }
}
