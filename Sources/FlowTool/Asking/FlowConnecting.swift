// SPDX-License-Identifier: Apache-2.0

public import FlowStore

/// Reaches flows of a server. What starts the program provides it:
///
///     await FlowsCommand.$connecting.withValue(client) { await Vibrissa.main() }
public protocol FlowConnecting: Sendable {
    /// Connects to `options.server`. Gives up after `options.timeout`.
    ///
    /// - Throws: anything whose description says which server was tried, why it failed, and what to try.
    func connect(_ options: FlowServerOptions) async throws -> any FlowConnection
}

/// A server that can be asked. Its answers are `FlowQueryError.unsupported` for what it does not offer, and
/// `unavailable` when it cannot be reached.
public protocol FlowConnection: FlowQuerying {
    /// Ends everything that is under way. Called once, after the last question.
    func close() async
}

extension FlowsCommand {
    /// How servers are reached; nil: not at all, only files can be asked.
    @TaskLocal public static var connecting: (any FlowConnecting)?
}
