// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI
internal import Glibc
internal import LinuxKernel

/// Brings one table of the kernel to given forms, and knows which form it holds.
///
/// Every change is one transaction: packets meet the old rules or the new ones, nothing in between. Not
/// thread-safe.
struct NftTableProgrammer {
    let tableName: String
    let encoder: NftNetlinkEncoder
    private let socket: NetlinkSocket
    /// What the kernel holds as far as we know; nil when we do not know.
    private(set) var current: NftTable?

    init(tableName: String, instance: UInt32, socket: NetlinkSocket) {
        self.tableName = tableName
        encoder = NftNetlinkEncoder(instance: instance)
        self.socket = socket
    }

    /// Programs the differences; all of the table when nothing is known or the kernel's table is not what we
    /// believe.
    mutating func program(_ table: NftTable) throws(NftablesError) -> NftDelta {
        guard let current else { return try replace(with: table) }
        let delta = NftDelta(from: current, to: table)
        if delta.needsReplacement { return try replace(with: table) }
        if delta.isEmpty { return delta }
        var batch = NftBatch(tableName: tableName)
        delta.write(to: &batch, encoder)
        do throws(NftablesError) {
            try send(&batch, "change rules")
        } catch {
            // Somebody else changed the table: what we believed to be there is not, or the other way round.
            guard [ENOENT, EEXIST, EBUSY].contains(error.cause.errno) else { throw error }
            return try replace(with: table)
        }
        self.current = table
        return delta
    }

    /// Deletes the table if it is there and creates it in full, in one transaction: no moment without rules.
    mutating func replace(with table: NftTable) throws(NftablesError) -> NftDelta {
        var batch = NftBatch(tableName: tableName, capacityBytes: 1 << 20)
        encoder.replaceTable(tableName, &batch)
        let delta = NftDelta(creating: table)
        delta.write(to: &batch, encoder)
        try send(&batch, "replace rules")
        current = table
        return delta
    }

    /// Deletes the table, which may be absent.
    mutating func remove() throws(NftablesError) {
        var batch = NftBatch(tableName: tableName)
        encoder.deleteTable(tableName, &batch)
        try send(&batch, "delete rules")
        current = nil
    }

    /// Whether the kernel knows everything that these statements need. Tries them in a table that is created
    /// and deleted in one transaction, so that nothing is ever to be seen of it.
    func accepts(_ statements: [NftStatement]) -> Bool {
        let probe = "\(tableName)-probe"
        var chain = NftChain(name: "probe")
        chain.rules = [NftRule(statements)]
        var batch = NftBatch(tableName: probe)
        encoder.replaceTable(probe, &batch)
        encoder.create(chain, &batch)
        encoder.appendRules(of: chain, &batch)
        encoder.deleteTable(probe, &batch)
        batch.finish()
        // Any refusal means no; a kernel that refuses everything says why when rules are applied.
        return (try? socket.sendBatch(batch.writer, operation: "try rules", subject: probe)) != nil
    }

    private mutating func send(_ batch: inout NftBatch, _ operation: String) throws(NftablesError) {
        batch.finish()
        do throws(KernelError) {
            try socket.sendBatch(batch.writer, operation: operation, subject: "table \(tableName)")
        } catch {
            // Without the kernel's answer the transaction may have happened or not: start over next time.
            if error.code == .overrun || error.code == .timeout { current = nil }
            let subject = error.sequence.flatMap(batch.subject(ofSequence:)) ?? .table(tableName)
            throw NftablesError(operation: operation, subject: subject.text, table: tableName, cause: error)
        }
    }
}
