// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyModel

/// Readers for the scalars of network policies.
extension Field {
    /// A CIDR of a Calico rule: host bits must be clear, a bare address is refused.
    func strictPrefix() -> IPPrefix? {
        guard let text = text() else { return nil }
        do {
            return try IPPrefix.parse(text, .strict)
        } catch {
            return refusePrefix(text, error)
        }
    }

    /// A CIDR of a Kubernetes ipBlock: host bits are ignored, as the cluster does, with a warning.
    func maskedPrefix() -> IPPrefix? {
        guard let text = text() else { return nil }
        do {
            return try IPPrefix.parse(text, .strict)
        } catch .unmasked(let prefix) {
            warning(
                "\(text.quotedForMessage) has bits set past its length; \(prefix) is used",
                try: "write \(prefix)")
            return prefix
        } catch {
            return refusePrefix(text, error)
        }
    }

    /// An entry of a network set: a CIDR or a bare address.
    func lenientPrefix() -> IPPrefix? {
        guard let text = text() else { return nil }
        do {
            return try IPPrefix.parse(text, .lenient)
        } catch {
            return refusePrefix(text, error)
        }
    }

    private func refusePrefix(_ text: String, _ problem: IPPrefix.ParseError) -> IPPrefix? {
        let shown = text.quotedForMessage
        switch problem {
        case .unmasked(let prefix):
            error(
                "\(shown) has bits set past its length",
                try: "write \(prefix), or the one address with its full length")
            return prefix
        case .missingLength:
            let suggestion = IPAddress(text).map { "write \(IPPrefix($0))" } ?? ""
            error("\(shown) has no prefix length", try: suggestion)
            return IPAddress(text).map { IPPrefix($0) }
        case .badLength:
            error("\(shown) has no valid prefix length", try: "IPv4 has /0 to /32, IPv6 /0 to /128")
        case .notAnAddress: error("\(shown) is no CIDR", try: "write an address block such as 10.0.0.0/8")
        }
        return nil
    }

    func address() -> IPAddress? {
        guard let text = text() else { return nil }
        if let address = IPAddress(text) { return address }
        error("\(text.quotedForMessage) is no IP address")
        return nil
    }

    func port() -> UInt16? { integer(1...65535, "port").map { UInt16($0) } }

    /// A port of a Calico rule: number, `"min:max"`, or the name of a container port.
    func calicoPort() -> PortMatch? {
        guard case .string(let text) = value.content else { return port().map { .range(PortRange($0)) } }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ Self.isDigits($0) }) else {
            return portName(text)
        }
        let ends = parts.compactMap { UInt16($0) }.filter { $0 > 0 }
        guard ends.count == parts.count, let first = ends.first, let last = ends.last else {
            error("\(text.quotedForMessage) is no port: ports go from 1 to 65535")
            return nil
        }
        guard let range = PortRange(first, last) else {
            error(
                "the port range \(text.quotedForMessage) ends before it starts",
                try: "write \"\(last):\(first)\"")
            return nil
        }
        return .range(range)
    }

    /// A container port's name, or a number, of a Kubernetes policy or Service.
    func numberOrPortName() -> PortMatch? {
        guard case .string(let text) = value.content else { return port().map { .range(PortRange($0)) } }
        guard !Self.isDigits(text[...]) else {
            error("\(text.quotedForMessage) is a name of digits only", try: "remove the quotes: \(text)")
            return nil
        }
        return portName(text)
    }

    private func portName(_ text: String) -> PortMatch? {
        guard let violation = NameRule.portName.violation(in: text) else { return .named(text) }
        error(
            "\(text.quotedForMessage) is neither a port nor a port name: a name \(violation)",
            try: "write a number from 1 to 65535, a range \"min:max\" or a container port's name")
        return nil
    }

    private static func isDigits(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// A protocol of a Calico rule: a name in its exact spelling, or a number. What is misspelled is read as
    /// meant, so that the ports beside it are not complained about too.
    func calicoProtocol() -> ProtocolName? {
        let number: Int
        switch value.content {
        case .int(let it): number = it
        case .string(let text):
            if let match = IPProtocol.policyNames.first(where: { $0.name == text }) {
                return ProtocolName(match.value)
            }
            guard Self.isDigits(text[...]) else { return misspelledProtocol(text) }
            number = Int(text) ?? -1
        default:
            _ = text()
            return nil
        }
        guard let value = UInt8(exactly: number), value > 0 else {
            error("\(number) is no protocol number: expected 1 to 255")
            return nil
        }
        return ProtocolName(IPProtocol(rawValue: value), isNumeric: true)
    }

    private func misspelledProtocol(_ text: String) -> ProtocolName {
        let names = IPProtocol.policyNames.map(\.name)
        let nearest = Spelling.nearest(to: text, in: names)
        error(
            "\(text.quotedForMessage) is no protocol: expected \(names.joined(separator: ", ")) or a number",
            try: nearest.map { "did you mean '\($0)'?" } ?? "")
        return ProtocolName(IPProtocol.policyNames.first { $0.name == nearest }?.value ?? .tcp)
    }

    /// A transport protocol of the Kubernetes API under `key`; TCP when there is none.
    func kubernetesProtocol(_ key: String = "protocol") -> IPProtocol {
        let accepted = IPProtocol.policyNames.filter { $0.value.hasPolicyPorts }
        return child(key)?.choice(accepted, "protocol") ?? .tcp
    }
}
