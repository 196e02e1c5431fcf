// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import Foundation
import NetworkModel
import Testing

@Suite("Whisker's flow list")
struct WhiskerListTests {
    @Test("a flow has exactly the fields of the original server")
    func shape() async throws {
        try await withConsole { console in
            let key = flowKey(
                source: .publicNetwork, reporter: .source, action: .deny, enforced: [endOfTier],
                pending: [])
            console.ingest(record(key, at: -30, source: ["a=b", "c=d"]))
            let reply = try await console.get("/whisker-backend/flows")
            #expect(reply.status == 200)
            #expect(reply.headers["content-type"] == "application/json; charset=utf-8")
            #expect(
                reply.text == """
                    {"total":{"totalPages":1,"totalResults":1},"items":[{"start_time":"2023-11-14T22:13:00Z",\
                    "end_time":"2023-11-14T22:13:15Z","action":"Deny","source_name":"PUBLIC NETWORK",\
                    "source_namespace":"-","source_labels":"a=b | c=d","dest_name":"db-*",\
                    "dest_namespace":"data",\
                    "dest_labels":"","protocol":"tcp","dest_port":5432,"reporter":"Src",\
                    "policies":{"enforced":[\
                    {"kind":"EndOfTier","name":"","namespace":"","tier":"security","action":"Deny",\
                    "policy_index":0,\
                    "rule_index":-1,"trigger":{"kind":"GlobalNetworkPolicy","name":"base","namespace":"",\
                    "tier":"security","action":"Deny","policy_index":0,"rule_index":0,"trigger":null}}],\
                    "pending":[]},"packets_in":1,"packets_out":0,"bytes_in":100,"bytes_out":0}]}

                    """)
        }
    }

    @Test("an empty list has an empty array")
    func empty() async throws {
        try await withConsole { console in
            let reply = try await console.get("/whisker-backend/flows")
            #expect(reply.text == #"{"total":{"totalPages":0,"totalResults":0},"items":[]}"# + "\n")
        }
    }

    struct FilterCase: Sendable, CustomTestStringConvertible {
        var filters: String
        /// Destination ports of the flows that are left.
        var ports: [Int]
        var testDescription: String { filters }
    }

    static let filterCases = [
        FilterCase(filters: "{}", ports: [1, 2, 3, 4]),
        FilterCase(filters: #"{"actions":["Deny"]}"#, ports: [2]),
        FilterCase(filters: #"{"actions":["ActionUnspecified"]}"#, ports: []),
        FilterCase(filters: #"{"pending_actions":["Deny"]}"#, ports: [2, 3]),
        FilterCase(filters: #"{"reporter":"Src"}"#, ports: [4]),
        FilterCase(filters: #"{"reporter":"ReporterUnspecified"}"#, ports: [1, 2, 3, 4]),
        FilterCase(filters: #"{"dest_ports":[{"value":1},{"value":4,"type":"Exact"}]}"#, ports: [1, 4]),
        FilterCase(filters: #"{"dest_names":[{"value":"eb","type":"Fuzzy"}]}"#, ports: [2]),
        FilterCase(filters: #"{"dest_names":[{"value":"eb"}]}"#, ports: []),
        FilterCase(filters: #"{"source_names":[{"value":"PUBLIC NETWORK"}]}"#, ports: [4]),
        FilterCase(filters: #"{"source_names":[{"value":"PUBLIC","type":"Fuzzy"}]}"#, ports: [4]),
        FilterCase(filters: #"{"source_namespaces":[{"value":"Global"}]}"#, ports: [4]),
        FilterCase(filters: #"{"source_namespaces":[{"value":"Glob","type":"Fuzzy"}]}"#, ports: [4]),
        FilterCase(filters: #"{"protocols":[{"value":"udp"}]}"#, ports: [1]),
        FilterCase(filters: #"{"policies":[{"kind":"Profile"}]}"#, ports: [1]),
        FilterCase(filters: #"{"policies":[{"kind":"EndOfTier","action":"Deny"}]}"#, ports: [2]),
        FilterCase(filters: #"{"policies":[{"name":{"value":"next"}},{"kind":"Profile"}]}"#, ports: [1, 3]),
        FilterCase(
            filters: #"{"policies":[{"namespace":{"value":"shop"},"tier":{"value":"default"}}]}"#,
            ports: [3, 4]),
        FilterCase(filters: #"{"unknown":[1,2,3],"actions":["Allow"],"protocols":null}"#, ports: [1, 3, 4]),
    ]

    @Test("filters are understood raw, encoded once and encoded twice", arguments: filterCases)
    func filters(_ testCase: FilterCase) async throws {
        try await withConsole { console in
            console.ingest(
                record(flowKey(port: 1, transport: "udp", enforced: [profile], pending: [profile]), at: -30),
                record(
                    flowKey(
                        destination: workload("web"), port: 2, action: .deny, enforced: [endOfTier],
                        pending: [endOfTier]), at: -30),
                record(flowKey(port: 3, pending: [staged]), at: -30),
                record(flowKey(source: .publicNetwork, port: 4, reporter: .source), at: -30))
            let once = try #require(
                testCase.filters.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
            let twice = try #require(once.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
            let raw = testCase.filters.replacing(" ", with: "%20").replacing("\"", with: "%22")
            for text in [raw, once, twice] {
                let items = try await console.get("/whisker-backend/flows?filters=\(text)").items
                #expect(items.compactMap { $0["dest_port"] as? Int }.sorted() == testCase.ports)
            }
        }
    }

    @Test(
        "sorts, cuts pages and bounds the time",
        arguments: [
            (query: "", names: ["c", "b", "a"]), (query: "sortBy=Time", names: ["c", "b", "a"]),
            (query: "sortBy=DestName", names: ["a", "b", "c"]),
            (query: "sortBy=DestName&pageSize=2&page=1", names: ["c"]),
            (query: "startTimeGte=-40", names: ["c"]), (query: "startTimeLt=-40", names: ["b", "a"]),
            (query: "startTimeGte=\(t0 - 60)&startTimeLt=\(t0 - 45)", names: ["b"]),
            (query: "watch=false&unknown=1", names: ["c", "b", "a"]),
        ])
    func parameters(query: String, names: [String]) async throws {
        try await withConsole { console in
            console.ingest(
                record(flowKey(destination: workload("a")), at: -90),
                record(flowKey(destination: workload("b")), at: -60),
                record(flowKey(destination: workload("c")), at: -30))
            let items = try await console.get("/whisker-backend/flows?\(query)").items
            #expect(items.compactMap { $0["dest_name"] as? String } == names)
        }
    }

    @Test(
        "hints show names as Whisker does",
        arguments: [
            (type: "SourceName", values: ["PUBLIC NETWORK", "web-*"]),
            (type: "SourceNamespace", values: ["Global", "shop"]),
            (type: "PolicyNamespace", values: ["Global", "shop"]),
            (type: "PolicyName", values: ["allow-web", "base"]),
            (type: "PolicyKind", values: ["CalicoNetworkPolicy", "GlobalNetworkPolicy"]),
            (type: "PolicyTier", values: ["default", "security"]),
        ])
    func hints(type: String, values: [String]) async throws {
        try await withConsole { console in
            console.ingest(
                record(flowKey(), at: -30),
                record(flowKey(source: .publicNetwork, enforced: [endOfTier], pending: [endOfTier]), at: 1))
            console.clock.advance(seconds: 2)
            let reply = try await console.get(
                "/whisker-backend/flows-filter-hints?type=\(type)&page=0&pageSize=20")
            #expect(try reply.items.compactMap { $0["value"] as? String } == values)
            #expect(reply.text.hasPrefix(#"{"total":{"totalPages":1,"totalResults":2}"#))
        }
    }
}

@Suite("Requests that cannot be answered")
struct BadRequestTests {
    @Test(
        "are refused with the parameter and what is accepted",
        arguments: [
            ("/whisker-backend/flows?watch=maybe", "watch"),
            ("/whisker-backend/flows?startTimeGte=x", "startTimeGte"),
            ("/whisker-backend/flows?startTimeGte=99999999999999999999", "startTimeGte"),
            ("/whisker-backend/flows?sortBy=Size", "sortBy"),
            ("/whisker-backend/flows?sortBy=DestType", "sortBy"),
            ("/whisker-backend/flows?sortBy=Time&sortBy=DestName", "sortBy"),
            ("/whisker-backend/flows?page=-1", "page"), ("/whisker-backend/flows?pageSize=10001", "pageSize"),
            ("/whisker-backend/flows?startTimeGte=5&startTimeLt=5", "startTimeGte"),
            ("/whisker-backend/flows?filters=%7B", "filters"),
            ("/whisker-backend/flows?filters=[]", "filters"),
            ("/whisker-backend/flows?filters={%22actions%22:[%22Nope%22]}", "actions[0]"),
            (
                "/whisker-backend/flows?filters={%22dest_ports%22:[{%22value%22:%22x%22}]}",
                "dest_ports[0].value"
            ),
            ("/whisker-backend/flows?filters={%22source_names%22:[{}]}", "source_names[0]"),
            ("/whisker-backend/flows?filters={%22reporter%22:null}", "reporter"),
            ("/whisker-backend/flows?filters={%22policies%22:[{%22kind%22:%22X%22}]}", "policies[0].kind"),
            ("/whisker-backend/flows?filters=%ff", "filters"),
            ("/whisker-backend/flows-filter-hints", "type"),
            ("/whisker-backend/flows-filter-hints?type=Size", "type"),
            ("/whisker-backend/flows-filter-hints?type=Unspecified", "type"),
            ("/api/v1/flows/live?since=4000", "since"), ("/api/v1/flows/live?since=-1", "since"),
            ("/api/v1/flows/live?sinse=10", "sinse"), ("/api/v1/flows/live?filters={", "filters"),
            ("/api/v1/status?x=1", "x"),
        ])
    func badParameters(path: String, name: String) async throws {
        try await withConsole { console in
            let reply = try await console.get(path)
            #expect(reply.status == 400)
            #expect(reply.headers["content-type"] == "application/json; charset=utf-8")
            #expect(try reply.error.contains(name), "\(reply.text)")
        }
    }

    struct BoundCase: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var path = "/"
        var headers: [String] = []
        var status = 400
    }

    private static func many(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    static let boundCases = [
        BoundCase(
            testDescription: "filters too long",
            path:
                "/whisker-backend/flows?filters={%22dest_names%22:[{%22value%22:%22\(many("x", 70_000))%22}]}"
        ),
        BoundCase(
            testDescription: "filters nested too deep",
            path: "/whisker-backend/flows?filters=\(many("[", 60_000))"),
        BoundCase(
            testDescription: "too many parameters", path: "/whisker-backend/flows?\(many("a=b&", 200))"),
        BoundCase(
            testDescription: "address too long", path: "/whisker-backend/flows?\(many("a", 140_000))",
            status: 414),
        BoundCase(testDescription: "header too long", headers: ["X-Long: \(many("a", 200_000))"]),
        BoundCase(testDescription: "too many headers", headers: (0..<200).map { "X-\($0): a" }),
    ]

    @Test("bounds of a request", arguments: boundCases)
    func bounds(_ testCase: BoundCase) async throws {
        try await withConsole { console in
            let reply = try await console.get(testCase.path, headers: testCase.headers)
            #expect(reply.status == testCase.status)
            let next = try await console.get("/")
            #expect(next.status == 200)
        }
    }

    @Test(
        "paths and methods that are not there",
        arguments: [
            ("GET", "/api", 404), ("GET", "/api/v1/nothing", 404), ("GET", "/api/v2/status", 404),
            ("GET", "/whisker-backend/", 404), ("POST", "/whisker-backend/flows", 405),
            ("DELETE", "/api/v1/status", 405),
            ("PUT", "/", 405), ("OPTIONS", "/api/v1/flows/live", 405), ("GET", "/nothing.html", 404),
        ])
    func unknown(method: String, path: String, status: Int) async throws {
        try await withConsole { console in
            let reply = try await console.request(method, path)
            #expect(reply.status == status)
            #expect(try !reply.error.isEmpty)
            #expect(reply.headers["allow"] == (status == 405 ? "GET, HEAD" : nil))
        }
    }

    @Test(
        "HEAD answers with headers alone",
        arguments: ["/", "/api/v1/status", "/whisker-backend/flows", "/api/v1/flows/live"])
    func head(path: String) async throws {
        try await withConsole { console in
            let lines = [
                "HEAD \(path) HTTP/1.1", "Host: localhost", "", "GET /api/v1/policies HTTP/1.1",
                "Host: localhost",
            ]
            let reply = try await console.raw(
                lines.joined(separator: "\r\n") + "\r\nConnection: close\r\n\r\n")
            #expect(reply.status == 200)
            #expect(!reply.text.contains("<html"))
        }
    }
}
