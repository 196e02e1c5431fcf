// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel

/// The flow store: what a record costs, what a question costs, what memory a history takes.
enum StoreBenchmarks {
    static let ingest = [
        "flow of a known key stored by its bytes, 10,000 keys",
        "flow of a known key stored by its bytes, 10,000 keys, no repeats looked for",
        "record of a known key stored, 10,000 keys",
        "record of a new key stored, 100,000 keys",
    ]

    static func run() {
        known()
        new()
        queries()
        rollOver()
    }

    private static func known() {
        guard ingest.prefix(3).contains(where: Measurement.isWanted) else { return }
        let records = (0..<10_000).map { FlowLoad.record($0, at: FlowLoad.start) }
        // Laid out like messages in a receive buffer: the loop touches nothing but bytes and counters.
        var bytes: [UInt8] = []
        var spans: [(key: Range<Int>, labels: Range<Int>, counters: FlowCounters)] = []
        for record in records {
            let (key, labels) = FlowLoad.encoding(record)
            let middle = bytes.count + key.count
            spans.append((bytes.count..<middle, middle..<(middle + labels.count), record.counters))
            bytes += key + labels
        }
        var store = FlowStore(now: Timestamp(seconds: FlowLoad.start))
        func deliver(_ sender: UInt32, at seconds: Int64) {
            bytes.withUnsafeBytes { bytes in
                for index in spans.indices {
                    let flow = EncodedFlow(
                        key: UnsafeRawBufferPointer(rebasing: bytes[spans[index].key]),
                        labels: UnsafeRawBufferPointer(rebasing: bytes[spans[index].labels]),
                        startSeconds: seconds, endSeconds: seconds, counters: spans[index].counters)
                    if store.insert(flow, sender: sender) == .unknown {
                        store.insert(records[index], sender: sender, alias: flow)
                    }
                }
            }
        }
        deliver(0, at: FlowLoad.start)
        var second: Int64 = 0
        for sender in [UInt32(1), 0] {
            Measurement.report(ingest[sender == 1 ? 0 : 1], count: records.count * 3) {
                for _ in 0..<3 {
                    second += 1
                    deliver(sender, at: FlowLoad.start - 60 + second % 60)
                }
            }
        }
        Measurement.report(ingest[2], count: records.count) { for record in records { store.insert(record) } }
        consume(store.insertedRecords)
    }

    private static func new() {
        guard Measurement.isWanted(ingest[3]) else { return }
        let records = (0..<100_000).map { index in
            var record = FlowLoad.record(index, at: FlowLoad.start)
            record.key.source.name = "client-\(index)-*"
            return record
        }
        Measurement.report(ingest[3], count: records.count) {
            var store = FlowStore(now: Timestamp(seconds: FlowLoad.start))
            for record in records { store.insert(record) }
            consume(store.history.keyCount)
        }
    }

    private static func queries() {
        guard Measurement.filter.isEmpty || Measurement.filter.contains("240 windows") else { return }
        Measurement.returnFreeMemory()
        let before = Measurement.residentMebibytes()
        let store = FlowLoad.store(keys: 10_000, windows: 240)
        Measurement.returnFreeMemory()
        print(
            "memory of 10,000 keys × 240 windows: \(Int(Measurement.residentMebibytes() - before)) MiB, "
                + "\(store.gauges.sealedBytes / max(1, store.rowCount)) bytes a packed row")
        let now = Timestamp(seconds: FlowLoad.start)
        let history = store.history
        let fuzzy = FlowExpression.text(.sourceNamespace, FlowTextMatch(.contains, "space-1"))
        let policy = FlowExpression.policy(
            FlowPolicyCondition(name: FlowTextMatch(.contains, "policy-1")))
        let page = FlowPaging(page: 0, pageSize: 100)
        func ask(_ name: String, count: Int = 10, _ body: () throws -> Void) {
            Measurement.report("\(name), 10,000 keys × 240 windows", count: count) {
                for _ in 0..<count { try? body() }
            }
        }
        ask("list, page of 100") { consume(try history.list(.init(paging: page), now: now).totalResults) }
        ask("list, fuzzy namespace, page of 100") {
            consume(try history.list(.init(filter: fuzzy, paging: page), now: now).totalResults)
        }
        ask("list, policy, page of 100") {
            consume(try history.list(.init(filter: policy, paging: page), now: now).totalResults)
        }
        ask("list by destination name, page of 100") {
            consume(
                try history.list(.init(sortBy: [.destinationName], paging: page), now: now).totalResults)
        }
        ask("list, everything", count: 2) { consume(try history.list(.init(), now: now).totalResults) }
        ask("hints, source names") {
            consume(try history.hints(.init(type: .sourceName), now: now).totalResults)
        }
        ask("hints, policy names") {
            consume(try history.hints(.init(type: .policyName), now: now).totalResults)
        }
        ask("statistics by policy, time series", count: 3) {
            consume(try history.statistics(.init(isTimeSeries: true), now: now).count)
        }
        ask("statistics by rule, time series", count: 3) {
            consume(try history.statistics(.init(grouping: .rule, isTimeSeries: true), now: now).count)
        }
        ask("histogram", count: 3) { consume(try history.histogram(.init(), now: now).count) }
        ask("top talkers", count: 3) { consume(try history.topTalkers(.init(), now: now).count) }
        ask("one window for a stream", count: 3) {
            consume(history.window(startSeconds: FlowLoad.start - 600)?.flows.count ?? 0)
        }
    }

    private static func rollOver() {
        guard Measurement.isWanted("roll-over, 100,000 keys") else { return }
        let limits = FlowStoreLimits(windowCount: 8)
        var store = FlowLoad.store(keys: 100_000, windows: 8, limits: limits)
        let records = (0..<100_000).map { FlowLoad.record($0, at: FlowLoad.start) }
        Measurement.reportEach("roll-over, 100,000 keys", count: 8) { step in
            let seconds = FlowLoad.start + Int64(step) * 15
            for record in records {
                var record = record
                record.time = Timestamp(seconds: seconds)
                store.insert(record)
            }
            store.sealAll()
        } _: { step in
            store.rollOver(now: Timestamp(seconds: FlowLoad.start + Int64(step + 1) * 15))
        }
    }
}
