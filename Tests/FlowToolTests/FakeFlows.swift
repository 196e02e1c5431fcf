// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import Synchronization

@testable import FlowTool

/// A server that answers what it was told to; without answers it cannot do what is asked.
final class FakeFlows: FlowConnection {
    private struct State {
        var changes: [FlowChanges]?
        var questions: [FlowChangesQuery] = []
        var windowStarts: [Int64] = []
        var isClosed = false
    }

    private let state: Mutex<State>
    private let closedWindows: [FlowWindow]
    private let endsTicks: Bool
    private let ticks = AsyncStream<Void>.makeStream()

    /// `endsTicks`: after the last answer no tick is left, as from a server that ends the stream.
    init(changes: [FlowChanges]? = nil, windows: [FlowWindow] = [], endsTicks: Bool = true) {
        state = Mutex(State(changes: changes))
        closedWindows = windows
        self.endsTicks = endsTicks
    }

    var questions: [FlowChangesQuery] { state.withLock { $0.questions } }
    var windowStarts: [Int64] { state.withLock { $0.windowStarts } }
    var isClosed: Bool { state.withLock { $0.isClosed } }

    func changes(_ query: FlowChangesQuery) async throws(FlowQueryError) -> FlowChanges {
        let answer: FlowChanges? = state.withLock {
            $0.questions.append(query)
            guard let changes = $0.changes, !changes.isEmpty else { return nil }
            return $0.changes?.removeFirst()
        }
        guard let answer else { throw .unsupported("changes") }
        return answer
    }

    func changeTicks() async throws(FlowQueryError) -> AsyncStream<Void> {
        guard state.withLock({ $0.changes != nil }) else { throw .unsupported("ticks") }
        if endsTicks { ticks.continuation.finish() }
        return ticks.stream
    }

    func windows(
        startTimeGTE: Int64, filter: FlowExpression
    ) async throws(FlowQueryError) -> AsyncThrowingStream<FlowWindow, any Error> {
        state.withLock { $0.windowStarts.append(startTimeGTE) }
        let (stream, continuation) = AsyncThrowingStream<FlowWindow, any Error>.makeStream()
        for window in closedWindows { continuation.yield(window) }
        continuation.finish()
        return stream
    }

    func list(_ query: FlowListQuery) async throws(FlowQueryError) -> FlowPage<FlowAggregate> {
        throw .unsupported("lists")
    }

    func count(_ query: FlowCountQuery) async throws(FlowQueryError) -> Int { throw .unsupported("counts") }

    func statistics(_ query: FlowStatisticsQuery) async throws(FlowQueryError) -> [FlowStatistic] {
        throw .unsupported("statistics")
    }

    func histogram(_ query: FlowHistogramQuery) async throws(FlowQueryError) -> [FlowHistogramBin] {
        throw .unsupported("histograms")
    }

    func topTalkers(_ query: FlowTopQuery) async throws(FlowQueryError) -> [FlowTalker] {
        throw .unsupported("top talkers")
    }

    func hints(_ query: FlowHintsQuery) async throws(FlowQueryError) -> FlowPage<String> {
        throw .unsupported("hints")
    }

    func close() async { state.withLock { $0.isClosed = true } }
}

/// Connects to a fake, and remembers to what it should have.
final class FakeConnecting: FlowConnecting {
    let flows = FakeFlows()
    private let addresses = Mutex<[String]>([])

    var asked: [String] { addresses.withLock { $0 } }

    func connect(_ options: FlowServerOptions) async throws -> any FlowConnection {
        let (host, port) = options.server
        addresses.withLock { $0.append("\(host):\(port)\(options.insecure ? " insecure" : "")") }
        return flows
    }
}
