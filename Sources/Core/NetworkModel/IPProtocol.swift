// SPDX-License-Identifier: Apache-2.0

/// An IP protocol number (IANA "Assigned Internet Protocol Numbers").
public struct IPProtocol: RawRepresentable, Hashable, Sendable, Comparable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let icmp = IPProtocol(rawValue: 1)
    public static let ipip = IPProtocol(rawValue: 4)
    public static let tcp = IPProtocol(rawValue: 6)
    public static let udp = IPProtocol(rawValue: 17)
    public static let esp = IPProtocol(rawValue: 50)
    public static let icmpv6 = IPProtocol(rawValue: 58)
    public static let sctp = IPProtocol(rawValue: 132)
    public static let udplite = IPProtocol(rawValue: 136)

    /// The protocols whose ports a policy may match (Calico: TCP, UDP and SCTP).
    public var hasPolicyPorts: Bool { self == .tcp || self == .udp || self == .sctp }

    public static func < (left: IPProtocol, right: IPProtocol) -> Bool { left.rawValue < right.rawValue }

    /// The text of flow records: `tcp`, `icmp6`, ..., otherwise the number in decimal (flow API 1.4).
    public var flowName: String {
        switch self {
        case .tcp: "tcp"
        case .udp: "udp"
        case .icmp: "icmp"
        case .icmpv6: "icmp6"
        case .sctp: "sctp"
        case .ipip: "ipip"
        case .esp: "esp"
        default: String(rawValue)
        }
    }

    /// The text of Calico's policy API: `TCP`, `ICMPv6`, ..., otherwise the number.
    public var policyName: String {
        Self.policyNames.first { $0.value == self }?.name ?? String(rawValue)
    }

    /// Names with their exact spelling in Calico's policy API.
    public static let policyNames: [(name: String, value: IPProtocol)] = [
        ("TCP", .tcp), ("UDP", .udp), ("ICMP", .icmp), ("ICMPv6", .icmpv6), ("SCTP", .sctp),
        ("UDPLite", .udplite),
    ]
}

/// An inclusive range of transport ports.
public struct PortRange: Hashable, Sendable, Comparable {
    public let first: UInt16
    public let last: UInt16

    /// Nil when `first > last`.
    public init?(_ first: UInt16, _ last: UInt16) {
        guard first <= last else { return nil }
        self.first = first
        self.last = last
    }

    public init(_ port: UInt16) {
        first = port
        last = port
    }

    public func contains(_ port: UInt16) -> Bool { first <= port && port <= last }

    public static func < (left: PortRange, right: PortRange) -> Bool {
        (left.first, left.last) < (right.first, right.last)
    }
}

extension PortRange: CustomStringConvertible {
    /// `80` or `80:90`, Calico's own notation.
    public var description: String { first == last ? "\(first)" : "\(first):\(last)" }
}
