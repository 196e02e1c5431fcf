// SPDX-License-Identifier: Apache-2.0

import FlowModel
public import FlowStore
public import GRPCTransport
import NIOCore
import SwiftProtobuf
import Synchronization

/// Asks a server of the flow API, whoever wrote it.
///
/// Servers that have vibrissa.v1 are asked by it. Of others, only goldmane is known: the part of a condition that
/// its filter can say goes there, the rest is checked here, and what cannot be had is `unsupported`.
public final class FlowClient: FlowQuerying {
    private enum Dialect {
        case unknown
        case own
        case common
    }

    let transport: GRPCClient
    /// For questions; streams have no time.
    private let timeout: TimeAmount
    private let dialect = Mutex(Dialect.unknown)

    public init(_ transport: GRPCClient, timeout: Duration = .seconds(30)) {
        self.transport = transport
        self.timeout = TimeAmount(timeout)
    }

    /// Ends everything that is under way.
    public func close() async { await transport.close() }

    /// The answer of vibrissa.v1; nil when the server does not have it.
    func askOwn(_ method: String, _ request: some Message) async throws(FlowQueryError) -> ByteBuffer? {
        guard dialect.withLock({ $0 }) != .common else { return nil }
        do {
            let answer = try await unary("/vibrissa.v1.FlowQueries/\(method)", request)
            noteOwn()
            return answer
        } catch {
            guard error.code == .unimplemented else { throw FlowQueryError(error) }
            try refuseUnlessFirst(error)
            return nil
        }
    }

    /// A stream of vibrissa.v1, with its first messages; nil when the server does not have it.
    func streamOwn(
        _ method: String, _ request: some Message
    ) async throws(FlowQueryError) -> GRPCClientCall? {
        guard dialect.withLock({ $0 }) != .common else { return nil }
        do throws(GRPCStatus) {
            let call = try await stream("/vibrissa.v1.FlowQueries/\(method)", request)
            guard try await call.next() != nil else { throw GRPCStatus(.unavailable, "the stream ended") }
            noteOwn()
            return call
        } catch {
            guard error.code == .unimplemented else { throw FlowQueryError(error) }
            try refuseUnlessFirst(error)
            return nil
        }
    }

    private func noteOwn() { dialect.withLock { $0 = .own } }

    /// A server that once knew our methods lacks the one that was asked, or cannot do what it says.
    private func refuseUnlessFirst(_ status: GRPCStatus) throws(FlowQueryError) {
        let isOwn = dialect.withLock { dialect in
            if dialect == .unknown { dialect = .common }
            return dialect == .own
        }
        if isOwn { throw FlowQueryError(status) }
    }

    /// The answer of the common flow API.
    func ask<Answer: Message>(
        _ method: String, _ request: some Message, _ type: Answer.Type
    ) async throws(FlowQueryError) -> Answer {
        do {
            return try Self.decode(type, try await unary(method, request))
        } catch {
            throw FlowQueryError(error)
        }
    }

    private func unary(_ method: String, _ request: some Message) async throws(GRPCStatus) -> ByteBuffer {
        try await transport.unary(method, try Self.encode(request), timeout: timeout)
    }

    /// A call whose one message is sent.
    func stream(_ method: String, _ request: some Message) async throws(GRPCStatus) -> GRPCClientCall {
        let bytes = try Self.encode(request)
        let call = try await transport.call(method)
        var framed = ByteBuffer()
        framed.writeGRPCMessage { $0.writeImmutableBuffer(bytes) }
        try await call.send(framed, isLast: true)
        return call
    }

    private static func encode(_ request: some Message) throws(GRPCStatus) -> ByteBuffer {
        do {
            return try ByteBuffer(request)
        } catch {
            throw GRPCStatus(.internalError, "the request cannot be encoded: \(error)")
        }
    }

    static func decode<Answer: Message>(
        _ type: Answer.Type, _ bytes: ByteBuffer
    ) throws(GRPCStatus) -> Answer {
        do {
            return try Answer(serializedBytes: Array(bytes.readableBytesView))
        } catch {
            throw GRPCStatus(.internalError, "the answer is no \(Answer.protoMessageName): \(error)")
        }
    }
}

extension FlowQueryError {
    init(_ status: GRPCStatus) {
        switch status.code {
        case .unimplemented: self = .unsupported(status.message)
        case .invalidArgument, .unknown, .outOfRange, .failedPrecondition: self = .refused(status.message)
        case .unavailable: self = .unavailable(status.message)
        default: self = .unavailable("\(status)")
        }
    }
}

extension FlowExpression {
    /// Whether a flow's addresses decide.
    var usesAddresses: Bool {
        switch self {
        case .address: true
        case .not(let part): part.usesAddresses
        case .all(let parts), .any(let parts): parts.contains(where: \.usesAddresses)
        default: false
        }
    }

    /// What a server of the common flow API is asked, and what is left to check here. Throws for what cannot be
    /// checked because that API does not tell it.
    func forCommonServer() throws(FlowQueryError) -> (remote: Goldmane_Filter, rest: FlowExpression) {
        guard !usesAddresses else {
            throw .unsupported("it does not tell addresses, so a condition on them cannot be checked")
        }
        let (remote, rest) = split()
        return (Goldmane_Filter(remote), rest)
    }

    func holds(_ flow: FlowAggregate) -> Bool {
        self == .always
            || matches(
                flow.key, sourceLabels: flow.sourceLabels, destinationLabels: flow.destinationLabels,
                addresses: flow.addresses)
    }
}
