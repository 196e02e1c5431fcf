// SPDX-License-Identifier: Apache-2.0

import FlowModel
import NetworkModel
import PolicyModel
import Testing
import WebBackend

@Suite("Status and policies")
struct StatusTests {
    @Test("the status has every field")
    func status() async throws {
        let snapshot = StatusSnapshot(
            version: "1.2.3", mode: "lab", isSimulated: true,
            now: Timestamp(nanoseconds: 1_700_000_000_250_000_000),
            generation: 7,
            sources: [
                .init(name: "lab", kind: "lab", isConnected: true),
                .init(name: "n", kind: "agent", isConnected: false, lastEvent: Timestamp(seconds: 0)),
            ],
            flowsPerSecond: 12.5, flowKeys: 3, endpoints: 4, enforcedPolicies: 5, stagedPolicies: 1,
            losses: [EventLoss(name: "x_total", count: 9, help: "why")],
            policyErrors: [
                Diagnostic(
                    .error, resource: "NetworkPolicy a/b", field: "spec", message: "m", suggestion: "s",
                    location: SourceLocation(file: "f.yaml", line: 3, column: 4))
            ],
            scenario: .init(name: "n", step: 1, steps: 2, title: "t", hint: "h"))
        try await withConsole(status: FixedStatus(snapshot: snapshot)) { console in
            let reply = try await console.get("/api/v1/status")
            #expect(
                reply.text == """
                    {"version":"1.2.3","mode":"lab","simulated":true,"now":"2023-11-14T22:13:20.250Z",\
                    "generation":7,\
                    "connected_sources":1,"sources":[{"name":"lab","kind":"lab","connected":true,\
                    "last_event_at":null},\
                    {"name":"n","kind":"agent","connected":false,\
                    "last_event_at":"1970-01-01T00:00:00.000Z"}],\
                    "flows_per_second":12.5,"flow_keys":3,"endpoints":4,"policies":{"enforced":5,"staged":1},\
                    "losses":[{"name":"x_total","count":9,"help":"why"}],\
                    "policy_errors":[{"file":"f.yaml","line":3,\
                    "column":4,"resource":"NetworkPolicy a/b","field":"spec","severity":"error",\
                    "message":"m",\
                    "suggestion":"s"}],"scenario":{"name":"n","step":1,"steps":2,"title":"t","hint":"h"}}

                    """)
        }
    }

    @Test("policies are listed with their texts")
    func policies() async throws {
        let listing = PolicyListing(
            generation: 7,
            items: [
                .init(
                    id: PolicyID(kind: .stagedGlobalNetworkPolicy, name: "q"), tier: "security", order: 10.5,
                    selector: "all()", location: SourceLocation(file: "q.yaml", line: 1), endpoints: 6,
                    ingress: ["deny"]),
                .init(
                    id: PolicyID(kind: .kubernetesNetworkPolicy, namespace: "shop", name: "web"),
                    tier: "default",
                    selector: "app == 'web'"),
            ])
        try await withConsole(status: FixedStatus(listing: listing)) { console in
            let reply = try await console.get("/api/v1/policies")
            #expect(
                reply.text == """
                    {"generation":7,"items":[{"kind":"StagedGlobalNetworkPolicy","namespace":"","name":"q",\
                    "tier":"security","order":10.5,"staged":true,"selector":"all()","file":"q.yaml","line":1,\
                    "endpoints":6,"ingress":["deny"],"egress":[]},{"kind":"NetworkPolicy","namespace":"shop",\
                    "name":"web","tier":"default","order":null,"staged":false,"selector":"app == 'web'",\
                    "file":"",\
                    "line":0,"endpoints":0,"ingress":[],"egress":[]}]}

                    """)
        }
    }
}
