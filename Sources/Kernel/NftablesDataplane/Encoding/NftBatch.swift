// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI
internal import LinuxKernel

/// One nf_tables transaction under construction, with a note of what each message is about.
struct NftBatch {
    /// What a message asks for, for errors.
    enum Subject: Hashable, Sendable {
        case table(String)
        case chain(String)
        case rule(chain: String, index: Int)
        case set(String)
        case elements(set: String)

        var text: String {
            switch self {
            case .table(let name): "table \(name)"
            case .chain(let name): "chain \(name)"
            case .rule(let chain, let index): "rule \(index) of chain \(chain)"
            case .set(let name): "set \(name)"
            case .elements(let set): "elements of set \(set)"
            }
        }
    }

    /// Upper bound of one attribute's payload; the length field has 16 bits (linux/netlink.h, struct nlattr).
    static let attributeByteLimit = 60_000

    private(set) var writer: NetlinkMessageWriter
    /// By sequence number; number 1 is the batch's begin.
    private var subjects: [Subject] = []
    private let tableName: String

    /// Begins a transaction on a table.
    init(tableName: String, capacityBytes: Int = 65_536) {
        self.tableName = tableName
        writer = NetlinkMessageWriter(capacityBytes: capacityBytes, firstSequence: 1)
        writer.beginNetfilter(
            type: UInt16(LINUXABI_NFNL_MSG_BATCH_BEGIN), flags: UInt16(NLM_F_REQUEST), family: 0,
            resource: UInt16(NFNL_SUBSYS_NFTABLES))
        writer.end()
        subjects.append(.table(tableName))
    }

    /// Messages between begin and end.
    var messageCount: Int { subjects.count - 1 }

    /// Adds a message about an object of the table; `body` writes the attributes after the table's name,
    /// which is attribute 1 of every nf_tables message.
    mutating func message(
        _ operation: nf_tables_msg_types, flags: Int32 = 0, _ subject: Subject,
        _ body: (inout NetlinkMessageWriter) -> Void = { _ in }
    ) {
        writer.beginNetfilter(
            subsystem: UInt8(NFNL_SUBSYS_NFTABLES), operation: UInt8(operation.rawValue),
            flags: UInt16(NLM_F_REQUEST | flags), family: UInt8(NFPROTO_INET))
        writer.string(NFTA_TABLE_NAME.rawValue, tableName)
        body(&writer)
        writer.end()
        subjects.append(subject)
    }

    /// Ends the transaction; the batch can be sent then.
    mutating func finish() {
        writer.beginNetfilter(
            type: UInt16(LINUXABI_NFNL_MSG_BATCH_END), flags: UInt16(NLM_F_REQUEST), family: 0,
            resource: UInt16(NFNL_SUBSYS_NFTABLES))
        writer.end()
    }

    /// What the message with this sequence number was about.
    func subject(ofSequence sequence: UInt32) -> Subject? {
        let index = Int(sequence) - 1
        return subjects.indices.contains(index) ? subjects[index] : nil
    }
}
