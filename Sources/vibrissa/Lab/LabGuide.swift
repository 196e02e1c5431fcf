// SPDX-License-Identifier: Apache-2.0

import Daemons
import FlowModel
import FlowStore
import Foundation
import Lab
import Logging
import NetworkModel
import ServiceLifecycle
import Synchronization
import WebBackend

/// Tells the person where the console is, and leads through the scenario.
struct LabGuide: Sendable {
    let options: LabSession.Options
    let directory: String
    let server: ConsoleServer
    let aggregator: Aggregator
    let status: LabStatus
    let didListen: @Sendable (String) throws -> Void
    /// Whether a signal came before the service group listened for them.
    let isAskedToStop: @Sendable () -> Bool
    let logger: Logger

    /// Returns when the lab should end; without a scenario, never.
    func run() async throws {
        guard let port = await server.boundPort, !isAskedToStop() else { return }
        let host = options.host.contains(":") ? "[\(options.host)]" : options.host
        let address = "http://\(host):\(port)"
        try didListen(address)
        Terminal.write(welcome(address))
        guard let scenario = options.scenario else { return await untilCancelled() }
        try await untilFirstFlow()
        let runner = ScenarioRunner(
            scenario, directory: directory,
            pace: options.isAutomatic ? .automatic : .interactive(TerminalPrompt.waitForEnter),
            environment: .init(
                observe: { expectation, since in try await observe(expectation, since: since) },
                present: { Terminal.write($0) }, report: { status.report($0) }))
        try await runner.run()
        guard !options.isAutomatic, !Task.isCancelled else { return }
        Terminal.write("The lab goes on. Press Ctrl-C to end it.\n")
        await untilCancelled()
    }

    private func welcome(_ address: String) -> String {
        """
        Console:   \(address)/
        \(options.grpc.map { "Terminal:  vibrissa flows watch --insecure --server \($0.text)\n" } ?? "")\
        Manifests: \(directory)  (edit them: a saved file takes effect within a second)
        \(options.isSimulated
            ? "SIMULATED: the engine decides instead of the kernel, and the traffic is made up."
            : "Every workload is a process in a network namespace of its own: see 'ip netns list'.")
        Press Ctrl-C to end the lab; its processes and networks go with it.

        """
    }

    private func untilCancelled() async {
        // The sleep fails when the task is cancelled, which is what is waited for.
        while (try? await Task.sleep(for: .seconds(3600))) != nil {}
    }

    /// A story begins when there is something to see.
    private func untilFirstFlow() async throws {
        while aggregator.flowKeyCount == 0 { try await Task.sleep(for: .milliseconds(100)) }
    }

    /// Whether flows that match had activity at or after `since`.
    private func observe(_ expectation: FlowExpectation, since: Timestamp) async throws -> Bool {
        let seconds = max(1, LabTime.now.seconds - since.seconds + 1)
        var query = FlowChangesQuery(start: .secondsAgo(seconds), limit: 10_000)
        while true {
            let answer = await aggregator.changes(query)
            let isSeen = answer.rows.contains {
                $0.flow.lastActivity >= since && expectation.matches($0.flow.key)
            }
            if isSeen { return true }
            guard answer.hasMore else { return false }
            query.start = .cursor(answer.cursor)
        }
    }
}

/// What the guide ended with. The service group would wrap it, and a person wants the reason alone.
final class GuideOutcome: Sendable {
    private let error = Mutex<(any Error)?>(nil)

    var failure: (any Error)? { error.withLock { $0 } }

    func fail(_ reason: any Error) { error.withLock { $0 = reason } }
}

/// The guide as a service: when it returns the lab ends, in order.
struct GuideService: Service {
    let guide: LabGuide
    let outcome: GuideOutcome

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await guide.run() }
        } catch is CancellationError {
            // Asked to stop.
        } catch {
            outcome.fail(error)
        }
    }
}
