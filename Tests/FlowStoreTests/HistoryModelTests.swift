// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel
import PolicyModel
import Testing

/// Everything a store was given, kept as it came: the answers are worked out from it in the plainest way.
private struct PlainHistory {
    var records: [FlowRecord] = []

    func windowStart(_ record: FlowRecord) -> Int64 {
        let seconds = record.time.seconds
        return seconds - ((seconds % 15) + 15) % 15
    }

    /// Records of windows wholly inside, by key.
    func summed(from: Int64, before: Int64) -> [FlowKey: [FlowRecord]] {
        Dictionary(
            grouping: records.filter { windowStart($0) >= from && windowStart($0) + 15 <= before }, by: \.key)
    }

    func line(_ key: FlowKey, _ records: [FlowRecord]) -> String {
        var counters = FlowCounters()
        for record in records { counters += record.counters }
        let starts = records.map(windowStart)
        let labels = records.dropFirst().reduce(Set(records[0].sourceLabels)) {
            $0.intersection($1.sourceLabels)
        }
        let span = "\((starts.min() ?? 0) - t0)..\((starts.max() ?? 0) + 15 - t0)"
        return "\(key.text) \(span) \(counters.packetsIn) \(counters.bytesOut) \(labels.sorted())"
    }
}

extension FlowKey {
    fileprivate var text: String {
        "\(source.namespace)/\(source.name) \(destination.name):\(destinationPort) \(action.name) "
            + trace.enforced.map(\.traceText).joined(separator: ",")
    }
}

@Suite("The store and a plain model of it")
struct HistoryModelTests {
    private static func randomRecord(_ random: inout SplitMix, now: Int64) -> FlowRecord {
        let policies = [
            allowWeb, hit(.networkPolicy, "ns-b", "first", tier: "tier-a", .deny, rule: -1),
            hit(.globalNetworkPolicy, "", "base", tier: "tier-z", .pass, index: 1, rule: 2),
        ]
        let key = flowKey(
            source: "client-\(random.next() % 5)", sourceNamespace: "ns-\(random.next() % 3)",
            destination: "server-\(random.next() % 7)", port: Int64(random.next() % 3),
            reporter: random.next() % 2 == 0 ? .source : .destination,
            action: random.next() % 4 == 0 ? .deny : .allow,
            enforced: [policies[Int(random.next() % 3)]], pending: [policies[Int(random.next() % 3)]])
        let late = random.next() % 8 == 0 ? Int64(random.next() % 900) : Int64(random.next() % 40)
        var record = record(
            key, at: Double(now - late - t0), packets: random.next() % 1_000,
            source: ["app=\(key.source.name)", "n=\(random.next() % 2)"])
        record.counters.bytesOut = random.next() % 64 == 0 ? random.next() >> 8 : random.next() % 5_000
        record.counters.connectionsLive = random.next() % 3
        return record
    }

    @Test("agree on lists, counts, hints and statistics, packed or not", arguments: UInt64(1)...12)
    func agree(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        var store = storeAtT0(.init(windowCount: 64))
        var plain = PlainHistory()
        var now = t0
        for step in 0..<60 {
            now += Int64(random.next() % 12)
            store.rollOver(now: Timestamp(seconds: now))
            for _ in 0..<20 {
                let record = Self.randomRecord(&random, now: now)
                store.insert(record)
                plain.records.append(record)
            }
            if step % 7 == 0 { store.sealAll() }
            let oldest = store.oldestSeconds
            plain.records = plain.records.filter { plain.windowStart($0) >= oldest }
        }
        let from = now - Int64(random.next() % 600)
        let expected = plain.summed(from: from, before: now)
        let query = FlowListQuery(range: FlowTimeRange(startGTE: from, startLT: now))
        let page = try store.list(query, now: Timestamp(seconds: now))
        let lines = page.items.map {
            "\($0.key.text) \($0.startSeconds - t0)..\($0.endSeconds - t0) \($0.counters.packetsIn) "
                + "\($0.counters.bytesOut) \($0.sourceLabels)"
        }
        #expect(lines.sorted() == expected.map { plain.line($0.key, $0.value) }.sorted(), "seed \(seed)")
        #expect(
            try store.history.count(.init(range: query.range), now: Timestamp(seconds: now)) == expected.count
        )
        let starts = page.items.map(\.startSeconds)
        #expect(starts == starts.sorted(by: >))
        try checkStatistics(store, plain, now: now, seed: seed)
    }

    private func checkStatistics(_ store: FlowStore, _ plain: PlainHistory, now: Int64, seed: UInt64) throws {
        let statistics = try store.history.statistics(
            FlowStatisticsQuery(grouping: .exactRule), now: Timestamp(seconds: now))
        var expected: [String: (UInt64, UInt64)] = [:]
        let end = now - ((now % 15) + 15) % 15
        for record in plain.records where plain.windowStart(record) < end {
            let direction = record.key.reporter == .source ? "egress" : "ingress"
            let names = (record.key.trace.enforced + record.key.trace.pending).map {
                "\($0.policy?.name ?? "") \($0.action.name) \($0.ruleIndex) \(direction)"
            }
            for name in Set(names) {
                let sum = expected[name] ?? (0, 0)
                expected[name] = (sum.0 + record.counters.packetsIn, sum.1 + record.counters.packetsOut)
            }
        }
        let actual = statistics.map { statistic in
            let values = statistic.values[0]
            return "\(statistic.policy.name) \(statistic.action.name) \(statistic.ruleIndex ?? 99) "
                + "\(statistic.direction) \(values.allowedIn + values.deniedIn + values.passedIn) "
                + "\(values.allowedOut + values.deniedOut + values.passedOut)"
        }
        #expect(
            actual.sorted() == expected.map { "\($0.key) \($0.value.0) \($0.value.1)" }.sorted(),
            "seed \(seed)")
    }

    @Test("a snapshot does not change while the store goes on", arguments: UInt64(1)...6)
    func snapshots(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        var store = storeAtT0(.init(windowCount: 12))
        var now = t0
        var kept: [(history: FlowHistory, now: Timestamp, items: [FlowAggregate])] = []
        for step in 0..<80 {
            now += 7
            store.rollOver(now: Timestamp(seconds: now))
            for _ in 0..<10 { store.insert(Self.randomRecord(&random, now: now)) }
            if step % 5 == 0 { store.sealAll() }
            let time = Timestamp(seconds: now)
            let items = try store.list(FlowListQuery(range: FlowTimeRange(startLT: now + 60)), now: time)
                .items
            kept.append((store.history, time, items))
        }
        for (history, time, items) in kept {
            let query = FlowListQuery(range: FlowTimeRange(startLT: time.seconds + 60))
            #expect(try history.list(query, now: time).items == items, "seed \(seed)")
        }
    }

    @Test("readers that follow changes end with the same rows as a list", arguments: UInt64(1)...6)
    func followers(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        var store = storeAtT0()
        var rows: [String: UInt64] = [:]
        var cursor = store.latestCursor
        for step in 0..<60 {
            let now = t0 + Int64(step) * 6
            store.rollOver(now: Timestamp(seconds: now))
            for _ in 0..<15 { store.insert(Self.randomRecord(&random, now: now)) }
            if step % 9 == 0 { store.sealAll() }
            var hasMore = step % 3 == 0
            while hasMore {
                let changes = store.changes(
                    .init(start: .cursor(cursor), limit: 7), now: Timestamp(seconds: now))
                #expect(changes.gap == nil)
                for row in changes.rows {
                    rows["\(row.flow.id) \(row.flow.startSeconds)"] = row.flow.counters.packetsIn
                }
                cursor = changes.cursor
                hasMore = changes.hasMore
            }
        }
        while true {
            let changes = store.changes(.init(start: .cursor(cursor)), now: time(360))
            for row in changes.rows {
                rows["\(row.flow.id) \(row.flow.startSeconds)"] = row.flow.counters.packetsIn
            }
            cursor = changes.cursor
            if !changes.hasMore { break }
        }
        let all = store.changes(.init(start: .secondsAgo(3_600), limit: 100_000), now: time(360)).rows
        let expected = Dictionary(
            uniqueKeysWithValues: all.map {
                ("\($0.flow.id) \($0.flow.startSeconds)", $0.flow.counters.packetsIn)
            })
        #expect(rows == expected, "seed \(seed)")
    }
}
