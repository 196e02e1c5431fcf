// SPDX-License-Identifier: Apache-2.0

public import FlowModel

/// Where collected flow records go.
public protocol FlowIngesting: Sendable {
    /// Returns when the records are taken over; what could not be kept is counted by the receiver.
    func ingest(_ records: [FlowRecord]) async
}

/// Where flows can be asked for: a store in this process, or a client of one elsewhere.
public protocol FlowQuerying: Sendable {
    /// Flows summed over the windows of a time range.
    func list(_ query: FlowListQuery) async throws(FlowQueryError) -> FlowPage<FlowAggregate>

    /// Distinct values of a field, bytewise ascending.
    func hints(_ query: FlowHintsQuery) async throws(FlowQueryError) -> FlowPage<String>

    /// What changed since a cursor, the filling window included.
    func changes(_ query: FlowChangesQuery) async throws(FlowQueryError) -> FlowChanges

    /// Says when it is worth asking for changes again. Ticks coalesce: a reader that is behind finds one, not
    /// many.
    func changeTicks() async throws(FlowQueryError) -> AsyncStream<Void>

    /// Closed windows, oldest first, each once (flow API 2.8): from the one that holds `startTimeGTE` (0:
    /// now, negative: relative to now, Unix seconds), then each one as it comes due. Windows without a
    /// matching flow are left out.
    func windows(
        startTimeGTE: Int64, filter: FlowFilter
    ) async throws(FlowQueryError) -> AsyncThrowingStream<FlowWindow, any Error>
}
