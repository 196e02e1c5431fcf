// SPDX-License-Identifier: Apache-2.0
//
// NetworkModel: the vocabulary of the network layer. Addresses, prefixes, ports, protocols, labels, names,
// and lookup by longest prefix. Values only: nothing here knows about policies, flows, wire formats or the
// kernel.

/// The two versions of the Internet Protocol.
public enum IPFamily: UInt8, Sendable, Hashable, CaseIterable {
    case v4 = 4
    case v6 = 6

    /// Number of bits in an address of this family: 32 or 128.
    public var bitCount: Int { self == .v4 ? 32 : 128 }
}

/// An IPv4 or IPv6 address in 16 bytes.
///
/// IPv4 is held in its IPv4-mapped form (`::ffff:a.b.c.d`, RFC 4291 section 2.5.5.2), so both families share
/// one order, one hash and one lookup structure. An IPv4-mapped IPv6 address is therefore *the same value* as
/// the IPv4 address, as it is for the Linux kernel's dual-stack sockets.
public struct IPAddress: Hashable, Sendable, Comparable {
    /// The 128 bits, most significant first; IPv4 in the low 32 bits under the prefix `::ffff:0:0/96`.
    public let bits: UInt128

    static let v4Prefix: UInt128 = 0xffff << 32
    static let v4Mask: UInt128 = ~UInt128(UInt32.max)

    @inlinable
    public init(bits: UInt128) { self.bits = bits }

    /// An IPv4 address from its 32 bits in host order: `0x0a000001` is 10.0.0.1.
    public init(v4 value: UInt32) { bits = Self.v4Prefix | UInt128(value) }

    public var family: IPFamily { bits & Self.v4Mask == Self.v4Prefix ? .v4 : .v6 }

    /// The low 32 bits: the address itself when the family is IPv4.
    public var v4Value: UInt32 { UInt32(truncatingIfNeeded: bits) }

    /// 4 or 16 bytes in network order, as they stand in a packet.
    public var networkBytes: [UInt8] {
        let count = family == .v4 ? 4 : 16
        return (0..<count).map { UInt8(truncatingIfNeeded: bits >> UInt128((count - 1 - $0) * 8)) }
    }

    /// An address from 4 or 16 bytes in network order; nil for any other count.
    public init?(networkBytes bytes: some Collection<UInt8>) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        let value = bytes.reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
        bits = bytes.count == 4 ? Self.v4Prefix | value : value
    }

    public static func < (left: IPAddress, right: IPAddress) -> Bool { left.bits < right.bits }

    /// Private in the sense of flow records: RFC 1918 only. All IPv6 is public there (flow API, collector
    /// section).
    public var isPrivate: Bool {
        guard family == .v4 else { return false }
        let value = v4Value
        return value >> 24 == 10 || value >> 20 == 0xac1 || value >> 16 == 0xc0a8
    }
}

// MARK: - Text

extension IPAddress: CustomStringConvertible, LosslessStringConvertible {
    /// Parses dotted IPv4 or RFC 4291 IPv6 text. No zone, no prefix length, no leading zeros in IPv4 octets.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count <= 45 else { return nil }
        if text.utf8.contains(UInt8(ascii: ":")) {
            guard let bits = Self.parseV6(Array(text.utf8)) else { return nil }
            self.init(bits: bits)
        } else {
            guard let value = Self.parseV4(Array(text.utf8)[...]) else { return nil }
            self.init(v4: value)
        }
    }

    private static func parseV4(_ text: ArraySlice<UInt8>) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0") else {
                return nil
            }
            var octet: UInt32 = 0
            for byte in part {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                octet = octet * 10 + UInt32(byte - UInt8(ascii: "0"))
            }
            guard octet <= 255 else { return nil }
            value = value << 8 | octet
        }
        return value
    }

    private static func parseV6(_ text: [UInt8]) -> UInt128? {
        var head: [UInt16] = []
        var tail: [UInt16] = []
        var sawGap = false
        var index = 0
        if text.starts(with: [UInt8(ascii: ":"), UInt8(ascii: ":")]) {
            sawGap = true
            index = 2
        }
        while index < text.count {
            let end = text[index...].firstIndex(of: UInt8(ascii: ":")) ?? text.count
            let part = text[index..<end]
            if part.contains(UInt8(ascii: ".")) {
                guard end == text.count, let v4 = parseV4(part) else { return nil }
                let groups = [UInt16(v4 >> 16), UInt16(truncatingIfNeeded: v4)]
                if sawGap { tail += groups } else { head += groups }
                index = end
                break
            }
            guard let group = parseHexGroup(part) else { return nil }
            if sawGap { tail.append(group) } else { head.append(group) }
            index = end
            guard index < text.count else { break }
            index += 1
            guard index < text.count else { return nil }
            if text[index] == UInt8(ascii: ":") {
                guard !sawGap else { return nil }
                sawGap = true
                index += 1
            }
        }
        let count = head.count + tail.count
        guard sawGap ? count <= 7 : count == 8 else { return nil }
        let groups = head + [UInt16](repeating: 0, count: 8 - count) + tail
        return groups.reduce(UInt128(0)) { $0 << 16 | UInt128($1) }
    }

    private static func parseHexGroup(_ part: ArraySlice<UInt8>) -> UInt16? {
        guard (1...4).contains(part.count) else { return nil }
        var value: UInt16 = 0
        for byte in part {
            guard let digit = Character(UnicodeScalar(byte)).hexDigitValue else { return nil }
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    /// Dotted text for IPv4, RFC 5952 canonical text for IPv6.
    public var description: String {
        if family == .v4 {
            let value = v4Value
            return "\(value >> 24).\(value >> 16 & 255).\(value >> 8 & 255).\(value & 255)"
        }
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: bits >> UInt128((7 - $0) * 16)) }
        let gap = Self.longestZeroRun(groups)
        func hex(_ part: ArraySlice<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard let gap else { return hex(groups[...]) }
        return hex(groups[..<gap.lowerBound]) + "::" + hex(groups[gap.upperBound...])
    }

    /// The first longest run of two or more zero groups, which RFC 5952 section 4.2 shortens to `::`.
    private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int>? {
        var best: Range<Int>?
        var start = 0
        while start < groups.count {
            guard groups[start] == 0 else {
                start += 1
                continue
            }
            var end = start
            while end < groups.count, groups[end] == 0 { end += 1 }
            if end - start >= 2, end - start > (best?.count ?? 1) { best = start..<end }
            start = end
        }
        return best
    }
}

extension IPAddress {
    /// Whether it is of this machine alone: 127.0.0.0/8 (RFC 1122, 3.2.1.3) or ::1 (RFC 4291, 2.5.3).
    public var isLoopback: Bool { family == .v4 ? v4Value >> 24 == 127 : bits == 1 }
}
