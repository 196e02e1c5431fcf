// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI
internal import NetworkModel

/// Where a field comes from and how wide it is.
extension NftField {
    /// How the kernel loads a field.
    enum Location: Hashable, Sendable {
        /// Key of the meta expression (linux/netfilter/nf_tables.h, enum nft_meta_keys).
        case meta(key: UInt32)
        /// Base (enum nft_payload_bases) and offset in bytes.
        case payload(base: UInt32, offset: UInt32)
    }

    /// `source` and `destination` lie at offsets 12 and 16 of the IPv4 header, 8 and 24 of the IPv6 header.
    var location: Location {
        switch self {
        case .family: .meta(key: NFT_META_NFPROTO.rawValue)
        case .transport: .meta(key: NFT_META_L4PROTO.rawValue)
        case .inputInterface: .meta(key: NFT_META_IIFNAME.rawValue)
        case .outputInterface: .meta(key: NFT_META_OIFNAME.rawValue)
        case .mark: .meta(key: NFT_META_MARK.rawValue)
        case .sourceAddress(let family):
            .payload(base: NFT_PAYLOAD_NETWORK_HEADER.rawValue, offset: family == .v4 ? 12 : 8)
        case .destinationAddress(let family):
            .payload(base: NFT_PAYLOAD_NETWORK_HEADER.rawValue, offset: family == .v4 ? 16 : 24)
        case .sourcePort: .payload(base: NFT_PAYLOAD_TRANSPORT_HEADER.rawValue, offset: 0)
        case .destinationPort: .payload(base: NFT_PAYLOAD_TRANSPORT_HEADER.rawValue, offset: 2)
        case .icmpType: .payload(base: NFT_PAYLOAD_TRANSPORT_HEADER.rawValue, offset: 0)
        case .icmpCode: .payload(base: NFT_PAYLOAD_TRANSPORT_HEADER.rawValue, offset: 1)
        }
    }

    /// Width in bytes. Interface names fill IFNAMSIZ.
    var byteCount: Int {
        switch self {
        case .family, .transport, .icmpType, .icmpCode: 1
        case .sourcePort, .destinationPort: 2
        case .mark: 4
        case .inputInterface, .outputInterface: 16
        case .sourceAddress(let family), .destinationAddress(let family): family.bitCount / 8
        }
    }

    /// The field in nft's language.
    var text: String {
        switch self {
        case .family: "meta nfproto"
        case .transport: "meta l4proto"
        case .inputInterface: "iifname"
        case .outputInterface: "oifname"
        case .mark: "meta mark"
        case .sourceAddress(.v4): "ip saddr"
        case .sourceAddress(.v6): "ip6 saddr"
        case .destinationAddress(.v4): "ip daddr"
        case .destinationAddress(.v6): "ip6 daddr"
        case .sourcePort: "th sport"
        case .destinationPort: "th dport"
        case .icmpType(.v4): "icmp type"
        case .icmpType(.v6): "icmpv6 type"
        case .icmpCode(.v4): "icmp code"
        case .icmpCode(.v6): "icmpv6 code"
        }
    }

    /// The value of `family` for packets of a family (NFPROTO_IPV4, NFPROTO_IPV6).
    static func number(of family: IPFamily) -> UInt128 { family == .v4 ? 2 : 10 }
}

extension NftSet.Kind {
    /// Numbers of the key's type among nft's data types (nftables, include/datatype.h); parts of a
    /// concatenation take six bits each. The kernel only stores them, for `nft list`.
    var keyType: UInt32 {
        switch self {
        case .addresses(.v4, _): 7
        case .addresses(.v6, _): 8
        case .ports: 13
        case .protocols: 12
        case .addressPorts(let family), .addressPortVerdicts(let family):
            (family == .v4 ? 7 : 8) << 12 | 12 << 6 | 13
        case .interfaceVerdicts: 41
        case .backends: 4
        }
    }

    /// Width of a key in bytes; every part of a concatenation is padded to four.
    var keyByteCount: Int {
        switch self {
        case .addresses(let family, _): family.bitCount / 8
        case .ports: 2
        case .protocols: 1
        case .addressPorts(let family), .addressPortVerdicts(let family): family.bitCount / 8 + 8
        case .interfaceVerdicts: 16
        case .backends: 4
        }
    }

    /// The key's type, and the value's for maps, in nft's language.
    var text: String {
        switch self {
        case .addresses(let family, _): "type \(Self.addressType(family))"
        case .ports: "type inet_service"
        case .protocols: "type inet_proto"
        case .addressPorts(let family): "type \(Self.addressType(family)) . inet_proto . inet_service"
        case .interfaceVerdicts: "type ifname : verdict"
        case .addressPortVerdicts(let family):
            "type \(Self.addressType(family)) . inet_proto . inet_service : verdict"
        case .backends(let family):
            "typeof numgen random mod 2 : \(family == .v4 ? "ip" : "ip6") daddr . th dport"
        }
    }

    var isMap: Bool {
        switch self {
        case .interfaceVerdicts, .addressPortVerdicts, .backends: true
        default: false
        }
    }

    private static func addressType(_ family: IPFamily) -> String {
        family == .v4 ? "ipv4_addr" : "ipv6_addr"
    }
}
