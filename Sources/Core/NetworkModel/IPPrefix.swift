// SPDX-License-Identifier: Apache-2.0

/// A CIDR block: an address of which only the first `length` bits count.
public struct IPPrefix: Hashable, Sendable, Comparable {
    /// The block's first address: all bits past `length` are zero.
    public let address: IPAddress
    /// Prefix length in the block's own family: 0...32 or 0...128.
    public let length: UInt8
    /// Stored, not derived: `::/0` and short IPv6 prefixes must not swallow the IPv4-mapped range.
    public let family: IPFamily

    /// The block of `length` bits that holds `address`; nil when the length does not fit the family.
    public init?(_ address: IPAddress, length: Int) {
        let family = address.family
        guard (0...family.bitCount).contains(length) else { return nil }
        let mask = Self.mask(length: length, family: family)
        self.address = IPAddress(bits: address.bits & mask)
        self.length = UInt8(length)
        self.family = family
    }

    /// The block that holds `address` alone: /32 or /128.
    public init(_ address: IPAddress) {
        self.address = address
        family = address.family
        length = UInt8(family.bitCount)
    }

    static func mask(length: Int, family: IPFamily) -> UInt128 {
        let hostBits = family.bitCount - length
        return hostBits == 128 ? 0 : UInt128.max << UInt128(hostBits)
    }

    public func contains(_ other: IPAddress) -> Bool {
        other.family == family && other.bits & Self.mask(length: Int(length), family: family) == address.bits
    }

    public func contains(_ other: IPPrefix) -> Bool { other.length >= length && contains(other.address) }

    /// The block's last address.
    public var lastAddress: IPAddress {
        IPAddress(bits: address.bits | ~Self.mask(length: Int(length), family: family))
    }

    /// True for a /32 or /128.
    public var isSingleAddress: Bool { Int(length) == family.bitCount }

    /// IPv4 before IPv6, then by first address, then the wider block first.
    public static func < (left: IPPrefix, right: IPPrefix) -> Bool {
        (left.family.rawValue, left.address.bits, left.length) < (
            right.family.rawValue, right.address.bits, right.length
        )
    }
}

extension IPPrefix: CustomStringConvertible {
    public var description: String { "\(address)/\(length)" }

    /// How CIDR text treats what Calico's API treats differently by place (rules are strict, network sets are
    /// not).
    public enum Strictness: Sendable {
        /// `10.0.0.1/24` and bare addresses are refused.
        case strict
        /// Host bits are cleared, a bare address is a /32 or /128.
        case lenient
    }

    /// Why CIDR text was refused.
    public enum ParseError: Error, Hashable, Sendable {
        case notAnAddress
        case badLength
        case missingLength
        /// Host bits are set; carries the block that was probably meant.
        case unmasked(IPPrefix)
    }

    /// Parses `address/length`.
    public static func parse(
        _ text: some StringProtocol, _ strictness: Strictness
    ) throws(ParseError) -> IPPrefix {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(parts[0]) else { throw .notAnAddress }
        guard parts.count == 2 else {
            if strictness == .strict { throw .missingLength }
            return IPPrefix(address)
        }
        let digits = parts[1].utf8
        guard (1...3).contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }),
            let length = Int(parts[1]), let prefix = IPPrefix(address, length: length)
        else { throw .badLength }
        if strictness == .strict, prefix.address != address { throw .unmasked(prefix) }
        return prefix
    }
}
