// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel
import PolicyModel
import Testing

@Suite("Listing flows")
struct ListTests {
    struct RangeCase: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var records: [Double]
        var range: FlowTimeRange
        var clock: Double = 0
        /// Start, end and packets; records carry 1, 2, 4, ... packets.
        var expected: [String]
    }

    static let rangeCases = [
        RangeCase(
            testDescription: "the window that holds the record's time", records: [-37], range: range(),
            expected: ["server-* -45..-30 1"]),
        RangeCase(
            testDescription: "several windows: summed, gaps allowed", records: [-90, -45, -30],
            range: range(),
            expected: ["server-* -90..-15 7"]),
        RangeCase(
            testDescription: "the end is exclusive", records: [-45], range: range(before: -45), expected: []),
        RangeCase(
            testDescription: "an end at the window's end includes it", records: [-45],
            range: range(before: -30),
            expected: ["server-* -45..-30 1"]),
        RangeCase(
            testDescription: "the start is compared with the window's start", records: [-40],
            range: range(from: -45),
            expected: ["server-* -45..-30 1"]),
        RangeCase(
            testDescription: "a start inside a window drops it", records: [-40], range: range(from: -44),
            expected: []),
        RangeCase(
            testDescription: "negative bounds are relative to now", records: [-75, -60, -30],
            range: FlowTimeRange(startGTE: -60), expected: ["server-* -60..-15 6"]),
        RangeCase(
            testDescription: "both bounds relative", records: [-75, -60, -30],
            range: FlowTimeRange(startGTE: -60, startLT: -30), expected: ["server-* -60..-45 2"]),
        RangeCase(
            testDescription: "a relative start that is not aligned", records: [-60, -45],
            range: FlowTimeRange(startGTE: -60, startLT: t0), clock: 7, expected: ["server-* -45..-30 2"]),
        RangeCase(
            testDescription: "end 0 leaves the filling and the future window out", records: [-15, 0, 20],
            range: range(), expected: ["server-* -15..0 1"]),
        RangeCase(
            testDescription: "an end in the future includes both", records: [-15, 0, 20],
            range: range(before: 30),
            expected: ["server-* -15..30 7"]),
        RangeCase(
            testDescription: "a flow of the filling window alone is left out", records: [0], range: range(),
            clock: 5,
            expected: []),
        RangeCase(
            testDescription: "a range in the future is empty", records: [-15],
            range: range(from: 150, before: 300),
            expected: []),
        RangeCase(
            testDescription: "extreme bounds", records: [-15],
            range: FlowTimeRange(startGTE: .min, startLT: .max), expected: ["server-* -15..0 1"]),
    ]

    @Test("sums the windows that lie in the range", arguments: rangeCases)
    func ranges(_ testCase: RangeCase) throws {
        var store = storeAtT0()
        for (index, at) in testCase.records.enumerated() {
            store.insert(record(flowKey(), at: at, packets: 1 << UInt64(index)))
        }
        let lines = try store.lines(FlowListQuery(range: testCase.range), at: testCase.clock)
        #expect(lines == testCase.expected)
    }

    @Test(
        "refuses a range that is empty or reversed",
        arguments: [range(from: -30, before: -30), range(from: -30, before: -60), range(from: 0)])
    func emptyRanges(_ range: FlowTimeRange) {
        #expect(throws: FlowQueryError.self) {
            try storeAtT0().list(FlowListQuery(range: range), now: time(0))
        }
    }

    @Test("any difference in a field of the key makes another flow")
    func identity() throws {
        let keys = [
            flowKey(), flowKey(reporter: .source), flowKey(action: .deny), flowKey(port: 8_081),
            flowKey(service: FlowService(name: "web", namespace: "ns-b", portName: "http", port: 80)),
            flowKey(transport: "udp"), flowKey(sourceType: .networkSet), flowKey(pending: []),
            flowKey(enforced: [hit(.networkPolicy, "ns-b", "allow-web", tier: "default", .allow, rule: 1)]),
        ]
        var store = storeAtT0()
        store.insert(keys.map { record($0, at: -30) } + keys.map { record($0, at: -20) })
        let page = try store.list(FlowListQuery(), now: time(0))
        #expect(page.totalResults == keys.count)
        #expect(Set(page.items.map(\.id)) == Set(1...UInt64(keys.count)))
        #expect(page.items.allSatisfy { $0.counters.packetsIn == 2 })
    }

    @Test("adds up all seven counters, live connections too, beyond 32 bits and without wrapping")
    func counters() throws {
        var counters = FlowCounters()
        counters.packetsIn = 4_000_000_000
        counters.packetsOut = 2
        counters.bytesIn = .max - 5
        counters.bytesOut = 4
        counters.connectionsStarted = 5
        counters.connectionsCompleted = 6
        counters.connectionsLive = 7
        var store = storeAtT0()
        store.insert(FlowRecord(key: flowKey(), time: time(-40), counters: counters))
        store.insert(FlowRecord(key: flowKey(), time: time(-40), counters: counters))
        store.tick(1...4)
        var expected = counters
        expected += counters
        #expect(try store.list(FlowListQuery(), now: time(60)).items.first?.counters == expected)
        #expect(expected.bytesIn == .max)
    }

    @Test("orders by time, newest summed start first")
    func timeOrder() throws {
        var store = storeAtT0()
        store.insert([
            record(flowKey(destination: "a"), at: -90), record(flowKey(destination: "a"), at: -15),
            record(flowKey(destination: "b"), at: -30), record(flowKey(destination: "c"), at: -60),
        ])
        #expect(try store.lines() == ["b -30..-15 1", "c -60..-45 1", "a -90..0 2"])
        let recent = FlowListQuery(range: range(from: -45), sortBy: [.time])
        #expect(try store.lines(recent) == ["a -15..0 1", "b -30..-15 1"])
    }

    @Test("orders by a name bytewise, equal names by first arrival")
    func nameOrder() throws {
        var store = storeAtT0()
        store.insert([
            record(flowKey(destination: "m-*"), at: -30), record(flowKey(destination: "a-*"), at: -60),
            record(flowKey(destination: "m-*", port: 1), at: -90),
            record(flowKey(destination: "Z-*"), at: -30),
            record(flowKey(destination: "é-*"), at: -30),
        ])
        let names = try store.list(FlowListQuery(sortBy: [.destinationName]), now: time(0)).items
        #expect(names.map(\.key.destination.name) == ["Z-*", "a-*", "m-*", "m-*", "é-*"])
        #expect(names.map(\.key.destinationPort) == [8_080, 8_080, 8_080, 1, 8_080])
    }

    @Test(
        "refuses orders that the API refuses",
        arguments: [[FlowSortKey.sourceType], [.destinationType], [.time, .time]])
    func refusedOrders(_ keys: [FlowSortKey]) {
        #expect(throws: FlowQueryError.self) {
            try storeAtT0().list(FlowListQuery(sortBy: keys), now: time(0))
        }
    }

    @Test(
        "pages count from 0 and totals do not depend on the page",
        arguments: [
            (page: 0, size: 2, expected: ["d0", "d1"], pages: 3),
            (page: 2, size: 2, expected: ["d4"], pages: 3),
            (page: 3, size: 2, expected: [], pages: 3), (page: .max, size: .max, expected: [], pages: 1),
            (page: 7, size: 0, expected: ["d0", "d1", "d2", "d3", "d4"], pages: 1),
        ] as [(page: Int64, size: Int64, expected: [String], pages: Int)])
    func paging(page: Int64, size: Int64, expected: [String], pages: Int) throws {
        var store = storeAtT0()
        for index in [4, 3, 2, 1, 0] {
            store.insert(record(flowKey(destination: "d\(index)"), at: -30 - 15 * Double(index)))
        }
        for sort in [[FlowSortKey.destinationName], []] {
            let query = FlowListQuery(sortBy: sort, paging: FlowPaging(page: page, pageSize: size))
            let answer = try store.list(query, now: time(0))
            #expect(answer.items.map(\.key.destination.name) == expected)
            #expect(answer.totalPages == pages)
            #expect(answer.totalResults == 5)
        }
    }

    @Test(
        "refuses negative pages",
        arguments: [(page: -1, size: 1), (page: 0, size: -1)] as [(page: Int64, size: Int64)])
    func negativePages(page: Int64, size: Int64) {
        #expect(throws: FlowQueryError.self) {
            try storeAtT0().list(FlowListQuery(paging: FlowPaging(page: page, pageSize: size)), now: time(0))
        }
    }

    @Test("a filter leaves flows out and totals count what is left")
    func filter() throws {
        var store = storeAtT0()
        store.insert([record(flowKey(action: .deny), at: -30), record(flowKey(), at: -30)])
        let filter = FlowExpression.action(.deny)
        let page = try store.list(FlowListQuery(filter: filter), now: time(0))
        #expect(page.items.map(\.key.action) == [.deny])
        #expect(page.totalResults == 1)
    }
}

@Suite("Labels of flows")
struct LabelTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// Time and source labels of each record.
        var records: [(at: Double, labels: [String])]
        var expected: [String]
    }

    static let cases = [
        Case(
            testDescription: "one window: what all records share",
            records: [(-30, ["app=c", "pod=1", "team=x"]), (-28, ["team=x", "app=c", "pod=2"])],
            expected: ["app=c", "team=x"]),
        Case(
            testDescription: "sorted, whatever the order they came in",
            records: [(-30, ["z=1", "a=2", "m=3"])],
            expected: ["a=2", "m=3", "z=1"]),
        Case(
            testDescription: "one window: empty stays empty",
            records: [(-30, ["a=1"]), (-29, ["b=2"]), (-28, ["b=2"])], expected: []),
        Case(
            testDescription: "several windows: what all share",
            records: [(-60, ["app=c", "pod=1"]), (-30, ["app=c", "pod=2"])], expected: ["app=c"]),
        Case(
            testDescription: "several windows: empty stays empty",
            records: [(-60, ["a=1"]), (-45, ["b=2"]), (-30, ["c=3"])], expected: []),
    ]

    @Test("are intersected", arguments: cases)
    func intersection(_ testCase: Case) throws {
        var store = storeAtT0()
        for (at, labels) in testCase.records { store.insert(record(flowKey(), at: at, source: labels)) }
        #expect(try store.list(FlowListQuery(), now: time(0)).items.first?.sourceLabels == testCase.expected)
    }

    @Test("a key may have endless label sets, and memory for those of windows that left is given back")
    func manySets() throws {
        var store = storeAtT0(.init(windowCount: 8))
        for step in 0..<2_000 {
            store.rollOver(now: time(Double(step) * 15))
            store.insert(record(flowKey(), at: Double(step) * 15, source: ["pod=\(step)", "app=c"]))
        }
        let item = try #require(try store.list(FlowListQuery(), now: time(30_000)).items.first)
        #expect(item.sourceLabels == ["app=c"])
        #expect(store.gauges.labelLists < 20)
    }

    @Test("labels beyond the bounds are left out and counted")
    func bounds() throws {
        var store = storeAtT0(.init(maximumLabels: 2))
        let long = String(repeating: "x", count: 600)
        store.insert(
            record(flowKey(), at: -30, source: ["c=3", "a=1", "b=2", "a=1"], destination: [long, "z=1"]))
        let item = try #require(try store.list(FlowListQuery(), now: time(0)).items.first)
        #expect(item.sourceLabels == ["a=1", "b=2"])
        #expect(item.destinationLabels == ["z=1"])
        #expect(store.loss("flow_labels_dropped_total") == 2)
    }
}
