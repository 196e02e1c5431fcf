// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import PolicyModel
internal import Synchronization

/// A running watch: a thread that keeps a mailbox up to date. Letting go of the watch stops the thread.
final class DirectoryWatch: Sendable {
    private let mailbox = UpdateMailbox()
    private let stopSignal: StopSignal

    init(root: String, limits: ManifestLimits, usesEvents: Bool) {
        stopSignal = StopSignal()
        let loop = DirectoryWatchLoop(
            root: root, limits: limits, usesEvents: usesEvents, mailbox: mailbox, stopSignal: stopSignal)
        if let reason = BlockingThread.start({ loop.run() }) {
            let problem = Diagnostic(
                .error, message: "the directory is not watched: no thread could be started: \(reason)")
            mailbox.put(ClusterUpdate(changes: [], diagnostics: [problem]))
        }
    }

    deinit { stop() }

    func next() async -> ClusterUpdate? { await mailbox.next() }

    func stop() {
        stopSignal.raise()
        mailbox.close()
    }
}

/// A pipe whose other end is closed to end the loop's wait. Shared by the watch and its thread.
final class StopSignal: Sendable {
    private let writeEnd: Mutex<Int32>
    /// Readable, at its end, once the signal was raised.
    let descriptor: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        // On failure both stay -1, which poll ignores: the watch then runs until the process ends.
        if pipe(&ends) == 0 { for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) } }
        descriptor = ends[0]
        writeEnd = Mutex(ends[1])
    }

    deinit {
        raise()
        if descriptor >= 0 { close(descriptor) }
    }

    func raise() {
        writeEnd.withLock { end in
            if end >= 0 { close(end) }
            end = -1
        }
    }
}

/// The thread's work: wait until the directory is quiet after a change, read what changed, tell.
struct DirectoryWatchLoop: Sendable {
    let root: String
    let limits: ManifestLimits
    let usesEvents: Bool
    let mailbox: UpdateMailbox
    let stopSignal: StopSignal

    /// A burst of changes is over when nothing happened for this long ...
    static let settleMilliseconds: Int32 = 50
    /// ... or when it has lasted this long.
    static let maximumBurstMilliseconds: Int64 = 150
    /// How often the tree is looked at when there are no events.
    static let pollMilliseconds: Int32 = 250

    func run() {
        var reader = DirectoryReader(root: root, limits: limits)
        var events: DirectoryEvents? = usesEvents ? DirectoryEvents() : nil
        if events == nil { reader.notices = [pollingNotice(usesEvents ? errno : ENOSYS)] }
        while true {
            let now = Self.milliseconds()
            events?.drain(now: now)
            let refresh = reader.refresh(filesBeingWritten: events?.filesBeingWritten(now: now) ?? [])
            if let update = refresh.update { mailbox.put(update) }
            var timeout = refresh.hasUnsettledFiles ? Self.settleMilliseconds : -1
            switch events?.watch(refresh.directories) {
            case nil: timeout = Self.pollMilliseconds
            case .unchanged:
                // No root, nothing to watch: look for it now and then.
                if refresh.directories.isEmpty { timeout = Self.pollMilliseconds }
            case .added: timeout = 0
            case .failed(let code):
                reader.notices = [pollingNotice(code)]
                events = nil
                timeout = 0
            }
            guard wait(events, timeout) else { return }
        }
    }

    private func pollingNotice(_ code: Int32) -> Diagnostic {
        Diagnostic(
            .warning,
            message: "changes are looked for every \(Self.pollMilliseconds) ms: inotify cannot be used "
                + "(\(String(cString: strerror(code))))",
            suggestion: "raise fs.inotify.max_user_watches or fs.inotify.max_user_instances",
            location: SourceLocation(file: root.escapedForMessage, line: 0))
    }

    /// Waits for the end of a burst of events, or for the timeout (-1: none). False: stop.
    private func wait(_ events: DirectoryEvents?, _ timeout: Int32) -> Bool {
        var lookAt = timeout < 0 ? nil : Self.milliseconds() + Int64(timeout)
        var burstStart: Int64?
        while true {
            let now = Self.milliseconds()
            if let lookAt, now >= lookAt { return true }
            switch poll(events?.descriptor, lookAt.map { Int32(clamping: $0 - now) } ?? -1) {
            case .stop: return false
            case .timeout: continue
            case .event:
                let now = Self.milliseconds()
                guard events?.drain(now: now) == true else { continue }
                let start = burstStart ?? now
                burstStart = start
                lookAt = min(now + Int64(Self.settleMilliseconds), start + Self.maximumBurstMilliseconds)
            }
        }
    }

    private enum Wake {
        case event
        case timeout
        case stop
    }

    private func poll(_ descriptor: Int32?, _ timeout: Int32) -> Wake {
        var descriptors = [pollfd(fd: stopSignal.descriptor, events: Int16(POLLIN), revents: 0)]
        if let descriptor { descriptors.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)) }
        let count = Glibc.poll(&descriptors, nfds_t(descriptors.count), timeout)
        // A signal that interrupts the wait counts as a timeout: the caller looks at the clock.
        guard count > 0 else { return .timeout }
        return descriptors[0].revents != 0 ? .stop : .event
    }

    private static func milliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
