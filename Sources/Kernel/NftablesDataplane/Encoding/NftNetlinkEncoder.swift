// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI
internal import LinuxKernel
internal import NetworkModel
internal import PolicyEngine

/// Writes tables, and parts of them, as nf_tables messages (linux/netfilter/nf_tables.h).
///
/// Numbers in attributes are big-endian; values that rules compare are in the order in which the kernel loads
/// them: payload in network order, meta mark and conntrack state in host order.
struct NftNetlinkEncoder {
    /// Stands in log prefixes (`DecisionPrefix.instance`).
    let instance: UInt32

    // MARK: Tables and chains

    /// Deletes the table, which may be absent, and creates it empty.
    func replaceTable(_ name: String, _ batch: inout NftBatch) {
        deleteTable(name, &batch)
        batch.message(NFT_MSG_NEWTABLE, flags: NLM_F_CREATE, .table(name))
    }

    /// Deletes the table, which may be absent: creates it first, since deleting nothing is an error.
    func deleteTable(_ name: String, _ batch: inout NftBatch) {
        batch.message(NFT_MSG_NEWTABLE, flags: NLM_F_CREATE, .table(name))
        batch.message(NFT_MSG_DELTABLE, .table(name))
    }

    /// Creates an empty chain.
    func create(_ chain: NftChain, _ batch: inout NftBatch) {
        batch.message(NFT_MSG_NEWCHAIN, flags: NLM_F_CREATE | NLM_F_EXCL, .chain(chain.name)) { writer in
            writer.string(NFTA_CHAIN_NAME.rawValue, chain.name)
            if let hook = chain.hook {
                writer.nested(NFTA_CHAIN_HOOK.rawValue) { nested in
                    nested.be32(NFTA_HOOK_HOOKNUM.rawValue, hook.point.rawValue)
                    nested.be32(NFTA_HOOK_PRIORITY.rawValue, UInt32(bitPattern: hook.priority))
                }
                writer.be32(NFTA_CHAIN_POLICY.rawValue, UInt32(NF_ACCEPT))
                writer.string(NFTA_CHAIN_TYPE.rawValue, hook.type.rawValue)
            }
            if !chain.comment.isEmpty {
                writer.raw(NFTA_CHAIN_USERDATA.rawValue, Self.userData(type: 0, text: chain.comment))
            }
        }
    }

    /// Deletes all rules of a chain.
    func flush(chain name: String, _ batch: inout NftBatch) {
        batch.message(NFT_MSG_DELRULE, .chain(name)) { $0.string(NFTA_RULE_CHAIN.rawValue, name) }
    }

    /// Deletes a chain that nothing refers to.
    func delete(chain name: String, _ batch: inout NftBatch) {
        batch.message(NFT_MSG_DELCHAIN, .chain(name)) { $0.string(NFTA_CHAIN_NAME.rawValue, name) }
    }

    /// Appends the chain's rules.
    func appendRules(of chain: NftChain, _ batch: inout NftBatch) {
        for (index, rule) in chain.rules.enumerated() {
            batch.message(
                NFT_MSG_NEWRULE, flags: NLM_F_CREATE | NLM_F_APPEND, .rule(chain: chain.name, index: index)
            ) { writer in
                writer.string(NFTA_RULE_CHAIN.rawValue, chain.name)
                writer.nested(NFTA_RULE_EXPRESSIONS.rawValue) { expressions in
                    for statement in rule.statements {
                        expressions.append(statement, prefix: { prefix(of: chain, $0) })
                    }
                }
            }
        }
    }

    private func prefix(of chain: NftChain, _ position: Int) -> String {
        guard let identity = chain.identity else { return "?|\(position)" }
        return DecisionPrefix(instance: instance, identity: identity, position: position).text
    }

    // MARK: Sets

    /// Creates an empty set or map. `id` is any number that no other set of the batch has.
    func create(_ set: NftSet, id: UInt32, _ batch: inout NftBatch) {
        var flags: UInt32 = 0
        if set.isInterval { flags |= NFT_SET_INTERVAL.rawValue }
        if set.kind.isMap { flags |= NFT_SET_MAP.rawValue }
        batch.message(NFT_MSG_NEWSET, flags: NLM_F_CREATE | NLM_F_EXCL, .set(set.name)) { writer in
            writer.string(NFTA_SET_NAME.rawValue, set.name)
            writer.be32(NFTA_SET_FLAGS.rawValue, flags)
            writer.be32(NFTA_SET_KEY_TYPE.rawValue, set.kind.keyType)
            writer.be32(NFTA_SET_KEY_LEN.rawValue, UInt32(set.kind.keyByteCount))
            switch set.kind {
            case .interfaceVerdicts, .addressPortVerdicts:
                writer.be32(NFTA_SET_DATA_TYPE.rawValue, UInt32(NFT_DATA_VERDICT.rawValue))
                writer.be32(NFTA_SET_DATA_LEN.rawValue, 0)
            case .backends(let family):
                // Address and port, concatenated: nft's type numbers, six bits each.
                writer.be32(NFTA_SET_DATA_TYPE.rawValue, (family == .v4 ? 7 : 8) << 6 | 13)
                writer.be32(NFTA_SET_DATA_LEN.rawValue, UInt32(family.bitCount / 8 + 4))
            default: break
            }
            writer.be32(NFTA_SET_ID.rawValue, id)
            writer.raw(NFTA_SET_USERDATA.rawValue, Self.userData(of: set))
        }
    }

    /// Deletes a set that nothing refers to.
    func delete(set name: String, _ batch: inout NftBatch) {
        batch.message(NFT_MSG_DELSET, .set(name)) { $0.string(NFTA_SET_NAME.rawValue, name) }
    }

    /// Adds elements.
    func add(_ elements: [NftElement], to set: NftSet, _ batch: inout NftBatch) {
        send(elements, of: set, NFT_MSG_NEWSETELEM, flags: NLM_F_CREATE | NLM_F_EXCL, &batch)
    }

    /// Deletes elements, by their keys.
    func remove(_ elements: [NftElement], from set: NftSet, _ batch: inout NftBatch) {
        send(elements, of: set, NFT_MSG_DELSETELEM, flags: 0, &batch)
    }

    /// As many messages as the 16-bit length of the element list demands.
    private func send(
        _ elements: [NftElement], of set: NftSet, _ operation: nf_tables_msg_types, flags: Int32,
        _ batch: inout NftBatch
    ) {
        var rest = elements[...]
        while !rest.isEmpty {
            batch.message(operation, flags: flags, .elements(set: set.name)) { writer in
                writer.string(NFTA_SET_ELEM_LIST_SET.rawValue, set.name)
                let list = writer.beginNested(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue)
                while writer.byteCount(of: list) < NftBatch.attributeByteLimit,
                    let element = rest.popFirst()
                {
                    writer.append(element, of: set.kind, withValue: operation == NFT_MSG_NEWSETELEM)
                }
                writer.endNested(list)
            }
        }
    }

    // MARK: User data

    /// Data that the kernel stores for nft alone: type, length, value (libnftnl, include/udata.h).
    private static func userData(type: UInt8, text: String) -> [UInt8] {
        let bytes = Array(text.utf8.prefix(127)) + [0]
        return [type, UInt8(bytes.count)] + bytes
    }

    /// The byte order of keys (type 0: 1 is host, 2 is big-endian), without which `nft list` misprints them,
    /// and the comment (type 7). Byte order of map data is type 1.
    private static func userData(of set: NftSet) -> [UInt8] {
        func number(_ type: UInt8, _ value: UInt32) -> [UInt8] {
            [type, 4] + withUnsafeBytes(of: value) { Array($0) }
        }
        let keyOrder: UInt32 =
            switch set.kind {
            case .addresses, .ports: 2
            case .interfaceVerdicts, .backends: 1
            default: 0
            }
        var bytes = number(0, keyOrder)
        if set.kind.isMap { bytes += number(1, 0) }
        if !set.comment.isEmpty { bytes += userData(type: 7, text: set.comment) }
        return bytes
    }
}
