// SPDX-License-Identifier: Apache-2.0

public import FlowStore
public import NIOCore

/// Where the emitter takes flows from. An aggregator is one.
public protocol FlowEmissionSource: Sendable {
    /// What is known now; it does not change any more.
    func snapshot() -> FlowHistory
    /// Says when windows were rolled over; may coalesce. Nil when too many ask.
    func rollOvers() -> AsyncStream<Void>?
}

/// Where the emitter sends flows to.
public protocol FlowReceiving: Sendable {
    /// Delivers lines of JSON, one flow each. Returns when they were taken, throws when they were not, or
    /// when nobody can tell. Ends soon when its task is cancelled.
    func send(_ lines: ByteBuffer) async throws
    /// Closes connections. Nothing is sent afterwards.
    func shutDown() async
}
