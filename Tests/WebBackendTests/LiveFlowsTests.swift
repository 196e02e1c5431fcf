// SPDX-License-Identifier: Apache-2.0

import Daemons
import FlowModel
import FlowStore
import Foundation
import NetworkModel
import Testing
import WebBackend

@Suite("Live flows")
struct LiveFlowsTests {
    private static func name(_ row: [String: Any]) -> String? { row["dest_name"] as? String }

    @Test("a denied flow of the filling window arrives at once and then with its new totals, under one id")
    func promptness() async throws {
        try await withConsole { console in
            try await console.events("/api/v1/flows/live") { events in
                let head = try await events.head()
                #expect(head.headers["content-type"] == "text/event-stream")
                _ = try await events.next("status")
                let key = flowKey(action: .deny, enforced: [endOfTier], pending: [endOfTier])
                console.ingest(record(key, at: 3.25, generation: 9))
                let first = try await events.row { $0["action"] as? String == "Deny" }.row
                #expect(first["id"] as? String == "1-\(t0)")
                #expect(first["live"] as? Bool == true)
                #expect(first["packets_in"] as? Int == 1)
                #expect(first["updated_at"] as? String == "2023-11-14T22:13:33.250Z")
                #expect(first["generation"] as? Int == 9)
                console.ingest(record(key, at: 4, packets: 5))
                let second = try await events.row { $0["packets_in"] as? Int == 6 }.row
                #expect(second["id"] as? String == "1-\(t0)")
                #expect(second["connections_started"] as? Int == 2)
            }
        }
    }

    @Test("a row has exactly the agreed fields")
    func shape() async throws {
        try await withConsole { console in
            console.ingest(record(flowKey(), at: -30, source: ["a=b", "c=d"]))
            try await console.events("/api/v1/flows/live?since=60") { events in
                let row = try await events.row { _ in true }.row
                let fields = """
                    id flow live start_time end_time updated_at action source_name source_namespace \
                    source_type \
                    source_labels dest_name dest_namespace dest_type dest_labels dest_service_name \
                    dest_service_namespace dest_service_port_name dest_service_port protocol dest_port \
                    reporter \
                    policies packets_in packets_out bytes_in bytes_out connections_started \
                    connections_completed \
                    connections_live generation
                    """
                #expect(Set(row.keys) == Set(fields.split(separator: " ").map(String.init)))
                #expect(row["source_labels"] as? String == "a=b | c=d")
                #expect(row["live"] as? Bool == false)
            }
        }
    }

    @Test("filters and the look back choose what comes")
    func selection() async throws {
        try await withConsole { console in
            console.ingest(
                record(flowKey(destination: workload("old"), action: .deny), at: -100),
                record(flowKey(destination: workload("allowed")), at: -20),
                record(flowKey(destination: workload("recent"), action: .deny), at: -20))
            let filters = "%7B%22actions%22%3A%5B%22Deny%22%5D%7D"
            try await console.events("/api/v1/flows/live?since=30&filters=\(filters)") { events in
                let event = try await events.next("flows")
                #expect(try event.rows.compactMap(Self.name) == ["recent"])
            }
        }
    }

    @Test("a reader that comes back goes on after its last event")
    func resume() async throws {
        try await withConsole { console in
            console.ingest(record(flowKey(destination: workload("seen")), at: 1))
            let cursor = try await console.events("/api/v1/flows/live") { events in
                try await events.row { _ in true }.id
            }
            console.ingest(record(flowKey(destination: workload("missed")), at: 2))
            let id = try #require(cursor)
            try await console.events("/api/v1/flows/live", headers: ["Last-Event-ID: \(id)"]) { events in
                let rows = try await events.next("flows").rows
                #expect(rows.compactMap(Self.name) == ["missed"])
            }
        }
    }

    @Test(
        "a cursor that is not known gives a gap, then what there is",
        arguments: ["0", "nonsense", "18446744073709551615"])
    func unknownCursor(_ id: String) async throws {
        try await withConsole { console in
            console.ingest(record(flowKey(), at: 1))
            try await console.events("/api/v1/flows/live", headers: ["Last-Event-ID: \(id)"]) { events in
                let gap = try await events.next("gap").json
                #expect(gap["missed"] is NSNull)
                #expect((gap["reason"] as? String)?.isEmpty == false)
                #expect(try await events.next("flows").rows.count == 1)
            }
        }
    }

    @Test("a reader that does not read costs nothing, gets a gap, and then the newest rows")
    func slowReader() async throws {
        var limits = ConsoleServer.Limits()
        limits.maximumBacklog = 50
        limits.flowsInterval = .milliseconds(1)
        try await withConsole(limits: limits) { console in
            try await console.events("/api/v1/flows/live", receiveBuffer: 4_096) { events in
                _ = try await events.next("status")
                let labels = (10..<40).map { "\($0)" + String(repeating: "x", count: 270) }
                for batch in 0..<400 {
                    let records = (0..<20).map { index in
                        record(
                            flowKey(destination: workload("d\(batch * 20 + index)")), at: 1,
                            source: labels)
                    }
                    console.aggregator.ingest(records)
                }
                var missed = 0
                var rows = 0
                while missed + rows < 8_000 {
                    guard let event = try await events.next() else { throw TestFailure("ended early") }
                    if event.name == "gap" { missed += try event.json["missed"] as? Int ?? 0 }
                    if event.name == "flows" { rows += try event.rows.count }
                }
                #expect(missed > 0)
                #expect(missed + rows == 8_000)
            }
        }
    }

    @Test("a connection that takes nothing is cut off")
    func stall() async throws {
        var limits = ConsoleServer.Limits()
        limits.stallTimeout = .milliseconds(200)
        limits.maximumSubscribers = 1
        try await withConsole(limits: limits) { console in
            let labels = (100..<220).map { "\($0)" + String(repeating: "x", count: 500) }
            for index in 0..<400 {
                console.ingest(
                    record(flowKey(destination: workload("d\(index)")), at: 1, source: labels))
            }
            try await console.events("/api/v1/flows/live", receiveBuffer: 4_096) { events in
                _ = try await events.head()
                // Its place is free again without it having read anything.
                while try await console.request("HEAD", "/api/v1/flows/live").status != 200 {
                    await Task.yield()
                }
            }
        }
    }

    @Test("hostile names come out as data, on one line")
    func hostileNames() async throws {
        let hostile = "</script>\u{0}\u{1b}[2J\n\ndata: {}\r\n\u{2028}\u{85}\"\\é👩‍👩‍👧"
        try await withConsole { console in
            console.ingest(
                record(flowKey(destination: workload(hostile)), at: 1, source: ["a=\(hostile)"]))
            try await console.events("/api/v1/flows/live") { events in
                let event = try await events.next("flows")
                #expect(try event.rows.compactMap(Self.name) == [hostile])
                #expect(event.data.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
                #expect(!event.data.unicodeScalars.contains("\u{2028}"))
            }
            console.clock.advance(seconds: 16)
            console.aggregator.rollOver()
            let reply = try await console.get("/whisker-backend/flows")
            #expect(try reply.items.compactMap(Self.name) == [hostile])
        }
    }

    @Test("more readers than the limit get a 503, and a place that was left is free again")
    func subscriberLimit() async throws {
        var limits = ConsoleServer.Limits()
        limits.maximumSubscribers = 2
        try await withConsole(limits: limits) { console in
            try await console.events("/api/v1/flows/live") { first in
                _ = try await first.next("status")
                try await console.events("/whisker-backend/flows?watch=true") { second in
                    _ = try await second.head()
                    let refused = try await console.get("/api/v1/flows/live")
                    #expect(refused.status == 503)
                    #expect(try refused.error.contains("2 live streams"))
                }
                while try await console.request("HEAD", "/api/v1/flows/live").status != 200 {
                    await Task.yield()
                }
            }
        }
    }

    @Test("the status comes again and again, each message with a cursor")
    func status() async throws {
        var limits = ConsoleServer.Limits()
        limits.statusInterval = .milliseconds(50)
        try await withConsole(limits: limits) { console in
            try await console.events("/api/v1/flows/live") { events in
                for _ in 0..<3 {
                    let event = try await events.next("status")
                    #expect(try event.json["version"] as? String == "1.2.3")
                    #expect(event.id.flatMap { UInt64($0) } != nil)
                }
            }
        }
    }

    @Test("a shutdown ends open streams properly")
    func shutdown() async throws {
        try await withConsole { console in
            try await console.events("/api/v1/flows/live") { live in
                _ = try await live.next("status")
                try await console.events("/whisker-backend/flows?watch=true") { watch in
                    _ = try await watch.head()
                    await console.shutDown()
                    #expect(try await watch.next() == nil)
                }
                while try await live.next() != nil {}
            }
        }
    }
}

@Suite("Whisker's watch")
struct WatchTests {
    @Test("sends old windows, then each window one length after it ended, without names or ids")
    func windows() async throws {
        try await withConsole { console in
            console.ingest(
                record(flowKey(destination: workload("older")), at: -60),
                record(flowKey(destination: workload("old")), at: -45),
                record(flowKey(destination: workload("allowed"), action: .deny), at: -45))
            let filters = "%7B%22actions%22%3A%5B%22Allow%22%5D%7D"
            try await console.events("/whisker-backend/flows?watch=true&startTimeGte=-60&filters=\(filters)")
            { events in
                #expect(try await events.head().headers["cache-control"] == "no-cache")
                for name in ["older", "old"] {
                    let event = try #require(try await events.next())
                    #expect(event.name == "message")
                    #expect(event.id == nil)
                    #expect(try event.json["dest_name"] as? String == name)
                }
                console.ingest(record(flowKey(destination: workload("new")), at: 2))
                for _ in 0..<2 {
                    console.clock.advance(seconds: 15)
                    console.aggregator.rollOver()
                }
                let event = try #require(try await events.next())
                #expect(try event.json["dest_name"] as? String == "new")
                #expect(try event.json["start_time"] as? String == "2023-11-14T22:13:30Z")
            }
        }
    }
}
