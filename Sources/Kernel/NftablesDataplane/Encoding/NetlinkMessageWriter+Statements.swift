// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI
internal import LinuxKernel
internal import NetworkModel

/// Writes statements as the kernel's expressions: loads into registers, then tests of registers.
///
/// Register 1 has 16 bytes and overlaps the 4-byte registers 8 to 11 (NFT_REG32_00 is 8); concatenations fill
/// 4-byte registers one after the other, starting with register 1.
extension NetlinkMessageWriter {
    private static var register: UInt32 { NFT_REG_1.rawValue }

    /// `prefix` gives the log prefix of a position.
    mutating func append(_ statement: NftStatement, prefix: (Int) -> String) {
        switch statement {
        case .match(let field, let test): match(field, test)
        case .lookup(let fields, let set, let isInverted):
            load(concatenated: fields)
            lookup(set, isInverted: isInverted)
        case .verdictMap(let fields, let map):
            load(concatenated: fields)
            lookup(map, destination: NFT_REG_VERDICT.rawValue)
        case .connectionState(let state): connectionState(state)
        case .logIdentity(let group, let position):
            let text = prefix(position)
            expression("log") { data in
                data.string(NFTA_LOG_PREFIX.rawValue, text)
                data.be16(NFTA_LOG_GROUP.rawValue, group)
            }
        case .logToKernel(let text):
            expression("log") { data in
                data.string(NFTA_LOG_PREFIX.rawValue, ObjectNames.comment(text))
                data.be32(NFTA_LOG_LEVEL.rawValue, NFT_LOGLEVEL_INFO.rawValue)
            }
        case .setMarkBits(let bits): changeMark(mask: ~bits, flip: bits)
        case .clearMarkBits(let bits): changeMark(mask: ~bits, flip: 0)
        case .verdict(let verdict):
            expression("immediate") { data in
                data.be32(NFTA_IMMEDIATE_DREG.rawValue, NFT_REG_VERDICT.rawValue)
                data.nested(NFTA_IMMEDIATE_DATA.rawValue) { $0.append(verdict) }
            }
        case .reject(let reject): append(reject)
        case .translateDestination(let family, let map, let count): translate(family, map, count)
        }
    }

    /// NFTA_DATA_VERDICT: the code, and the chain for jumps.
    mutating func append(_ verdict: NftVerdict) {
        let code: Int32 =
            switch verdict {
            case .accept: NF_ACCEPT
            case .drop: NF_DROP
            case .return: NFT_RETURN.rawValue
            case .jump: NFT_JUMP.rawValue
            case .goto: NFT_GOTO.rawValue
            }
        nested(NFTA_DATA_VERDICT.rawValue) { nested in
            nested.be32(NFTA_VERDICT_CODE.rawValue, UInt32(bitPattern: code))
            if let target = verdict.target { nested.string(NFTA_VERDICT_CHAIN.rawValue, target) }
        }
    }

    // MARK: Conditions

    private mutating func match(_ field: NftField, _ test: NftTest) {
        load(field, register: Self.register)
        switch test {
        case .equals(let value): compare(NFT_CMP_EQ, bytes(value, field))
        case .differs(let value): compare(NFT_CMP_NEQ, bytes(value, field))
        case .within(let range): self.range(NFT_RANGE_EQ, range, field)
        case .outside(let range): self.range(NFT_RANGE_NEQ, range, field)
        case .inPrefix(let prefix): self.prefix(prefix, NFT_CMP_EQ)
        case .notInPrefix(let prefix): self.prefix(prefix, NFT_CMP_NEQ)
        case .startsWith(let text): compare(NFT_CMP_EQ, Array(text.utf8.prefix(15)))
        case .hasBits(let bits):
            bitwise(mask: Self.host(bits), flip: Self.host(0))
            compare(NFT_CMP_EQ, Self.host(bits))
        case .inSet(let name): lookup(name)
        case .notInSet(let name): lookup(name, isInverted: true)
        }
    }

    private func bytes(_ value: UInt128, _ field: NftField) -> [UInt8] {
        NftElement.bytes(value, count: field.byteCount)
    }

    private static func host(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }

    private mutating func prefix(_ prefix: IPPrefix, _ operation: nft_cmp_ops) {
        let byteCount = prefix.family.bitCount / 8
        let range = KeyRanges.range(of: prefix)
        let mask = NftElement.bytes(~(range.first ^ range.last), count: byteCount)
        bitwise(mask: mask, flip: [UInt8](repeating: 0, count: byteCount))
        compare(operation, NftElement.bytes(range.first, count: byteCount))
    }

    private mutating func connectionState(_ state: NftConnectionState) {
        expression("ct") { data in
            data.be32(NFTA_CT_DREG.rawValue, Self.register)
            data.be32(NFTA_CT_KEY.rawValue, NFT_CT_STATE.rawValue)
        }
        bitwise(mask: Self.host(state.rawValue), flip: Self.host(0))
        compare(NFT_CMP_NEQ, Self.host(0))
    }

    // MARK: Effects

    private mutating func changeMark(mask: UInt32, flip: UInt32) {
        load(.mark, register: Self.register)
        bitwise(mask: Self.host(mask), flip: Self.host(flip))
        expression("meta") { data in
            data.be32(NFTA_META_KEY.rawValue, NFT_META_MARK.rawValue)
            data.be32(NFTA_META_SREG.rawValue, Self.register)
        }
    }

    private mutating func append(_ reject: NftReject) {
        expression("reject") { data in
            switch reject {
            case .tcpReset:
                data.be32(NFTA_REJECT_TYPE.rawValue, NFT_REJECT_TCP_RST.rawValue)
                data.u8(NFTA_REJECT_ICMP_CODE.rawValue, 0)
            case .portUnreachable:
                data.be32(NFTA_REJECT_TYPE.rawValue, NFT_REJECT_ICMPX_UNREACH.rawValue)
                data.u8(NFTA_REJECT_ICMP_CODE.rawValue, UInt8(NFT_REJECT_ICMPX_PORT_UNREACH.rawValue))
            }
        }
    }

    /// A random number picks address and port from the map; the port lies in the 4-byte register after the
    /// address.
    private mutating func translate(_ family: IPFamily, _ map: String, _ count: UInt32) {
        expression("numgen") { data in
            data.be32(NFTA_NG_DREG.rawValue, Self.register)
            data.be32(NFTA_NG_MODULUS.rawValue, count)
            data.be32(NFTA_NG_TYPE.rawValue, NFT_NG_RANDOM.rawValue)
            data.be32(NFTA_NG_OFFSET.rawValue, 0)
        }
        lookup(map, destination: Self.register)
        expression("nat") { data in
            data.be32(NFTA_NAT_TYPE.rawValue, NFT_NAT_DNAT.rawValue)
            data.be32(NFTA_NAT_FAMILY.rawValue, UInt32(NftField.number(of: family)))
            data.be32(NFTA_NAT_REG_ADDR_MIN.rawValue, Self.register)
            data.be32(
                NFTA_NAT_REG_PROTO_MIN.rawValue, NFT_REG32_00.rawValue + UInt32(family.bitCount / 32))
        }
    }

    // MARK: Parts

    private mutating func load(concatenated fields: [NftField]) {
        var offset: UInt32 = 0
        for field in fields {
            load(field, register: offset == 0 ? Self.register : NFT_REG32_00.rawValue + offset / 4)
            offset += UInt32((field.byteCount + 3) & ~3)
        }
    }

    private mutating func load(_ field: NftField, register: UInt32) {
        switch field.location {
        case .meta(let key):
            expression("meta") { data in
                data.be32(NFTA_META_KEY.rawValue, key)
                data.be32(NFTA_META_DREG.rawValue, register)
            }
        case .payload(let base, let offset):
            expression("payload") { data in
                data.be32(NFTA_PAYLOAD_DREG.rawValue, register)
                data.be32(NFTA_PAYLOAD_BASE.rawValue, base)
                data.be32(NFTA_PAYLOAD_OFFSET.rawValue, offset)
                data.be32(NFTA_PAYLOAD_LEN.rawValue, UInt32(field.byteCount))
            }
        }
    }

    private mutating func compare(_ operation: nft_cmp_ops, _ value: [UInt8]) {
        expression("cmp") { data in
            data.be32(NFTA_CMP_SREG.rawValue, Self.register)
            data.be32(NFTA_CMP_OP.rawValue, operation.rawValue)
            data.nested(NFTA_CMP_DATA.rawValue) { $0.raw(NFTA_DATA_VALUE.rawValue, value) }
        }
    }

    private mutating func range(_ operation: nft_range_ops, _ range: KeyRange, _ field: NftField) {
        let (first, last) = (bytes(range.first, field), bytes(range.last, field))
        expression("range") { data in
            data.be32(NFTA_RANGE_SREG.rawValue, Self.register)
            data.be32(NFTA_RANGE_OP.rawValue, operation.rawValue)
            data.nested(NFTA_RANGE_FROM_DATA.rawValue) { $0.raw(NFTA_DATA_VALUE.rawValue, first) }
            data.nested(NFTA_RANGE_TO_DATA.rawValue) { $0.raw(NFTA_DATA_VALUE.rawValue, last) }
        }
    }

    private mutating func bitwise(mask: [UInt8], flip: [UInt8]) {
        expression("bitwise") { data in
            data.be32(NFTA_BITWISE_SREG.rawValue, Self.register)
            data.be32(NFTA_BITWISE_DREG.rawValue, Self.register)
            data.be32(NFTA_BITWISE_LEN.rawValue, UInt32(mask.count))
            data.nested(NFTA_BITWISE_MASK.rawValue) { $0.raw(NFTA_DATA_VALUE.rawValue, mask) }
            data.nested(NFTA_BITWISE_XOR.rawValue) { $0.raw(NFTA_DATA_VALUE.rawValue, flip) }
        }
    }

    private mutating func lookup(_ set: String, isInverted: Bool = false, destination: UInt32? = nil) {
        expression("lookup") { data in
            data.string(NFTA_LOOKUP_SET.rawValue, set)
            data.be32(NFTA_LOOKUP_SREG.rawValue, Self.register)
            if let destination { data.be32(NFTA_LOOKUP_DREG.rawValue, destination) }
            if isInverted { data.be32(NFTA_LOOKUP_FLAGS.rawValue, UInt32(NFT_LOOKUP_F_INV.rawValue)) }
        }
    }

    private mutating func expression(_ name: String, _ body: (inout NetlinkMessageWriter) -> Void) {
        nested(NFTA_LIST_ELEM.rawValue) { element in
            element.string(NFTA_EXPR_NAME.rawValue, name)
            element.nested(NFTA_EXPR_DATA.rawValue, body)
        }
    }
}
