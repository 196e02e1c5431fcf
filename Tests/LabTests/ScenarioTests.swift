// SPDX-License-Identifier: Apache-2.0

import FlowModel
import Glibc
import NetworkModel
import PolicyModel
import Synchronization
import Testing

@testable import Lab

@Suite("Scenarios")
struct ScenarioTests {
    @Test(
        "every file that a scenario writes exists, and every file of it is written", arguments: Scenario.all)
    func filesExist(_ scenario: Scenario) throws {
        let folder = "\(LabManifests.bundledShop)/scenarios/\(scenario.name)"
        var named: Set<String> = []
        for case .write(let source, _) in scenario.steps.flatMap(\.changes) {
            named.insert(source)
            #expect(LabFile.read("\(folder)/\(source)", maximumBytes: 1 << 20) != nil, "\(source)")
        }
        let directory = try #require(opendir(folder))
        defer { closedir(directory) }
        var found: Set<String> = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".yaml") { found.insert(name) }
        }
        #expect(found == named)
        #expect(scenario.steps.allSatisfy { !$0.expectations.isEmpty && !$0.look.isEmpty })
    }

    /// A world in which time passes only by sleeping, and expectations are seen as the script says.
    final class World: Sendable {
        private let time = Mutex<Int64>(1_000_000_000_000)
        private let texts = Mutex<[String]>([])
        private let reports = Mutex<[ScenarioProgress?]>([])
        let sees: @Sendable (FlowExpectation, Int64) -> Bool

        init(sees: @escaping @Sendable (FlowExpectation, Int64) -> Bool) { self.sees = sees }

        var elapsed: Int64 { time.withLock { $0 } - 1_000_000_000_000 }
        var shown: String { texts.withLock { $0.joined() } }
        var progress: [ScenarioProgress?] { reports.withLock { $0 } }

        var environment: ScenarioRunner.Environment {
            ScenarioRunner.Environment(
                observe: { expectation, _ in self.sees(expectation, self.elapsed) },
                present: { text in self.texts.withLock { $0.append(text) } },
                report: { progress in self.reports.withLock { $0.append(progress) } },
                now: { Timestamp(nanoseconds: self.time.withLock { $0 }) },
                sleep: { duration in self.time.withLock { $0 += duration.nanoseconds } })
        }
    }

    @Test("runs by itself to the end when flows are as expected", arguments: Scenario.all)
    func automatic(_ scenario: Scenario) async throws {
        let directory = try TestDirectory()
        let world = World { expectation, _ in expectation.isPresent }
        let runner = ScenarioRunner(
            scenario, directory: directory.path, pace: .automatic, environment: world.environment)
        try await runner.run()
        #expect(world.progress.compactMap { $0?.step } == [1, 2, 3])
        #expect(world.progress.last == .some(nil))
        #expect(world.shown.contains("End of the scenario."))
        #expect(!directory.names.isEmpty)
        #expect(directory.names.allSatisfy { $0.hasSuffix(".yaml") && !$0.hasPrefix(".") })
    }

    @Test("fails after 30 s and says what was missing")
    func missingFlow() async throws {
        let directory = try TestDirectory()
        let world = World { expectation, _ in expectation.action == .allow }
        let runner = ScenarioRunner(
            .misconfiguration, directory: directory.path, pace: .automatic, environment: world.environment)
        let error = await #expect(throws: LabError.self) { try await runner.run() }
        #expect(error?.code == .expectationFailed)
        #expect(error?.subject == "A stricter policy, with a mistake")
        #expect(
            error?.message.contains("Deny shop/catalog-5c9f7d8b6d-* -> data/db-0:5432 by db-access") == true)
        #expect((30_000_000_000...31_000_000_000).contains(world.elapsed))
    }

    @Test("an absent flow must stay away for five seconds in a row")
    func absence() async throws {
        let directory = try TestDirectory()
        let step = ScenarioStep(
            title: "t", narrative: "n", look: "l",
            expectations: [
                FlowExpectation(
                    from: .publicNetwork, to: Scenario.database, port: 1, reporter: .source, .deny,
                    isPresent: false)
            ])
        let world = World { _, elapsed in elapsed < 10_000_000_000 }
        let runner = ScenarioRunner(
            Scenario(name: "x", title: "x", steps: [step]), directory: directory.path, pace: .automatic,
            environment: world.environment)
        try await runner.run()
        #expect((14_500_000_000...16_000_000_000).contains(world.elapsed))
    }

    @Test("interactively, the person says when to go on, and may stop")
    func interactive() async throws {
        let directory = try TestDirectory()
        let world = World { _, _ in false }
        let presses = Mutex(0)
        let runner = ScenarioRunner(
            .staged, directory: directory.path,
            pace: .interactive {
                presses.withLock { count in
                    count += 1
                    return count < 2
                }
            }, environment: world.environment)
        try await runner.run()
        #expect(world.progress.compactMap { $0?.step } == [1, 2])
        #expect(directory.text("60-db-access.yaml")?.contains("access/db == 'true'") == true)
        #expect(world.elapsed == 0)
    }

    @Test("an expectation looks at every part of a flow's key")
    func matching() {
        let policy = PolicyID(kind: .networkPolicy, namespace: "data", name: "db-access")
        let hit = PolicyHit(place: .rule(policy, index: 1), tier: "default", action: .deny, policyIndex: 0)
        let key = FlowKey(
            source: FlowEndpoint(type: .workload, name: "catalog-5c9f7d8b6d-*", namespace: "shop"),
            destination: FlowEndpoint(type: .workload, name: "db-0", namespace: "data"),
            destinationPort: 5432,
            transport: "tcp", reporter: .destination, action: .deny,
            trace: FlowTrace(PolicyTrace(enforced: [hit], pending: [hit])))
        let expectation = FlowExpectation(
            from: Scenario.catalog, to: Scenario.database, port: 5432, reporter: .destination, .deny,
            pending: .deny, policy: "db-access", pendingPolicy: "db-access")
        #expect(expectation.matches(key))
        let changes: [(inout FlowKey) -> Void] = [
            { $0.source.name = "x" }, { $0.source.namespace = "x" }, { $0.destination.name = "x" },
            { $0.destination.namespace = "x" }, { $0.destinationPort = 1 }, { $0.reporter = .source },
            { $0.action = .allow }, { $0.trace.enforced = [] }, { $0.trace.pending = [] },
        ]
        for change in changes {
            var other = key
            change(&other)
            #expect(!expectation.matches(other))
        }
    }
}

@Suite("Lab manifests")
struct LabManifestsTests {
    @Test("fills a new or empty directory, and no other")
    func prepare() throws {
        let parent = try TestDirectory()
        let fresh = parent.path + "/fresh"
        #expect(try LabManifests.prepare(directory: fresh) == fresh)
        #expect(LabFile.read(fresh + "/00-namespaces.yaml", maximumBytes: 1 << 20) != nil)
        let again = #expect(throws: LabError.self) { try LabManifests.prepare(directory: fresh) }
        #expect(again?.code == .directoryInUse)
        let file = parent.path + "/file"
        try LabFile.write("mine", to: file)
        #expect(throws: LabError.self) { try LabManifests.prepare(directory: file) }
        #expect(parent.text("file") == "mine")
    }

    @Test("the default directory is the lab's own and is made anew")
    func replaces() throws {
        let parent = try TestDirectory()
        let path = parent.path + "/manifests"
        _ = try LabManifests.prepare(directory: path, replacesOwn: true)
        try LabFile.write("old", to: path + "/60-db-access.yaml")
        _ = try LabManifests.prepare(directory: path, replacesOwn: true)
        #expect(LabFile.read(path + "/60-db-access.yaml", maximumBytes: 100) == nil)
        try LabFile.write("", to: parent.path + "/theirs")
        #expect(throws: LabError.self) { try LabManifests.prepare(directory: parent.path, replacesOwn: true) }
    }
}
