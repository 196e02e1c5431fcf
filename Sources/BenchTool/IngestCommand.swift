// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlowAPI
import GRPCTransport
import Glibc
import NIOCore
import Synchronization

/// `vibrissa bench ingest`: many collectors.
struct IngestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest", abstract: "Sends flows as collectors do, and waits for the receipts.",
        discussion: """
            Flows look like those of a large cluster: 40 namespaces, labels, policy traces. A window of 1 is what \
            Calico's nodes do: send one, wait for its receipt. Latency is from sending to the receipt.

            Exit status: 0 done, 1 the server could not be reached or did not answer everything, 64 wrong usage.
            """)

    @OptionGroup var options: BenchOptions

    @Option(help: ArgumentHelp("Connections, each with its streams.", valueName: "number"))
    var connections = 8

    @Option(help: ArgumentHelp("Streams on each connection.", valueName: "number"))
    var streams = 1

    @Option(help: ArgumentHelp("Updates under way on each stream.", valueName: "number"))
    var window = 256

    @Option(help: ArgumentHelp("Distinct flow keys, shared out to the streams.", valueName: "number"))
    var keys = 10_000

    @Option(help: ArgumentHelp("Updates to send, all streams together.", valueName: "number"))
    var count = 1_000_000

    @Option(
        help: ArgumentHelp(
            "Updates a second, all streams together; 0: as fast as it goes.", valueName: "number"))
    var rate = 0

    @Option(
        help: ArgumentHelp(
            "Send every key once for each of so many past windows, oldest first, instead of --count.",
            valueName: "windows"))
    var backfill: Int?

    @Option(
        help: ArgumentHelp("Width of the server's windows, seconds, for --backfill.", valueName: "number"))
    var windowSeconds = 15

    func validate() throws {
        try require("connections", connections, in: 1...10_000)
        try require("streams", streams, in: 1...100)
        try require("window", window, in: 1...10_000)
        try require("keys", keys, in: 1...10_000_000)
        try require("count", count, in: 1...1_000_000_000)
        try require("rate", rate, in: 0...10_000_000)
        try require("backfill", backfill ?? 1, in: 1...10_000)
        try require("window-seconds", windowSeconds, in: 1...3_600)
        guard keys >= connections * streams else {
            throw ValidationError(
                "--keys is \(keys), fewer than the \(connections * streams) streams; each needs keys of its own"
            )
        }
    }

    func run() async throws {
        let make = try options.clients()
        let plan = LoadPlan(keys: keys, streams: connections * streams)
        let schedule = IngestSchedule(
            count: backfill.map { $0 * keys } ?? count, backfill: backfill,
            windowSeconds: Int64(windowSeconds),
            now: Int64(time(nil)))
        let before = options.pid.flatMap(ProcessUsage.init)
        let (own, began) = (ProcessUsage(pid: getpid()), ContinuousClock.now)
        let total = IngestTotal()
        let (interrupt, run) = (Interrupt(), UInt32.random(in: 0...UInt32.max))
        await withTaskGroup(of: Void.self) { group in
            for connection in 0..<connections {
                let client = make()
                for stream in 0..<streams {
                    let sender = IngestStream(
                        client: client, plan: plan, schedule: schedule, stream: connection * streams + stream,
                        window: window, rate: Double(rate) / Double(plan.streams),
                        isInterrupted: { interrupt.isSet },
                        run: run)
                    group.addTask { total.add(await sender.send()) }
                }
            }
        }
        let seconds = (ContinuousClock.now - began).seconds
        let sum = total.value
        var report = BenchReport(title: "ingest to \(options.target.host):\(options.target.port)")
        report.line(
            "load",
            [
                ("connections", connections), ("streams", plan.streams), ("in_flight", window),
                ("keys", keys),
            ])
        report.line(
            "updates",
            [
                ("sent", sum.sent), ("answered", sum.answered), ("lost", sum.sent - sum.answered),
                ("seconds", seconds), ("per_second", Double(sum.answered) / max(seconds, 0.001)),
            ])
        report.latency("latency_ms", sum.latency)
        report.usage(
            "server", before, options.pid.flatMap(ProcessUsage.init), perMillion: sum.answered)
        report.usage("generator", own, ProcessUsage(pid: getpid()), perMillion: sum.answered)
        report.problems(sum.problems)
        print(report.text(options.output))
        guard sum.problems.isEmpty, sum.sent == sum.answered else { throw ExitCode.failure }
    }
}

/// When which key is sent, with which time.
struct IngestSchedule: Sendable {
    let count: Int
    let backfill: Int?
    let windowSeconds: Int64
    /// Unix seconds, when it began.
    let now: Int64

    /// Updates of one stream.
    func count(of plan: LoadPlan, stream: Int) -> Int {
        if let backfill { return backfill * plan.keyCount(stream: stream) }
        return count / plan.streams + (stream < count % plan.streams ? 1 : 0)
    }

    /// Start and end of a stream's update. The end differs each time that a key comes again, so that no server takes
    /// it for a repeat; nothing else looks at it.
    func times(round: Int, at now: Int64) -> (start: Int64, end: Int64) {
        guard let backfill else { return (now - now % windowSeconds, now + Int64(round)) }
        let start = self.now - self.now % windowSeconds - Int64(backfill - round) * windowSeconds
        return (start, start)
    }
}

/// What came of some streams.
struct IngestResult: Sendable {
    var sent = 0
    var answered = 0
    var latency = LatencyHistogram()
    var problems: [String] = []

    mutating func add(_ other: IngestResult) {
        sent += other.sent
        answered += other.answered
        latency.add(other.latency)
        problems += other.problems
    }
}

private final class IngestTotal: Sendable {
    private let state = Mutex(IngestResult())
    var value: IngestResult { state.withLock { $0 } }
    func add(_ result: IngestResult) { state.withLock { $0.add(result) } }
}

/// One collector.
struct IngestStream: Sendable {
    let client: GRPCClient
    let plan: LoadPlan
    let schedule: IngestSchedule
    let stream: Int
    let window: Int
    /// Updates a second; 0: no limit.
    let rate: Double
    let isInterrupted: @Sendable () -> Bool
    /// Of this run: one that is repeated soon is no redelivery.
    let run: UInt32

    /// Keys whose encoding is kept.
    private static let keptMessages = 50_000

    func send() async -> IngestResult {
        var result = IngestResult()
        do throws(GRPCStatus) {
            try await send(into: &result)
        } catch {
            result.problems.append("stream \(stream): \(error)")
        }
        return result
    }

    private func send(into result: inout IngestResult) async throws(GRPCStatus) {
        let call = try await client.call(
            "/goldmane.FlowCollector/Connect", metadata: [("vibrissa-node", "bench-\(run)-\(stream)")])
        let (total, keys) = (schedule.count(of: plan, stream: stream), plan.keyCount(stream: stream))
        let keepsMessages = keys <= Self.keptMessages
        var messages: [FlowUpdateMessage] = []
        // Times of the updates that are under way, oldest first.
        var waiting: [(time: ContinuousClock.Instant, count: Int)] = []
        var oldest = 0
        let began = ContinuousClock.now
        while result.answered < total {
            if isInterrupted() { break }
            var room = min(window - (result.sent - result.answered), total - result.sent)
            if rate > 0 { room = min(room, await due(result, since: began)) }
            if room > 0 {
                let now = Int64(time(nil))
                var buffer = ByteBuffer()
                for number in result.sent..<(result.sent + room) {
                    let (round, place) = (number / keys, number % keys)
                    let (start, end) = schedule.times(round: round, at: now)
                    if keepsMessages, place < messages.count {
                        messages[place].write(start: start, end: end, to: &buffer)
                    } else {
                        let message = FlowUpdateMessage(
                            plan.record(plan.key(stream: stream, place: place), at: start))
                        message.write(start: start, end: end, to: &buffer)
                        if keepsMessages { messages.append(message) }
                    }
                }
                waiting.append((ContinuousClock.now, room))
                try await call.send(buffer)
                result.sent += room
            }
            guard result.sent > result.answered else { continue }
            guard let received = try await call.next() else {
                throw GRPCStatus(.unavailable, "the server ended the stream")
            }
            let now = ContinuousClock.now
            result.answered += received.count
            var left = received.count
            while left > 0, oldest < waiting.count {
                let count = min(left, waiting[oldest].count)
                result.latency.add(
                    nanoseconds: (now - waiting[oldest].time).nanoseconds, count: UInt64(count))
                waiting[oldest].count -= count
                left -= count
                if waiting[oldest].count == 0 { oldest += 1 }
            }
            if oldest > 4_096 {
                waiting.removeFirst(oldest)
                oldest = 0
            }
        }
        call.cancel()
    }

    /// Updates that may be sent by now; waits when there are none and nothing is under way.
    private func due(_ result: IngestResult, since began: ContinuousClock.Instant) async -> Int {
        while true {
            let allowed = Int((ContinuousClock.now - began).seconds * rate) - result.sent
            if allowed > 0 || result.sent > result.answered || isInterrupted() { return max(0, allowed) }
            // Cancelled: the caller's loop sees it.
            try? await Task.sleep(for: .milliseconds(1))
        }
    }
}

/// Ctrl-C ends a run with what was measured so far; a second one ends the process.
final class Interrupt: Sendable {
    private static let count = Atomic<Int>(0)

    init() {
        signal(SIGINT) { _ in
            if Interrupt.count.add(1, ordering: .relaxed).newValue > 1 { _exit(130) }
        }
    }

    var isSet: Bool { Self.count.load(ordering: .relaxed) > 0 }
}

extension Duration {
    var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
    var seconds: Double { Double(nanoseconds) / 1e9 }
}
