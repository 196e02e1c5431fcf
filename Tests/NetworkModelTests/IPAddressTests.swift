// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import Testing

@Suite("IP addresses and prefixes")
struct IPAddressTests {
    @Test(
        "text is parsed and printed in canonical form",
        arguments: [
            ("10.0.0.1", "10.0.0.1"), ("255.255.255.255", "255.255.255.255"), ("0.0.0.0", "0.0.0.0"),
            ("::", "::"), ("::1", "::1"), ("2001:DB8::1", "2001:db8::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
            ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"), ("fe80::", "fe80::"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
            ("::ffff:192.0.2.1", "192.0.2.1"), ("1::8", "1::8"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ])
    func roundTrip(text: String, canonical: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == canonical)
        #expect(IPAddress(canonical) == address)
        #expect(IPAddress(networkBytes: address.networkBytes) == address)
    }

    @Test(
        "text that is no address is refused",
        arguments: [
            "", "10.0.0", "10.0.0.256", "10.0.0.01", "10.0.0.1.2", "10.0.0.-1", " 10.0.0.1", "10.0.0.1/24",
            ":", ":::",
            "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::", "::1%eth0",
            "1:2:3:4:5:6:7:8::",
            "::1.2.3", "1.2.3.4::", "٣.0.0.1", "fe80::1:", String(repeating: "1", count: 100),
        ])
    func refused(text: String) { #expect(IPAddress(text) == nil) }

    struct Membership: Sendable {
        let prefix: String
        let address: String
        let isMember: Bool
    }

    @Test(
        "a prefix holds addresses of its own family only",
        arguments: [
            Membership(prefix: "10.0.0.0/8", address: "10.255.0.1", isMember: true),
            Membership(prefix: "10.0.0.0/8", address: "11.0.0.1", isMember: false),
            Membership(prefix: "0.0.0.0/0", address: "8.8.8.8", isMember: true),
            Membership(prefix: "0.0.0.0/0", address: "2001:db8::1", isMember: false),
            Membership(prefix: "::/0", address: "2001:db8::1", isMember: true),
            Membership(prefix: "::/0", address: "8.8.8.8", isMember: false),
            Membership(prefix: "2001:db8::/32", address: "2001:db8:ffff::", isMember: true),
            Membership(prefix: "192.0.2.7/32", address: "192.0.2.7", isMember: true),
            Membership(prefix: "192.0.2.7/32", address: "192.0.2.8", isMember: false),
        ])
    func membership(row: Membership) throws {
        let prefix = try IPPrefix.parse(row.prefix, .strict)
        let address = try #require(IPAddress(row.address))
        #expect(prefix.contains(address) == row.isMember)
        #expect(AddressSet([prefix]).contains(address) == row.isMember)
    }

    @Test("rules want masked blocks, network sets take anything that names an address")
    func strictness() throws {
        let masked = try IPPrefix.parse("10.0.0.0/24", .strict)
        #expect(throws: IPPrefix.ParseError.unmasked(masked)) { try IPPrefix.parse("10.0.0.1/24", .strict) }
        #expect(throws: IPPrefix.ParseError.missingLength) { try IPPrefix.parse("10.0.0.1", .strict) }
        #expect(throws: IPPrefix.ParseError.badLength) { try IPPrefix.parse("10.0.0.0/33", .lenient) }
        #expect(throws: IPPrefix.ParseError.badLength) { try IPPrefix.parse("10.0.0.0/", .lenient) }
        #expect(throws: IPPrefix.ParseError.notAnAddress) { try IPPrefix.parse("/8", .lenient) }
        #expect(try IPPrefix.parse("10.0.0.1/24", .lenient) == masked)
        #expect(try IPPrefix.parse("2001:db8::1", .lenient).length == 128)
    }

    @Test("the longest prefix wins, whatever the order of insertion", arguments: [false, true])
    func longestPrefix(reversed: Bool) throws {
        let rows = ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "::/0", "2001:db8::/32"]
        var table = PrefixTable<String>()
        for row in reversed ? rows.reversed() : rows { table[try IPPrefix.parse(row, .strict)] = row }
        func match(_ text: String) throws -> String? {
            table.longestMatch(try #require(IPAddress(text)))?.value
        }
        #expect(try match("10.1.2.3") == "10.1.2.0/24")
        #expect(try match("10.1.9.9") == "10.1.0.0/16")
        #expect(try match("10.200.0.1") == "10.0.0.0/8")
        #expect(try match("11.0.0.1") == nil)
        #expect(try match("2001:db8::5") == "2001:db8::/32")
        #expect(try match("fd00::1") == "::/0")
    }

    @Test("private means RFC 1918; everything else counts as public, all of IPv6 too")
    func privateRanges() throws {
        let rows = [
            ("10.0.0.1", true), ("172.16.0.1", true), ("172.31.255.255", true), ("172.32.0.1", false),
            ("192.168.1.1", true), ("100.64.0.1", false), ("169.254.0.1", false), ("127.0.0.1", false),
            ("fd00::1", false),
        ]
        for (text, expected) in rows { #expect(try #require(IPAddress(text)).isPrivate == expected) }
    }
}
