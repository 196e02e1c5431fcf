// SPDX-License-Identifier: Apache-2.0

internal import Glibc
public import NetworkModel

/// Leads through a scenario: applies each step's changes, tells about it, and waits for the person or for the
/// flows.
public struct ScenarioRunner: Sendable {
    /// Who says when to go on.
    public enum Pace: Sendable {
        /// The closure returns when the person wants to go on, and false to stop.
        case interactive(@Sendable () async -> Bool)
        /// As soon as a step's expectations are observed.
        case automatic
    }

    /// The outside world of a run.
    public struct Environment: Sendable {
        /// True when flows that match the expectation had packets or connections at or after the time given.
        /// Presence is the runner's matter: answer only whether there are such flows.
        public var observe: @Sendable (FlowExpectation, Timestamp) async throws -> Bool
        /// Text for the terminal.
        public var present: @Sendable (String) -> Void
        /// For the status line; nil when the scenario is over.
        public var report: @Sendable (ScenarioProgress?) async -> Void
        public var now: @Sendable () -> Timestamp
        public var sleep: @Sendable (Duration) async throws -> Void

        public init(
            observe: @escaping @Sendable (FlowExpectation, Timestamp) async throws -> Bool,
            present: @escaping @Sendable (String) -> Void,
            report: @escaping @Sendable (ScenarioProgress?) async -> Void,
            now: @escaping @Sendable () -> Timestamp = { LabTime.now },
            sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
        ) {
            self.observe = observe
            self.present = present
            self.report = report
            self.now = now
            self.sleep = sleep
        }
    }

    /// How often flows are looked at.
    static let pollInterval = Duration.milliseconds(200)
    /// How long a step's expectations may take.
    static let deadlineNanoseconds: Int64 = 30_000_000_000
    /// Connections already under way when a step begins may still be reported for this long.
    static let settlingNanoseconds: Int64 = 3_000_000_000
    /// How long a flow must stay away before it counts as absent.
    static let quietNanoseconds: Int64 = 5_000_000_000

    private let scenario: Scenario
    private let directory: String
    private let pace: Pace
    private let environment: Environment

    /// `directory` is the working copy of the manifests.
    public init(_ scenario: Scenario, directory: String, pace: Pace, environment: Environment) {
        self.scenario = scenario
        self.directory = directory
        self.pace = pace
        self.environment = environment
    }

    /// Runs to the end, or until the person stops. Throws when a change cannot be made or an expectation
    /// fails.
    public func run() async throws {
        environment.present("\n\(scenario.title)\n\(String(repeating: "=", count: scenario.title.count))\n")
        for (index, step) in scenario.steps.enumerated() {
            await environment.report(progress(index))
            environment.present("\nStep \(index + 1) of \(scenario.steps.count): \(step.title)\n")
            environment.present(step.narrative + "\n")
            let start = environment.now()
            for change in step.changes { try apply(change) }
            environment.present("Look for: \(step.look)\n")
            switch pace {
            case .automatic: try await wait(for: step, since: start)
            case .interactive(let mayGoOn):
                environment.present("Press Enter to go on.\n")
                guard await mayGoOn() else { return await environment.report(nil) }
            }
        }
        environment.present("\nEnd of the scenario.\n")
        await environment.report(nil)
    }

    private func progress(_ index: Int) -> ScenarioProgress {
        let step = scenario.steps[index]
        return ScenarioProgress(
            name: scenario.name, title: scenario.title, step: index + 1, steps: scenario.steps.count,
            stepTitle: step.title, hint: step.look)
    }

    // MARK: Changes

    private func apply(_ change: ManifestChange) throws(LabError) {
        switch change {
        case .write(let source, let file):
            let path = "\(LabManifests.bundledShop)/scenarios/\(scenario.name)/\(source)"
            guard let text = LabFile.read(path, maximumBytes: 1 << 20) else {
                throw LabError(operation: "read scenario file", subject: path, message: "it cannot be read")
            }
            try LabFile.write(text, to: "\(directory)/\(file)")
        case .remove(let file):
            let path = "\(directory)/\(file)"
            guard unlink(path) == 0 || errno == ENOENT else {
                throw LabError(operation: "remove", subject: path, message: String(cString: strerror(errno)))
            }
        }
    }

    // MARK: Expectations

    private func wait(for step: ScenarioStep, since start: Timestamp) async throws {
        var open = step.expectations.map { expectation in
            let settling = expectation.isPresent ? 0 : Self.settlingNanoseconds
            return (expectation, since: Timestamp(nanoseconds: start.nanoseconds + settling))
        }
        while true {
            var stillOpen: [(FlowExpectation, since: Timestamp)] = []
            for (expectation, since) in open {
                let isSeen = try await environment.observe(expectation, since)
                let now = environment.now()
                if expectation.isPresent {
                    if !isSeen { stillOpen.append((expectation, since)) }
                } else if isSeen {
                    stillOpen.append((expectation, now))
                } else if now.nanoseconds(since: since) < Self.quietNanoseconds {
                    stillOpen.append((expectation, since))
                }
            }
            open = stillOpen
            guard let first = open.first else { return environment.present("Observed.\n") }
            guard environment.now().nanoseconds(since: start) < Self.deadlineNanoseconds else {
                throw LabError(
                    .expectationFailed, operation: "finish step", subject: step.title,
                    message: "within 30 s the flows did not show: \(first.0)"
                        + (open.count > 1 ? " (and \(open.count - 1) more)" : ""))
            }
            try await environment.sleep(Self.pollInterval)
        }
    }
}

/// Wall-clock time.
public enum LabTime {
    /// CLOCK_REALTIME.
    public static var now: Timestamp {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(nanoseconds: Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec))
    }
}
