// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore

/// A store elsewhere that cannot be reached.
struct NoFlows: FlowQuerying {
    func list(_ query: FlowListQuery) async throws(FlowQueryError) -> FlowPage<FlowAggregate> {
        throw refusal
    }
    func hints(_ query: FlowHintsQuery) async throws(FlowQueryError) -> FlowPage<String> { throw refusal }
    func count(_ query: FlowCountQuery) async throws(FlowQueryError) -> Int { throw refusal }
    func statistics(_ query: FlowStatisticsQuery) async throws(FlowQueryError) -> [FlowStatistic] {
        throw refusal
    }
    func histogram(_ query: FlowHistogramQuery) async throws(FlowQueryError) -> [FlowHistogramBin] {
        throw refusal
    }
    func topTalkers(_ query: FlowTopQuery) async throws(FlowQueryError) -> [FlowTalker] { throw refusal }
    func changes(_ query: FlowChangesQuery) async throws(FlowQueryError) -> FlowChanges { throw refusal }
    func changeTicks() async throws(FlowQueryError) -> AsyncStream<Void> { throw refusal }
    func windows(
        startTimeGTE: Int64, filter: FlowExpression
    ) async throws(FlowQueryError) -> AsyncThrowingStream<FlowWindow, any Error> { throw refusal }

    private var refusal: FlowQueryError { .unavailable("no route") }
}
