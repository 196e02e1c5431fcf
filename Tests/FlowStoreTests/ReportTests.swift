// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel
import Testing

@Suite("Histograms, top talkers and samples")
struct ReportTests {
    private func store() -> FlowStore {
        var store = storeAtT0()
        store.insert([
            record(flowKey(destination: "a"), at: -45, packets: 5),
            record(flowKey(destination: "a"), at: -30, packets: 7),
            record(flowKey(destination: "b", action: .deny), at: -30, packets: 2),
            record(flowKey(destination: "c"), at: 3, packets: 1),
        ])
        return store
    }

    @Test("a histogram has every bin of the range, the filling window included")
    func histogram() throws {
        let bins = try store().history.histogram(
            .init(range: range(from: -60, before: 5)), now: time(5))
        #expect(bins.map { $0.startSeconds - t0 } == [-60, -45, -30, -15, 0])
        #expect(bins.map(\.packets) == [0, 5, 9, 0, 1])
        #expect(bins.map(\.allowedFlows) == [0, 1, 1, 0, 1])
        #expect(bins.map(\.deniedFlows) == [0, 0, 1, 0, 0])
    }

    @Test("wide bins count a flow once")
    func wideBins() throws {
        let bins = try store().history.histogram(
            .init(filter: .action(.allow), range: range(from: -60, before: 0), binSeconds: 60), now: time(0))
        #expect(bins.map(\.packets).reduce(0, +) == 12)
        #expect(bins.map(\.allowedFlows).max() == 1)
    }

    @Test("bins that are no multiple of a window are refused", arguments: [7, -15, 1] as [Int64])
    func badBins(width: Int64) {
        #expect(throws: FlowQueryError.self) {
            try store().history.histogram(.init(binSeconds: width), now: time(0))
        }
    }

    @Test("top talkers are the greatest first, by the measure asked for")
    func top() throws {
        let query = FlowTopQuery(grouping: .destination, measure: .packets, limit: 2)
        let talkers = try store().history.topTalkers(query, now: time(0))
        #expect(talkers.map { $0.destination?.name } == ["a", "b"])
        #expect(talkers.map(\.value) == [12, 2])
        #expect(talkers.map(\.source) == [nil, nil])
        let denied = try store().history.topTalkers(
            FlowTopQuery(grouping: .pair, measure: .denied), now: time(0))
        #expect(denied.map { $0.destination?.name } == ["b"])
    }

    @Test("a key keeps its newest distinct address pairs, and conditions on addresses look at them")
    func samples() throws {
        var store = storeAtT0()
        for last in 0..<12 {
            var record = record(flowKey(), at: -30)
            record.addresses = FlowAddresses(
                source: try #require(IPAddress("192.0.2.\(last)")),
                destination: try #require(IPAddress("2001:db8::1")))
            store.insert(record)
        }
        store.insert(record(flowKey(destination: "unknown"), at: -30))
        let block = try IPPrefix.parse("192.0.2.8/29", .strict)
        let found = try store.list(.init(filter: .address(.source, block)), now: time(0))
        #expect(found.items.map { $0.addresses.map { "\($0.source)" } } == [(4..<12).map { "192.0.2.\($0)" }])
        let older = try store.list(
            .init(filter: .address(.source, try IPPrefix.parse("192.0.2.0/30", .strict))), now: time(0))
        #expect(older.items.isEmpty)
        let none = try store.list(.init(filter: .not(.address(.destination, block))), now: time(0))
        #expect(none.totalResults == 2)
    }
}
