// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel
import Yams

/// Plays one case against a store and says what was otherwise than expected.
struct CaseRun {
    let t0: Int64
    let keys: [String: FlowKey]
    private var store: FlowStore
    private var now: Int64
    private var streams: [String: Stream] = [:]
    private var senders: [String: UInt32] = [:]
    private var ids: [String: UInt64] = [:]
    private(set) var differences: [String] = []

    /// Windows that a stream has not been asked for.
    private struct Stream {
        var filter: FlowExpression
        var waiting: [Int64]
    }

    init(_ node: Node, base: Node, t0: Int64) throws {
        self.t0 = t0
        now = t0
        store = FlowStore(now: Timestamp(seconds: t0))
        var keys: [String: FlowKey] = [:]
        for (name, own) in node["keys"]?.mapping ?? [:] {
            keys[name.string ?? ""] = try FlowKey(own, base: base)
        }
        self.keys = keys
    }

    mutating func play(_ step: Node) throws {
        guard let (name, value) = step.mapping?.first(where: { $0.key.string != "expect" }),
            let kind = name.string
        else { throw CaseProblem("a step says nothing") }
        let expected = step["expect"]
        switch kind {
        case "push": for update in value.sequence ?? [] { store.insert(try record(update)) }
        case "clock": now += value.int.map(Int64.init) ?? 0
        case "tick": for _ in 0..<(value.int ?? 1) { tick() }
        case "list": try check("list", expected) { try $0.list(value, $1) }
        case "hints": try check("hints", expected) { try $0.hints(value, $1) }
        case "stats": try check("stats", expected) { try $0.statistics(value, $1) }
        case "stream": try open(value)
        case "recv": try receive(value.string ?? "", expected)
        case "send": try send(value, expected)
        default: throw CaseProblem("\(kind) is no step that the store can take")
        }
    }

    private mutating func differ(_ what: String, _ actual: String, _ expected: String) {
        if actual != expected { differences.append("\(what): \(actual), expected \(expected)") }
    }

    /// Runs a question whose error may be what is expected.
    private mutating func check(
        _ what: String, _ expected: Node?, _ ask: (inout CaseRun, Node) throws -> [(String, String, String)]
    ) throws {
        guard let expected else { return }
        var status = "OK"
        var findings: [(String, String, String)] = []
        do {
            findings = try ask(&self, expected)
        } catch is FlowQueryError {
            status = "UNKNOWN"
        } catch is NothingFound {
            status = "NOT_FOUND"
        }
        differ("\(what): status", status, expected.text("error") ?? "OK")
        if status == "OK" {
            for (part, actual, wanted) in findings { differ("\(what): \(part)", actual, wanted) }
        }
    }

    private struct NothingFound: Error {}

    private var time: Timestamp { Timestamp(seconds: now) }

    private mutating func tick() {
        now += 15
        for start in store.rollOver(now: time) {
            for id in streams.keys { streams[id]?.waiting.append(start) }
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

    private mutating func list(_ node: Node, _ expected: Node) throws -> [(String, String, String)] {
        let sort = try node.texts("sort").map { name in
            guard let key = FlowSortKey(rawValue: name) else { throw CaseProblem("\(name) is no order") }
            return key
        }
        let query = FlowListQuery(
            filter: try FlowFilter(node["filter"]).expression, range: range(node), sortBy: sort,
            paging: paging(node))
        let page = try store.history.list(query, now: time)
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

    private func hints(_ node: Node, _ expected: Node) throws -> [(String, String, String)] {
        guard let type = FlowHintType(rawValue: node.text("type") ?? "") else {
            // The API's number for it has no meaning; an adapter refuses it.
            throw FlowQueryError.unsupported("hints of this type")
        }
        let query = FlowHintsQuery(
            type: type, filter: try FlowFilter(node["filter"]).expression, range: range(node),
            paging: paging(node))
        let page = try store.history.hints(query, now: time)
        return [
            ("pages", "\(page.totalPages)", "\(expected.integer("pages") ?? 0)"),
            ("results", "\(page.totalResults)", "\(expected.integer("results") ?? 0)"),
            ("values", "\(page.items)", "\(expected.texts("values"))"),
        ]
    }

    private func statistics(_ node: Node, _ expected: Node) throws -> [(String, String, String)] {
        let measures: [String: FlowStatisticsQuery.Measure] = [
            "PacketCount": .packets, "ByteCount": .bytes, "LiveConnectionCount": .liveConnections,
        ]
        let match = try node["match"].map(FlowFilter.PolicyMatch.init(node:)) ?? FlowFilter.PolicyMatch()
        let query = FlowStatisticsQuery(
            range: range(node), measure: measures[node.text("type") ?? "PacketCount"] ?? .packets,
            grouping: node.text("group_by") == "PolicyRule" ? .rule : .policy, match: match.condition,
            isTimeSeries: node.text("time_series") == "true")
        let found = try store.history.statistics(query, now: time)
        guard !found.isEmpty else { throw NothingFound() }
        let actual = found.map(line).joined(separator: "\n")
        let wanted = expected.list("results").map { line(statistic: $0) }.joined(separator: "\n")
        return [("results", actual, wanted)]
    }

    // MARK: - Streams and collectors

    private mutating func open(_ node: Node) throws {
        let waiting = store.history.windowsDue(startTimeGTE: node.time("gte", t0: t0), now: time)
        streams[node.text("id") ?? ""] = Stream(
            filter: try FlowFilter(node["filter"]).expression, waiting: waiting)
    }

    private mutating func receive(_ id: String, _ expected: Node?) throws {
        guard let stream = streams[id] else { throw CaseProblem("stream \(id) is not open") }
        streams[id]?.waiting = []
        let windows = stream.waiting.compactMap {
            store.history.window(startSeconds: $0, filter: stream.filter)
        }.filter { !$0.flows.isEmpty }
        let groups = expected?.list("groups") ?? []
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

    private mutating func send(_ node: Node, _ expected: Node?) throws {
        let peer = node.text("peer") ?? ""
        let sender = senders[peer] ?? UInt32(senders.count + 1)
        senders[peer] = sender
        var receipts: Int64 = 0
        for update in node.list("updates") {
            if update.text("malformed") == nil { store.insert(try record(update), sender: sender) }
            receipts += 1
        }
        differ("receipts", "\(receipts)", "\(expected?.integer("receipts") ?? 0)")
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
