// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlowAPI
import FlowModel
import FlowStore
import GRPCTransport
import Glibc
import NIOCore

/// `vibrissa bench query`: many questions.
struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Asks questions again and again, and measures the answers.",
        discussion: """
            Each kind of question is asked --count times by each of --concurrency callers, one kind after the other. \
            Latency is from the question to the end of the answer, which is not decoded.

            Exit status: 0 done, 1 a question was not answered, 64 wrong usage.
            """)

    @OptionGroup var options: BenchOptions

    @Option(
        help: ArgumentHelp(
            "A kind of question; may be repeated. Default: all but backlog. "
                + BenchQuestion.allCases.map(\.rawValue).joined(separator: ", ") + ".",
            valueName: "kind"))
    var question: [BenchQuestion] = []

    @Option(help: ArgumentHelp("Questions of each kind and caller.", valueName: "number"))
    var count = 100

    @Option(help: ArgumentHelp("Callers at a time.", valueName: "number"))
    var concurrency = 1

    @Option(help: ArgumentHelp("Flows on a page.", valueName: "number"))
    var pageSize = 100

    func validate() throws {
        try require("count", count, in: 1...1_000_000)
        try require("concurrency", concurrency, in: 1...1_000)
        try require("page-size", pageSize, in: 0...1_000_000)
    }

    func run() async throws {
        let make = try options.clients()
        let client = make()
        var report = BenchReport(title: "query \(options.target.host):\(options.target.port)")
        let kinds = question.isEmpty ? BenchQuestion.allCases.filter { $0 != .backlog } : question
        let interrupt = Interrupt()
        for kind in kinds where !interrupt.isSet {
            // Counting reads the history once, which is not to be measured.
            if kind == .backlog { _ = try? await Self.backlog(client) }
            let before = options.pid.flatMap(ProcessUsage.init)
            let result = await ask(kind, client, interrupt)
            report.latency("\(kind.rawValue)_ms", result.latency)
            let asked = Int(result.latency.count)
            var figures: [(String, any Numeric)] = [
                ("answers", asked), ("bytes_each", result.bytes / max(1, asked)),
                ("messages_each", result.messages / max(1, asked)),
            ]
            if let before, let after = options.pid.flatMap(ProcessUsage.init) {
                let seconds = after.cpuSeconds - before.cpuSeconds
                figures.append(("server_cpu_ms_each", seconds * 1_000 / Double(max(1, asked))))
                if kind == .backlog {
                    figures.append(
                        ("server_cpu_us_a_result", seconds * 1e6 / Double(max(1, result.messages))))
                }
            }
            report.line(kind.rawValue, figures)
            report.problems(result.problems)
        }
        await client.close()
        let text = report.text(options.output)
        print(text)
        guard !report.hasProblems else { throw ExitCode.failure }
    }

    private struct Result: Sendable {
        var latency = LatencyHistogram()
        var bytes = 0
        var messages = 0
        var problems: [String] = []
    }

    private func ask(_ kind: BenchQuestion, _ client: GRPCClient, _ interrupt: Interrupt) async -> Result {
        let (count, question) = (count, kind.question(pageSize: Int64(pageSize)))
        return await withTaskGroup(of: Result.self) { group in
            for _ in 0..<concurrency {
                group.addTask {
                    var result = Result()
                    for _ in 0..<count where !interrupt.isSet {
                        let began = ContinuousClock.now
                        do throws(GRPCStatus) {
                            try await Self.answer(question, kind, client, &result)
                        } catch {
                            // What there is nothing of is answered, too.
                            if error.code != .notFound {
                                result.problems.append("\(kind.rawValue): \(error)")
                                return result
                            }
                        }
                        result.latency.add(nanoseconds: (ContinuousClock.now - began).nanoseconds)
                    }
                    return result
                }
            }
            var all = Result()
            for await result in group {
                all.latency.add(result.latency)
                all.bytes += result.bytes
                all.messages += result.messages
                all.problems += result.problems
            }
            return all
        }
    }

    private static func answer(
        _ question: FlowQuestion, _ kind: BenchQuestion, _ client: GRPCClient, _ result: inout Result
    ) async throws(GRPCStatus) {
        let call = try await client.call(question.method)
        var framed = ByteBuffer()
        framed.writeGRPCMessage { $0.writeImmutableBuffer(question.message) }
        try await call.send(framed, isLast: true)
        var expected = Int.max
        if kind == .backlog {
            // The stream does not end: it has sent its history when so many results are there.
            let count = try await backlog(client)
            guard count > 0 else { return call.cancel() }
            expected = count
        }
        var messages = 0
        while messages < expected, let received = try await call.next() {
            messages += received.count
            result.bytes += received.byteCount
        }
        result.messages += messages
        call.cancel()
    }

    /// How many results a stream of the whole history has, which only its own server can tell: it is read once.
    private static func backlog(_ client: GRPCClient) async throws(GRPCStatus) -> Int {
        try await BacklogCount.shared.value(client)
    }
}

/// Counts the results of a history once, by reading until nothing comes for a while.
private actor BacklogCount {
    static let shared = BacklogCount()
    private var known: Int?

    func value(_ client: GRPCClient) async throws(GRPCStatus) -> Int {
        if let known { return known }
        let question = BenchQuestion.backlog.question(pageSize: 0)
        // The server sends the backlog as fast as it is read: five seconds of silence are its end.
        var count = 0
        let call = try await client.call(question.method, timeout: nil)
        var framed = ByteBuffer()
        framed.writeGRPCMessage { $0.writeImmutableBuffer(question.message) }
        try await call.send(framed, isLast: true)
        while true {
            let watch = Task {
                try await Task.sleep(for: .seconds(5))
                call.cancel()
            }
            defer { watch.cancel() }
            do throws(GRPCStatus) {
                guard let received = try await call.next() else { break }
                count += received.count
            } catch {
                if error.code == .cancelled { break }
                throw error
            }
        }
        known = count
        return count
    }
}

/// Kinds of questions.
enum BenchQuestion: String, ExpressibleByArgument, CaseIterable, Sendable {
    case list
    case listFuzzy = "list-fuzzy"
    case listPolicy = "list-policy"
    case listByName = "list-by-name"
    case hints
    case statistics
    case statisticsByRule = "statistics-by-rule"
    /// A stream of everything that is kept.
    case backlog

    func question(pageSize: Int64) -> FlowQuestion {
        let paging = FlowPaging(page: 0, pageSize: pageSize)
        var filter = FlowFilter()
        switch self {
        case .list: return .list(filter, paging: paging)
        case .listFuzzy:
            filter.sourceNamespaces = [.init("space-1", .fuzzy)]
            return .list(filter, paging: paging)
        case .listPolicy:
            filter.policies = [.init(name: .init("policy-7-0"))]
            return .list(filter, paging: paging)
        case .listByName: return .list(filter, sortBy: .destinationName, paging: paging)
        case .hints: return .hints(.destinationName, paging: paging)
        case .statistics: return .statistics(byRule: false)
        case .statisticsByRule: return .statistics(byRule: true)
        case .backlog: return .stream(startGTE: -3_600)
        }
    }
}
