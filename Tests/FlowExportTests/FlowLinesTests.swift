// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel
import Testing

@testable import FlowExport

@Suite("Flows as lines")
struct FlowLinesTests {
    private func lines(_ flows: [FlowAggregate], from index: Int = 0, maximumBytes: Int = .max) -> String {
        String(
            decoding: FlowLines.body(of: flows, from: index, maximumBytes: maximumBytes).bytes, as: UTF8.self)
    }

    private static func flow(_ key: FlowKey, counters: FlowCounters = FlowCounters()) -> FlowAggregate {
        FlowAggregate(
            id: 7, key: key, startSeconds: 1_700_000_010, endSeconds: 1_700_000_310, counters: counters,
            lastActivity: Timestamp(seconds: 1_700_000_300), generation: 3)
    }

    private static let bare = FlowKey(
        source: FlowEndpoint(type: .unspecified, name: "", namespace: ""),
        destination: FlowEndpoint(type: .unspecified, name: "", namespace: ""), destinationPort: 0,
        service: FlowService(name: "", namespace: "", portName: "", port: 0), transport: "",
        reporter: .unspecified, action: .unspecified, trace: FlowTrace())

    @Test("a flow with everything has every member of the contract, in its order, and no id")
    func full() {
        let endOfTier = hit(
            "", kind: .endOfTier, action: .deny, index: -1, rule: -1,
            trigger: FlowTrigger(kind: .networkPolicy, namespace: "ns-b", name: "allow-web", tier: "default"))
        var key = flowKey()
        key.service = FlowService(name: "web", namespace: "ns-b", portName: "http", port: 80)
        key.action = .deny
        key.trace = FlowTrace(
            enforced: [hit("first", tier: "ops", action: .pass, index: 0, rule: 2), endOfTier],
            pending: [hit("kns.ns-b", tier: "", kind: .profile, index: 1)])
        var counters = FlowCounters()
        counters.packetsIn = 1
        counters.packetsOut = 2
        counters.bytesIn = 300
        counters.bytesOut = 400
        counters.connectionsStarted = 5
        counters.connectionsCompleted = 6
        counters.connectionsLive = 7
        var flow = Self.flow(key, counters: counters)
        flow.sourceLabels = ["app=client", "tier=front"]
        flow.destinationLabels = ["app=server"]
        #expect(
            lines([flow])
                == #"{"Key":{"source_name":"client-*","source_namespace":"ns-a","source_type":1,"#
                + #""dest_name":"server-*","dest_namespace":"ns-b","dest_type":1,"dest_port":8080,"#
                + #""dest_service_name":"web","dest_service_namespace":"ns-b","#
                + #""dest_service_port_name":"http","#
                + #""dest_service_port":80,"proto":"tcp","reporter":2,"action":2,"policies":{"#
                + #""enforced_policies":[{"kind":1,"namespace":"ns-b","name":"first","tier":"ops","#
                + #""action":3,"#
                + #""rule_index":2},{"kind":10,"tier":"default","action":2,"policy_index":-1,"#
                + #""rule_index":-1,"#
                + #""trigger":{"kind":6,"namespace":"ns-b","name":"allow-web","tier":"default"}}],"#
                + #""pending_policies":[{"kind":9,"namespace":"ns-b","name":"kns.ns-b","action":1,"#
                + #""policy_index":1}]}},"start_time":1700000010,"end_time":1700000310,"#
                + #""source_labels":["app=client","tier=front"],"dest_labels":["app=server"],"packets_in":1,"#
                + #""packets_out":2,"bytes_in":300,"bytes_out":400,"num_connections_started":5,"#
                + #""num_connections_completed":6,"num_connections_live":7}"#)
    }

    @Test("zero and empty members are left out, but for the key")
    func empty() {
        #expect(lines([Self.flow(Self.bare)]) == #"{"Key":{},"start_time":1700000010,"end_time":1700000310}"#)
    }

    @Test("one line per flow, a newline between and none at the end")
    func several() {
        let line = #"{"Key":{},"start_time":1700000010,"end_time":1700000310}"#
        let flow = Self.flow(Self.bare)
        #expect(lines([flow, flow, flow]) == "\(line)\n\(line)\n\(line)")
        #expect(lines([]).isEmpty)
    }

    @Test("numbers beyond 63 bits are written as the greatest that a reader can hold")
    func greatNumbers() {
        var key = Self.bare
        key.destinationPort = .min
        var counters = FlowCounters()
        counters.bytesIn = .max
        #expect(
            lines([Self.flow(key, counters: counters)])
                == #"{"Key":{"dest_port":-9223372036854775808},"start_time":1700000010,"#
                + #""end_time":1700000310,"bytes_in":9223372036854775807}"#)
    }

    @Test(
        "hostile names stay inside their quotes and their line",
        arguments: [
            (#"a"b\c"#, #"a\"b\\c"#), ("a\nb\r\tc", #"a\nb\r\tc"#), ("\u{0}\u{1b}[2J", #"\u0000\u001b[2J"#),
            ("\u{7f}\u{85}\u{9f}", #"\u007f\u0085\u009f"#), ("\u{2028}\u{2029}", #"\u2028\u2029"#),
            ("</script>&", "</script>&"), ("grüße 🦊 e\u{301}", "grüße 🦊 e\u{301}"), ("\r\n", #"\r\n"#),
            ("\",\"action\":1", #"\",\"action\":1"#),
        ])
    func hostile(name: String, written: String) {
        var key = Self.bare
        key.source.name = name
        var flow = Self.flow(key)
        flow.sourceLabels = [name]
        let line = lines([flow])
        #expect(
            line == "{\"Key\":{\"source_name\":\"\(written)\"},\"start_time\":1700000010,"
                + "\"end_time\":1700000310,\"source_labels\":[\"\(written)\"]}")
        #expect(!line.utf8.contains(0x0a))
    }

    @Test(
        "a body holds as many flows as fit, and at least one",
        arguments: [(1, 1), (56, 1), (112, 1), (113, 2), (169, 2), (170, 3), (1_000, 5)])
    func parts(maximumBytes: Int, count: Int) {
        let flows = Array(repeating: Self.flow(Self.bare), count: 5)
        let part = FlowLines.body(of: flows, from: 0, maximumBytes: maximumBytes)
        #expect(part.end == count)
        // 56 bytes each, and a newline between.
        #expect(part.bytes.count == 57 * count - 1)
        #expect(FlowLines.body(of: flows, from: 4, maximumBytes: maximumBytes).end == 5)
    }
}
