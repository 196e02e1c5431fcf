// SPDX-License-Identifier: Apache-2.0

public import FlowModel

/// Where collected flow records go.
public protocol FlowIngesting: Sendable {
    /// Returns when the records are taken over; what could not be kept is counted by the receiver.
    func ingest(_ records: [FlowRecord]) async
}

/// Where collectors deliver encoded flows: a store in this process, for the time of a batch.
public protocol FlowDelivering: Sendable {
    /// Runs `body` with the store, which nobody else has meanwhile. `body` does not block; it returns how many
    /// records it stored, and so does this.
    @discardableResult
    func deliver(_ body: (inout FlowStore) -> Int) -> Int
}

/// Where flows can be asked for: a store in this process, or a client of one elsewhere.
public protocol FlowQuerying: Sendable {
    /// Flows summed over the windows of a time range.
    func list(_ query: FlowListQuery) async throws(FlowQueryError) -> FlowPage<FlowAggregate>

    /// How many flows a list would have.
    func count(_ query: FlowCountQuery) async throws(FlowQueryError) -> Int

    /// What each policy, or each rule, did (flow API 2.9). Empty when nothing is to report.
    func statistics(_ query: FlowStatisticsQuery) async throws(FlowQueryError) -> [FlowStatistic]

    /// Activity over time, oldest first; bins without data are there too.
    func histogram(_ query: FlowHistogramQuery) async throws(FlowQueryError) -> [FlowHistogramBin]

    /// Who sent, received or was denied the most, greatest first.
    func topTalkers(_ query: FlowTopQuery) async throws(FlowQueryError) -> [FlowTalker]

    /// Distinct values of a field, bytewise ascending.
    func hints(_ query: FlowHintsQuery) async throws(FlowQueryError) -> FlowPage<String>

    /// What changed since a cursor, the filling window included.
    func changes(_ query: FlowChangesQuery) async throws(FlowQueryError) -> FlowChanges

    /// Says when it is worth asking for changes again. Ticks coalesce: a reader that is behind finds one, not
    /// many.
    func changeTicks() async throws(FlowQueryError) -> AsyncStream<Void>

    /// Closed windows, oldest first, each once (flow API 2.8): from the one that holds `startTimeGTE` (0:
    /// now, negative: relative to now, Unix seconds), then each one as it comes due. Windows without a
    /// matching flow are left out; a large one comes in pieces with the same start.
    func windows(
        startTimeGTE: Int64, filter: FlowExpression
    ) async throws(FlowQueryError) -> AsyncThrowingStream<FlowWindow, any Error>
}
