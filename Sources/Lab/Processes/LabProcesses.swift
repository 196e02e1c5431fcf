// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import LinuxKernel
public import Logging
internal import Synchronization

/// A workload process that should run.
public struct LabProcess: Hashable, Sendable {
    /// Unique, such as `shop/frontend-x`; for messages.
    public var id: String
    /// Arguments after the program's name.
    public var arguments: [String]
    /// The network namespace to be born in; nil is the lab's own.
    public var networkNamespacePath: String?
    /// Another number means another surrounding (a namespace made anew): the process is started again.
    public var incarnation: UInt64

    public init(
        id: String, arguments: [String], networkNamespacePath: String? = nil, incarnation: UInt64 = 0
    ) {
        self.id = id
        self.arguments = arguments
        self.networkNamespacePath = networkNamespacePath
        self.incarnation = incarnation
    }
}

/// Counts of what a lab's processes did.
public struct LabProcessCounts: Hashable, Sendable {
    /// Running now.
    public var running = 0
    /// Ended without being told to, since the start.
    public var exits: UInt64 = 0
    /// Could not be started, since the start.
    public var failedStarts: UInt64 = 0

    public init() {}
}

/// Keeps the lab's workload processes running: starts, stops, and starts again with a growing delay what
/// ends.
///
/// One thread of its own starts and reaps them all; it must outlive them, because a workload dies with the
/// *thread* that started it (prctl(2), PR_SET_PDEATHSIG). The thread enters the network namespace before each
/// start, so that every thread of the child is in it from its first instruction. No shell, no names: only its
/// own children, by their ids.
public final class LabProcesses: Sendable {
    struct Wanted {
        var processes: [LabProcess] = []
        var isStopping = false
        var waiters: [CheckedContinuation<Void, Never>] = []
        var counts = LabProcessCounts()
        var hasEnded = false
    }

    final class Shared: Sendable {
        let wanted = Mutex(Wanted())
        /// The pipe that wakes the thread. Both ends stay open as long as anybody may write.
        let wakeReadEnd: Int32
        private let wakeWriteEnd: Int32

        init() throws(LabError) {
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else {
                throw LabError(operation: "create pipe", message: String(cString: strerror(errno)))
            }
            for end in ends {
                _ = fcntl(end, F_SETFD, FD_CLOEXEC)
                _ = fcntl(end, F_SETFL, O_NONBLOCK)
            }
            (wakeReadEnd, wakeWriteEnd) = (ends[0], ends[1])
        }

        deinit {
            close(wakeReadEnd)
            close(wakeWriteEnd)
        }

        func wake() {
            // A full pipe wakes as well.
            var byte: UInt8 = 1
            _ = write(wakeWriteEnd, &byte, 1)
        }
    }

    private let shared: Shared

    /// `executable` is run as `vibrissa ARGUMENTS`; a test may give another program.
    public init(executable: String = "/proc/self/exe", logger: Logger) throws {
        let shared = try Shared()
        self.shared = shared
        _ = try DedicatedThread.start("lab-processes") {
            LabProcessKeeper(executable: executable, shared: shared, logger: logger).run()
        }
    }

    /// Makes exactly these run: new ones start, missing ones are told to end, changed ones start anew.
    /// Returns at once.
    public func reconcile(_ processes: [LabProcess]) {
        shared.wanted.withLock { if !$0.isStopping { $0.processes = processes } }
        shared.wake()
    }

    public var counts: LabProcessCounts { shared.wanted.withLock { $0.counts } }

    /// Ends them all: SIGTERM, after two seconds SIGKILL. Returns when the last one is gone.
    public func stop() async {
        await withCheckedContinuation { continuation in
            let hasEnded = shared.wanted.withLock { wanted in
                wanted.isStopping = true
                wanted.processes = []
                if !wanted.hasEnded { wanted.waiters.append(continuation) }
                return wanted.hasEnded
            }
            if hasEnded { continuation.resume() } else { shared.wake() }
        }
    }
}
