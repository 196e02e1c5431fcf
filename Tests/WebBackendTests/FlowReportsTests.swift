// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel
import PolicyModel
import Testing

@Suite("What flows add up to, over HTTP")
struct FlowReportsTests {
    private func ingest(_ console: Console) {
        console.ingest(
            record(flowKey(), at: -30, packets: 3), record(flowKey(), at: -15, packets: 4),
            record(
                flowKey(source: .publicNetwork, action: .deny, enforced: [endOfTier], pending: []), at: -30,
                packets: 2))
    }

    @Test(
        "each path has its shape",
        arguments: [
            (path: "flows/count", text: #"{"flows":2}"#),
            (path: #"flows/count?filters={"actions":["Deny"]}"#, text: #"{"flows":1}"#),
            (
                path: "flows/histogram?startTimeGte=-30",
                text: #"{"items":[{"start_time":"2023-11-14T22:13:00Z","allowed_flows":1,"denied_flows":1,"#
                    + #""packets":5,"bytes":500,"connections_started":2},"#
                    + #"{"start_time":"2023-11-14T22:13:15Z","allowed_flows":1,"denied_flows":0,"packets":4,"#
                    + #""bytes":400,"connections_started":1}]}"#
            ),
            (
                path: "flows/top?groupBy=source&measure=packets",
                text: #"{"items":[{"source_name":"web-*","source_namespace":"shop","flows":1,"value":7},"#
                    + #"{"source_name":"PUBLIC NETWORK","source_namespace":"-","flows":1,"value":2}]}"#
            ),
            (
                path: "flows/top?groupBy=destination&measure=denied&limit=1",
                text: #"{"items":[{"dest_name":"db-*","dest_namespace":"data","flows":1,"value":2}]}"#
            ),
        ] as [(path: String, text: String)])
    func shapes(path: String, text: String) async throws {
        try await withConsole { console in
            ingest(console)
            let reply = try await console.get("/api/v1/\(path)")
            #expect(reply.status == 200)
            #expect(reply.text == text + "\n")
        }
    }

    @Test("statistics name the policy, and by rule its true index, action and direction")
    func statistics() async throws {
        try await withConsole { console in
            ingest(console)
            let byRule = try await console.get("/api/v1/statistics?groupBy=rule&series=true").text
            #expect(
                byRule.contains(
                    #"{"kind":"GlobalNetworkPolicy","tier":"security","namespace":"","name":"base","#
                        + #""rule_index":-1,"action":"Deny","direction":"ingress","#
                        + #""start_times":["2023-11-14T22:13:00Z"],"allowed_in":[0],"allowed_out":[0],"#
                        + #""denied_in":[2],"denied_out":[0],"passed_in":[0],"passed_out":[0]}"#))
            let byPolicy = try await console.get("/api/v1/statistics?measure=bytes").text
            #expect(byPolicy.contains(#""denied_in":[200]"#))
            #expect(byPolicy.contains(#""allowed_in":[700]"#))
            #expect(!byPolicy.contains("rule_index"))
        }
    }

    @Test(
        "wrong parameters are refused with what is accepted",
        arguments: [
            (path: "flows/top?groupBy=namespace", part: "source, destination, pair"),
            (path: "flows/top?limit=0", part: "1 to 1000"),
            (path: "flows/histogram?binSeconds=7", part: "15"),
            (path: "flows/count?page=1", part: "page"),
            (path: "statistics?startTimeGte=-9999", part: "history"),
            (path: "statistics?measure=flows", part: "packets, bytes, connections"),
        ] as [(path: String, part: String)])
    func refusals(path: String, part: String) async throws {
        try await withConsole { console in
            let reply = try await console.get("/api/v1/\(path)")
            #expect(reply.status == 400)
            #expect(reply.text.contains(part), "\(reply.text)")
        }
    }
}
