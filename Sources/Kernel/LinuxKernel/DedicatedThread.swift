// SPDX-License-Identifier: Apache-2.0

internal import CLinuxABI
internal import Glibc
internal import Synchronization

/// A thread of its own for calls that block or that change per-thread state such as the network namespace.
///
/// The body runs once; the thread then ends. A child process started from such a thread with
/// `dieWithParent()` dies when the *thread* ends, so do not start long-lived children here (prctl(2),
/// PR_SET_PDEATHSIG).
public final class DedicatedThread: Sendable {
    private final class Work: Sendable {
        let name: String
        let body: @Sendable () -> Void
        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }

        func run() {
            linuxabi_name_thread(name)
            body()
        }
    }

    private let handle: Mutex<pthread_t?>

    private init(handle: pthread_t) { self.handle = Mutex(handle) }

    deinit {
        // Never joined: let the kernel free the thread when it ends.
        handle.withLock { if let thread = $0 { pthread_detach(thread) } }
    }

    /// Starts a thread named `name` (the kernel keeps 15 bytes of it).
    public static func start(
        _ name: String, _ body: @escaping @Sendable () -> Void
    ) throws(KernelError) -> DedicatedThread {
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(name, body))
        let code = pthread_create(
            &thread, nil,
            { argument in
                // pthread_create hands back the pointer it was given below.
                if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, work.toOpaque())
        guard code == 0 else {
            work.release()
            throw KernelError(errno: code, operation: "start thread", subject: name)
        }
        return DedicatedThread(handle: thread)
    }

    /// Waits until the body has returned. Later calls return at once.
    public func join() {
        let thread = handle.withLock { handle -> pthread_t? in
            defer { handle = nil }
            return handle
        }
        if let thread { pthread_join(thread, nil) }
    }
}
