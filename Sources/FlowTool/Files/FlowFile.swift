// SPDX-License-Identifier: Apache-2.0

internal import FlowModel
internal import FlowStore
internal import NetworkModel

/// The flows of a file, and what of it could not be used.
struct FlowFile {
    /// Flows that are kept of a file.
    static let maximumFlows = 1_000_000
    /// Lines that are reported one by one.
    static let maximumReports = 10

    private(set) var flows: [FlowLine] = []
    /// The first lines that are no flows, with their reasons.
    private(set) var reports: [(line: Int, reason: String)] = []
    private(set) var badLines = 0
    /// Lines that came again with newer totals of a row.
    private(set) var replacedLines = 0
    /// Lines after `maximumFlows`.
    private(set) var linesOverLimit = 0
    private var rows: [Row: Int] = [:]

    /// Servers number flows anew when they start, so that the number alone names no flow.
    private struct Row: Hashable {
        let id: String
        let start: Int64
        let key: FlowKey
    }

    /// Reads lines to their end. Empty ones are passed over.
    init(_ lines: inout LineReader) throws(FileProblem) {
        var number = 0
        while let line = try lines.next() {
            number += 1
            switch line {
            case .tooLong: refuse(number, "it has more than \(LineReader.maximumLine >> 20) MiB")
            case .bytes(let bytes):
                guard !bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }) else { continue }
                do throws(FlowLineProblem) {
                    add(try FlowLine(bytes))
                } catch {
                    refuse(number, error.description)
                }
            }
        }
        rows = [:]
    }

    private mutating func refuse(_ line: Int, _ reason: String) {
        badLines += 1
        if reports.count < Self.maximumReports { reports.append((line, reason)) }
    }

    private mutating func add(_ line: FlowLine) {
        let row = line.rowID.map { Row(id: $0, start: line.flow.startSeconds, key: line.flow.key) }
        if let row, let place = rows[row] {
            replacedLines += 1
            flows[place] = line
            return
        }
        guard flows.count < Self.maximumFlows else {
            linesOverLimit += 1
            return
        }
        if let row { rows[row] = flows.count }
        flows.append(line)
    }
}

extension FileFlows {
    /// What can be said of flows that had to be changed to be kept.
    struct Remarks: Hashable {
        /// Of the windows that flows were put in.
        var windowSeconds: Int64
        /// Start or end of some are not at the edge of a window.
        var isCoarse = false
        /// Flows before the oldest window that fits.
        var tooOld = 0
        /// What the store could not keep, by its counters.
        var losses: [EventLoss] = []
    }

    /// The history of `file`: its windows are as wide as its times allow, and now is the end of its last
    /// flow.
    ///
    /// - Returns: nil when there are no flows.
    init?(_ file: FlowFile) {
        guard let newest = file.flows.map(\.flow.endSeconds).max(),
            let oldest = file.flows.map(\.flow.startSeconds).min()
        else { return nil }
        let width = Self.windowSeconds(file, span: newest - oldest)
        let now = (newest + width - 1) / width * width
        let count = min(Self.maximumWindows, max(4, Int((now - oldest / width * width) / width) + 3))
        // Only lists: nothing is delivered twice and nothing is encoded.
        var store = FlowStore(
            now: Timestamp(seconds: now),
            limits: FlowStoreLimits(
                windowSeconds: width, windowCount: count, maximumKeys: FlowFile.maximumFlows + 1,
                maximumRows: 2 * FlowFile.maximumFlows + 1, maximumKeyBytes: LineReader.maximumLine))
        var remarks = Remarks(windowSeconds: width)
        var records: [FlowRecord] = []
        for line in file.flows {
            let flow = line.flow
            remarks.isCoarse =
                remarks.isCoarse || flow.startSeconds % width != 0
                || line.hasEnd && flow.endSeconds % width != 0
            if flow.startSeconds < store.history.oldestSeconds {
                remarks.tooOld += 1
            } else {
                records += flow.records(width)
            }
        }
        // In the order of windows, so that each is packed once; in one window in the order of the file.
        let places = records.indices.sorted {
            (records[$0].time.seconds / width, $0) < (records[$1].time.seconds / width, $1)
        }
        for place in places { store.insert(records[place]) }
        remarks.losses = store.losses.filter { $0.count > 0 && $0.name != "flow_delivery_memory_short_total" }
        self.init(history: store.history, now: Timestamp(seconds: now), remarks: remarks)
    }

    private static let maximumWindows = 60_000

    /// 15, or less when times are finer; more when the file would not fit.
    private static func windowSeconds(_ file: FlowFile, span: Int64) -> Int64 {
        var width: Int64 = 15
        for line in file.flows {
            width = divisor(width, line.flow.startSeconds)
            if line.hasEnd { width = divisor(width, line.flow.endSeconds) }
        }
        while width < 3_600, span / width + 4 > maximumWindows { width = min(3_600, width * 2) }
        return width
    }

    private static func divisor(_ left: Int64, _ right: Int64) -> Int64 {
        var (left, right) = (left, right)
        while right != 0 { (left, right) = (right, left % right) }
        return left
    }
}

extension FlowAggregate {
    /// Of a flow that may span several windows: its counters in the first, and nothing more in the last, so
    /// that sums have its start and end.
    fileprivate func records(_ width: Int64) -> [FlowRecord] {
        func record(_ seconds: Int64, _ counters: FlowCounters, _ addresses: FlowAddresses?) -> FlowRecord {
            let window = seconds / width * width
            let isInside = (window..<window + width).contains(lastActivity.seconds)
            return FlowRecord(
                key: key, time: isInside ? lastActivity : Timestamp(seconds: seconds),
                sourceLabels: sourceLabels,
                destinationLabels: destinationLabels, counters: counters, generation: generation,
                addresses: addresses)
        }
        var records = [record(startSeconds, counters, addresses.first)]
        for pair in addresses.dropFirst() { records.append(record(startSeconds, FlowCounters(), pair)) }
        let last = (endSeconds - 1) / width * width
        if last > startSeconds / width * width { records.append(record(last, FlowCounters(), nil)) }
        return records
    }
}
