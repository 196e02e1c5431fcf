// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel
internal import Synchronization

/// Hands updates from the watching thread to one consumer. While the consumer is busy, updates merge into
/// one, so the mailbox holds at most one change for each resource and loses none.
final class UpdateMailbox: Sendable {
    private struct State {
        var pending: ClusterUpdate?
        var waiter: CheckedContinuation<ClusterUpdate?, Never>?
        var isClosed = false
    }

    private let state = Mutex(State())

    func put(_ update: ClusterUpdate) {
        let waiter = state.withLock { state -> CheckedContinuation<ClusterUpdate?, Never>? in
            if let waiter = state.waiter {
                state.waiter = nil
                return waiter
            }
            state.pending = state.pending?.merged(with: update) ?? update
            return nil
        }
        waiter?.resume(returning: update)
    }

    /// The next update; nil once closed. A second caller ends the first one's wait.
    func next() async -> ClusterUpdate? {
        await withCheckedContinuation { continuation in
            let (ready, abandoned) = state.withLock { state in
                if state.isClosed || state.pending != nil {
                    let update = state.isClosed ? nil : state.pending
                    state.pending = nil
                    return (Optional(update), CheckedContinuation<ClusterUpdate?, Never>?.none)
                }
                let abandoned = state.waiter
                state.waiter = continuation
                return (nil, abandoned)
            }
            abandoned?.resume(returning: nil)
            if let ready { continuation.resume(returning: ready) }
        }
    }

    func close() {
        let waiter = state.withLock { state in
            state.isClosed = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: nil)
    }
}

extension ClusterUpdate {
    /// This update and then `later`, as one: of two changes to a resource only the later is kept.
    func merged(with later: ClusterUpdate) -> ClusterUpdate {
        let replaced = Set(later.changes.map(\.key))
        return ClusterUpdate(
            changes: changes.filter { !replaced.contains($0.key) } + later.changes,
            diagnostics: later.diagnostics)
    }
}

extension ClusterChange {
    fileprivate var key: ResourceKey {
        switch self {
        case .set(let resource): resource.key
        case .remove(let key): key
        }
    }
}
