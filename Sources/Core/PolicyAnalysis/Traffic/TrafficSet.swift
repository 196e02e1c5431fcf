// SPDX-License-Identifier: Apache-2.0

public import NetworkModel

/// An exact set of the traffic that can go between two addresses of one IP family: by protocol, and by ports or by
/// ICMP type and code where the protocol has them.
///
/// Source ports are a dimension of their own, which costs something only where a rule looks at them.
public struct TrafficSet: Hashable, Sendable {
    public let family: IPFamily
    var tcp: PortGrid
    var udp: PortGrid
    var sctp: PortGrid
    /// `type << 8 | code` of the family's own ICMP.
    var icmp: PortSet
    /// Every other protocol, one bit for each number; the bits of the four above are never set.
    var others: SIMD4<UInt64>

    public static func all(_ family: IPFamily) -> TrafficSet {
        TrafficSet(
            family: family, tcp: .all, udp: .all, sctp: .all, icmp: .all, others: otherProtocols(family))
    }

    public static func none(_ family: IPFamily) -> TrafficSet {
        TrafficSet(family: family, tcp: .empty, udp: .empty, sctp: .empty, icmp: .empty, others: .zero)
    }

    /// One protocol, with the given destination ports when it has ports, from every source port.
    public init(_ family: IPFamily, _ transport: IPProtocol, ports: PortSet = .all) {
        self = .none(family)
        insert(transport, sources: .all, destinations: ports)
    }

    init(
        family: IPFamily, tcp: PortGrid, udp: PortGrid, sctp: PortGrid, icmp: PortSet, others: SIMD4<UInt64>
    ) {
        self.family = family
        self.tcp = tcp
        self.udp = udp
        self.sctp = sctp
        self.icmp = icmp
        self.others = others
    }

    /// Makes the protocol's part what is given; ports only count where the protocol has them.
    mutating func insert(_ transport: IPProtocol, sources: PortSet, destinations: PortSet) {
        switch transport {
        case .tcp: tcp = PortGrid(sources: sources, destinations: destinations)
        case .udp: udp = PortGrid(sources: sources, destinations: destinations)
        case .sctp: sctp = PortGrid(sources: sources, destinations: destinations)
        case Self.icmpProtocol(family): icmp = destinations
        default: others |= Self.bit(transport)
        }
    }

    static func icmpProtocol(_ family: IPFamily) -> IPProtocol { family == .v4 ? .icmp : .icmpv6 }

    static func bit(_ transport: IPProtocol) -> SIMD4<UInt64> {
        var mask = SIMD4<UInt64>.zero
        mask[Int(transport.rawValue) / 64] = 1 << UInt64(transport.rawValue % 64)
        return mask
    }

    /// The bits of every protocol without ports and types.
    static func otherProtocols(_ family: IPFamily) -> SIMD4<UInt64> {
        ~(bit(.tcp) | bit(.udp) | bit(.sctp) | bit(icmpProtocol(family)))
    }

    public var isEmpty: Bool {
        others == .zero && tcp.isEmpty && udp.isEmpty && sctp.isEmpty && icmp.isEmpty
    }

    public var isAll: Bool {
        tcp.isAll && udp.isAll && sctp.isAll && icmp.isAll && others == Self.otherProtocols(family)
    }

    /// Whether the set has the connection's traffic; its addresses do not count, beyond their family.
    public func contains(_ tuple: ConnectionTuple) -> Bool {
        guard tuple.family == family else { return false }
        let (source, destination) = (tuple.sourcePort, tuple.destinationPort)
        return switch tuple.transport {
        case .tcp: tcp.contains(source: source, destination: destination)
        case .udp: udp.contains(source: source, destination: destination)
        case .sctp: sctp.contains(source: source, destination: destination)
        case Self.icmpProtocol(family): icmp.contains(destination)
        default: others & Self.bit(tuple.transport) != .zero
        }
    }
}

// MARK: - Operations (both sets are of one family)

extension TrafficSet {
    public func union(_ other: TrafficSet) -> TrafficSet {
        TrafficSet(
            family: family, tcp: tcp.union(other.tcp), udp: udp.union(other.udp),
            sctp: sctp.union(other.sctp),
            icmp: icmp.union(other.icmp), others: others | other.others)
    }

    public func intersection(_ other: TrafficSet) -> TrafficSet {
        TrafficSet(
            family: family, tcp: tcp.intersection(other.tcp), udp: udp.intersection(other.udp),
            sctp: sctp.intersection(other.sctp), icmp: icmp.intersection(other.icmp),
            others: others & other.others)
    }

    public func subtracting(_ other: TrafficSet) -> TrafficSet {
        TrafficSet(
            family: family, tcp: tcp.subtracting(other.tcp), udp: udp.subtracting(other.udp),
            sctp: sctp.subtracting(other.sctp), icmp: icmp.subtracting(other.icmp),
            others: others & ~other.others)
    }

    public var complement: TrafficSet { TrafficSet.all(family).subtracting(self) }

    public func isSubset(of other: TrafficSet) -> Bool { subtracting(other).isEmpty }
}
