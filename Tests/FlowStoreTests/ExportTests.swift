// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel
import Testing

@Suite("Reading everything, for exporters")
struct ExportTests {
    /// Rows `(name, seconds)` in windows that are packed, reopened by late flows, and filling.
    private static func store() -> FlowStore {
        var store = storeAtT0()
        for step in 0..<40 {
            store.rollOver(now: time(Double(step) * 5))
            for index in 0..<9 where (step + index) % 3 == 0 {
                let late = index == 4 ? 60.0 : 0
                store.insert(
                    record(
                        flowKey(destination: "pod-\(index)"), at: Double(step) * 5 - late,
                        source: ["app=a", "step=\(step % 2)"]))
            }
        }
        return store
    }

    @Test(
        "pieces of any size give what a list of the same range gives",
        arguments: [1, 2, 4, 100],
        [(-3_000, 300), (0, 90), (7, 100), (15, 30), (150, 150)] as [(Int64, Int64)])
    func pieces(limit: Int, bounds: (from: Int64, before: Int64)) throws {
        let history = Self.store().history
        var reader = history.sumReader(from: t0 + bounds.from, before: t0 + bounds.before)
        var flows: [FlowAggregate] = []
        while reader.remaining > 0 {
            let rest = reader.remaining
            let piece = reader.next(limit: limit)
            #expect(piece.count == min(limit, rest))
            #expect(reader.remaining == rest - piece.count)
            flows += piece
        }
        #expect(reader.next(limit: limit).isEmpty)
        let list =
            bounds.from < bounds.before
            ? try history.list(
                FlowListQuery(range: range(from: bounds.from, before: bounds.before)), now: time(200)
            ).items : []
        #expect(flows.sorted { $0.id < $1.id } == list.sorted { $0.id < $1.id })
    }

    @Test("a reader reads what was there, whatever the store does meanwhile")
    func isolation() {
        var store = Self.store()
        var reader = store.history.sumReader(from: .min, before: .max)
        var control = store.history.sumReader(from: .min, before: .max)
        let expected = control.next(limit: .max)
        let first = reader.next(limit: 2)
        store.insert(record(flowKey(destination: "pod-1"), at: 195, packets: 1_000))
        // Every window is recycled, and slots with them.
        store.rollOver(now: time(200_000))
        for index in 0..<9 { store.insert(record(flowKey(destination: "new-\(index)"), at: 200_000)) }
        #expect(first + reader.next(limit: .max) == expected)
    }

    @Test("windows with flows that lie wholly in a range")
    func filled() {
        var store = storeAtT0()
        for at in [0.0, 20, 60] {
            store.rollOver(now: time(at))
            store.insert(record(flowKey(), at: at))
        }
        let history = store.history
        func starts(_ from: Int64, _ before: Int64) -> [Int64] {
            history.filledWindows(from: from, before: before).map { $0 - t0 }
        }
        #expect(starts(.min, .max) == [0, 15, 60])
        #expect(starts(t0, t0 + 75) == [0, 15, 60])
        #expect(starts(t0 + 1, t0 + 74) == [15])
        #expect(starts(t0 + 75, t0) == [])
    }

    @Test("changed rows are those of windows that had ended, added or changed since")
    func changedRows() {
        var store = storeAtT0()
        store.insert([record(flowKey(), at: 0), record(flowKey(destination: "b"), at: 16)])
        store.rollOver(now: time(60))
        let change = store.history.latestChange
        func changed(_ end: Int64) -> Int { store.history.changedRows(endingBy: t0 + end, after: change) }
        #expect(changed(3_600) == 0)
        store.insert([
            record(flowKey(), at: 1), record(flowKey(destination: "b"), at: 2),
            record(flowKey(), at: 3), record(flowKey(), at: 31), record(flowKey(), at: 60),
        ])
        #expect([15, 29, 30, 44, 45, 75].map(changed) == [2, 2, 2, 2, 3, 4])
        #expect(store.history.changedRows(endingBy: t0 + 75, after: store.history.latestChange) == 0)
        #expect(store.history.changedRows(endingBy: .min, after: 0) == 0)
    }
}
