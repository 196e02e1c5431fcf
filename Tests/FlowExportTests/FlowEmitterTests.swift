// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import Logging
import NetworkModel
import ServiceLifecycle
import Testing

@testable import FlowExport

@Suite("Flow emitter")
struct FlowEmitterTests {
    let scratch = Scratch()
    let source = StoreSource()
    let receiver = FakeReceiver()
    let pauses = Pauses()

    /// Blocks of 4 windows with 2 windows of delay, as in the cases of the flow API.
    private func emitter(
        progress: Bool = false, switchFile: Bool = false, maximumBodyFlows: Int = 10_000,
        maximumBodyBytes: Int = 1 << 20, source: StoreSource? = nil
    ) -> FlowEmitter {
        FlowEmitter(
            FlowEmitter.Configuration(
                windowsPerBlock: 4, delayWindows: 2,
                progressFile: progress ? "\(scratch.path)/progress" : nil,
                switchFile: switchFile ? "\(scratch.path)/switch" : nil, retry: EmissionRetry(jitter: 0),
                maximumBodyFlows: maximumBodyFlows, maximumBodyBytes: maximumBodyBytes),
            source: source ?? self.source, receiver: receiver,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: { Timestamp(seconds: t0) },
            sleep: pauses.sleep)
    }

    /// Rolls over window by window and lets the emitter look each time.
    private func tick(_ emitter: FlowEmitter, _ windows: ClosedRange<Int64>) async {
        for window in windows {
            source.advance(to: window * 15)
            await emitter.sendDueBlocks()
        }
    }

    @Test("case E01: windows are summed once they are the delay behind the filling one")
    func caseE01() async {
        let emitter = emitter()
        source.push("a", at: 0, packets: 1)
        source.push("a", at: 15, packets: 2)
        source.push("b", at: 16, packets: 4)
        await tick(emitter, 1...3)
        #expect(receiver.look() == ["a 0..15 1"])
        #expect(emitter.status.doneSeconds == t0 + 15)
        await tick(emitter, 4...4)
        #expect(receiver.look() == [])
        await tick(emitter, 5...8)
        #expect(receiver.look() == ["a 15..30 2, b 15..30 4"])
        #expect(emitter.status.doneSeconds == t0 + 75)
        #expect(emitter.status.sentBlocks == 2)
        #expect(emitter.status.sentFlows == 3)
    }

    @Test("a block sums windows, and late flows of a block that was sent stay")
    func sums() async {
        let emitter = emitter()
        source.push("a", at: 0)
        await tick(emitter, 1...3)
        _ = receiver.look()
        source.push("a", at: 14, packets: 100)
        source.push("a", at: 20, packets: 2)
        source.push("a", at: 40, packets: 3)
        await tick(emitter, 4...30)
        #expect(receiver.look() == ["a 15..45 5"])
        #expect(emitter.status.lateFlows == 1)
    }

    @Test("after a start nothing is sent before late flows had their time")
    func settling() async {
        for at in stride(from: Int64(-300), to: 0, by: 15) { source.push("a", at: at) }
        let emitter = emitter()
        await emitter.sendDueBlocks()
        await tick(emitter, 1...1)
        #expect(receiver.look() == [])
        source.push("late", at: -290)
        await tick(emitter, 2...2)
        #expect(
            receiver.look() == [
                "a -300..-240 4, late -300..-285 1", "a -240..-180 4", "a -180..-120 4", "a -120..-60 4",
                "a -60..0 4",
            ])
    }

    @Test("a block of more than one body goes in several requests")
    func parts() async {
        let emitter = emitter(maximumBodyBytes: 1_400)
        for name in ["a", "b", "c", "d", "e"] { source.push(name, at: 0) }
        receiver.fail(1)
        await tick(emitter, 1...3)
        #expect(receiver.look() == ["a 0..15 1, b 0..15 1", "c 0..15 1, d 0..15 1", "e 0..15 1"])
        #expect(receiver.tries == 4)
        #expect(emitter.status.sentBlocks == 1)
        #expect(emitter.status.sentFlows == 5)
    }

    @Test("a block of many flows is read in pieces, and each flow is in one of them", arguments: [1, 7, 100])
    func pieces(limit: Int) async {
        let emitter = emitter(maximumBodyFlows: limit)
        let names = (0..<50).map { "flow-\($0)" }
        for name in names { source.push(name, at: 0) }
        source.advance(to: 15)
        for name in names { source.push(name, at: 15) }
        source.advance(to: 60)
        await emitter.sendDueBlocks()
        let bodies = receiver.look().map { $0.split(separator: ", ") }
        #expect(bodies.dropLast().allSatisfy { $0.count == limit })
        #expect(Set(bodies.joined().map(String.init)) == Set(names.map { "\($0) 0..30 2" }))
        #expect(bodies.joined().count == names.count)
        #expect(emitter.status.sentFlows == 50)
    }

    @Test("flows that come when their window was sent are counted, each time, and those in time are not")
    func lateFlows() async {
        let emitter = emitter()
        source.push("a", at: 0)
        source.push("b", at: 0)
        source.push("a", at: 15)
        await tick(emitter, 1...3)
        #expect(emitter.status.lateFlows == 0)
        source.push("a", at: 14)
        source.push("new", at: 14)
        source.push("b", at: 16)
        await tick(emitter, 4...4)
        #expect(emitter.status.lateFlows == 2)
        source.push("a", at: 1)
        await tick(emitter, 5...20)
        #expect(emitter.status.lateFlows == 3)
        #expect(receiver.look() == ["a 0..15 1, b 0..15 1", "a 15..30 1, b 15..30 1"])
        #expect(emitter.status.losses.map(\.count) == [0, 0, 0, 3])
    }

    @Test("what nodes send again right after a restart is not late")
    func redelivery() async {
        scratch.write("\(t0 + 15)\n", to: "progress")
        let emitter = emitter(progress: true)
        await emitter.loadProgress()
        source.push("a", at: 0)
        await tick(emitter, 1...20)
        #expect(receiver.look() == [])
        #expect(emitter.status.lateFlows == 0)
    }

    // MARK: - Retries

    @Test("a request that failed is sent again, the same, before anything newer")
    func retry() async {
        let emitter = emitter()
        source.push("a", at: 0)
        source.push("a", at: 15)
        source.advance(to: 200)
        receiver.fail(3)
        pauses.inEach { [source] in source.push("late", at: 0) }
        await emitter.sendDueBlocks()
        #expect(receiver.look() == ["a 0..30 2"])
        #expect(pauses.taken == [.seconds(1), .seconds(2), .seconds(4)])
        let status = emitter.status
        #expect(status.retries == 3)
        #expect(status.givenUpBlocks == 0)
        #expect(status.lastProblem == "the fake \\u{1b}refuses")
        #expect(status.lastSuccess == Timestamp(seconds: t0))
    }

    @Test("after all retries a block is given up and counted, and the next one is sent")
    func giveUp() async {
        let emitter = emitter(maximumBodyBytes: 1_400)
        for name in ["a", "b", "c"] { source.push(name, at: 0) }
        source.advance(to: 30)
        receiver.fail(16)
        await tick(emitter, 3...3)
        #expect(receiver.look() == [])
        #expect(receiver.tries == 16)
        #expect(emitter.status.doneSeconds == t0 + 15)
        source.push("next", at: 60)
        await tick(emitter, 4...10)
        #expect(receiver.look() == ["next 60..75 1"])
        let status = emitter.status
        #expect(
            [status.givenUpBlocks, status.givenUpFlows, status.sentBlocks, status.sentFlows] == [1, 3, 1, 1])
        #expect(status.losses.map(\.count) == [1, 3, 0, 0])
    }

    @Test("flows that were taken before the rest of their block was given up count as sent")
    func giveUpRest() async {
        let emitter = emitter(maximumBodyBytes: 1_400)
        for name in ["a", "b", "c"] { source.push(name, at: 0) }
        source.advance(to: 45)
        receiver.fail(16, afterTaking: 1)
        await emitter.sendDueBlocks()
        #expect(receiver.look() == ["a 0..15 1, b 0..15 1"])
        let status = emitter.status
        #expect(
            [status.givenUpBlocks, status.givenUpFlows, status.sentBlocks, status.sentFlows] == [1, 1, 0, 2])
    }

    @Test("flows of pieces that were not read are given up, too")
    func giveUpPieces() async {
        let emitter = emitter(maximumBodyFlows: 2)
        for name in ["a", "b", "c", "d", "e"] { source.push(name, at: 0) }
        source.advance(to: 45)
        receiver.fail(16, afterTaking: 1)
        await emitter.sendDueBlocks()
        #expect(receiver.look() == ["a 0..15 1, b 0..15 1"])
        #expect([emitter.status.givenUpFlows, emitter.status.sentFlows] == [3, 2])
    }

    @Test("blocks that wait are told")
    func backlog() async {
        let emitter = emitter()
        for at in stride(from: Int64(0), to: 300, by: 15) { source.push("a", at: at); source.advance(to: at) }
        #expect(emitter.status.dueBlocks == 5)
        await emitter.sendDueBlocks()
        #expect(emitter.status.dueBlocks == 0)
    }

    @Test("windows that leave the history before they are sent are counted")
    func lostWindows() async {
        let source = StoreSource(FlowStoreLimits(windowCount: 10))
        let emitter = emitter(source: source)
        for at in [Int64(0), 15, 30, 45, 60] { source.push("a", at: at); source.advance(to: at) }
        receiver.fail(1)
        // While the first block is being retried, time passes the ring.
        pauses.inEach { source.advance(to: 15 * 12) }
        await emitter.sendDueBlocks()
        // The first block ends at 30, and the ring begins at 60 then.
        #expect(receiver.look() == ["a 0..30 2", "a 60..75 1"])
        #expect(emitter.status.lostWindows == 2)
    }

    // MARK: - Restarts

    @Test("what was sent is not sent again after a restart, and what was not is")
    func restart() async {
        let first = emitter(progress: true)
        await first.loadProgress()
        source.push("a", at: 0)
        await tick(first, 1...3)
        #expect(receiver.look() == ["a 0..15 1"])
        #expect(scratch.read("progress") == "\(t0 + 15)\n")
        source.push("a", at: 20)
        let second = emitter(progress: true)
        await second.loadProgress()
        await tick(second, 4...10)
        #expect(receiver.look() == ["a 15..30 1"])
        #expect(scratch.read("progress") == "\(t0 + 75)\n")
        #expect(scratch.read("progress.tmp") == nil)
    }

    @Test("a block in retry at the end of a run is not done, whatever is newer")
    func restartInRetry() async {
        let first = emitter(progress: true)
        source.push("old", at: 0)
        source.advance(to: 60)
        source.push("new", at: 60)
        source.advance(to: 150)
        receiver.fail(2)
        pauses.inEach { withUnsafeCurrentTask { $0?.cancel() } }
        await Task { await first.sendDueBlocks() }.value
        #expect(receiver.look() == [])
        #expect(scratch.read("progress") == nil)
        receiver.fail(0)
        let second = emitter(progress: true)
        await second.loadProgress()
        await tick(second, 12...12)
        #expect(receiver.look() == ["old 0..15 1", "new 60..75 1"])
    }

    @Test("progress from the future is forgotten: the clock was set back")
    func futureProgress() async {
        scratch.write("\(t0 + 86_400)\n", to: "progress")
        let emitter = emitter(progress: true)
        await emitter.loadProgress()
        source.push("a", at: 0)
        await tick(emitter, 1...3)
        #expect(receiver.look() == ["a 0..15 1"])
    }

    @Test(
        "progress that is none is said and left aside",
        arguments: ["", "soon", String(repeating: "1", count: 100)])
    func badProgress(text: String) async {
        scratch.write(text, to: "progress")
        let emitter = emitter(progress: true)
        await emitter.loadProgress()
        #expect(emitter.status.doneSeconds == nil)
        #expect(emitter.status.lastProblem?.contains("progress") == true)
    }

    @Test("progress that cannot be kept is counted, and flows are sent all the same")
    func unwritableProgress() async {
        let emitter = FlowEmitter(
            FlowEmitter.Configuration(
                windowsPerBlock: 4, delayWindows: 2, progressFile: "\(scratch.path)/missing/progress"),
            source: source, receiver: receiver,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            now: { Timestamp(seconds: t0) }, sleep: pauses.sleep)
        await emitter.loadProgress()
        source.push("a", at: 0)
        await tick(emitter, 1...3)
        #expect(receiver.look() == ["a 0..15 1"])
        #expect(emitter.status.progressFailures == 1)
        #expect(emitter.status.lastProblem?.contains("make its directory") == true)
    }

    // MARK: - The switch

    @Test("off, on, off and on again are all followed, and what the history holds is sent then")
    func switching() async {
        let emitter = emitter(switchFile: true)
        await emitter.readSwitch()
        #expect(!emitter.status.isOn)
        source.push("a", at: 0)
        await tick(emitter, 1...3)
        #expect(receiver.look() == [])

        scratch.write(#"{"emitFlows": true}"#, to: "switch")
        #expect(await emitter.readSwitch())
        await tick(emitter, 4...4)
        #expect(receiver.look() == ["a 0..15 1"])

        source.push("a", at: 60)
        scratch.write(#"{"emitFlows": false}"#, to: "switch")
        #expect(await !emitter.readSwitch())
        await tick(emitter, 5...20)
        #expect(receiver.look() == [])
        scratch.remove("switch")
        #expect(await !emitter.readSwitch())
        await tick(emitter, 21...21)
        #expect(receiver.look() == [])

        scratch.write(#"{"emitFlows": true}"#, to: "switch")
        #expect(await emitter.readSwitch())
        #expect(await !emitter.readSwitch())
        await emitter.sendDueBlocks()
        #expect(receiver.look() == ["a 60..75 1"])
        #expect(emitter.status.lostWindows == 0)
    }

    @Test("turned off during a retry, a block waits until emission is on again")
    func offInRetry() async {
        scratch.write(#"{"emitFlows": true}"#, to: "switch")
        let emitter = emitter(switchFile: true)
        await emitter.readSwitch()
        source.push("a", at: 0)
        source.advance(to: 45)
        receiver.fail(1)
        scratch.write("{", to: "switch")
        pauses.inEach { await emitter.readSwitch() }
        await emitter.sendDueBlocks()
        #expect(receiver.look() == [])
        #expect(receiver.tries == 1)
        scratch.write(#"{"emitFlows": true}"#, to: "switch")
        await emitter.readSwitch()
        await emitter.sendDueBlocks()
        #expect(receiver.look() == ["a 0..15 1"])
        #expect(emitter.status.givenUpBlocks == 0)
    }

    @Test("turned off between the requests of a block, nothing more is sent")
    func offBetweenRequests() async {
        scratch.write(#"{"emitFlows": true}"#, to: "switch")
        let emitter = emitter(switchFile: true, maximumBodyFlows: 1)
        await emitter.readSwitch()
        for name in ["a", "b"] { source.push(name, at: 0) }
        source.advance(to: 45)
        scratch.write(#"{"emitFlows": false}"#, to: "switch")
        receiver.afterEach { await emitter.readSwitch() }
        await emitter.sendDueBlocks()
        #expect(receiver.look() == ["a 0..15 1"])
        #expect(emitter.status.doneSeconds == nil)
    }

    // MARK: - The service

    @Test("as a service it sends after roll-overs, and shuts the receiver down in the end")
    func service() async throws {
        scratch.write(#"{"emitFlows": true}"#, to: "switch")
        let emitter = FlowEmitter(
            FlowEmitter.Configuration(
                windowsPerBlock: 4, delayWindows: 2, progressFile: "\(scratch.path)/progress",
                switchFile: "\(scratch.path)/switch"),
            source: source, receiver: receiver,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            now: { Timestamp(seconds: t0) })
        source.push("a", at: 0)
        let run = Task { try await emitter.run() }
        var taken = receiver.taken.stream.makeAsyncIterator()
        source.advance(to: 45)
        #expect(await taken.next() != nil)
        source.push("a", at: 20)
        source.advance(to: 15 * 7)
        #expect(await taken.next() != nil)
        run.cancel()
        try await run.value
        #expect(receiver.look() == ["a 0..15 1", "a 15..30 1"])
        #expect(receiver.isShutDown)
    }

    @Test("a graceful end does not wait for a pause, and what was not taken is not done")
    func endInPause() async throws {
        let emitter = FlowEmitter(
            FlowEmitter.Configuration(
                windowsPerBlock: 4, delayWindows: 2, progressFile: "\(scratch.path)/progress",
                retry: EmissionRetry(firstPause: .seconds(86_400), longestPause: .seconds(86_400))),
            source: source, receiver: receiver,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            now: { Timestamp(seconds: t0) })
        source.push("a", at: 0)
        receiver.fail(1)
        let group = ServiceGroup(
            services: [emitter], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let run = Task { try await group.run() }
        var tried = receiver.tried.stream.makeAsyncIterator()
        source.advance(to: 45)
        await tried.next()
        await group.triggerGracefulShutdown()
        try await run.value
        #expect(receiver.isShutDown)
        #expect(receiver.look() == [])
        #expect(emitter.status.doneSeconds == nil)
        #expect(scratch.read("progress") == nil)
    }
}
