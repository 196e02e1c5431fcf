// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel
import Testing

@Suite("Flows in encoded form")
struct EncodedFlowTests {
    /// Delivers a record by its bytes, decoding when they are not known: what an adapter does.
    private func deliver(
        _ record: FlowRecord, key: String, labels: String = "", sender: UInt32 = 1, to store: inout FlowStore
    ) -> (outcome: FlowInsertion, isDecoded: Bool) {
        Array(key.utf8).withUnsafeBytes { key in
            Array(labels.utf8).withUnsafeBytes { labels in
                let encoded = EncodedFlow(
                    key: key, labels: labels, startSeconds: record.time.seconds,
                    endSeconds: record.time.seconds, counters: record.counters)
                let outcome = store.insert(encoded, sender: sender)
                guard outcome == .unknown else { return (outcome, false) }
                return (store.insert(record, sender: sender, alias: encoded), true)
            }
        }
    }

    @Test("are decoded once, then known by their bytes")
    func known() throws {
        var store = storeAtT0()
        let labels = ["app=c"]
        #expect(
            deliver(record(flowKey(), at: -30, source: labels), key: "k", labels: "l", to: &store)
                == (.stored, true))
        #expect(
            deliver(record(flowKey(), at: -29, source: labels), key: "k", labels: "l", to: &store)
                == (.stored, false))
        #expect(
            deliver(record(flowKey(), at: -29, source: labels), key: "k", labels: "l", to: &store)
                == (.repeated, false))
        let item = try #require(try store.list(FlowListQuery(), now: time(0)).items.first)
        #expect(item.counters.packetsIn == 2)
        #expect(item.sourceLabels == labels)
    }

    @Test("several forms of one key are one flow")
    func aliases() throws {
        var store = storeAtT0()
        for key in ["one", "two", "one", "two"] {
            _ = deliver(record(flowKey(), at: -30), key: key, sender: key == "one" ? 1 : 2, to: &store)
        }
        #expect(try store.lines() == ["server-* -30..-15 2"])
        #expect(store.repeatedDeliveries == 2)
    }

    @Test("bytes of a key that expired are not taken for the key that has its place now")
    func expired() throws {
        var store = storeAtT0(.init(windowCount: 4))
        _ = deliver(record(flowKey(destination: "old"), at: 0), key: "old", to: &store)
        store.tick(1...10)
        _ = deliver(record(flowKey(destination: "new"), at: 150), key: "new", to: &store)
        let again = deliver(record(flowKey(destination: "old"), at: 151), key: "old", to: &store)
        #expect(again == (.stored, true))
        let names = Set(try store.list(FlowListQuery(), now: time(165)).items.map(\.key.destination.name))
        #expect(names == ["old", "new"])
    }

    @Test("other labels under the same key are intersected")
    func labels() throws {
        var store = storeAtT0()
        let sets = [("l1", ["a=1", "b=1"]), ("l2", ["a=1", "c=1"]), ("l1", ["a=1", "b=1"])]
        for (index, (bytes, labels)) in sets.enumerated() {
            let record = record(flowKey(), at: Double(index - 30), source: labels)
            _ = deliver(record, key: "k", labels: bytes, to: &store)
        }
        #expect(try store.list(FlowListQuery(), now: time(0)).items.first?.sourceLabels == ["a=1"])
    }

    @Test("outside the history they are refused and counted")
    func outside() {
        var store = storeAtT0()
        #expect(deliver(record(flowKey(), at: -5_000), key: "k", to: &store).outcome == .refused)
        #expect(deliver(record(flowKey(), at: 5_000), key: "k", to: &store).outcome == .refused)
        #expect(store.loss("flow_records_too_old_total") == 1)
        #expect(store.loss("flow_records_too_new_total") == 1)
    }

    @Test("memory for bytes is bounded; forgotten bytes are decoded anew")
    func bounded() throws {
        var store = storeAtT0(.init(maximumAliasBytes: 100_000))
        for index in 0..<5_000 {
            let key = "\(index % 2_500) " + String(repeating: "k", count: 200)
            let record = record(flowKey(destination: "d\(index % 2_500)"), at: Double(index / 2_500 - 30))
            #expect(deliver(record, key: key, to: &store).outcome == .stored)
        }
        #expect(store.gauges.aliasBytes < 200_000)
        #expect(try store.list(FlowListQuery(), now: time(0)).totalResults == 2_500)
    }
}
