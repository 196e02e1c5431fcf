// SPDX-License-Identifier: Apache-2.0

public import NetworkModel

/// One line of what a traffic set holds.
public enum TrafficPart: Hashable, Sendable {
    /// Destination ports of TCP, UDP or SCTP that are open from a range of source ports.
    case ports(IPProtocol, sources: PortRange, destinations: [PortRange])
    /// Ranges of `type << 8 | code`.
    case icmp(IPProtocol, [PortRange])
    /// Protocols that have neither ports nor types, in order of their numbers.
    case protocols([IPProtocol])
}

extension TrafficSet {
    /// The set in parts: TCP, UDP, SCTP, ICMP, then everything else.
    public var parts: [TrafficPart] {
        var result: [TrafficPart] = []
        for (transport, grid) in [(IPProtocol.tcp, tcp), (.udp, udp), (.sctp, sctp)] {
            for (sources, destinations) in grid.rectangles {
                result.append(.ports(transport, sources: sources, destinations: destinations.ranges))
            }
        }
        if !icmp.isEmpty { result.append(.icmp(Self.icmpProtocol(family), icmp.ranges)) }
        let rest = (0...255).map { IPProtocol(rawValue: UInt8($0)) }.filter { others & Self.bit($0) != .zero }
        if !rest.isEmpty { result.append(.protocols(rest)) }
        return result
    }

    /// `tcp/80, tcp/8000:8080, all udp`; `all traffic`; `nothing`; `everything but tcp/22`.
    public var text: String { text(maximumParts: 12) }

    /// - Parameter maximumParts: what comes after that many parts is only counted.
    public func text(maximumParts: Int) -> String {
        if isEmpty { return "nothing" }
        if isAll { return "all traffic" }
        let texts = partTexts
        let isNearlyAll = others == Self.otherProtocols(family)
        let missing = isNearlyAll ? complement.partTexts : []
        if isNearlyAll, missing.count < texts.count {
            // "everything but tcp", not "everything but all tcp".
            let excepted = missing.map { $0.hasPrefix("all ") ? String($0.dropFirst(4)) : $0 }
            return "everything but " + Self.list(excepted, maximumParts)
        }
        return Self.list(texts, maximumParts)
    }

    private static func list(_ texts: [String], _ maximum: Int) -> String {
        let shown = texts.prefix(maximum).joined(separator: ", ")
        return texts.count > maximum ? "\(shown) and \(texts.count - maximum) more" : shown
    }

    private var partTexts: [String] {
        parts.flatMap { part -> [String] in
            switch part {
            case .ports(let transport, let sources, let destinations):
                let name = transport.flowName
                let from = sources == Self.everyPort ? "" : " from ports \(sources)"
                if destinations == [Self.everyPort] { return ["all \(name)\(from)"] }
                return destinations.map { "\(name)/\($0)\(from)" }
            case .icmp(let transport, let ranges): return icmpTexts(transport.flowName, ranges)
            case .protocols(let protocols):
                if others == Self.otherProtocols(family) { return ["all other protocols"] }
                return protocols.count > 16
                    ? ["\(protocols.count) other protocols"] : protocols.map { "protocol \($0.flowName)" }
            }
        }
    }

    private static let everyPort = PortSet.all.ranges[0]

    private func icmpTexts(_ name: String, _ ranges: [PortRange]) -> [String] {
        if icmp.isAll { return ["all \(name)"] }
        return ranges.flatMap { range -> [String] in
            let (types, codes) = (range.first >> 8...range.last >> 8, (range.first & 255, range.last & 255))
            if codes == (0, 255) {
                return [
                    "\(name) type \(types.lowerBound)"
                        + (types.count == 1 ? "" : " to \(types.upperBound)")
                ]
            }
            if types.count == 1 {
                return ["\(name) type \(types.lowerBound) code \(Self.span(codes.0, codes.1))"]
            }
            return [
                "\(name) type \(types.lowerBound) code \(codes.0) to type \(types.upperBound) code \(codes.1)"
            ]
        }
    }

    private static func span(_ first: UInt16, _ last: UInt16) -> String {
        first == last ? "\(first)" : "\(first) to \(last)"
    }

    /// One member as a protocol with ports (ICMP: `type << 8 | code` as the destination port); nil when empty.
    ///
    /// What a person would try first: TCP before UDP before others, a well-known port if the set has one, otherwise the
    /// smallest; the source port of an ordinary client if the set has it.
    public var example: (transport: IPProtocol, sourcePort: UInt16, destinationPort: UInt16)? {
        for (transport, grid) in [(IPProtocol.tcp, tcp), (.udp, udp), (.sctp, sctp)] where !grid.isEmpty {
            let usual: UInt16 = 40_000
            let rectangle = grid.rectangles.first { $0.sources.contains(usual) } ?? grid.rectangles[0]
            return (
                transport, rectangle.sources.contains(usual) ? usual : rectangle.sources.first,
                rectangle.destinations.exampleMember(of: [80, 443, 53])
            )
        }
        if !icmp.isEmpty {
            let echo: UInt16 = family == .v4 ? 8 << 8 : 128 << 8
            return (Self.icmpProtocol(family), 0, icmp.contains(echo) ? echo : UInt16(icmp.edges[0]))
        }
        let rest = (0...255).map { IPProtocol(rawValue: UInt8($0)) }
            .first { others & Self.bit($0) != .zero }
        return rest.map { ($0, 0, 0) }
    }
}

extension PortSet {
    /// One of the wanted ports, or the smallest that is not 0, or 0. The set is not empty.
    fileprivate func exampleMember(of wanted: [UInt16]) -> UInt16 {
        if let port = wanted.first(where: { contains($0) }) { return port }
        let smallest = ranges.first { $0.last > 0 }
        return smallest.map { max($0.first, 1) } ?? 0
    }
}

extension TrafficSet: CustomStringConvertible {
    public var description: String { text }
}
