// SPDX-License-Identifier: Apache-2.0
//
// FlowExport: flows of closed windows, summed over blocks of windows and sent to another system over HTTP.
// Which block is due, its lines, retries and the files are values and functions; FlowEmitter carries them
// out. HTTPFlowReceiver is the only file that knows HTTP. What flows are and how long they are kept is
// decided elsewhere.

internal import FlowStore
public import Logging
public import NetworkModel
public import ServiceLifecycle
internal import Synchronization

/// Sends the flows of closed windows on, block by block (flow API 3.5).
///
/// ```
/// roll-over ─┐                  due?                 200            next request, next block
/// switch on ─┴▶ snapshot ─▶ oldest block ─▶ request ─────▶ progress ─▶ ...
///                                              ▲  └─ else ─ pause ─┐
///                                              └───────────────────┘ 15 retries, then the block is given up
/// ```
/// Blocks are sent strictly in order, one request at a time, so the end of the newest one that was dealt with
/// is all that has to be kept over a restart, and no success of a newer block can hide an older one. While
/// the process runs, each block is delivered at least once or counted as given up.
public final class FlowEmitter: Service {
    public struct Configuration: Hashable, Sendable {
        /// Windows whose flows are summed; at least 1.
        public var windowsPerBlock: Int
        /// Windows that late flows have time for, after their own; not negative.
        public var delayWindows: Int
        /// Where progress is kept over restarts; nil: nowhere.
        public var progressFile: String?
        /// A file, `{"emitFlows": true}`, that turns emission on and off; nil: it is on.
        public var switchFile: String?
        /// Time between two looks at the switch file.
        public var switchPollInterval: Duration
        public var retry: EmissionRetry
        /// Bounds of one request. A block with more goes in several requests; a single flow with more bytes
        /// goes alone.
        public var maximumBodyFlows: Int
        public var maximumBodyBytes: Int

        public init(
            windowsPerBlock: Int = 20, delayWindows: Int = 2, progressFile: String? = nil,
            switchFile: String? = nil, switchPollInterval: Duration = .seconds(30),
            retry: EmissionRetry = EmissionRetry(), maximumBodyFlows: Int = 10_000,
            maximumBodyBytes: Int = 16 << 20
        ) {
            precondition((1...60_000).contains(windowsPerBlock), "windowsPerBlock is 1 to 60000")
            precondition((0...60_000).contains(delayWindows), "delayWindows is 0 to 60000")
            precondition(maximumBodyFlows > 0, "maximumBodyFlows is positive")
            precondition(maximumBodyBytes > 0, "maximumBodyBytes is positive")
            self.windowsPerBlock = windowsPerBlock
            self.delayWindows = delayWindows
            self.progressFile = progressFile
            self.switchFile = switchFile
            self.switchPollInterval = switchPollInterval
            self.retry = retry
            self.maximumBodyFlows = maximumBodyFlows
            self.maximumBodyBytes = maximumBodyBytes
        }
    }

    struct State {
        var status = FlowEmitterStatus()
        /// Windows with flows that had not been sent at the last look, and where the history ended then.
        var waiting: [Int64] = []
        var seenHeadSeconds: Int64 = .max
        /// The latest change of the history at the last look.
        var seenChange: UInt64 = .max
        /// What the switch file said at the last look.
        var lastSwitch: EmissionSwitch?
    }

    let configuration: Configuration
    let source: any FlowEmissionSource
    let receiver: any FlowReceiving
    let logger: Logger
    let now: @Sendable () -> Timestamp
    let sleep: @Sendable (Duration) async throws -> Void
    let schedule: EmissionSchedule
    /// Nothing is sent before this window fills: after a start, collectors deliver again what they hold, and
    /// need the time that late flows have anyway.
    let settledSeconds: Int64
    let state: Mutex<State>

    /// `now` tells the wall time, for the status alone; `sleep` waits, and throws when its task is cancelled.
    public init(
        _ configuration: Configuration, source: any FlowEmissionSource, receiver: any FlowReceiving,
        logger: Logger, now: @escaping @Sendable () -> Timestamp,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.configuration = configuration
        self.source = source
        self.receiver = receiver
        self.logger = logger
        self.now = now
        self.sleep = sleep
        let history = source.snapshot()
        schedule = EmissionSchedule(
            windowSeconds: history.windowSeconds, windowsPerBlock: configuration.windowsPerBlock,
            delayWindows: configuration.delayWindows)
        settledSeconds = history.fillingSeconds + schedule.delaySeconds
        var state = State()
        state.status.isOn = configuration.switchFile == nil
        self.state = Mutex(state)
    }

    /// What was done and is to be done, as of now.
    public var status: FlowEmitterStatus {
        var status = state.withLock(\.status)
        let history = source.snapshot()
        let due = schedule.dueSeconds(fillingSeconds: history.fillingSeconds)
        let filled = history.filledWindows(from: .min, before: due)
        status.dueBlocks = schedule.dueBlocks(filled: filled, done: status.doneSeconds, due: due).count
        return status
    }

    // MARK: - Service

    /// Sends until the task is cancelled or the service group shuts down. Run once; it shuts the receiver
    /// down in the end.
    ///
    /// - Throws: `FlowExportError` when the source has no room for one more to follow it.
    public func run() async throws {
        guard let rollOvers = source.rollOvers() else {
            await receiver.shutDown()
            throw FlowExportError(
                .tooManyReaders, "follow", "windows", "too many follow them; this is a mistake in wiring")
        }
        await cancelWhenGracefulShutdown { await self.work(rollOvers) }
        await receiver.shutDown()
    }

    private func work(_ rollOvers: AsyncStream<Void>) async {
        let (wakes, wake) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        await loadProgress()
        await readSwitch()
        await withDiscardingTaskGroup { group in
            group.addTask {
                for await _ in rollOvers { wake.yield() }
            }
            if configuration.switchFile != nil {
                group.addTask { await self.followSwitch { wake.yield() } }
            }
            wake.yield()
            for await _ in wakes { await sendDueBlocks() }
            group.cancelAll()
        }
    }

    private func followSwitch(_ isTurnedOn: @Sendable () -> Void) async {
        // It throws when it is cancelled.
        while (try? await sleep(configuration.switchPollInterval)) != nil {
            if await readSwitch() { isTurnedOn() }
        }
    }

    // MARK: - Files

    /// Takes up where the progress file says that the last run ended.
    func loadProgress() async {
        guard let path = configuration.progressFile else { return }
        do throws(FlowExportError) {
            let file = SmallFile(path: path, maximumBytes: EmissionProgress.maximumBytes)
            guard let bytes = try await file.read() else { return }
            guard let progress = EmissionProgress(bytes) else {
                throw FlowExportError(
                    .file, "read", path, "it is no number of seconds; flows are sent as if there were no file"
                )
            }
            // The width of windows may have been another.
            let done = progress.doneSeconds - progress.doneSeconds % schedule.windowSeconds
            state.withLock { $0.status.doneSeconds = done }
        } catch {
            note(error)
            logger.warning("the emitter's progress is not known", metadata: ["problem": "\(error)"])
        }
    }

    func saveProgress(_ doneSeconds: Int64) async {
        guard let path = configuration.progressFile else { return }
        do throws(FlowExportError) {
            try await SmallFile(path: path, maximumBytes: EmissionProgress.maximumBytes)
                .replace(with: EmissionProgress(doneSeconds: doneSeconds).bytes)
        } catch {
            state.withLock { $0.status.progressFailures += 1 }
            note(error)
            logger.warning("the emitter's progress is not kept", metadata: ["problem": "\(error)"])
        }
    }

    /// Looks at the switch file. Returns whether it has just turned emission on.
    @discardableResult
    func readSwitch() async -> Bool {
        guard let path = configuration.switchFile else { return false }
        let new: EmissionSwitch
        do throws(FlowExportError) {
            let file = SmallFile(path: path, maximumBytes: EmissionSwitch.maximumBytes)
            new = try await file.read().map { EmissionSwitch($0) } ?? .unusable("there is no such file")
        } catch {
            new = .unusable(error.message)
        }
        let (isNew, isTurnedOn) = state.withLock { state in
            let isNew = state.lastSwitch != new
            let isTurnedOn = new == .on && !state.status.isOn
            state.lastSwitch = new
            state.status.isOn = new == .on
            // What leaves the history while it is off is not lost: nobody wanted it.
            if new != .on {
                state.waiting = []
                state.seenHeadSeconds = .max
            }
            return (isNew, isTurnedOn)
        }
        guard isNew else { return false }
        let metadata: Logger.Metadata = ["file": "\(path.printable(limit: 256))"]
        switch new {
        case .on: logger.notice("emission of flows is on", metadata: metadata)
        case .off: logger.notice("emission of flows is off", metadata: metadata)
        case .unusable(let reason):
            logger.warning(
                "emission of flows is off: the switch file cannot be used",
                metadata: metadata.merging(["reason": "\(reason.printable(limit: 384))"]) { $1 })
        }
        return isTurnedOn
    }

    func note(_ error: any Error) {
        let text = "\(error)".printable(limit: 512)
        let time = now()
        state.withLock {
            $0.status.lastProblem = text
            $0.status.lastProblemTime = time
        }
    }
}
