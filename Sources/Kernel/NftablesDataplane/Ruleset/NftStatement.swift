// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel

/// One step of a rule: a condition, an effect or a verdict.
enum NftStatement: Hashable, Sendable {
    case match(NftField, NftTest)
    /// The fields, concatenated, are (or are not) an element of the set.
    case lookup([NftField], set: String, isInverted: Bool)
    /// Goes where the map's element for the fields says; without an element, on with the next statement.
    case verdictMap([NftField], map: String)
    /// The connection is in one of these states.
    case connectionState(NftConnectionState)
    /// Sends the packet's beginning to user space with the chain's identity and this position as prefix.
    case logIdentity(group: UInt16, position: Int)
    /// Writes a line to the kernel's log, level "info".
    case logToKernel(prefix: String)
    case setMarkBits(UInt32)
    case clearMarkBits(UInt32)
    case verdict(NftVerdict)
    case reject(NftReject)
    /// Rewrites the destination to a random element of the map, whose keys are 0 ..< count.
    case translateDestination(IPFamily, map: String, count: UInt32)
}

/// Something of the packet that a rule can look at.
enum NftField: Hashable, Sendable {
    /// NFPROTO_IPV4 or NFPROTO_IPV6.
    case family
    /// IP protocol of the innermost header that is not an extension.
    case transport
    case inputInterface
    case outputInterface
    case mark
    case sourceAddress(IPFamily)
    case destinationAddress(IPFamily)
    /// Of any protocol whose header starts with two ports.
    case sourcePort
    case destinationPort
    case icmpType(IPFamily)
    case icmpCode(IPFamily)
}

/// A condition on one field. Values are numbers as they read in network order.
enum NftTest: Hashable, Sendable {
    case equals(UInt128)
    case differs(UInt128)
    case within(KeyRange)
    case outside(KeyRange)
    case inPrefix(IPPrefix)
    case notInPrefix(IPPrefix)
    /// For interface names.
    case startsWith(String)
    /// All of these bits are set.
    case hasBits(UInt32)
    case inSet(String)
    case notInSet(String)
}

/// Connection tracking states; bit values of NF_CT_STATE_BIT (linux/netfilter/nf_conntrack_common.h).
struct NftConnectionState: OptionSet, Hashable, Sendable {
    let rawValue: UInt32
    static let invalid = NftConnectionState(rawValue: 1)
    static let established = NftConnectionState(rawValue: 2)
    static let related = NftConnectionState(rawValue: 4)
}

/// How a packet is refused.
enum NftReject: Hashable, Sendable {
    case tcpReset
    /// ICMP or ICMPv6 port unreachable, by the packet's family.
    case portUnreachable
}

/// An inclusive range of keys.
struct KeyRange: Hashable, Sendable, Comparable {
    let first: UInt128
    let last: UInt128

    var isSingle: Bool { first == last }

    static func < (left: KeyRange, right: KeyRange) -> Bool {
        (left.first, left.last) < (right.first, right.last)
    }
}
