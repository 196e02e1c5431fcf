// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import Hummingbird

/// The paths under `/api/v1/` that add flows up: counts, histograms, top talkers, what policies did.
struct FlowReportsAPI: Sendable {
    private static let common = ["startTimeGte", "startTimeLt", "filters", "filter"]
    private static let defaultTalkers: Int64 = 10

    let querying: any FlowQuerying

    private static func range(_ query: RequestQuery) throws(RequestProblem) -> FlowTimeRange {
        FlowTimeRange(
            startGTE: try WhiskerAPI.time("startTimeGte", query),
            startLT: try WhiskerAPI.time("startTimeLt", query))
    }

    /// `GET flows/count`
    func count(_ query: RequestQuery) async throws -> Response {
        try query.requireNames(Self.common)
        let count = try await querying.count(
            FlowCountQuery(filter: try query.condition(), range: try Self.range(query)))
        var json = JSONWriter()
        json.beginObject()
        json.key("flows")
        json.integer(count)
        json.endObject()
        return Response(json: json)
    }

    /// `GET flows/histogram`
    func histogram(_ query: RequestQuery) async throws -> Response {
        try query.requireNames(Self.common + ["binSeconds"])
        let width = try query.integer(
            "binSeconds", in: 0...86_400, accepted: "a multiple of the window's seconds, up to 86400",
            default: 0)
        let bins = try await querying.histogram(
            FlowHistogramQuery(
                filter: try query.condition(), range: try Self.range(query),
                binSeconds: width))
        var json = JSONWriter(capacity: 64 + bins.count * 160)
        json.items(bins) { $0.bin($1) }
        return Response(json: json)
    }

    /// `GET flows/top`
    func topTalkers(_ query: RequestQuery) async throws -> Response {
        try query.requireNames(Self.common + ["groupBy", "measure", "limit"])
        let limit = try query.integer(
            "limit", in: 1...Int64(FlowTopQuery.maximumLimit), accepted: "1 to \(FlowTopQuery.maximumLimit)",
            default: Self.defaultTalkers)
        let talkers = try await querying.topTalkers(
            FlowTopQuery(
                filter: try query.condition(), range: try Self.range(query),
                grouping: try query.choice("groupBy", TalkerGrouping.self)?.grouping ?? .pair,
                measure: try query.choice("measure", TalkerMeasure.self)?.measure ?? .bytes,
                limit: Int(limit)))
        var json = JSONWriter(capacity: 64 + talkers.count * 200)
        json.items(talkers) { $0.talker($1) }
        return Response(json: json)
    }

    /// `GET statistics`
    func statistics(_ query: RequestQuery) async throws -> Response {
        try query.requireNames(["startTimeGte", "startTimeLt", "groupBy", "measure", "series"])
        let statistics = try await querying.statistics(
            FlowStatisticsQuery(
                range: try Self.range(query),
                measure: try query.choice("measure", PolicyMeasure.self)?.measure ?? .packets,
                grouping: try query.choice("groupBy", PolicyGrouping.self)?.grouping ?? .policy,
                isTimeSeries: try query.flag("series")))
        var json = JSONWriter(capacity: 64 + statistics.count * 400)
        json.items(statistics) { $0.statistic($1) }
        return Response(json: json)
    }
}

// MARK: - Names in the address

private enum TalkerGrouping: String, CaseIterable {
    case source, destination, pair

    var grouping: FlowTopQuery.Grouping {
        switch self {
        case .source: .source
        case .destination: .destination
        case .pair: .pair
        }
    }
}

private enum TalkerMeasure: String, CaseIterable {
    case bytes, packets, connections, denied

    var measure: FlowTopQuery.Measure {
        switch self {
        case .bytes: .bytes
        case .packets: .packets
        case .connections: .connections
        case .denied: .denied
        }
    }
}

private enum PolicyGrouping: String, CaseIterable {
    case policy, rule

    var grouping: FlowStatisticsQuery.Grouping { self == .policy ? .policy : .exactRule }
}

private enum PolicyMeasure: String, CaseIterable {
    case packets, bytes, connections

    var measure: FlowStatisticsQuery.Measure {
        switch self {
        case .packets: .packets
        case .bytes: .bytes
        case .connections: .liveConnections
        }
    }
}

// MARK: - Shapes

extension JSONWriter {
    fileprivate mutating func items<Item>(_ items: [Item], _ write: (inout JSONWriter, Item) -> Void) {
        beginObject()
        key("items")
        beginArray()
        for item in items { write(&self, item) }
        endArray()
        endObject()
    }

    fileprivate mutating func bin(_ bin: FlowHistogramBin) {
        beginObject()
        key("start_time")
        time(seconds: bin.startSeconds)
        key("allowed_flows")
        integer(bin.allowedFlows)
        key("denied_flows")
        integer(bin.deniedFlows)
        key("packets")
        integer(bin.packets)
        key("bytes")
        integer(bin.bytes)
        key("connections_started")
        integer(bin.connectionsStarted)
        endObject()
    }

    fileprivate mutating func talker(_ talker: FlowTalker) {
        beginObject()
        if let source = talker.source {
            key("source_name")
            string(DisplayName.endpoint(source.name))
            key("source_namespace")
            string(source.namespace)
        }
        if let destination = talker.destination {
            key("dest_name")
            string(DisplayName.endpoint(destination.name))
            key("dest_namespace")
            string(destination.namespace)
        }
        key("flows")
        integer(talker.flows)
        key("value")
        integer(talker.value)
        endObject()
    }

    fileprivate mutating func statistic(_ statistic: FlowStatistic) {
        beginObject()
        key("kind")
        string(statistic.policy.kind.name)
        key("tier")
        string(statistic.policy.tier)
        key("namespace")
        string(statistic.policy.namespace)
        key("name")
        string(statistic.policy.name)
        if let index = statistic.ruleIndex {
            key("rule_index")
            integer(index)
            key("action")
            string(statistic.action.name)
            key("direction")
            string("\(statistic.direction)")
        }
        if !statistic.starts.isEmpty {
            key("start_times")
            beginArray()
            for start in statistic.starts { time(seconds: start) }
            endArray()
        }
        series("allowed_in", statistic) { $0.allowedIn }
        series("allowed_out", statistic) { $0.allowedOut }
        series("denied_in", statistic) { $0.deniedIn }
        series("denied_out", statistic) { $0.deniedOut }
        series("passed_in", statistic) { $0.passedIn }
        series("passed_out", statistic) { $0.passedOut }
        endObject()
    }

    private mutating func series(
        _ name: StaticString, _ statistic: FlowStatistic, _ value: (FlowStatistic.Values) -> UInt64
    ) {
        key(name)
        beginArray()
        for values in statistic.values { integer(value(values)) }
        endArray()
    }
}
