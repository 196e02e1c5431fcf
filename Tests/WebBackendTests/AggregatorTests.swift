// SPDX-License-Identifier: Apache-2.0

import Daemons
import FlowModel
import FlowStore
import NetworkModel
import Testing

@Suite("The aggregator")
struct AggregatorTests {
    @Test("ticks after changes, coalesced, and ends its streams when it stops")
    func ticks() async throws {
        let clock = TestClock()
        let aggregator = Aggregator(limits: .init(tickInterval: .milliseconds(1))) { clock.now }
        let ticks = try await aggregator.changeTicks()
        try await withDeadline {
            let running = Task { try await aggregator.run() }
            var iterator = ticks.makeAsyncIterator()
            for at in 0..<3 {
                aggregator.ingest([record(flowKey(), at: Double(at))])
                _ = await iterator.next()
            }
            running.cancel()
            while await iterator.next() != nil {}
            try await running.value
        }
    }

    @Test("rolls over when its clock passes a boundary, and late windows are streamed once")
    func rollOver() async throws {
        let clock = TestClock()
        let aggregator = Aggregator { clock.now }
        aggregator.ingest([record(flowKey(), at: 1)])
        let windows = try await aggregator.windows(startTimeGTE: 0, filter: .always)
        clock.advance(seconds: 45)
        aggregator.rollOver()
        var iterator = windows.makeAsyncIterator()
        #expect(try await iterator.next()?.startSeconds == t0)
        #expect(await aggregator.changes(.init(start: .secondsAgo(60))).rows.first?.isFilling == false)
    }

    @Test("bounds its streams and counts the windows that a slow one loses")
    func streamBounds() async throws {
        let clock = TestClock()
        let aggregator = Aggregator(limits: .init(maximumWindowStreams: 1, windowBacklog: 2)) { clock.now }
        let windows = try await aggregator.windows(startTimeGTE: 0, filter: .always)
        await #expect(throws: FlowQueryError.tooManyStreams(limit: 1)) {
            try await aggregator.windows(startTimeGTE: 0, filter: .always)
        }
        clock.advance(seconds: 75)
        aggregator.rollOver()
        let loss = aggregator.losses.first { $0.name == "flow_stream_windows_dropped_total" }
        #expect(loss?.count == 3)
        withExtendedLifetime(windows) {}
    }

    @Test("a stream that is let go leaves its place")
    func abandonedStream() async throws {
        let aggregator = Aggregator(limits: .init(maximumWindowStreams: 1)) { Timestamp(seconds: t0) }
        for _ in 0..<3 {
            let windows = try await aggregator.windows(startTimeGTE: 0, filter: .always)
            withExtendedLifetime(windows) {}
        }
    }

    @Test("counts records per second over the last ten whole seconds")
    func rate() async {
        let clock = TestClock()
        let aggregator = Aggregator { clock.now }
        for _ in 0..<20 {
            aggregator.ingest([record(flowKey(), at: 0), record(flowKey(), at: 0)])
            clock.advance(seconds: 1)
        }
        #expect(aggregator.recordsPerSecond == 2)
        clock.advance(seconds: 100)
        #expect(aggregator.recordsPerSecond == 0)
    }
}
