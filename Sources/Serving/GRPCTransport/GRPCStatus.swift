// SPDX-License-Identifier: Apache-2.0
//
// GRPCTransport: gRPC over HTTP/2 (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md), server and
// client, on the network library's HTTP/2. It carries bytes of messages; what they mean is decided elsewhere.
// Why it is our own: docs/adr/0011-grpc-transport.md.

internal import NIOCore

/// How a call ended.
public struct GRPCStatus: Error, Hashable, Sendable {
    /// Raw values are the numbers of the protocol.
    public enum Code: Int, Hashable, Sendable, CaseIterable {
        case ok = 0
        case cancelled = 1
        case unknown = 2
        case invalidArgument = 3
        case deadlineExceeded = 4
        case notFound = 5
        case alreadyExists = 6
        case permissionDenied = 7
        case resourceExhausted = 8
        case failedPrecondition = 9
        case aborted = 10
        case outOfRange = 11
        case unimplemented = 12
        case internalError = 13
        case unavailable = 14
        case dataLoss = 15
        case unauthenticated = 16

        /// `NOT_FOUND`: the name in the protocol.
        public var name: String {
            switch self {
            case .ok: "OK"
            case .cancelled: "CANCELLED"
            case .unknown: "UNKNOWN"
            case .invalidArgument: "INVALID_ARGUMENT"
            case .deadlineExceeded: "DEADLINE_EXCEEDED"
            case .notFound: "NOT_FOUND"
            case .alreadyExists: "ALREADY_EXISTS"
            case .permissionDenied: "PERMISSION_DENIED"
            case .resourceExhausted: "RESOURCE_EXHAUSTED"
            case .failedPrecondition: "FAILED_PRECONDITION"
            case .aborted: "ABORTED"
            case .outOfRange: "OUT_OF_RANGE"
            case .unimplemented: "UNIMPLEMENTED"
            case .internalError: "INTERNAL"
            case .unavailable: "UNAVAILABLE"
            case .dataLoss: "DATA_LOSS"
            case .unauthenticated: "UNAUTHENTICATED"
            }
        }
    }

    public var code: Code
    /// For people; empty when there is nothing to say.
    public var message: String

    public init(_ code: Code, _ message: String = "") {
        self.code = code
        self.message = message
    }

    public static let ok = GRPCStatus(.ok)
}

extension GRPCStatus: CustomStringConvertible {
    public var description: String { message.isEmpty ? code.name : "\(code.name): \(message)" }
}

extension GRPCStatus {
    /// Bytes of a message on the wire, before encoding; longer ones are cut.
    private static let maximumMessageBytes = 1_024

    /// The message as a header value: what is not printable ASCII, and `%`, as `%XX`.
    var encodedMessage: String {
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        for byte in message.utf8.prefix(Self.maximumMessageBytes) {
            if (0x20...0x7e).contains(byte), byte != UInt8(ascii: "%") {
                encoded.append(byte)
            } else {
                encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// A header value as a message; what is no valid escape stays as it is.
    static func decodedMessage(_ text: String) -> String {
        let bytes = Array(text.utf8.prefix(3 * maximumMessageBytes))
        var decoded: [UInt8] = []
        var place = 0
        while place < bytes.count {
            if bytes[place] == UInt8(ascii: "%"), place + 2 < bytes.count,
                let high = hexadecimal(bytes[place + 1]), let low = hexadecimal(bytes[place + 2])
            {
                decoded.append(high << 4 | low)
                place += 3
            } else {
                decoded.append(bytes[place])
                place += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    /// What an error that a service threw is for the caller.
    init(_ error: any Error) {
        switch error {
        case let status as GRPCStatus: self = status
        case is CancellationError: self = GRPCStatus(.cancelled)
        default: self = GRPCStatus(.unknown, "\(error)")
        }
    }
}
