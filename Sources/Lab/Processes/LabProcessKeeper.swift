// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import LinuxKernel
internal import Logging
internal import Synchronization

/// The thread behind `LabProcesses`.
///
/// The read end of each child's output doubles as its death notice: it reports end of file when the child is
/// gone. A child that was told to end is looked at besides, because a process of its own may hold the output
/// open.
final class LabProcessKeeper {
    /// After SIGTERM, before SIGKILL.
    private static let graceNanoseconds: Int64 = 2_000_000_000
    /// Delay before the first restart; doubles with each exit that follows soon, up to the longest.
    private static let shortestBackOffNanoseconds: Int64 = 250_000_000
    private static let longestBackOffNanoseconds: Int64 = 10_000_000_000
    /// A process that lived this long starts again with the shortest delay.
    private static let healthyNanoseconds: Int64 = 30_000_000_000
    private static let reapRetryNanoseconds: Int64 = 20_000_000

    private struct Child {
        var process: LabProcess
        var pid: pid_t
        var startedNanoseconds: Int64
        /// -1 once it has reported end of file.
        var output: Int32
        var unfinishedLine: [UInt8] = []
        /// When to send SIGKILL; nil until told to end.
        var killNanoseconds: Int64?
        var wasKilled = false

        var mayHaveEnded: Bool { output < 0 || killNanoseconds != nil }
    }

    private struct BackOff {
        var delayNanoseconds: Int64
        var untilNanoseconds: Int64
    }

    private let executable: String
    private let shared: LabProcesses.Shared
    private let logger: Logger
    /// Where this thread is; nil is where it was born.
    private var namespacePath: String?
    private var children: [String: Child] = [:]
    private var backOffs: [String: BackOff] = [:]

    init(executable: String, shared: LabProcesses.Shared, logger: Logger) {
        self.executable = executable
        self.shared = shared
        self.logger = logger
    }

    func run() {
        while true {
            let (wanted, isStopping) = shared.wanted.withLock { ($0.processes, $0.isStopping) }
            let now = WorkloadLoop.monotonicNanoseconds
            endUnwanted(wanted, now)
            startMissing(wanted, now)
            shared.wanted.withLock { $0.counts.running = children.count }
            if isStopping, children.isEmpty { break }
            wait(wanted)
            reap()
        }
        let waiters = shared.wanted.withLock { wanted in
            wanted.hasEnded = true
            defer { wanted.waiters = [] }
            return wanted.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    // MARK: Starting and ending

    private func endUnwanted(_ wanted: [LabProcess], _ now: Int64) {
        let wantedByID = Dictionary(wanted.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        backOffs = backOffs.filter { wantedByID[$0.key] != nil }
        for (id, child) in children where wantedByID[id] != child.process {
            if let deadline = child.killNanoseconds {
                guard now >= deadline, !child.wasKilled else { continue }
                kill(-child.pid, SIGKILL)  // its process group: itself and what it may have started
                children[id]?.wasKilled = true
            } else {
                kill(-child.pid, SIGTERM)
                children[id]?.killNanoseconds = now + Self.graceNanoseconds
                // Being told to end is no failure of the next version.
                backOffs[id] = nil
            }
        }
    }

    private func startMissing(_ wanted: [LabProcess], _ now: Int64) {
        for process in wanted where children[process.id] == nil {
            if let backOff = backOffs[process.id], backOff.untilNanoseconds > now { continue }
            do {
                try enterNamespace(of: process)
                let started = try LabSpawn.start(executable, arguments: process.arguments)
                children[process.id] = Child(
                    process: process, pid: started.pid, startedNanoseconds: now, output: started.output)
            } catch {
                shared.wanted.withLock { $0.counts.failedStarts += 1 }
                postpone(process.id, lifetimeNanoseconds: 0, now)
                logger.warning(
                    "workload not started", metadata: ["workload": "\(process.id)", "reason": "\(error)"])
            }
        }
    }

    /// Threads have namespaces of their own, and nothing else happens on this one.
    private func enterNamespace(of process: LabProcess) throws(KernelError) {
        guard process.networkNamespacePath != nil || namespacePath != nil else { return }
        // The main thread never leaves the namespace that the lab was started in.
        try NetworkNamespace.enterCurrentProcess(path: process.networkNamespacePath ?? "/proc/self/ns/net")
        namespacePath = process.networkNamespacePath
    }

    private func postpone(_ id: String, lifetimeNanoseconds: Int64, _ now: Int64) {
        let isHealthy = lifetimeNanoseconds >= Self.healthyNanoseconds
        let before = isHealthy ? 0 : backOffs[id]?.delayNanoseconds ?? 0
        let delay = min(max(before * 2, Self.shortestBackOffNanoseconds), Self.longestBackOffNanoseconds)
        backOffs[id] = BackOff(delayNanoseconds: delay, untilNanoseconds: now + delay)
    }

    // MARK: Waiting

    private func wait(_ wanted: [LabProcess]) {
        var polled = [pollfd(fd: shared.wakeReadEnd, events: Int16(POLLIN), revents: 0)]
        let watched = children.filter { $0.value.output >= 0 }.map(\.key)
        for id in watched {
            polled.append(pollfd(fd: children[id]?.output ?? -1, events: Int16(POLLIN), revents: 0))
        }
        let now = WorkloadLoop.monotonicNanoseconds
        var deadlines = children.values.compactMap { $0.wasKilled ? nil : $0.killNanoseconds }
        deadlines += wanted.filter { children[$0.id] == nil }.compactMap { backOffs[$0.id]?.untilNanoseconds }
        if children.values.contains(where: \.mayHaveEnded) {
            deadlines.append(now + Self.reapRetryNanoseconds)
        }
        let timeout = deadlines.min().map { max(0, ($0 - now + 999_999) / 1_000_000) } ?? -1
        guard poll(&polled, nfds_t(polled.count), Int32(clamping: timeout)) > 0 else { return }
        if polled[0].revents != 0 {
            var drained = [UInt8](repeating: 0, count: 64)
            while read(shared.wakeReadEnd, &drained, drained.count) > 0 {}
        }
        for (id, result) in zip(watched, polled.dropFirst()) where result.revents != 0 { readOutput(id) }
    }

    /// Passes complete lines on; a line longer than 1,024 bytes is cut.
    private func readOutput(_ id: String) {
        guard var child = children[id] else { return }
        defer { children[id] = child }
        var block = [UInt8](repeating: 0, count: 4096)
        let count = read(child.output, &block, block.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else {
            close(child.output)
            child.output = -1
            return
        }
        child.unfinishedLine += block[..<count]
        while let end = child.unfinishedLine.firstIndex(of: UInt8(ascii: "\n")) {
            report(id, child.unfinishedLine[..<end])
            child.unfinishedLine.removeSubrange(...end)
        }
        if child.unfinishedLine.count > 1024 {
            report(id, child.unfinishedLine[..<1024])
            child.unfinishedLine = []
        }
    }

    private func report(_ id: String, _ line: ArraySlice<UInt8>) {
        let text = String(decoding: line, as: UTF8.self)
        logger.debug("workload says", metadata: ["workload": "\(id)", "line": "\(text)"])
    }

    private func reap() {
        let now = WorkloadLoop.monotonicNanoseconds
        for (id, child) in children where child.mayHaveEnded {
            var status: Int32 = 0
            let result = waitpid(child.pid, &status, WNOHANG)
            guard result == child.pid || (result < 0 && errno == ECHILD) else { continue }
            children[id] = nil
            if child.output >= 0 { close(child.output) }
            guard child.killNanoseconds == nil else { continue }
            shared.wanted.withLock { $0.counts.exits += 1 }
            postpone(id, lifetimeNanoseconds: now - child.startedNanoseconds, now)
            logger.notice("workload ended and is started again", metadata: ["workload": "\(id)"])
        }
    }
}
