// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel
import PolicyModel
import Testing

@Suite("Live changes")
struct ChangesTests {
    private func rows(_ changes: FlowChanges) -> [String] { changes.rows.map(\.flow.line) }

    @Test("an update of the filling window is seen at once, as one row with its totals so far")
    func fillingWindow() {
        var store = storeAtT0()
        let start = store.latestCursor
        store.insert([
            record(flowKey(), at: 1, packets: 1, generation: 4),
            record(flowKey(), at: 3.25, packets: 2, generation: 5),
            record(flowKey(), at: 2, packets: 4, generation: 4),
        ])
        let changes = store.changes(.init(start: .cursor(start)), now: time(4))
        #expect(rows(changes) == ["server-* 0..15 7"])
        #expect(changes.rows.first?.isFilling == true)
        #expect(changes.rows.first?.flow.lastActivity == time(3.25))
        #expect(changes.rows.first?.flow.generation == 5)
        #expect(changes.gap == nil)
        #expect(store.changes(.init(start: .cursor(changes.cursor)), now: time(4)).rows.isEmpty)
    }

    @Test("rows come in the order of their last change, each once")
    func order() {
        var store = storeAtT0()
        for name in ["a", "b", "c", "a", "d", "b"] { store.insert(record(flowKey(destination: name), at: 1)) }
        let changes = store.changes(.init(start: .secondsAgo(0)), now: time(2))
        #expect(rows(changes) == ["c 0..15 1", "a 0..15 2", "d 0..15 1", "b 0..15 2"])
        #expect(changes.rows.map(\.cursor) == changes.rows.map(\.cursor).sorted())
    }

    @Test(
        "small pieces give the same rows as one large piece, over packed and open windows",
        arguments: [1, 2, 7])
    func pieces(limit: Int) {
        var store = storeAtT0()
        for step in 0..<40 {
            store.rollOver(now: time(Double(step) * 5))
            for name in ["a", "b", "c"] {
                store.insert(record(flowKey(destination: name), at: Double(step) * 5 - Double(step % 3) * 40))
            }
        }
        let whole = store.changes(.init(start: .secondsAgo(3_600)), now: time(200))
        var start = FlowChangeStart.secondsAgo(3_600)
        var pieces: [FlowChange] = []
        for _ in 0...whole.rows.count {
            let piece = store.changes(.init(start: start, limit: limit), now: time(200))
            #expect(piece.rows.count <= limit)
            pieces += piece.rows
            start = .cursor(piece.cursor)
            guard piece.hasMore else { break }
        }
        #expect(whole.rows.count > 30)
        #expect(pieces == whole.rows)
    }

    @Test("a start some seconds ago includes the windows that were still filling then")
    func backfill() {
        var store = storeAtT0()
        for at in [-60, -45, -30, -15] {
            store.insert(record(flowKey(destination: "at \(at)"), at: Double(at)))
        }
        let changes = store.changes(.init(start: .secondsAgo(31)), now: time(0))
        #expect(changes.rows.map(\.flow.key.destination.name) == ["at -45", "at -30", "at -15"])
        #expect(changes.rows.allSatisfy { !$0.isFilling })
        #expect(store.changes(.init(start: .now), now: time(0)).rows.isEmpty)
    }

    @Test("the limit bounds the entries looked at, and the filter the rows that come back")
    func filter() {
        var store = storeAtT0()
        for index in 0..<10 { store.insert(record(flowKey(destination: "d\(index)"), at: 1)) }
        let filter = FlowExpression.text(.destinationName, FlowTextMatch(.equals, "d7"))
        let first = store.changes(.init(start: .secondsAgo(0), filter: filter, limit: 5), now: time(2))
        #expect(first.rows.isEmpty)
        #expect(first.hasMore)
        let second = store.changes(
            .init(start: .cursor(first.cursor), filter: filter, limit: 5), now: time(2))
        #expect(rows(second) == ["d7 0..15 1"])
        #expect(!second.hasMore)
    }

    @Test("too large a backlog skips exactly the oldest entries and says how many")
    func backlog() {
        var store = storeAtT0()
        for index in 0..<100 {
            store.insert(record(flowKey(destination: "d\(index)"), at: Double(index % 3) * 15 - 30))
        }
        let changes = store.changes(.init(start: .secondsAgo(600), maximumBacklog: 10), now: time(2))
        #expect(changes.gap == FlowGap(reason: .backlog, missed: 90))
        #expect(changes.rows.map(\.flow.key.destination.name) == (90..<100).map { "d\($0)" })
    }

    @Test("a reader that was away while its windows were recycled gets a gap, one that kept up does not")
    func expired() {
        var store = storeAtT0(.init(windowCount: 4))
        store.insert(record(flowKey(), at: 1))
        let seen = store.changes(.init(start: .secondsAgo(0)), now: time(2)).cursor
        store.insert(record(flowKey(), at: 16))
        let kept = store.latestCursor
        store.tick(1...4)
        #expect(store.changes(.init(start: .cursor(seen)), now: time(60)).gap == FlowGap(reason: .expired))
        #expect(store.changes(.init(start: .cursor(kept)), now: time(60)).gap == nil)
    }

    @Test("a cursor of another store gives a gap and everything that is there")
    func unknownCursor() {
        var old = FlowStore(now: time(-100))
        old.insert(record(flowKey(), at: -90))
        var store = storeAtT0()
        store.insert(record(flowKey(), at: 1))
        for raw in [old.latestCursor.rawValue, 0, UInt64.max] {
            let changes = store.changes(.init(start: .cursor(.init(rawValue: raw))), now: time(2))
            #expect(changes.gap == FlowGap(reason: .unknownCursor))
            #expect(rows(changes) == ["server-* 0..15 1"])
        }
    }

    @Test("many updates of few rows do not grow the order of changes")
    func coalescing() {
        var store = storeAtT0()
        for index in 0..<50_000 { store.insert(record(flowKey(destination: "d\(index % 7)"), at: 1)) }
        let changes = store.changes(.init(start: .secondsAgo(0), maximumBacklog: 7), now: time(2))
        #expect(changes.rows.count == 7)
        #expect(changes.gap == nil)
        #expect(changes.rows.map(\.flow.counters.packetsIn).reduce(0, +) == 50_000)
    }
}
