// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel
import Yams

/// Plays one case against a server and says what was otherwise than expected.
struct CaseRun {
    let t0: Int64
    let keys: [String: FlowKey]
    private let server: any CaseServer
    /// For sending on, in windows.
    private let delayWindows: Int
    private let blockWindows: Int
    private var now: Int64
    private var ids: [String: UInt64] = [:]
    private(set) var differences: [String] = []

    init(_ node: Node, base: Node, t0: Int64, on server: any CaseServer) throws {
        self.t0 = t0
        now = t0
        self.server = server
        delayWindows = node.integer("emit_after").map(Int.init) ?? 2
        blockWindows = node.integer("combine").map(Int.init) ?? 20
        var keys: [String: FlowKey] = [:]
        for (name, own) in node["keys"]?.mapping ?? [:] {
            keys[name.string ?? ""] = try FlowKey(own, base: base)
        }
        self.keys = keys
    }

    mutating func play(_ step: Node) async throws {
        guard let (name, value) = step.mapping?.first(where: { $0.key.string != "expect" }),
            let kind = name.string
        else { throw CaseProblem("a step says nothing") }
        let expected = step["expect"]
        switch kind {
        case "push": try await server.push((value.sequence ?? []).map(record))
        case "clock":
            now += value.int.map(Int64.init) ?? 0
            server.set(now: now)
        case "tick":
            for _ in 0..<(value.int ?? 1) {
                now += 15
                server.set(now: now)
                await server.rollOver()
            }
        case "list": try await check("list", expected) { try await $0.list(value, $1) }
        case "hints": try await check("hints", expected) { try await $0.hints(value, $1) }
        case "stats": try await check("stats", expected) { try await $0.statistics(value, $1) }
        case "stream":
            try await server.open(
                value.text("id") ?? "", startGTE: value.time("gte", t0: t0),
                filter: try FlowFilter(value["filter"]))
        case "recv": try await receive(value.string ?? "", expected)
        case "send": try await send(value, expected)
        case "sink":
            await server.sink(
                isOn: value.string == "on", delayWindows: delayWindows, blockWindows: blockWindows)
        case "emitted": await emitted(expected)
        default: throw CaseProblem("\(kind) is no step that the store can take")
        }
    }

    private mutating func differ(_ what: String, _ actual: String, _ expected: String) {
        if actual != expected { differences.append("\(what): \(actual), expected \(expected)") }
    }

    /// Runs a question whose error may be what is expected.
    private mutating func check(
        _ what: String, _ expected: Node?,
        _ ask: (inout CaseRun, Node) async throws -> [(String, String, String)]
    ) async throws {
        guard let expected else { return }
        var status = "OK"
        var findings: [(String, String, String)] = []
        do {
            findings = try await ask(&self, expected)
        } catch let error as CaseStatus {
            status = error.code
        }
        differ("\(what): status", status, expected.text("error") ?? "OK")
        if status == "OK" {
            for (part, actual, wanted) in findings { differ("\(what): \(part)", actual, wanted) }
        }
    }

    private func key(_ node: Node) throws -> FlowKey {
        guard let key = keys[node.text("key") ?? ""] else { throw CaseProblem("a key is not known") }
        return key
    }

    private func record(_ node: Node) throws -> FlowRecord {
        FlowRecord(
            key: try key(node), time: Timestamp(seconds: t0 + (node.integer("at") ?? 0)),
            sourceLabels: node.texts("sl"), destinationLabels: node.texts("dl"), counters: FlowCounters(node))
    }

    // MARK: - Questions

    private func range(_ node: Node) -> FlowTimeRange {
        FlowTimeRange(startGTE: node.time("gte", t0: t0), startLT: node.time("lt", t0: t0))
    }

    private func paging(_ node: Node) -> FlowPaging {
        FlowPaging(page: node.integer("page") ?? 0, pageSize: node.integer("page_size") ?? 0)
    }

    private mutating func list(_ node: Node, _ expected: Node) async throws -> [(String, String, String)] {
        let sort = try node.texts("sort").map { name in
            guard let key = FlowSortKey(rawValue: name) else { throw CaseProblem("\(name) is no order") }
            return key
        }
        let page = try await server.list(
            FlowFilter(node["filter"]), range(node), sortBy: sort, paging(node))
        var actual = page.items.map { line($0) }
        var wanted = try expected.list("flows").map { try line($0) }
        for (item, node) in zip(page.items, expected.list("flows")) { note(node.text("id"), item.id) }
        if expected.text("order") == "any" {
            actual.sort()
            wanted.sort()
        }
        return [
            ("pages", "\(page.totalPages)", "\(expected.integer("pages") ?? 0)"),
            ("results", "\(page.totalResults)", "\(expected.integer("results") ?? 0)"),
            ("flows", actual.joined(separator: "\n"), wanted.joined(separator: "\n")),
        ]
    }

    private func hints(_ node: Node, _ expected: Node) async throws -> [(String, String, String)] {
        let page = try await server.hints(
            FlowHintType(rawValue: node.text("type") ?? ""), FlowFilter(node["filter"]), range(node),
            paging(node))
        return [
            ("pages", "\(page.totalPages)", "\(expected.integer("pages") ?? 0)"),
            ("results", "\(page.totalResults)", "\(expected.integer("results") ?? 0)"),
            ("values", "\(page.items)", "\(expected.texts("values"))"),
        ]
    }

    private func statistics(_ node: Node, _ expected: Node) async throws -> [(String, String, String)] {
        let measures: [String: FlowStatisticsQuery.Measure] = [
            "PacketCount": .packets, "ByteCount": .bytes, "LiveConnectionCount": .liveConnections,
        ]
        let match = try node["match"].map(FlowFilter.PolicyMatch.init(node:)) ?? FlowFilter.PolicyMatch()
        let query = FlowStatisticsQuery(
            range: range(node), measure: measures[node.text("type") ?? "PacketCount"] ?? .packets,
            grouping: node.text("group_by") == "PolicyRule" ? .rule : .policy,
            isTimeSeries: node.text("time_series") == "true")
        let found = try await server.statistics(query, match: match)
        guard !found.isEmpty else { throw CaseStatus(code: "NOT_FOUND") }
        let actual = found.map(line).joined(separator: "\n")
        let wanted = expected.list("results").map { line(statistic: $0) }.joined(separator: "\n")
        return [("results", actual, wanted)]
    }

    // MARK: - Streams and collectors

    private mutating func receive(_ id: String, _ expected: Node?) async throws {
        let groups = expected?.list("groups") ?? []
        let windows = try await server.receive(id, groups.map { $0.sequence?.count ?? 0 })
        let actual = windows.map { $0.flows.map { line($0) }.sorted().joined(separator: "; ") }
        let wanted = try groups.map { group in
            try (group.sequence ?? []).map { try line($0) }.sorted().joined(separator: "; ")
        }
        differ("recv \(id)", actual.joined(separator: "\n"), wanted.joined(separator: "\n"))
        for (window, group) in zip(windows, groups) {
            for node in group.sequence ?? [] {
                let wantedKey = try key(node)
                guard let flow = window.flows.first(where: { $0.key == wantedKey }) else { continue }
                note(node.text("id"), flow.id)
            }
        }
    }

    private mutating func send(_ node: Node, _ expected: Node?) async throws {
        let updates = try node.list("updates").map { update in
            switch update.text("malformed") {
            case nil: CaseUpdate.flow(try record(update))
            case "no flow": CaseUpdate.noFlow
            case "flow without key": CaseUpdate.noKey
            case .some(let what): throw CaseProblem("\(what) is no way to be malformed")
            }
        }
        let receipts = try await server.send(from: node.text("peer") ?? "", updates)
        differ("receipts", "\(receipts)", "\(expected?.integer("receipts") ?? 0)")
    }

    private mutating func emitted(_ expected: Node?) async {
        let collections = await server.emitted()
        let actual = collections.map { collection in
            "\(collection.start)..\(collection.end): "
                + collection.flows.map(\.description).sorted().joined(separator: "; ")
        }
        let wanted = expected?.list("collections").map { collection in
            let flows = collection.list("flows").map { flow in
                let key = keys[flow.text("key") ?? ""]
                return EmittedFlow(
                    destination: key?.destination.name ?? "", start: t0 + (flow.integer("start") ?? 0),
                    end: t0 + (flow.integer("end") ?? 0), packetsIn: flow.integer("pin") ?? 0)
            }
            return "\(t0 + (collection.integer("start") ?? 0))..\(t0 + (collection.integer("end") ?? 0)): "
                + flows.map(\.description).sorted().joined(separator: "; ")
        }
        differ("emitted", actual.joined(separator: "\n"), (wanted ?? []).joined(separator: "\n"))
    }

    // MARK: - Lines

    private func line(_ flow: FlowAggregate) -> String {
        let name = keys.first { $0.value == flow.key }?.key ?? "?"
        return "\(name) \(flow.startSeconds)..\(flow.endSeconds) \(flow.counters) "
            + "\(flow.sourceLabels) \(flow.destinationLabels)"
    }

    private func line(_ node: Node) throws -> String {
        func seconds(_ key: String) -> Int64 {
            node.integer("\(key)_raw") ?? node.integer(key).map { t0 + $0 } ?? 0
        }
        return "\(node.text("key") ?? "") \(seconds("start"))..\(seconds("end")) \(FlowCounters(node)) "
            + "\(node.texts("sl")) \(node.texts("dl"))"
    }

    private func line(_ statistic: FlowStatistic) -> String {
        let policy = statistic.policy
        let values = statistic.values
        return "\(policy.kind.name) \(policy.tier) \(policy.namespace) \(policy.name) "
            + "\(statistic.action.name) \(statistic.ruleIndex ?? 0) \(statistic.direction) "
            + "\(statistic.starts.map { $0 - t0 }) \(values.map(\.allowedIn)) \(values.map(\.allowedOut)) "
            + "\(values.map(\.deniedIn)) \(values.map(\.deniedOut)) \(values.map(\.passedIn)) "
            + "\(values.map(\.passedOut))"
    }

    private func line(statistic node: Node) -> String {
        let policy = node["policy"]
        let starts = node.list("x").compactMap { $0.int }
        func values(_ key: String) -> [Int] {
            node[key] == nil
                ? Array(repeating: 0, count: max(1, starts.count)) : node.list(key).compactMap { $0.int }
        }
        return
            "\(policy?.text("kind") ?? "") \(policy?.text("tier") ?? "") \(policy?.text("namespace") ?? "") "
            + "\(policy?.text("name") ?? "") \(policy?.text("action") ?? "ActionUnspecified") "
            + "\(policy?.integer("rule_index") ?? 0) \((node.text("direction") ?? "").lowercased()) "
            + "\(starts) \(values("allowed_in")) \(values("allowed_out")) \(values("denied_in")) "
            + "\(values("denied_out")) \(values("passed_in")) \(values("passed_out"))"
    }

    /// Equal tokens mean equal ids, different ones different ids.
    private mutating func note(_ token: String?, _ id: UInt64) {
        guard let token else { return }
        if let known = ids[token] { return differ("id \(token)", "\(id)", "\(known)") }
        if let other = ids.first(where: { $0.value == id }) {
            differences.append("id \(token) is that of \(other.key)")
        }
        ids[token] = id
    }
}
