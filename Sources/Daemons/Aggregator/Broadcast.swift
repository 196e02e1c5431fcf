// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Sends values to any number of streams, each with a bounded buffer. Values that a slow stream has no room
/// for are dropped, the oldest first, and counted.
final class Broadcast<Value: Sendable>: Sendable {
    private struct State {
        var streams: [UInt64: AsyncStream<Value>.Continuation] = [:]
        var nextID: UInt64 = 0
        var dropped: UInt64 = 0
    }

    private let state = Mutex(State())
    private let maximumStreams: Int
    private let bufferCount: Int

    init(maximumStreams: Int, bufferCount: Int) {
        self.maximumStreams = maximumStreams
        self.bufferCount = bufferCount
    }

    /// Values that were dropped, since the start.
    var dropped: UInt64 { state.withLock(\.dropped) }

    /// Streams that are open.
    var streamCount: Int { state.withLock(\.streams.count) }

    /// A new stream that starts with `backlog`; nil when there are too many.
    func stream(backlog: [Value] = []) -> AsyncStream<Value>? {
        let room = max(bufferCount, backlog.count)
        let (stream, continuation) = AsyncStream<Value>.makeStream(bufferingPolicy: .bufferingNewest(room))
        let id: UInt64? = state.withLock { state in
            guard state.streams.count < maximumStreams else { return nil }
            state.nextID += 1
            state.streams[state.nextID] = continuation
            return state.nextID
        }
        guard let id else { return nil }
        continuation.onTermination = { [weak self] _ in self?.remove(id) }
        for value in backlog { continuation.yield(value) }
        return stream
    }

    /// Gives a value to every stream.
    func send(_ value: Value) {
        let streams = state.withLock { Array($0.streams.values) }
        var dropped: UInt64 = 0
        for stream in streams {
            if case .dropped = stream.yield(value) { dropped += 1 }
        }
        if dropped > 0 { state.withLock { $0.dropped += dropped } }
    }

    /// Ends every stream.
    func finish() {
        let streams = state.withLock { Array($0.streams.values) }
        for stream in streams { stream.finish() }
    }

    private func remove(_ id: UInt64) {
        state.withLock { _ = $0.streams.removeValue(forKey: id) }
    }
}
