// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyEngine
internal import PolicyModel

/// What a match says about the IP protocol and about ICMP, for one family.
struct ProtocolScope {
    /// The one protocol that can match; nil when several can.
    let transport: IPProtocol?
    /// Conditions on the protocol that always apply, `icmp` included.
    let tests: [NftStatement]
    /// The ways in which `notICMP` holds: one empty way when it always does, no way when it never can.
    let icmpWays: [[NftStatement]]

    /// False when the protocol is known to have no ports.
    var mayHavePorts: Bool { transport?.hasPolicyPorts ?? true }

    /// `family` may be nil only when the match says nothing about ICMP. Nil when no packet can match.
    init?(_ match: RuleMatch, _ family: IPFamily?) {
        let icmp = family == .v4 ? IPProtocol.icmp : .icmpv6
        if let transport = match.transport {
            guard match.notTransport != transport, match.icmp == nil || transport == icmp else { return nil }
        } else if match.icmp != nil, match.notTransport == icmp {
            return nil
        }
        let transport = match.transport ?? (match.icmp == nil ? nil : icmp)
        var tests: [NftStatement] = []
        if let transport {
            tests.append(.match(.transport, .equals(UInt128(transport.rawValue))))
        } else if let excluded = match.notTransport {
            tests.append(.match(.transport, .differs(UInt128(excluded.rawValue))))
        }
        if let family, let wanted = match.icmp {
            tests.append(.match(.icmpType(family), .equals(UInt128(wanted.type))))
            if let code = wanted.code { tests.append(.match(.icmpCode(family), .equals(UInt128(code)))) }
        }
        self.transport = transport
        self.tests = tests
        if let wanted = match.icmp, let excluded = match.notICMP, let family {
            icmpWays = Self.ways(within: wanted, excluded, family)
        } else {
            icmpWays = Self.ways(match.notICMP, family, icmp, transport)
        }
    }

    /// When `wanted` has been tested already.
    private static func ways(
        within wanted: ICMPMatch, _ excluded: ICMPMatch, _ family: IPFamily
    ) -> [[NftStatement]] {
        guard wanted.type == excluded.type else { return [[]] }
        guard let code = excluded.code else { return [] }
        guard let wantedCode = wanted.code else {
            return [[.match(.icmpCode(family), .differs(UInt128(code)))]]
        }
        return wantedCode == code ? [] : [[]]
    }

    private static func ways(
        _ excluded: ICMPMatch?, _ family: IPFamily?, _ icmp: IPProtocol, _ transport: IPProtocol?
    ) -> [[NftStatement]] {
        guard let excluded, let family, transport == nil || transport == icmp else { return [[]] }
        let number = UInt128(icmp.rawValue)
        let isICMP: [NftStatement] = transport == nil ? [.match(.transport, .equals(number))] : []
        var ways: [[NftStatement]] = transport == nil ? [[.match(.transport, .differs(number))]] : []
        let type = UInt128(excluded.type)
        ways.append(isICMP + [.match(.icmpType(family), .differs(type))])
        if let code = excluded.code {
            ways.append(
                isICMP + [
                    .match(.icmpType(family), .equals(type)),
                    .match(.icmpCode(family), .differs(UInt128(code))),
                ])
        }
        return ways
    }
}
