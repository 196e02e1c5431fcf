// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import HTTPTypes
import Hummingbird
import ServiceLifecycle

/// The paths of whisker-backend (flow API section 4). What is kept from it and what is not: empty lists are
/// `[]`, `total` has `totalResults` too, `page` and `pageSize` are honoured for flows, and requests that the
/// aggregator would refuse get a 400 with the reason in place of a 500.
struct WhiskerAPI: Sendable {
    private static let maximumPageSize: Int64 = 10_000
    static let acceptedSortKeys = FlowSortKey.allCases.filter { $0 != .destinationType && $0 != .sourceType }
        .map(\.rawValue).joined(separator: ", ")

    let querying: any FlowQuerying
    let subscribers: SubscriberLimit

    // MARK: - Answers

    /// `GET flows`
    func list(_ query: RequestQuery) async throws -> Response {
        let list = FlowListQuery(
            filter: try query.condition(),
            range: FlowTimeRange(
                startGTE: try Self.time("startTimeGte", query), startLT: try Self.time("startTimeLt", query)),
            sortBy: try Self.sortKeys(query), paging: try Self.paging(query))
        let page = try await querying.list(list)
        var json = JSONWriter(capacity: 256 + page.items.count * 900)
        Self.write(page, to: &json) { $0.whiskerFlow($1) }
        return Response(json: json)
    }

    /// `GET flows-filter-hints`
    func hints(_ query: RequestQuery) async throws -> Response {
        guard let type = try query.choice("type", FlowHintType.self) else {
            throw RequestProblem(.badRequest, "parameter type is missing; accepted: \(FlowHintType.allNames)")
        }
        let hints = FlowHintsQuery(
            type: type, filter: try query.condition(), paging: try Self.paging(query))
        let page = try await querying.hints(hints)
        var json = JSONWriter(capacity: 256 + page.items.count * 64)
        Self.write(page, to: &json) { json, value in
            json.beginObject()
            json.key("value")
            json.string(type.shown(value))
            json.endObject()
        }
        return Response(json: json)
    }

    /// `GET flows?watch=true`: each flow once per closed window, as the original server sends it.
    func watch(_ request: StreamRequest) async throws -> Response {
        let start = try Self.time("startTimeGte", request.query)
        let filter = try request.query.condition()
        let place = try subscribers.take()
        let windows = try await querying.windows(startTimeGTE: start, filter: filter)
        return request.response(holding: place) { output in
            for try await window in windows.cancelOnGracefulShutdown() {
                var piece = EventStreamPiece()
                for flow in window.flows {
                    piece.message { $0.whiskerFlow(flow) }
                    if piece.isLarge { try await output.write(piece.take()) }
                }
                try await output.write(piece.take())
            }
        }
    }

    // MARK: - Parameters

    static func time(_ name: String, _ query: RequestQuery) throws(RequestProblem) -> Int64 {
        try query.integer(
            name, in: .min ... .max,
            accepted: "whole Unix seconds; negative is relative to now, 0 the default",
            default: 0)
    }

    private static func paging(_ query: RequestQuery) throws(RequestProblem) -> FlowPaging {
        FlowPaging(
            page: try query.integer("page", in: 0 ... .max, accepted: "a whole number from 0", default: 0),
            pageSize: try query.integer(
                "pageSize", in: 0...maximumPageSize,
                accepted: "a whole number from 0 (everything) to \(maximumPageSize)", default: 0))
    }

    private static func sortKeys(_ query: RequestQuery) throws(RequestProblem) -> [FlowSortKey] {
        var keys: [FlowSortKey] = []
        for text in query.texts("sortBy") {
            guard let key = FlowSortKey(rawValue: text) else {
                throw .parameter("sortBy", given: text, accepted: acceptedSortKeys)
            }
            keys.append(key)
        }
        return keys
    }

    // MARK: - Shapes

    private static func write<Item>(
        _ page: FlowPage<Item>, to json: inout JSONWriter, item: (inout JSONWriter, Item) -> Void
    ) {
        json.beginObject()
        json.key("total")
        json.beginObject()
        json.key("totalPages")
        json.integer(page.totalPages)
        json.key("totalResults")
        json.integer(page.totalResults)
        json.endObject()
        json.key("items")
        json.beginArray()
        for value in page.items { item(&json, value) }
        json.endArray()
        json.endObject()
    }
}

extension FlowHintType {
    /// How Whisker shows a value of this field.
    fileprivate func shown(_ value: String) -> String {
        switch self {
        case .destinationName, .sourceName: DisplayName.endpoint(value)
        case .destinationNamespace, .sourceNamespace, .policyNamespace: DisplayName.namespace(value)
        case .policyTier, .policyName, .policyKind: value
        }
    }
}
