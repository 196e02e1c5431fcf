// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// What a server has done, totals since its start unless said otherwise.
public struct GRPCServerStatistics: Sendable {
    /// Calls of one method that ended in one way.
    public struct Calls: Hashable, Sendable {
        public var method: String
        public var code: GRPCStatus.Code
    }

    /// Connections that are open.
    public internal(set) var openConnections = 0
    public internal(set) var acceptedConnections: UInt64 = 0
    /// Connections that were closed at once because there were too many.
    public internal(set) var refusedConnections: UInt64 = 0
    /// Connections that ended with an error of TLS or of the protocol.
    public internal(set) var failedConnections: UInt64 = 0
    /// Connections that were closed because the other end did not answer, or did not begin.
    public internal(set) var deadConnections: UInt64 = 0
    /// Connections that were closed because of too many pings.
    public internal(set) var abusedConnections: UInt64 = 0
    /// Calls that were ended because the caller did not read.
    public internal(set) var slowCalls: UInt64 = 0
    /// Calls that are going on.
    public internal(set) var openCalls = 0
    /// Calls that ended. Unknown methods are counted under an empty name.
    public internal(set) var calls: [Calls: UInt64] = [:]
    /// The last reason why a connection ended with an error.
    public internal(set) var lastFailure = ""
}

final class GRPCCounters: Sendable {
    private let state = Mutex(GRPCServerStatistics())

    var statistics: GRPCServerStatistics { state.withLock { $0 } }

    func change(_ body: (inout GRPCServerStatistics) -> Void) { state.withLock { body(&$0) } }

    /// Takes a place when there are fewer than `limit`; who got one gives it back.
    func openConnection(limit: Int) -> Bool {
        state.withLock { state in
            guard state.openConnections < limit else {
                state.refusedConnections += 1
                return false
            }
            state.openConnections += 1
            state.acceptedConnections += 1
            return true
        }
    }

    /// Takes a place when there are fewer than `limit`; who got one gives it back.
    func openCall(limit: Int) -> Bool {
        state.withLock { state in
            guard state.openCalls < limit else { return false }
            state.openCalls += 1
            return true
        }
    }

    func endCall(_ method: String, _ code: GRPCStatus.Code, hadPlace: Bool) {
        state.withLock { state in
            if hadPlace { state.openCalls -= 1 }
            state.calls[GRPCServerStatistics.Calls(method: method, code: code), default: 0] += 1
        }
    }
}
