// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel
import PolicyModel
import Testing

@Suite("The ring of windows")
struct RingTests {
    @Test("reaches 3600 s back and one window ahead; the rest is refused and counted")
    func edges() throws {
        var store = storeAtT0()
        for at in [-3_600, -3_601, 29.999, 30] {
            store.insert(record(flowKey(destination: "at \(at)"), at: at))
        }
        let names = try store.list(FlowListQuery(range: range(before: 300)), now: time(0)).items
        #expect(Set(names.map(\.key.destination.name)) == ["at -3600.0", "at 29.999"])
        #expect(store.loss("flow_records_too_old_total") == 1)
        #expect(store.loss("flow_records_too_new_total") == 1)
    }

    @Test("a flow keeps its id while any window holds it, and comes back under a new one")
    func lifetime() throws {
        var store = storeAtT0()
        store.insert(record(flowKey(), at: -15))
        store.tick(1...239)
        #expect(try store.list(FlowListQuery(), now: time(239 * 15)).items.map(\.id) == [1])
        store.tick(240...240)
        #expect(try store.lines(at: 3_600) == [])
        #expect(store.keyCount == 0)
        store.insert(record(flowKey(), at: 3_585, packets: 9))
        #expect(try store.list(FlowListQuery(), now: time(3_600)).items.map(\.id) == [2])
    }

    @Test("only the expired windows of a flow are forgotten")
    func partialExpiry() throws {
        var store = storeAtT0()
        store.insert([record(flowKey(), at: -3_600), record(flowKey(), at: -15, packets: 2)])
        #expect(try store.lines() == ["server-* -3600..0 3"])
        store.tick(1...1)
        #expect(try store.lines(at: 15) == ["server-* -15..0 2"])
    }

    @Test("late records find their flow in a window that was packed")
    func lateRecords() throws {
        var store = storeAtT0()
        for index in 0..<20 { store.insert(record(flowKey(destination: "d\(index)"), at: -30)) }
        store.insert(record(flowKey(destination: "d3"), at: -20))
        store.tick(1...20)
        store.insert([
            record(flowKey(destination: "d7"), at: -29, packets: 10),
            record(flowKey(destination: "new"), at: -28),
        ])
        store.tick(21...30)
        store.insert(record(flowKey(destination: "d3"), at: -29, packets: 100))
        let lines = Set(try store.lines(at: 450))
        #expect(lines.count == 21)
        #expect(
            lines.isSuperset(of: ["d7 -30..-15 11", "d3 -30..-15 102", "new -30..-15 1", "d19 -30..-15 1"]))
    }

    @Test("a bound on keys refuses new keys, counts them, and lets go when keys expire")
    func keyLimit() throws {
        var store = storeAtT0(.init(windowCount: 4, maximumKeys: 2))
        for name in ["a", "b", "c", "a"] { store.insert(record(flowKey(destination: name), at: -15)) }
        #expect(store.keyCount == 2)
        #expect(store.loss("flow_records_over_key_limit_total") == 1)
        store.tick(1...2)
        store.insert(record(flowKey(destination: "c"), at: 15))
        #expect(store.keyCount == 1)
        #expect(try store.lines(at: 30) == ["c 15..30 1"])
    }

    @Test("a key with too much text is refused")
    func keySize() {
        var store = storeAtT0()
        store.insert(record(flowKey(destination: String(repeating: "x", count: 40_000)), at: -15))
        #expect(store.keyCount == 0)
        #expect(store.loss("flow_records_oversized_total") == 1)
    }

    @Test("catches up over several boundaries at once")
    func catchUp() throws {
        var store = storeAtT0()
        store.insert(record(flowKey(), at: 0))
        #expect(store.rollOver(now: time(46)) == [-15, 0, 15].map { t0 + $0 })
        #expect(store.fillingSeconds == t0 + 45)
        #expect(try store.lines(at: 46) == ["server-* 0..15 1"])
    }

    @Test(
        "a clock that jumps further than the ring reaches starts it over",
        arguments: [-10_000, 10_000] as [Double])
    func clockJump(_ jump: Double) throws {
        var store = storeAtT0()
        store.insert(record(flowKey(), at: -15))
        #expect(store.rollOver(now: time(jump)) == [])
        #expect(store.keyCount == 0)
        store.insert(record(flowKey(destination: "after"), at: jump - 30))
        #expect(
            try store.list(FlowListQuery(), now: time(jump)).items.map(\.key.destination.name) == ["after"])
    }

    @Test("slots of expired keys are used again and found", arguments: [UInt64(1), 2, 3])
    func churn(seed: UInt64) throws {
        var generator = SplitMix(state: seed)
        var store = storeAtT0(.init(windowCount: 6))
        var model: [Int64: [String: UInt64]] = [:]
        for step in 0..<200 {
            let now = t0 + Int64(step) * 15
            store.rollOver(now: Timestamp(seconds: now))
            for _ in 0..<30 {
                let name = "pod-\(generator.next() % 60)"
                let start = now - 15 * Int64(generator.next() % 4)
                let key = flowKey(destination: name)
                store.insert(record(key, at: Double(start - t0)))
                model[start, default: [:]][name, default: 0] += 1
            }
            model = model.filter { $0.key >= now - 60 }
        }
        let expected = model.reduce(into: [String: UInt64]()) { $0.merge($1.value, uniquingKeysWith: +) }
        let end = Timestamp(seconds: t0 + 200 * 15)
        let items = try store.list(FlowListQuery(), now: end).items
        let actual = Dictionary(
            uniqueKeysWithValues: items.map { ($0.key.destination.name, $0.counters.packetsIn) })
        #expect(actual == expected)
        #expect(store.keyCount == expected.count)
    }
}

@Suite("Windows for streams")
struct WindowStreamTests {
    @Test(
        "backfill starts at the window that holds the start and stops before the one due next",
        arguments: [
            (start: 0, clock: 0, expected: []), (start: -60, clock: 0, expected: [-60, -45, -30]),
            (start: t0 - 52, clock: 0, expected: [-60, -45, -30]), (start: -1, clock: 5, expected: []),
            (start: t0 + 500, clock: 0, expected: []), (start: -20, clock: 0, expected: [-30]),
        ] as [(start: Int64, clock: Double, expected: [Int64])])
    func backfill(start: Int64, clock: Double, expected: [Int64]) {
        #expect(storeAtT0().windowsDue(startTimeGTE: start, now: time(clock)) == expected.map { t0 + $0 })
    }

    @Test("a start before the oldest window is clamped")
    func clamped() {
        let windows = storeAtT0().windowsDue(startTimeGTE: -100_000, now: time(0))
        #expect(windows.first == t0 - 3_600)
        #expect(windows.count == 239)
    }

    @Test("a window has that window's counters only, under the id of the list, and passes the filter")
    func window() throws {
        var store = storeAtT0()
        store.insert([
            record(flowKey(), at: -60, packets: 1), record(flowKey(), at: -45, packets: 2),
            record(flowKey(action: .deny), at: -45, packets: 4),
        ])
        let window = try #require(store.window(startSeconds: t0 - 45))
        #expect(Set(window.flows.map(\.id)) == [1, 2])
        #expect(Set(window.flows.map(\.line)) == ["server-* -45..-30 2", "server-* -45..-30 4"])
        let filter = FlowExpression.action(.deny)
        #expect(store.window(startSeconds: t0 - 45, filter: filter)?.flows.map(\.id) == [2])
        #expect(store.window(startSeconds: t0 - 44) == nil)
        #expect(store.window(startSeconds: t0 - 45_000) == nil)
    }
}

extension FlowStore {
    func loss(_ name: String) -> UInt64? { losses.first { $0.name == name }?.count }
}

/// A small seeded generator.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
