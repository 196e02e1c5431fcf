// SPDX-License-Identifier: Apache-2.0

import FlowModel
import NetworkModel
import PolicyModel
import Testing

@Suite("Folding kernel events into flow records")
struct FlowCollectorTests {
    /// Names everything in 10/8 a workload; the pending trace is what the test says.
    struct Context: FlowContext {
        var pending: [PolicyHit] = []

        func pendingTrace(_ tuple: ConnectionTuple, _ direction: Direction) -> [PolicyHit] { pending }
        func isWorkload(_ address: IPAddress) -> Bool { address.isPrivate }
        func names(_ forwarded: ConnectionTuple, original: ConnectionTuple?) -> FlowNames {
            FlowNames(
                source: FlowEndpoint(type: .workload, name: "\(forwarded.source)", namespace: "ns"),
                destination: FlowEndpoint(type: .workload, name: "\(forwarded.destination)", namespace: "ns"),
                sourceLabels: [], destinationLabels: [],
                service: original == nil || original == forwarded
                    ? .none : FlowService(name: "svc", namespace: "ns", portName: "p", port: 1))
        }
    }

    static let start = Timestamp(seconds: 1_700_000_010)
    static let tuple = ConnectionTuple(
        source: IPAddress(v4: 0x0a00_0001), destination: IPAddress(v4: 0x0a00_0002), transport: .tcp,
        sourcePort: 4000,
        destinationPort: 80)
    static let policy = PolicyID(kind: .networkPolicy, namespace: "ns", name: "p")

    static func at(_ milliseconds: Int64) -> Timestamp {
        Timestamp(nanoseconds: start.nanoseconds + milliseconds * 1_000_000)
    }

    static func hit(
        _ action: RuleAction, _ direction: Direction, rule: Int = 0, at milliseconds: Int64 = 0,
        bytes: UInt32 = 60
    ) -> KernelEvent {
        .packet(
            PacketEvent(
                tuple: tuple,
                decision: RuleDecision(
                    place: .rule(policy, index: rule), tier: "default", direction: direction, action: action),
                generation: 3, bytes: bytes, time: at(milliseconds)))
    }

    static func tracked(
        _ kind: ConnectionObservation.Kind, id: UInt32 = 7, packets: UInt64 = 0, reply: UInt64 = 0,
        nat: Bool = false,
        closing: Bool = false, at milliseconds: Int64
    ) -> KernelEvent {
        var original = tuple
        if nat { original.destination = IPAddress(v4: 0x0a60_0001) }
        return .connection(
            ConnectionObservation(
                kind: kind, id: id, original: original, forwarded: tuple, originalPackets: packets,
                originalBytes: packets * 100, replyPackets: reply, replyBytes: reply * 200,
                isClosing: closing,
                time: at(milliseconds)))
    }

    /// Feeds events and then ticks once at the time of `tick`.
    static func fold(
        _ collector: inout FlowCollector, _ events: [KernelEvent], tick milliseconds: Int64? = nil,
        context: Context = Context()
    ) -> [FlowRecord] {
        var records: [FlowRecord] = []
        for event in events { collector.collect(event, context: context, into: &records) }
        if let milliseconds { collector.tick(at(milliseconds), context: context, into: &records) }
        return records
    }

    @Test("a denied packet is a record at once, and each retry adds to it")
    func denial() throws {
        var collector = FlowCollector()
        let first = Self.fold(&collector, [Self.hit(.deny, .egress)])
        let record = try #require(first.first)
        #expect(first.count == 1)
        #expect(record.key.action == .deny && record.key.reporter == .source && record.generation == 3)
        #expect(
            record.counters.packetsOut == 1 && record.counters.bytesOut == 60
                && record.counters.packetsIn == 0)
        #expect(record.counters.connectionsStarted == 1)
        #expect(record.key.trace.enforced.map(\.traceText) == ["0|default|np:ns/p|deny|0"])
        let retry = Self.fold(&collector, [Self.hit(.deny, .egress, at: 1000)])
        #expect(retry.map(\.counters.packetsOut) == [1] && retry.map(\.counters.connectionsStarted) == [0])
        let silence = Self.fold(&collector, [], tick: 11_001)
        #expect(silence.map(\.counters.connectionsCompleted) == [1])
        #expect(collector.connectionCount == 0)
    }

    @Test("a pass hit alone reports nothing; the walk is reported whole")
    func walk() {
        var collector = FlowCollector()
        #expect(Self.fold(&collector, [Self.hit(.pass, .ingress)], tick: 500).isEmpty)
        let records = Self.fold(&collector, [Self.hit(.deny, .ingress, rule: 4)])
        #expect(
            records.map { $0.key.trace.enforced.map(\.traceText) } == [
                ["0|default|np:ns/p|pass|0", "1|default|np:ns/p|deny|4"]
            ])
    }

    @Test("an allowed connection waits for its tracking entry, which names the Service")
    func serviceFromTracking() {
        var collector = FlowCollector()
        #expect(
            Self.fold(&collector, [Self.hit(.allow, .egress), Self.hit(.allow, .ingress)], tick: 100).isEmpty)
        let records = Self.fold(&collector, [Self.tracked(.started, nat: true, at: 120)])
        #expect(records.map(\.key.reporter) == [.source, .destination])
        #expect(records.allSatisfy { $0.key.service.name == "svc" && $0.counters.connectionsStarted == 1 })
    }

    @Test("without a tracking entry an allowed attempt is reported after a quarter of a second")
    func untracked() {
        var collector = FlowCollector()
        #expect(Self.fold(&collector, [Self.hit(.allow, .egress)], tick: 249).isEmpty)
        let records = Self.fold(&collector, [], tick: 250)
        #expect(records.map(\.counters.packetsOut) == [1])
        #expect(records.map(\.key.service) == [.none])
    }

    @Test("counters of both sides are crossed, and no packet is counted twice")
    func counters() {
        var collector = FlowCollector()
        var records = Self.fold(
            &collector,
            [
                Self.hit(.allow, .egress), Self.hit(.allow, .ingress), Self.tracked(.started, at: 10),
                Self.tracked(.ongoing, packets: 3, reply: 2, at: 1000),
                Self.tracked(.ongoing, packets: 3, reply: 2, at: 2000),
                Self.tracked(.ended, packets: 5, reply: 4, at: 3000),
            ])
        records += Self.fold(&collector, [], tick: 60_000)
        func sum(_ reporter: FlowReporter) -> FlowCounters {
            records.filter { $0.key.reporter == reporter }.reduce(into: FlowCounters()) { $0 += $1.counters }
        }
        let (source, destination) = (sum(.source), sum(.destination))
        #expect(
            source.packetsOut == 5 && source.bytesOut == 500 && source.packetsIn == 4 && source.bytesIn == 800
        )
        #expect(destination.packetsIn == 5 && destination.packetsOut == 4 && destination.bytesOut == 800)
        #expect(source.connectionsStarted == 1 && source.connectionsCompleted == 1)
        #expect(collector.connectionCount == 0)
    }

    @Test("a packet that was counted from its log before tracking began is not counted again")
    func loggedThenTracked() {
        var collector = FlowCollector()
        var records = Self.fold(&collector, [Self.hit(.allow, .egress)], tick: 300)
        records += Self.fold(&collector, [Self.tracked(.ended, packets: 4, reply: 3, at: 400)])
        let total = records.reduce(into: FlowCounters()) { $0 += $1.counters }
        #expect(total.packetsOut == 4)
    }

    @Test("a closing connection is completed once, though the kernel remembers it for minutes")
    func closing() {
        var collector = FlowCollector()
        let records = Self.fold(
            &collector,
            [
                Self.hit(.allow, .egress), Self.tracked(.started, at: 1),
                Self.tracked(.ongoing, packets: 9, closing: true, at: 900),
                Self.tracked(.ongoing, packets: 9, closing: true, at: 1900),
                Self.tracked(.ended, packets: 9, at: 120_000),
            ], tick: 121_000)
        let total = records.reduce(into: FlowCounters()) { $0 += $1.counters }
        #expect(total.connectionsCompleted == 1 && total.packetsOut == 9)
    }

    @Test("a live connection is seen in every window, and counts as live once in each")
    func liveness() {
        var collector = FlowCollector()
        var records = Self.fold(&collector, [Self.hit(.allow, .egress), Self.tracked(.started, at: 1)])
        for second in 1...40 { records += Self.fold(&collector, [], tick: Int64(second) * 1000) }
        let windows = Dictionary(grouping: records) { $0.time.seconds / 15 }
        #expect(windows.count == 3)
        #expect(windows.values.allSatisfy { $0.reduce(0) { $0 + $1.counters.connectionsLive } == 1 })
    }

    @Test("when policy changes a live connection goes on under its new pending trace")
    func policyChange() {
        var collector = FlowCollector()
        let before = Self.fold(&collector, [Self.hit(.allow, .egress), Self.tracked(.started, at: 1)])
        let staged = PolicyHit(
            place: .rule(PolicyID(kind: .stagedNetworkPolicy, namespace: "ns", name: "s"), index: 0),
            tier: "default",
            action: .deny, policyIndex: 0)
        collector.contextChanged()
        let after = Self.fold(&collector, [], tick: 1000, context: Context(pending: [staged]))
        #expect(before.map(\.key.trace.pending) == [[]])
        #expect(after.map(\.key.trace.pending) == [[FlowHit(staged)]])
        #expect(
            after.map(\.counters.connectionsStarted) == [0] && after.map(\.counters.connectionsLive) == [1])
    }

    @Test("a verdict that contradicts the one before begins a new flow")
    func contradiction() {
        var collector = FlowCollector()
        let records = Self.fold(
            &collector, [Self.hit(.deny, .egress, rule: 0), Self.hit(.deny, .egress, rule: 1, at: 500)])
        #expect(records.map(\.key.trace.enforced.first?.ruleIndex) == [0, 0, 1])
        #expect(records.map(\.counters.connectionsStarted) == [1, 0, 1])
        #expect(records.map(\.counters.connectionsCompleted) == [0, 1, 0])
    }

    @Test("a change that gives a live connection the same flow does not count it again")
    func unchangedFlow() {
        var collector = FlowCollector()
        var records = Self.fold(&collector, [Self.hit(.allow, .egress), Self.tracked(.started, at: 1)])
        for second in 1...4 {
            collector.contextChanged()
            records += Self.fold(&collector, [], tick: Int64(second) * 1000)
        }
        #expect(records.map(\.counters.connectionsLive) == [1])
    }

    @Test(
        "denied, then allowed on the same tuple: one flow is completed, another started, and no packet is lost"
    )
    func deniedThenAllowed() {
        var collector = FlowCollector()
        let records = Self.fold(
            &collector,
            [
                Self.hit(.deny, .ingress), Self.hit(.deny, .ingress, at: 1000),
                Self.hit(.allow, .ingress, rule: 1, at: 3000), Self.tracked(.started, at: 3001),
                Self.tracked(.ended, packets: 5, reply: 4, at: 4000),
            ])
        func sum(_ action: FlowAction) -> FlowCounters {
            records.filter { $0.key.action == action }.reduce(into: FlowCounters()) { $0 += $1.counters }
        }
        #expect(sum(.deny).packetsIn == 2)
        #expect(sum(.deny).connectionsStarted == 1 && sum(.deny).connectionsCompleted == 1)
        #expect(sum(.allow).packetsIn == 5 && sum(.allow).packetsOut == 4)
        #expect(sum(.allow).connectionsStarted == 1 && sum(.allow).connectionsCompleted == 1)
    }

    @Test(
        "attempts that are allowed here and denied there do not eat packets of the connection that succeeds")
    func failedElsewhere() {
        var collector = FlowCollector()
        var records = Self.fold(&collector, [Self.hit(.allow, .egress)], tick: 300)
        records += Self.fold(&collector, [Self.hit(.allow, .egress, at: 1000)], tick: 1300)
        records += Self.fold(
            &collector,
            [
                Self.hit(.allow, .egress, at: 3000), Self.tracked(.started, at: 3001),
                Self.tracked(.ended, packets: 6, at: 5000),
            ])
        // Two attempts that were only logged, and six packets of which the first was logged too.
        #expect(records.reduce(0) { $0 + $1.counters.packetsOut } == 8)
    }

    @Test("a denied attempt from before a policy change ends as the flow that it was")
    func denialBeforeChange() {
        var collector = FlowCollector()
        var records = Self.fold(&collector, [Self.hit(.deny, .ingress)])
        collector.contextChanged()
        let staged = PolicyHit(
            place: .rule(PolicyID(kind: .stagedNetworkPolicy, namespace: "ns", name: "s"), index: 0),
            tier: "default", action: .allow, policyIndex: 0)
        records += Self.fold(&collector, [], tick: 11_000, context: Context(pending: [staged]))
        #expect(Set(records.map(\.key)).count == 1)
        #expect(records.map(\.counters.connectionsCompleted) == [0, 1])
        #expect(records.allSatisfy { $0.counters.connectionsLive == 0 })
    }

    /// Nothing is a workload any more.
    struct Nobody: FlowContext {
        func pendingTrace(_ tuple: ConnectionTuple, _ direction: Direction) -> [PolicyHit] { [] }
        func isWorkload(_ address: IPAddress) -> Bool { false }
        func names(_ forwarded: ConnectionTuple, original: ConnectionTuple?) -> FlowNames {
            Context().names(forwarded, original: original)
        }
    }

    @Test("connections of a workload that is gone end under their own name, and are forgotten")
    func workloadGone() {
        var collector = FlowCollector()
        let before = Self.fold(&collector, [Self.hit(.allow, .egress), Self.tracked(.started, at: 1)])
        collector.contextChanged()
        var after: [FlowRecord] = []
        collector.tick(Self.at(1000), context: Nobody(), into: &after)
        #expect(collector.connectionCount == 0)
        #expect(after.map(\.key) == before.map(\.key))
        #expect(after.map(\.counters.connectionsCompleted) == [1])
    }

    @Test("a connection whose end was lost is ended when the kernel no longer lists it")
    func lostEnd() {
        var collector = FlowCollector()
        _ = Self.fold(&collector, [Self.hit(.allow, .egress), Self.tracked(.started, at: 1)])
        #expect(Self.fold(&collector, [.listed(Self.at(9000))]).isEmpty)
        let records = Self.fold(&collector, [.listed(Self.at(12_000))])
        #expect(records.map(\.counters.connectionsCompleted) == [1])
        #expect(collector.connectionCount == 0)
    }

    @Test("a connection that is over before its rule hits arrive keeps its bytes")
    func hitsAfterTheEnd() {
        var collector = FlowCollector()
        var records = Self.fold(
            &collector,
            [
                Self.tracked(.started, at: 0), Self.tracked(.ongoing, packets: 4, closing: true, at: 5),
                Self.hit(.allow, .egress, at: 1), Self.tracked(.ongoing, packets: 4, closing: true, at: 2005),
            ])
        records += Self.fold(&collector, [], tick: 13_000)
        let total = records.reduce(into: FlowCounters()) { $0 += $1.counters }
        #expect(total.packetsOut == 4 && total.connectionsStarted == 1 && total.connectionsCompleted == 1)
    }

    @Test("a refused connection, begun and ended before its rule hits arrive, is told with its Service")
    func refused() {
        var collector = FlowCollector()
        let records = Self.fold(
            &collector,
            [
                Self.tracked(.started, nat: true, at: 0),
                Self.tracked(.ended, packets: 1, reply: 1, nat: true, at: 0),
                Self.hit(.allow, .egress, at: 1),
            ], tick: 300)
        let total = records.reduce(into: FlowCounters()) { $0 += $1.counters }
        #expect(total.packetsOut == 1 && total.packetsIn == 1)
        #expect(total.connectionsStarted == 1 && total.connectionsCompleted == 1)
        #expect(records.allSatisfy { $0.key.service.name == "svc" })
        #expect(collector.connectionCount == 0 && collector.counters.connectionsWithoutVerdict == 0)
    }

    @Test("a connection of which no rule said anything is counted when it ends")
    func withoutVerdict() {
        var collector = FlowCollector()
        let records = Self.fold(
            &collector, [Self.tracked(.started, at: 0), Self.tracked(.ended, packets: 1, at: 900)], tick: 2000
        )
        #expect(records.isEmpty)
        #expect(collector.counters.connectionsWithoutVerdict == 1)
    }

    @Test(
        "a tuple that is used again is a new connection, whichever of hit, end and start comes first",
        arguments: [
            [hit(.allow, .egress, at: 5000), tracked(.started, id: 2, at: 5001)],
            [tracked(.started, id: 2, at: 5001), hit(.allow, .egress, at: 5000)],
            [
                hit(.allow, .egress, at: 5000), tracked(.ended, id: 1, packets: 2, at: 5001),
                tracked(.started, id: 2, at: 5001),
            ],
        ])
    func tupleReuse(takeover: [KernelEvent]) {
        var collector = FlowCollector()
        var records = Self.fold(
            &collector,
            [
                Self.hit(.allow, .egress), Self.tracked(.started, id: 1, at: 1),
                Self.tracked(.ongoing, id: 1, packets: 2, at: 1000),
            ] + takeover, tick: 5300)
        records += Self.fold(&collector, [Self.tracked(.ended, id: 2, packets: 3, at: 7000)])
        let total = records.reduce(into: FlowCounters()) { $0 += $1.counters }
        #expect(total.connectionsStarted == 2 && total.connectionsCompleted == 2)
        #expect(total.packetsOut == 5)
    }

    @Test("connections beyond the bound are counted, not followed")
    func bound() {
        var collector = FlowCollector(maximumConnections: 0)
        #expect(Self.fold(&collector, [Self.hit(.deny, .egress)]).isEmpty)
        #expect(collector.counters.connectionsOverLimit == 1)
    }

    @Test("traffic that no workload has a part in is ignored")
    func foreign() {
        var collector = FlowCollector()
        var event = ConnectionObservation(
            kind: .started, id: 1, original: Self.tuple, forwarded: Self.tuple, time: Self.start)
        event.forwarded.source = IPAddress(v4: 0xcb00_7101)
        event.forwarded.destination = IPAddress(v4: 0xcb00_7102)
        #expect(Self.fold(&collector, [.connection(event)], tick: 400).isEmpty)
        #expect(collector.connectionCount == 0)
    }
}
