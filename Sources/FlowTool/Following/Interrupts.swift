// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Glibc
internal import Synchronization

/// Ends what is under way when the user says so. One at a time in a process.
enum Interrupts {
    private static let numbers = [SIGINT, SIGTERM]

    /// Runs `body` until it ends, or Ctrl-C or SIGTERM comes: then it is cancelled, and this returns when it
    /// has ended. A second signal ends the process at once.
    static func running(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let (signals, raised) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        var ends: [Int32] = [-1, -1]
        // Without a pipe, signals end the process as they always do.
        guard pipe(&ends) == 0 else { return try await body() }
        let (reading, writing) = (ends[0], ends[1])
        // A handler must not wait.
        for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        raisedSignals.store(0, ordering: .relaxed)
        wakeDescriptor.store(writing, ordering: .releasing)
        let source = DispatchSource.makeReadSource(fileDescriptor: reading, queue: .global())
        source.setEventHandler {
            var byte: UInt8 = 0
            read(reading, &byte, 1)
            raised.yield()
        }
        source.setCancelHandler {
            close(reading)
            close(writing)
        }
        source.resume()
        for number in numbers { signal(number, noteSignal) }
        defer {
            for number in numbers { signal(number, SIG_DFL) }
            source.cancel()
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await body() }
            group.addTask { for await _ in signals { return } }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}

/// Signals that came since the last `running` began.
private let raisedSignals = Atomic<Int>(0)
/// Where a signal is noted: the end of a pipe.
private let wakeDescriptor = Atomic<Int32>(-1)

/// The signal handler: does only what is allowed in one.
private func noteSignal(_ number: Int32) {
    guard raisedSignals.wrappingAdd(1, ordering: .relaxed).oldValue == 0 else { _exit(128 + number) }
    let error = errno
    var byte: UInt8 = 1
    _ = write(wakeDescriptor.load(ordering: .acquiring), &byte, 1)
    errno = error
}
