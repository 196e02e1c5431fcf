// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI
internal import Glibc

/// A kernel feature that was probed and found absent.
public struct MissingKernelFeature: Hashable, Sendable, CustomStringConvertible {
    /// What does not work: `NAT chains of nf_tables`.
    public let feature: String
    /// The kernel module that brings it.
    public let module: String
    /// What the kernel answered.
    public let reason: String

    /// `NAT chains of nf_tables: Operation not supported (errno 95); try: modprobe nft_chain_nat`
    public var description: String { "\(feature): \(reason); try: modprobe \(module)" }
}

/// Tries out what the product needs from this kernel, in a network namespace that vanishes with the probe.
public enum KernelFeatures {
    /// Absent features, in a fixed order; empty when everything is there.
    ///
    /// Blocks for some milliseconds. Throws when the probe itself cannot run, above all for want of
    /// CAP_SYS_ADMIN or CAP_NET_ADMIN.
    public static func missing() throws -> [MissingKernelFeature] {
        try NetworkNamespace.anonymous().perform {
            var missing: [MissingKernelFeature] = []
            func probe(_ feature: String, _ module: String, _ body: () throws(KernelError) -> Void) throws {
                do throws(KernelError) {
                    try body()
                } catch {
                    if error.code == .permission { throw error }
                    missing.append(
                        MissingKernelFeature(feature: feature, module: module, reason: error.message))
                }
            }
            try probe("virtual Ethernet pairs", "veth") { () throws(KernelError) in
                try LinkConfigurator().createVethPair("probe0", peer: "probe1")
            }
            try probe("connection tracking over netlink", "nf_conntrack_netlink") { () throws(KernelError) in
                _ = try ConntrackSocket.open().dump()
            }
            try probe("packet log over netlink", "nfnetlink_log") { () throws(KernelError) in
                _ = try NFLogSocket.open(.init(groups: [1]))
            }
            let socket = try NetlinkSocket.open(.netfilter)
            for part in NftProbe.all {
                try probe(part.feature, part.module) { () throws(KernelError) in
                    try socket.sendBatch(part.batch(), operation: "probe nf_tables", subject: part.feature)
                }
            }
            return missing
        }
    }
}

/// One nf_tables feature, tried by a transaction of its own that makes a table with a chain and perhaps a
/// rule.
struct NftProbe: Sendable {
    let feature: String
    let module: String
    /// `filter` or `nat`; nil makes the table only.
    let chainType: String?
    /// An expression for one rule, and its attributes.
    let expression: String?
    let attributes: @Sendable (inout NetlinkMessageWriter) -> Void

    static let all: [NftProbe] = [
        NftProbe(
            feature: "nf_tables with the inet family", module: "nf_tables", chainType: nil, expression: nil),
        NftProbe(
            feature: "filter chains of nf_tables", module: "nf_tables", chainType: "filter", expression: nil),
        NftProbe(
            feature: "NAT chains of nf_tables", module: "nft_chain_nat", chainType: "nat", expression: nil),
        NftProbe(
            feature: "ct expression of nf_tables", module: "nft_ct", chainType: "filter", expression: "ct"
        ) {
            $0.be32(NFTA_CT_KEY.rawValue, NFT_CT_STATE.rawValue)
            $0.be32(NFTA_CT_DREG.rawValue, NFT_REG_1.rawValue)
        },
        NftProbe(
            feature: "log expression of nf_tables", module: "nft_log", chainType: "filter", expression: "log"
        ) {
            $0.be16(NFTA_LOG_GROUP.rawValue, 1)
        },
        NftProbe(
            feature: "NAT expression of nf_tables", module: "nft_nat", chainType: "nat", expression: "nat"
        ) {
            $0.be32(NFTA_NAT_TYPE.rawValue, NFT_NAT_DNAT.rawValue)
            $0.be32(NFTA_NAT_FAMILY.rawValue, UInt32(AF_INET))
            $0.be32(NFTA_NAT_REG_ADDR_MIN.rawValue, NFT_REG_1.rawValue)
        },
    ]

    init(
        feature: String, module: String, chainType: String?, expression: String?,
        attributes: @escaping @Sendable (inout NetlinkMessageWriter) -> Void = { _ in }
    ) {
        self.feature = feature
        self.module = module
        self.chainType = chainType
        self.expression = expression
        self.attributes = attributes
    }

    /// Drop a table of this name if there is one, make it anew, with the chain and the rule.
    func batch() -> NetlinkMessageWriter {
        var writer = NetlinkMessageWriter()
        func message(_ operation: nf_tables_msg_types, _ body: (inout NetlinkMessageWriter) -> Void) {
            writer.beginNetfilter(
                subsystem: UInt8(NFNL_SUBSYS_NFTABLES), operation: UInt8(operation.rawValue),
                flags: UInt16(NLM_F_REQUEST | NLM_F_CREATE), family: UInt8(NFPROTO_INET))
            body(&writer)
            writer.end()
        }
        func bound(_ type: Int) {
            writer.beginNetfilter(
                type: UInt16(type), flags: UInt16(NLM_F_REQUEST), family: UInt8(AF_UNSPEC),
                resource: UInt16(NFNL_SUBSYS_NFTABLES))
            writer.end()
        }
        bound(Int(LINUXABI_NFNL_MSG_BATCH_BEGIN))
        message(NFT_MSG_NEWTABLE) { $0.string(NFTA_TABLE_NAME.rawValue, "probe") }
        message(NFT_MSG_DELTABLE) { $0.string(NFTA_TABLE_NAME.rawValue, "probe") }
        message(NFT_MSG_NEWTABLE) { $0.string(NFTA_TABLE_NAME.rawValue, "probe") }
        if let chainType {
            message(NFT_MSG_NEWCHAIN) { chain in
                chain.string(NFTA_CHAIN_TABLE.rawValue, "probe")
                chain.string(NFTA_CHAIN_NAME.rawValue, "c")
                chain.nested(NFTA_CHAIN_HOOK.rawValue) { hook in
                    hook.be32(NFTA_HOOK_HOOKNUM.rawValue, UInt32(NF_INET_PRE_ROUTING.rawValue))
                    hook.be32(NFTA_HOOK_PRIORITY.rawValue, UInt32(bitPattern: -100))
                }
                chain.string(NFTA_CHAIN_TYPE.rawValue, chainType)
            }
        }
        if let expression {
            message(NFT_MSG_NEWRULE) { rule in
                rule.string(NFTA_RULE_TABLE.rawValue, "probe")
                rule.string(NFTA_RULE_CHAIN.rawValue, "c")
                rule.nested(NFTA_RULE_EXPRESSIONS.rawValue) { list in
                    if expression == "nat" { Self.appendAddressLoad(&list) }
                    Self.append(expression, to: &list, attributes)
                }
            }
        }
        bound(Int(LINUXABI_NFNL_MSG_BATCH_END))
        return writer
    }

    private static func append(
        _ name: String, to list: inout NetlinkMessageWriter,
        _ attributes: (inout NetlinkMessageWriter) -> Void
    ) {
        list.nested(NFTA_LIST_ELEM.rawValue) { element in
            element.string(NFTA_EXPR_NAME.rawValue, name)
            element.nested(NFTA_EXPR_DATA.rawValue) { attributes(&$0) }
        }
    }

    /// Newer kernels refuse to read a register that nothing has written: load 10.0.0.1 first.
    private static func appendAddressLoad(_ list: inout NetlinkMessageWriter) {
        append("immediate", to: &list) { immediate in
            immediate.be32(NFTA_IMMEDIATE_DREG.rawValue, NFT_REG_1.rawValue)
            immediate.nested(NFTA_IMMEDIATE_DATA.rawValue) {
                $0.raw(NFTA_DATA_VALUE.rawValue, [10, 0, 0, 1])
            }
        }
    }
}
