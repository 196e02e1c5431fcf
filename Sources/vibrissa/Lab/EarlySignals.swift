// SPDX-License-Identifier: Apache-2.0

import Synchronization
import UnixSignals

/// Keeps signals from ending the process before the service group takes care of them: what was built until then would
/// be left behind.
final class EarlySignals: Sendable {
    private let flag: Flag
    private let watcher: Task<Void, Never>

    private final class Flag: Sendable {
        let isRaised = Mutex(false)
    }

    /// From now on, until this object is gone, the signals are noted.
    init(_ signals: [UnixSignal]) async {
        let sequence = await UnixSignalsSequence(trapping: signals)
        let flag = Flag()
        self.flag = flag
        watcher = Task {
            for await _ in sequence { flag.isRaised.withLock { $0 = true } }
        }
    }

    deinit { watcher.cancel() }

    var wereRaised: Bool { flag.isRaised.withLock { $0 } }
}
