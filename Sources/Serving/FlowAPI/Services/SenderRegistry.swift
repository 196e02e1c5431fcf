// SPDX-License-Identifier: Apache-2.0

import GRPCTransport
import Synchronization

/// Knows which connections are one sender's, so that what it repeats after a reconnect is not counted twice
/// (flow API 2.10).
///
/// A sender is who shows the same certificate from the same address, the port aside, under the same node name if it
/// gives one. That may be several: all nodes of a cluster show one certificate, and a gateway may hide their
/// addresses. So no first delivery may be lost for a doubtful one that is told twice:
///
/// ```
/// a connection of a known sender arrives ── others of it that are open are asked for a sign of life
///     one is gone, none is left   it came back: it goes on under the same number
///     another one is alive        several share the name: a number of its own
///     several are gone            which one it was cannot be told: a number of its own
/// ```
final class SenderRegistry: Sendable {
    struct Identity: Hashable, Sendable {
        var certificate: String?
        var address: String
        /// What a sender calls its node, in the header `vibrissa-node`.
        var node: String?
    }

    fileprivate struct Entry {
        let sender: UInt32
        /// The connection that goes under it; nil when it is closed.
        var connection: GRPCConnection?
        /// When it was closed, for forgetting the oldest first.
        var closedAt: UInt64 = 0
    }

    fileprivate struct State {
        var entries: [Identity: [Entry]] = [:]
        var count = 0
        var nextSender: UInt32 = 1
        var closings: UInt64 = 0
    }

    /// Longer node names are cut.
    static let maximumNodeBytes = 253

    private let maximumEntries: Int
    private let state = Mutex(State())

    init(maximumEntries: Int = 50_000) { self.maximumEntries = maximumEntries }

    /// Senders that are remembered, connected or not.
    var count: Int { state.withLock(\.count) }

    /// The sender of a call. Asks other connections of the same identity for a sign of life first.
    func sender(of call: GRPCCall) async -> UInt32 {
        let identity = Identity(
            certificate: call.connection.peerIdentity, address: call.connection.peerAddress,
            node: call.metadata("vibrissa-node").map { String($0.prefix(Self.maximumNodeBytes)) })
        let connection = call.connection
        let others: [GRPCConnection] = state.withLock { state in
            (state.entries[identity] ?? []).compactMap(\.connection).filter { $0.id != connection.id }
        }
        await withTaskGroup(of: Void.self) { group in
            for other in others {
                group.addTask {
                    let isAlive = await other.isAlive()
                    if !isAlive { self.close(other, identity) }
                }
            }
        }
        let (sender, isNew) = state.withLock { state in state.join(connection, identity, maximumEntries) }
        if isNew {
            connection.whenClosed { [weak self] in self?.close(connection, identity) }
        }
        return sender
    }

    private func close(_ connection: GRPCConnection, _ identity: Identity) {
        state.withLock { state in
            guard
                let place = state.entries[identity]?.firstIndex(where: { $0.connection?.id == connection.id })
            else { return }
            state.closings += 1
            state.entries[identity]?[place].connection = nil
            state.entries[identity]?[place].closedAt = state.closings
        }
    }
}

extension SenderRegistry.State {
    fileprivate mutating func join(
        _ connection: GRPCConnection, _ identity: SenderRegistry.Identity, _ maximum: Int
    ) -> (sender: UInt32, isNew: Bool) {
        let known = entries[identity] ?? []
        if let same = known.first(where: { $0.connection?.id == connection.id }) {
            return (same.sender, false)
        }
        if known.count == 1, known[0].connection == nil {
            entries[identity]?[0].connection = connection
            return (known[0].sender, true)
        }
        if count >= maximum { forget(count - maximum * 3 / 4) }
        let sender = nextSender
        nextSender = nextSender == .max ? 1 : nextSender + 1
        entries[identity, default: []].append(SenderRegistry.Entry(sender: sender, connection: connection))
        count += 1
        return (sender, true)
    }

    /// Forgets those that are gone for the longest. Connections are bounded elsewhere.
    private mutating func forget(_ number: Int) {
        let gone = entries.values.joined().compactMap { $0.connection == nil ? $0.closedAt : nil }.sorted()
        guard !gone.isEmpty else { return }
        let last = gone[min(gone.count, number) - 1]
        for (identity, list) in entries {
            let kept = list.filter { $0.connection != nil || $0.closedAt > last }
            count -= list.count - kept.count
            entries[identity] = kept.isEmpty ? nil : kept
        }
    }
}
