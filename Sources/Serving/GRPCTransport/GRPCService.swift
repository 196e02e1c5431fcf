// SPDX-License-Identifier: Apache-2.0

public import NIOCore
internal import NIOHPACK

/// A call, as the one who answers it sees it.
public struct GRPCCall: Sendable {
    /// `/package.Service/Method`.
    public let method: String
    public let connection: GRPCConnection
    let headers: HPACKHeaders

    /// The first value of a header that the caller sent; nil without one.
    public func metadata(_ name: String) -> String? { headers.first(name: name) }
}

/// What answers the calls of one method.
public enum GRPCMethod: Sendable {
    /// One message in, one out. Errors that are no `GRPCStatus` go out as UNKNOWN.
    case unary(@Sendable (GRPCCall, ByteBuffer) async throws -> ByteBuffer)
    /// One message in, any number out.
    case serverStream(@Sendable (GRPCCall, ByteBuffer, GRPCResponseWriter) async throws -> Void)
    /// Any number in, each batch answered at once. Nothing is read before it returned the receiver.
    case messages(@Sendable (GRPCCall) async throws -> any GRPCMessageReceiver)
}

/// Takes the messages of one call.
public protocol GRPCMessageReceiver: AnyObject, Sendable {
    /// Takes messages that arrived together and appends the answers in their form on the wire. Runs on the
    /// connection's thread, so it does not block.
    func receive(_ messages: GRPCMessages, replies: inout ByteBuffer) throws

    /// No more come: the caller is done, or gone.
    func ended()
}

/// Sends the messages of an answer.
public struct GRPCResponseWriter: Sendable {
    private let writeOnLoop: @Sendable (ByteBuffer) -> EventLoopFuture<Void>

    init(_ writeOnLoop: @escaping @Sendable (ByteBuffer) -> EventLoopFuture<Void>) {
        self.writeOnLoop = writeOnLoop
    }

    /// Sends messages that are in their form on the wire, and returns when there is room for more. Nothing to
    /// send tells the caller that its call is answered.
    ///
    /// Throws when the caller is gone, or did not read for longer than the server waits.
    public func write(_ framed: ByteBuffer) async throws { try await writeOnLoop(framed).get() }
}
