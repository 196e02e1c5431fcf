// SPDX-License-Identifier: Apache-2.0

import FlowModel
public import FlowStore
import GRPCTransport
import NIOCore
import SwiftProtobuf

extension FlowClient {
    public func list(_ query: FlowListQuery) async throws(FlowQueryError) -> FlowPage<FlowAggregate> {
        guard query.sortBy.count <= 1 else { throw .severalSortKeys(query.sortBy) }
        var request = Vibrissa_V1_ListRequest()
        request.range = Vibrissa_V1_TimeRange(query.range)
        request.filter = query.filter.filterText
        request.sortBy = query.sortBy.first.map(Goldmane_SortBy.init) ?? .time
        request.page = query.paging.page
        request.pageSize = query.paging.pageSize
        if let bytes = try await askOwn("List", request) {
            let answer = try Self.decoded(Vibrissa_V1_ListResponse.self, bytes)
            return FlowPage(items: answer.rows.map(FlowAggregate.init), answer.meta)
        }
        return try await listCommon(query)
    }

    private func listCommon(
        _ query: FlowListQuery
    ) async throws(FlowQueryError) -> FlowPage<FlowAggregate> {
        let (remote, rest) = try query.filter.forCommonServer()
        var request = Goldmane_FlowListRequest()
        request.startTimeGte = query.range.startGTE
        request.startTimeLt = query.range.startLT
        request.filter = remote
        request.sortBy = query.sortBy.map { key in .with { $0.sortBy = Goldmane_SortBy(key) } }
        if rest == .always {
            request.page = query.paging.page
            request.pageSize = query.paging.pageSize
        }
        let answer = try await ask("/goldmane.Flows/List", request, Goldmane_FlowListResult.self)
        let flows = answer.flows.map(FlowAggregate.init)
        guard rest != .always else { return FlowPage(items: flows, answer.meta) }
        return try query.paging.page(of: flows.filter(rest.holds))
    }

    public func count(_ query: FlowCountQuery) async throws(FlowQueryError) -> Int {
        var request = Vibrissa_V1_CountRequest()
        request.range = Vibrissa_V1_TimeRange(query.range)
        request.filter = query.filter.filterText
        if let bytes = try await askOwn("Count", request) {
            return Int(clamping: try Self.decoded(Vibrissa_V1_CountResponse.self, bytes).flows)
        }
        let list = FlowListQuery(
            filter: query.filter, range: query.range, paging: FlowPaging(page: 0, pageSize: 1))
        return try await listCommon(list).totalResults
    }

    public func hints(_ query: FlowHintsQuery) async throws(FlowQueryError) -> FlowPage<String> {
        var own = Vibrissa_V1_HintsRequest()
        own.type = Goldmane_FilterType(query.type)
        own.range = Vibrissa_V1_TimeRange(query.range)
        own.filter = query.filter.filterText
        own.page = query.paging.page
        own.pageSize = query.paging.pageSize
        if let bytes = try await askOwn("Hints", own) {
            let answer = try Self.decoded(Goldmane_FilterHintsResult.self, bytes)
            return FlowPage(items: answer.hints.map(\.value), answer.meta)
        }
        return try await hintsCommon(query)
    }

    private func hintsCommon(_ query: FlowHintsQuery) async throws(FlowQueryError) -> FlowPage<String> {
        let (remote, rest) = try query.filter.forCommonServer()
        guard rest == .always else {
            // The filter of this method cannot say it: the values are taken from the flows.
            let flows = try await listCommon(FlowListQuery(filter: query.filter, range: query.range))
            return try query.paging.page(of: query.type.values(of: flows.items.map(\.key)))
        }
        var request = Goldmane_FilterHintsRequest()
        request.type = Goldmane_FilterType(query.type)
        request.filter = remote
        request.startTimeGte = query.range.startGTE
        request.startTimeLt = query.range.startLT
        request.page = query.paging.page
        request.pageSize = query.paging.pageSize
        let answer = try await ask("/goldmane.Flows/FilterHints", request, Goldmane_FilterHintsResult.self)
        return FlowPage(items: answer.hints.map(\.value), answer.meta)
    }

    public func statistics(_ query: FlowStatisticsQuery) async throws(FlowQueryError) -> [FlowStatistic] {
        guard query.grouping != .exactRule else {
            throw .unsupported("the flow API groups rules by their policy's place, not by their index")
        }
        let (remote, rest) = FlowExpression.policy(query.match).split()
        guard rest == .always, remote.policies.count <= 1 else {
            throw .unsupported("the flow API cannot say this condition on policies")
        }
        var request = Goldmane_StatisticsRequest()
        request.startTimeGte = query.range.startGTE
        request.startTimeLt = query.range.startLT
        request.type = Goldmane_StatisticType(rawValue: Int(query.measure.rawValue)) ?? .packetCount
        request.groupBy = query.grouping == .policy ? .policy : .policyRule
        if let match = remote.policies.first { request.policyMatch = match.message }
        request.timeSeries = query.isTimeSeries
        do throws(GRPCStatus) {
            let call = try await stream("/goldmane.Statistics/List", request)
            var statistics: [FlowStatistic] = []
            while let messages = try await call.next() {
                for message in try messages.decoded(Goldmane_StatisticsResult.self) where message.hasPolicy {
                    statistics.append(FlowStatistic(message))
                }
            }
            return statistics
        } catch {
            if error.code == .notFound { return [] }
            throw FlowQueryError(error)
        }
    }

    public func histogram(_ query: FlowHistogramQuery) async throws(FlowQueryError) -> [FlowHistogramBin] {
        var request = Vibrissa_V1_HistogramRequest()
        request.range = Vibrissa_V1_TimeRange(query.range)
        request.filter = query.filter.filterText
        request.binSeconds = query.binSeconds
        guard let bytes = try await askOwn("Histogram", request) else {
            throw .unsupported("histograms are not part of its flow API")
        }
        return try Self.decoded(Vibrissa_V1_HistogramResponse.self, bytes).bins.map(FlowHistogramBin.init)
    }

    public func topTalkers(_ query: FlowTopQuery) async throws(FlowQueryError) -> [FlowTalker] {
        var request = Vibrissa_V1_TopTalkersRequest()
        request.range = Vibrissa_V1_TimeRange(query.range)
        request.filter = query.filter.filterText
        request.groupBy = Vibrissa_V1_TalkerGrouping(rawValue: Int(query.grouping.rawValue)) ?? .source
        request.measure = Vibrissa_V1_TalkerMeasure(rawValue: Int(query.measure.rawValue)) ?? .bytes
        request.limit = Int64(query.limit)
        guard let bytes = try await askOwn("TopTalkers", request) else {
            throw .unsupported("top talkers are not part of its flow API")
        }
        let answer = try Self.decoded(Vibrissa_V1_TopTalkersResponse.self, bytes)
        return answer.talkers.map { FlowTalker($0, query.grouping) }
    }

    static func decoded<Answer: Message>(
        _ type: Answer.Type, _ bytes: ByteBuffer
    ) throws(FlowQueryError) -> Answer {
        do {
            return try decode(type, bytes)
        } catch {
            throw FlowQueryError(error)
        }
    }
}

extension GRPCReceivedMessages {
    func decoded<Item: Message>(_ type: Item.Type) throws(GRPCStatus) -> [Item] {
        var items: [Item] = []
        var failure: GRPCStatus?
        forEach { bytes in
            do {
                items.append(try Item(serializedBytes: Array(bytes)))
            } catch {
                failure = GRPCStatus(.internalError, "a message is no \(Item.protoMessageName): \(error)")
            }
        }
        if let failure { throw failure }
        return items
    }
}

extension FlowPage {
    init(items: [Item], _ metadata: Goldmane_ListMetadata) {
        self.init(
            items: items, totalPages: Int(clamping: metadata.totalPages),
            totalResults: Int(clamping: metadata.totalResults))
    }
}

extension Vibrissa_V1_TimeRange {
    init(_ range: FlowTimeRange) {
        self.init()
        startTimeGte = range.startGTE
        startTimeLt = range.startLT
    }
}
