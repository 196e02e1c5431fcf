// SPDX-License-Identifier: Apache-2.0

internal import LinuxKernel

/// System calls that may block, kept off the cooperative pool.
enum BlockingWork {
    /// Runs `body` on a thread of its own and suspends the caller meanwhile. Not cancellable: a transaction
    /// that was sent cannot be taken back.
    static func run<Value: Sendable>(
        _ name: String, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            do {
                _ = try DedicatedThread.start(name) { continuation.resume(with: Result(catching: body)) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}
