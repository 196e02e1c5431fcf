// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Daemons
import FlowAPI
import FlowModel
import FlowStore
import GRPCTransport
import Logging
import NIOCore
import NetworkModel
import Testing

@testable import BenchTool

@Suite("The load generator")
struct BenchTests {
    @Test("numbers are keys, each of one stream, and all are different", arguments: [1, 7, 64])
    func plan(streams: Int) {
        let plan = LoadPlan(keys: 5_000, streams: streams)
        var keys: Set<FlowKey> = []
        for stream in 0..<streams {
            for place in 0..<plan.keyCount(stream: stream) {
                keys.insert(plan.record(plan.key(stream: stream, place: place), at: 0).key)
            }
        }
        #expect(keys.count == 5_000)
        #expect(plan.record(4_711, at: 60) == LoadPlan(keys: 9, streams: 2).record(4_711, at: 60))
    }

    @Test("percentiles are those of the durations, to 4 %")
    func histogram() {
        var histogram = LatencyHistogram()
        #expect(histogram.percentile(50) == 0)
        for value in 1...100_000 { histogram.add(nanoseconds: Int64(value) * 1_000) }
        for percent in [1, 50, 90, 99, 99.9] {
            let exact = percent * 1_000_000
            #expect(abs(Double(histogram.percentile(percent)) - exact) <= exact * 0.04, "\(percent)")
        }
        #expect(histogram.percentile(100) == 100_000_000 && histogram.longest == 100_000_000)
        var other = LatencyHistogram()
        for value in [0, 1, 31, 32, 33, Int64.max] { other.add(nanoseconds: value) }
        #expect(other.percentile(1) == 0 && other.percentile(100) == .max)
        other.add(histogram)
        #expect(other.count == 100_006)
    }

    @Test("every window of a backfill has every key, and only that")
    func schedule() {
        let schedule = IngestSchedule(count: 0, backfill: 4, windowSeconds: 15, now: 1_700_000_018)
        #expect(
            (0..<4).map { schedule.times(round: $0, at: 0).start }
                == [-60, -45, -30, -15].map { 1_700_000_010 + $0 })
        let plan = LoadPlan(keys: 10, streams: 3)
        #expect((0..<3).map { schedule.count(of: plan, stream: $0) } == [16, 12, 12])
        let live = IngestSchedule(count: 100, backfill: nil, windowSeconds: 15, now: 0)
        #expect((0..<3).map { live.count(of: plan, stream: $0) } == [34, 33, 33])
        // A key that comes again in a window is no repeat.
        #expect(live.times(round: 0, at: 31) != live.times(round: 1, at: 31))
    }

    @Test("a report is for people and for programs")
    func report() {
        var report = BenchReport(title: "a \"b\"")
        report.line("updates", [("sent", 3), ("seconds", 0.51234), ("per_second", 123_456.7)])
        report.problems(["line\nbreak"])
        #expect(
            report.text(.text)
                == "a \"b\"\nupdates  sent 3  seconds 0.512  per_second 123457\nproblem: line\nbreak")
        #expect(
            report.text(.json)
                == #"{"title":"a \"b\"","updates":{"sent":3,"seconds":0.512,"per_second":123457},"#
                + #""problems":["line\u000abreak"]}"#
        )
    }

    private func withServer(_ body: (Aggregator, Int) async throws -> Void) async throws {
        let now = Timestamp(seconds: 1_700_000_018)
        let aggregator = Aggregator { now }
        let services = FlowServices(querying: aggregator, delivering: aggregator)
        let server = GRPCServer(
            .init(host: "127.0.0.1", port: 0, security: nil), methods: services.methods,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let serving = Task { try await server.run() }
        do {
            try await body(aggregator, try await server.address.port ?? 0)
        } catch {
            serving.cancel()
            throw error
        }
        serving.cancel()
        try await serving.value
    }

    private func stream(
        _ port: Int, _ plan: LoadPlan, _ schedule: IngestSchedule, _ stream: Int, window: Int
    ) -> IngestStream {
        IngestStream(
            client: GRPCClient(.init(host: "127.0.0.1", port: port, security: nil)), plan: plan,
            schedule: schedule, stream: stream, window: window, rate: 0, isInterrupted: { false }, run: 1)
    }

    @Test("what is answered is stored: as many keys, as many packets", arguments: [1, 64])
    func ingest(window: Int) async throws {
        try await withServer { aggregator, port in
            let plan = LoadPlan(keys: 100, streams: 4)
            let schedule = IngestSchedule(count: 0, backfill: 5, windowSeconds: 15, now: 1_700_000_018)
            var result = IngestResult()
            for number in 0..<4 {
                result.add(await stream(port, plan, schedule, number, window: window).send())
            }
            #expect(result.sent == 500 && result.answered == 500 && result.problems.isEmpty)
            #expect(result.latency.count == 500)
            #expect(aggregator.flowKeyCount == 100)
            let flows = try await aggregator.list(FlowListQuery()).items
            let packets = (0..<100).reduce(UInt64(0)) { $0 + plan.record($1, at: 0).counters.packetsIn }
            #expect(flows.count == 100 && flows.reduce(0) { $0 + $1.counters.packetsIn } == 5 * packets)
        }
    }

    @Test("a server that is away is a problem, not a figure")
    func away() async {
        let plan = LoadPlan(keys: 1, streams: 1)
        let schedule = IngestSchedule(count: 1, backfill: nil, windowSeconds: 15, now: 0)
        let result = await stream(1, plan, schedule, 0, window: 1).send()
        #expect(result.answered == 0 && result.problems.count == 1)
    }

    @Test("options name what they accept")
    func options() {
        for (arguments, part) in [
            (["ingest"], "--target"), (["ingest", "--target", "x"], "--target"),
            (["ingest", "--target", "a:1", "--window", "0"], "--window"),
            (["ingest", "--target", "a:1", "--keys", "3"], "--keys"),
            (["query", "--target", "a:1", "--count", "0"], "--count"),
            (["query", "--target", "a:1", "--question", "why"], "--question"),
            (["query", "--target", "a:1", "--insecure", "--ca", "x"], "--insecure"),
        ] {
            let error = #expect(throws: (any Error).self) { try BenchCommand.parseAsRoot(arguments) }
            #expect(error.map { BenchCommand.fullMessage(for: $0).contains(part) } == true, "\(arguments)")
        }
    }
}
