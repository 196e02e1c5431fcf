// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A value behind a lock, for tests that watch what other tasks do.
public final class Locked<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    public init(_ value: Value) { self.value = Mutex(value) }

    public func with<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        value.withLock { value in body(&value) }
    }
}
