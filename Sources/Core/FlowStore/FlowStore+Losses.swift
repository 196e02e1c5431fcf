// SPDX-License-Identifier: Apache-2.0

public import FlowModel

/// Records that could not be kept, by reason. Totals.
struct FlowRefusals: Sendable {
    var tooOld: UInt64 = 0
    var tooNew: UInt64 = 0
    var keyLimit: UInt64 = 0
    var keyShare: UInt64 = 0
    var keySize: UInt64 = 0
    var rowLimit: UInt64 = 0
    var earlyWindows: UInt64 = 0
}

extension FlowStore {
    /// What could not be kept, totals since the start.
    public var losses: [EventLoss] {
        [
            EventLoss(
                name: "flow_records_too_old_total", count: refusals.tooOld,
                help: "Flow records from before the oldest window. Check the sending node's clock."),
            EventLoss(
                name: "flow_records_too_new_total", count: refusals.tooNew,
                help: "Flow records from after the future window. Check the sending node's clock."),
            EventLoss(
                name: "flow_records_over_key_limit_total", count: refusals.keyLimit,
                help: "Flow records of new keys beyond the limit of \(limits.maximumKeys). Raise it."),
            EventLoss(
                name: "flow_records_over_key_share_total", count: refusals.keyShare,
                help:
                    "Flow records of new keys from a node that has brought more than its share of all keys. "
                    + "Find out what it sends; raise the limit if that is as it should be."),
            EventLoss(
                name: "flow_records_oversized_total", count: refusals.keySize,
                help: "Flow records with over \(limits.maximumKeyBytes) bytes of names. Check the sender."),
            EventLoss(
                name: "flow_records_over_row_limit_total", count: refusals.rowLimit,
                help: "Flow records beyond the limit of \(limits.maximumRows) rows. Raise the limit."),
            EventLoss(
                name: "flow_windows_dropped_early_total", count: refusals.earlyWindows,
                help: "Windows that left before their time to make room. Raise the limits of keys or rows."),
            EventLoss(
                name: "flow_labels_dropped_total", count: keys.labels.refusedLabels,
                help: "Labels beyond \(limits.maximumLabels) of an end, or over "
                    + "\(LabelInterner.maximumLabelBytes) bytes. They are left out of flows and filters."),
            EventLoss(
                name: "flow_delivery_memory_short_total", count: deliveries.earlyTurns,
                help: "Times that deliveries were forgotten early: what a node repeats may count twice. "
                    + "Raise the limit of \(limits.maximumDeliveries)."),
        ]
    }

    /// Deliveries that a sender repeated and that were counted once, since the start.
    public var repeatedDeliveries: UInt64 { deliveries.repeats }

    /// Sizes for those who watch memory.
    public var gauges: FlowStoreGauges {
        FlowStoreGauges(
            keys: keys.count, rows: rowCount,
            sealedBytes: history.sealed.reduce(0) { $0 + ($1?.byteCount ?? 0) },
            openRows: history.open.reduce(0) { $0 + $1.count }, textBytes: keys.stringBytes,
            traces: keys.traceCount, labelLists: keys.labels.count,
            aliasBytes: keyAliases.byteCount + labelAliases.byteCount, deliveries: deliveries.entryCount)
    }
}

/// How much of everything a store holds.
public struct FlowStoreGauges: Hashable, Sendable {
    public var keys: Int
    public var rows: Int
    /// Of packed windows.
    public var sealedBytes: Int
    public var openRows: Int
    public var textBytes: Int
    public var traces: Int
    public var labelLists: Int
    public var aliasBytes: Int
    public var deliveries: Int
}
