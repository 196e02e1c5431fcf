// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyModel

/// A connection as a person names it: `SRC DST[:PORT[/PROTO]]`.
///
///     shop/cart shop/db:5432        internet svc/shop/front:http       shop/cart [fd00::7]:53/udp
///     shop/cart 203.0.113.9:443     shop/cart shop/db/icmp             shop/cart shop/db/icmp:8/0
struct ConnectionRequest: Hashable {
    var source: EndpointReference
    var destination: EndpointReference
    /// As typed.
    let sourceText: String
    let destinationText: String
    /// As typed, without port and protocol; what stands behind it may be another port.
    let destinationName: String
    /// nil: a rule about source ports meets `assumedSourcePort`.
    var sourcePort: UInt16?
    var port: Port?
    /// nil: what the port says, else TCP.
    var transport: IPProtocol?
    /// Echo request when nil.
    var icmp: ICMPMatch?

    enum Port: Hashable {
        case number(UInt16)
        /// Of a container or a Service.
        case name(String)
    }

    /// One of the range that Linux takes source ports from (`net.ipv4.ip_local_port_range`).
    static let assumedSourcePort: UInt16 = 40_000

    init(source: String, destination: String) throws(ConnectionRequestError) {
        sourceText = source
        var from = try Ending(source)
        self.source = try EndpointReference(from.name)
        if let port = from.port {
            guard from.transport == nil, case .number(let number) = port else {
                throw ConnectionRequestError(
                    "the source \(source.quotedForMessage) may have a port number and nothing else behind it: "
                        + "the protocol belongs to the destination")
            }
            sourcePort = number
        }
        guard from.icmp == nil, !from.isICMP else {
            throw ConnectionRequestError(
                "the protocol belongs to the destination: write \(destination.escapedForMessage)/icmp")
        }
        destinationText = destination
        from = try Ending(destination)
        self.destination = try EndpointReference(from.name)
        destinationName = IPAddress(from.name)?.family == .v6 ? "[\(from.name)]" : from.name
        port = from.port
        transport = from.isICMP ? .icmp : from.transport
        icmp = from.icmp
    }
}

/// A name with what may stand behind it.
private struct Ending {
    let name: String
    var port: ConnectionRequest.Port?
    var transport: IPProtocol?
    var isICMP = false
    var icmp: ICMPMatch?

    init(_ text: String) throws(ConnectionRequestError) {
        if let (name, match) = try Self.icmp(text) {
            self.name = name
            isICMP = true
            icmp = match
            return
        }
        var rest: Substring
        if text.hasPrefix("[") {
            let end = text.firstIndex(of: "]") ?? text.index(before: text.endIndex)
            name = String(
                text[text.index(after: text.startIndex)..<max(end, text.index(after: text.startIndex))])
            rest = text[text.index(after: end)...]
            guard text[end] == "]", IPAddress(name) != nil, rest.isEmpty || rest.hasPrefix(":") else {
                throw ConnectionRequestError(
                    "\(text.quotedForMessage) is no address with a port: write [fd00::7]:53")
            }
        } else if IPAddress(text) != nil {
            name = text
            return
        } else {
            let colon = text.firstIndex(of: ":") ?? text.endIndex
            name = String(text[..<colon])
            rest = text[colon...]
        }
        guard !rest.isEmpty else { return }
        rest = rest.dropFirst()
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        if parts.count == 2 {
            guard let transport = Self.transport(parts[1]) else {
                throw ConnectionRequestError(
                    "\(parts[1].quotedForMessage) is no protocol: write tcp, udp, sctp, or a number from 1 to 255; "
                        + "icmp has no port: write \(name)/icmp")
            }
            self.transport = transport
        }
        port = try Self.port(parts.first ?? "", in: text)
    }

    private static func port(
        _ text: String, in whole: String
    ) throws(ConnectionRequestError) -> ConnectionRequest.Port {
        if let number = UInt16(text) { return .number(number) }
        guard !text.isEmpty, !text.contains(":"), !text.allSatisfy(\.isNumber) else {
            throw ConnectionRequestError(
                "\(text.quotedForMessage) in \(whole.quotedForMessage) is no port: write a number up to 65535, or the "
                    + "name of a port")
        }
        return .name(text)
    }

    private static func transport(_ text: String) -> IPProtocol? {
        let name = text.lowercased()
        let named = IPProtocol.policyNames.first { $0.name.lowercased() == name && !name.hasPrefix("icmp") }
        return named?.value ?? UInt8(name).flatMap { $0 == 0 ? nil : IPProtocol(rawValue: $0) }
    }

    /// `shop/db/icmp`, `shop/db/icmp:8`, `shop/db/icmp:8/0`; nil for anything else.
    private static func icmp(_ text: String) throws(ConnectionRequestError) -> (String, ICMPMatch?)? {
        for word in ["/icmpv6", "/icmp6", "/icmp"] {
            var name = text
            var kind = ""
            if !text.hasSuffix(word) {
                guard let cut = text.lastIndex(of: ":"), text[..<cut].hasSuffix(word) else { continue }
                name = String(text[..<cut])
                kind = String(text[text.index(after: cut)...])
            }
            name = String(name.dropLast(word.count))
            if name.hasPrefix("["), name.hasSuffix("]") { name = String(name.dropFirst().dropLast()) }
            guard !name.contains(":") || IPAddress(name) != nil else {
                throw ConnectionRequestError(
                    "\(text.quotedForMessage): ICMP has no port: leave out what stands behind the colon")
            }
            guard !kind.isEmpty else { return (name, nil) }
            let numbers = kind.split(separator: "/", omittingEmptySubsequences: false).map { UInt8($0) }
            guard (1...2).contains(numbers.count), let type = numbers[0], numbers.allSatisfy({ $0 != nil })
            else {
                throw ConnectionRequestError(
                    "\(kind.quotedForMessage) is no ICMP type: write \(name)/icmp:TYPE or \(name)/icmp:TYPE/CODE with "
                        + "numbers up to 255")
            }
            return (name, ICMPMatch(type: type, code: numbers.count == 2 ? numbers[1] : 0))
        }
        return nil
    }
}
