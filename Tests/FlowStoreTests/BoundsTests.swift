// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel
import PolicyModel
import Testing

@Suite("Bounds of the store")
struct BoundsTests {
    @Test("when keys run out the oldest windows leave first, and that is counted")
    func oldestLeaves() throws {
        var store = storeAtT0(.init(maximumKeys: 10))
        for index in 0..<30 {
            store.insert(record(flowKey(destination: "d\(index)"), at: Double(index * 15 - 600)))
        }
        #expect(store.keyCount <= 10)
        let names = try store.list(FlowListQuery(), now: time(0)).items.map(\.key.destination.name)
        #expect(names.first == "d29")
        #expect(!names.contains("d0"))
        #expect(store.loss("flow_windows_dropped_early_total") == 20)
        #expect(store.loss("flow_records_over_key_limit_total") == 0)
    }

    @Test("a sender that brings ever new keys is held to its share, and everyone else's stay")
    func flood() throws {
        var store = storeAtT0(.init(maximumKeys: 100, maximumKeyShare: 50))
        for index in 0..<20 {
            store.insert(record(flowKey(destination: "good\(index)"), at: -600), sender: 1)
        }
        for index in 0..<10_000 {
            store.insert(record(flowKey(destination: "flood\(index)"), at: -15), sender: 2)
        }
        for index in 20..<30 {
            #expect(store.insert(record(flowKey(destination: "good\(index)"), at: -15), sender: 1) == .stored)
        }
        let names = try store.list(FlowListQuery(), now: time(0)).items.map(\.key.destination.name)
        #expect(names.filter { $0.hasPrefix("good") }.count == 30)
        #expect(names.filter { $0.hasPrefix("flood") }.count == 50)
        #expect(store.loss("flow_records_over_key_share_total") == 9_950)
    }

    @Test("several flooding senders together cannot take more than is there from one that floods not")
    func manyFloods() throws {
        var store = storeAtT0(.init(maximumKeys: 100, maximumKeyShare: 50))
        store.insert(record(flowKey(destination: "good"), at: -15), sender: 9)
        for sender in UInt32(1)...4 {
            for index in 0..<200 {
                store.insert(record(flowKey(destination: "flood\(sender)-\(index)"), at: -15), sender: sender)
            }
        }
        let names = try store.list(FlowListQuery(), now: time(0)).items.map(\.key.destination.name)
        #expect(names.contains("good"))
        #expect(store.keyCount <= 100)
    }

    @Test("when rows run out the oldest windows leave first")
    func rows() throws {
        var store = storeAtT0(.init(maximumRows: 40))
        for window in 0..<20 {
            for index in 0..<10 {
                store.insert(record(flowKey(destination: "d\(index)"), at: Double(window * 15 - 450)))
            }
        }
        #expect(store.rowCount <= 40)
        #expect(try store.lines().first == "d0 -210..-150 4")
        #expect(store.loss("flow_windows_dropped_early_total") == 16)
    }

    @Test("rows of one window beyond the bound are refused and counted")
    func rowsOfOneWindow() {
        var store = storeAtT0(.init(maximumRows: 5))
        for index in 0..<8 { store.insert(record(flowKey(destination: "d\(index)"), at: 0)) }
        #expect(store.rowCount == 5)
        #expect(store.loss("flow_records_over_row_limit_total") == 3)
    }

    @Test("what expired keys took is given back")
    func churn() {
        var store = storeAtT0(.init(windowCount: 8))
        for step in 0..<500 {
            store.rollOver(now: time(Double(step) * 15))
            for index in 0..<20 {
                let name = "pod-\(step)-\(index)"
                let policy = hit(.networkPolicy, "ns", "p\(step)", tier: "default", .allow)
                store.insert(
                    record(
                        flowKey(destination: name, enforced: [policy]), at: Double(step) * 15,
                        source: ["pod=\(name)"]))
            }
            store.sealAll()
        }
        let gauges = store.gauges
        #expect(gauges.keys <= 160)
        #expect(gauges.rows <= 160)
        #expect(gauges.traces <= 10)
        #expect(gauges.labelLists <= 200)
        #expect(gauges.textBytes < 20_000)
    }

    @Test("the future window's rows stay when the clock goes on and back a little")
    func smallClockSteps() throws {
        var store = storeAtT0()
        store.insert(record(flowKey(), at: 20))
        store.rollOver(now: time(16))
        store.rollOver(now: time(-10))
        store.insert(record(flowKey(), at: 0))
        store.rollOver(now: time(31))
        #expect(try store.lines(at: 31) == ["server-* 0..30 2"])
    }
}

@Suite("Deliveries that are repeated")
struct DeliveryTests {
    @Test("count once for a sender, whatever their counters are")
    func once() throws {
        var store = storeAtT0()
        #expect(store.insert(record(flowKey(), at: -30), sender: 1) == .stored)
        #expect(store.insert(record(flowKey(), at: -30, packets: 50), sender: 1) == .repeated)
        #expect(store.insert(record(flowKey(), at: -29, packets: 2), sender: 1) == .stored)
        #expect(try store.lines() == ["server-* -30..-15 3"])
        #expect(store.repeatedDeliveries == 1)
    }

    @Test("of another sender, key or time are first ones, and this process never repeats itself")
    func first() {
        var store = storeAtT0()
        #expect(store.insert(record(flowKey(), at: -30), sender: 1) == .stored)
        #expect(store.insert(record(flowKey(), at: -30), sender: 2) == .stored)
        #expect(store.insert(record(flowKey(port: 1), at: -30), sender: 1) == .stored)
        for _ in 0..<3 { #expect(store.insert(record(flowKey(), at: -30)) == .stored) }
    }

    @Test("are told apart by their end, too")
    func ends() {
        var store = storeAtT0()
        #expect(store.insert(record(flowKey(), at: -30), sender: 1, endSeconds: t0 - 15) == .stored)
        #expect(store.insert(record(flowKey(), at: -30), sender: 1, endSeconds: t0 - 15) == .repeated)
        #expect(store.insert(record(flowKey(), at: -30), sender: 1, endSeconds: t0) == .stored)
        #expect(store.insert(record(flowKey(), at: -30), sender: 1) == .stored)
    }

    @Test("no first one is taken for a repeat, in any order of times", arguments: [UInt64(1), 2, 3, 4])
    func anyOrder(seed: UInt64) {
        var generator = SplitMix(state: seed)
        var store = storeAtT0()
        var seen: Set<Int64> = []
        for step in 0..<4_000 {
            let now = Double(step) / 10
            store.rollOver(now: time(now))
            let at = Int64(now) - Int64(generator.next() % 250)
            let outcome = store.insert(record(flowKey(), at: Double(at)), sender: 7)
            #expect(outcome == (seen.insert(at).inserted ? .stored : .repeated), "seed \(seed), second \(at)")
        }
    }

    @Test("are remembered for five minutes at least, and not for ever")
    func lifetime() {
        var store = storeAtT0()
        store.insert(record(flowKey(), at: -30), sender: 1)
        store.tick(1...19)
        #expect(store.insert(record(flowKey(), at: -30), sender: 1) == .repeated)
        store.tick(20...60)
        #expect(store.gauges.deliveries <= 1)
        store.tick(61...100)
        #expect(store.gauges.deliveries == 0)
    }
}
