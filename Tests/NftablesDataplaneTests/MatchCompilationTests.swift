// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel
import Testing

@testable import NftablesDataplane

/// A match, and the conditions that its rules must have, one text per alternative.
struct MatchCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let match: RuleMatch
    let expected: [String]

    init(_ description: String, _ expected: [String], _ change: (inout RuleMatch) -> Void) {
        testDescription = description
        self.expected = expected
        match = .with(change)
    }

    private static let v4 = "meta nfproto ipv4"
    private static let v6 = "meta nfproto ipv6"

    static let all: [MatchCase] = [
        MatchCase("nothing", [""]) { _ in },
        MatchCase("no family", []) { $0.families = [] },
        MatchCase("one family", [v4]) { $0.families = [.v4] },
        MatchCase("protocol", ["meta l4proto 6"]) { $0.transport = .tcp },
        MatchCase("not protocol", ["meta l4proto != 17"]) { $0.notTransport = .udp },
        MatchCase("protocol and its negation", []) {
            $0.transport = .tcp
            $0.notTransport = .tcp
        },
        MatchCase("protocol and another's negation", ["meta l4proto 6"]) {
            $0.transport = .tcp
            $0.notTransport = .udp
        },
        MatchCase(
            "ICMP type", ["\(v4) meta l4proto 1 icmp type 8", "\(v6) meta l4proto 58 icmpv6 type 8"]
        ) { $0.icmp = ICMPMatch(type: 8) },
        MatchCase("ICMP type and code, one family", ["\(v4) meta l4proto 1 icmp type 3 icmp code 4"]) {
            $0.families = [.v4]
            $0.icmp = ICMPMatch(type: 3, code: 4)
        },
        MatchCase("ICMP with another protocol", []) {
            $0.transport = .tcp
            $0.icmp = ICMPMatch(type: 3)
        },
        MatchCase(
            "not ICMP type", ["\(v4) meta l4proto != 1", "\(v4) meta l4proto 1 icmp type != 8"]
        ) {
            $0.families = [.v4]
            $0.notICMP = ICMPMatch(type: 8)
        },
        MatchCase(
            "not ICMPv6 type and code",
            [
                "\(v6) meta l4proto 58 icmpv6 type != 1",
                "\(v6) meta l4proto 58 icmpv6 type 1 icmpv6 code != 2",
            ]
        ) {
            $0.families = [.v6]
            $0.transport = .icmpv6
            $0.notICMP = ICMPMatch(type: 1, code: 2)
        },
        MatchCase("ICMP type but not one code", ["\(v4) meta l4proto 1 icmp type 3 icmp code != 4"]) {
            $0.families = [.v4]
            $0.icmp = ICMPMatch(type: 3)
            $0.notICMP = ICMPMatch(type: 3, code: 4)
        },
        MatchCase("ICMP type but not another", ["\(v4) meta l4proto 1 icmp type 3"]) {
            $0.families = [.v4]
            $0.icmp = ICMPMatch(type: 3)
            $0.notICMP = ICMPMatch(type: 8)
        },
        MatchCase("ICMP type but not itself", []) {
            $0.icmp = ICMPMatch(type: 3, code: 1)
            $0.notICMP = ICMPMatch(type: 3)
        },
        MatchCase("not ICMP, of TCP", ["\(v4) meta l4proto 6", "\(v6) meta l4proto 6"]) {
            $0.transport = .tcp
            $0.notICMP = ICMPMatch(type: 8)
        },
    ]

    static let addresses: [MatchCase] = [
        MatchCase("one block", ["\(v4) ip saddr 10.0.0.0/8"]) {
            $0.source.nets = [IPPrefix(text: "10.0.0.0/8")]
        },
        MatchCase("one address", ["\(v6) ip6 daddr fd00::1"]) {
            $0.destination.nets = [IPPrefix(text: "fd00::1")]
        },
        MatchCase("everything of one family", ["\(v4)"]) { $0.source.nets = [IPPrefix(text: "0.0.0.0/0")] },
        MatchCase("adjacent blocks that are no block", ["\(v4) ip saddr 10.0.1.0-10.0.2.255"]) {
            $0.source.nets = [IPPrefix(text: "10.0.1.0/24"), IPPrefix(text: "10.0.2.0/24")]
        },
        MatchCase("several blocks", ["\(v4) ip saddr @nets-4-091d84e128e1c265"]) {
            $0.source.nets = [IPPrefix(text: "10.0.0.0/8"), IPPrefix(text: "192.168.0.0/16")]
        },
        MatchCase("blocks of the other family only", []) {
            $0.families = [.v6]
            $0.source.nets = [IPPrefix(text: "10.0.0.0/8")]
        },
        MatchCase("not a block", ["\(v4) ip saddr != 10.0.0.0/8"]) {
            $0.families = [.v4]
            $0.source.notNets = [IPPrefix(text: "10.0.0.0/8")]
        },
        MatchCase("not everything", []) {
            $0.families = [.v4]
            $0.source.notNets = [IPPrefix(text: "0.0.0.0/0")]
        },
        MatchCase(
            "sets", ["\(v4) ip saddr @s0000000000000001-4 ip daddr != @s0000000000000002-4n"]
        ) {
            $0.families = [.v4]
            $0.source.addressSet = 0
            $0.destination.notAddressSet = 1
        },
        MatchCase("service", ["\(v6) ip6 daddr . meta l4proto . th dport @s0000000000000003-6p"]) {
            $0.families = [.v6]
            $0.destination.serviceSet = 2
        },
        MatchCase("service of a protocol without ports", []) {
            $0.transport = .icmp
            $0.destination.serviceSet = 2
        },
    ]

    static let ports: [MatchCase] = [
        MatchCase("one port", ["meta l4proto 6 th dport 80"]) {
            $0.transport = .tcp
            $0.destination.ports = [PortRange(80)]
        },
        MatchCase("one range", ["meta l4proto 17 th sport 1000-2000"]) {
            $0.transport = .udp
            $0.source.ports = [PortRange(1000, 2000)!]
        },
        MatchCase("adjacent ports", ["meta l4proto 6 th dport 80-82"]) {
            $0.transport = .tcp
            $0.destination.ports = [PortRange(80), PortRange(82), PortRange(81)]
        },
        MatchCase("without protocol", ["meta l4proto @port-protocols th dport 80"]) {
            $0.destination.ports = [PortRange(80)]
        },
        MatchCase("of a protocol without ports", []) {
            $0.transport = .icmp
            $0.destination.ports = [PortRange(80)]
        },
        MatchCase("not a port", ["meta l4proto 6 th dport != 80"]) {
            $0.transport = .tcp
            $0.destination.notPorts = [PortRange(80)]
        },
        MatchCase("not a port, of a protocol without ports", ["meta l4proto 1"]) {
            $0.transport = .icmp
            $0.destination.notPorts = [PortRange(80)]
        },
        MatchCase(
            "not a port, any protocol",
            ["meta l4proto @port-protocols th dport != 80-90", "meta l4proto != @port-protocols"]
        ) { $0.destination.notPorts = [PortRange(80, 90)!] },
        MatchCase(
            "number or name",
            [
                "\(v4) meta l4proto 6 th dport 80",
                "\(v4) meta l4proto 6 ip daddr . meta l4proto . th dport @s0000000000000003-4p",
            ]
        ) {
            $0.families = [.v4]
            $0.transport = .tcp
            $0.destination.ports = [PortRange(80)]
            $0.destination.portSet = 2
        },
        MatchCase(
            "name, any protocol, but not from a port",
            [
                "\(v4) ip daddr . meta l4proto . th dport @s0000000000000003-4p "
                    + "ip saddr . meta l4proto . th sport != @s0000000000000003-4p"
            ]
        ) {
            $0.families = [.v4]
            $0.destination.portSet = 2
            $0.source.notPortSet = 2
        },
        MatchCase(
            "not a name, any protocol, and not ICMP",
            [
                "\(v4) meta l4proto @port-protocols "
                    + "ip daddr . meta l4proto . th dport != @s0000000000000003-4p",
                "\(v4) meta l4proto != @port-protocols meta l4proto != 1",
                "\(v4) meta l4proto != @port-protocols meta l4proto 1 icmp type != 8",
            ]
        ) {
            $0.families = [.v4]
            $0.destination.notPortSet = 2
            $0.notICMP = ICMPMatch(type: 8)
        },
    ]
}

@Suite("Matches become rules")
struct MatchCompilationTests {
    @Test("conditions", arguments: MatchCase.all + MatchCase.addresses + MatchCase.ports)
    func conditions(_ matchCase: MatchCase) {
        var compiler = RuleCompiler(sets: Programs.sets)
        let alternatives = compiler.alternatives(matchCase.match)
        #expect(alternatives.map(NftTextRenderer(instance: 1).render) == matchCase.expected)
    }

    @Test("ranges are merged, sorted and disjoint")
    func ranges() {
        let merged = KeyRanges.merged(
            ["10.0.1.0/24", "10.0.0.0/24", "10.0.0.128/25", "255.255.255.255/32", "0.0.0.0/32"].map {
                IPPrefix(text: $0)
            },
            family: .v4)
        #expect(
            merged == [
                KeyRange(first: 0, last: 0), KeyRange(first: 0x0a00_0000, last: 0x0a00_01ff),
                KeyRange(first: 0xffff_ffff, last: 0xffff_ffff),
            ])
    }
}
