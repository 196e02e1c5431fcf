// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Threads for blocking system calls, which must not run on the cooperative pool.
enum BlockingThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Enough for Yams' recursion over the deepest document that libyaml accepts.
    private static let stackBytes = 16 * 1024 * 1024

    /// Starts a detached thread; gives the reason when the system refuses.
    static func start(_ run: @escaping @Sendable () -> Void) -> String? {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackBytes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let body = Unmanaged.passRetained(Body(run))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, body.toOpaque())
        guard code != 0 else { return nil }
        body.release()
        return String(cString: strerror(code))
    }
}
