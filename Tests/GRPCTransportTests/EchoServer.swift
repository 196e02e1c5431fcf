// SPDX-License-Identifier: Apache-2.0

import Glibc
import Logging
import NIOCore
import Synchronization

@testable import GRPCTransport

/// A server with a method of each kind. `end` it.
final class EchoServer: Sendable {
    let server: GRPCServer
    let port: Int
    let received = Received()
    private let serving: Task<Void, any Error>

    /// What the server's methods saw.
    final class Received: Sendable {
        let messages = Atomic<Int>(0)
        let ended = Atomic<Int>(0)
        let cancelled = Atomic<Int>(0)
    }

    private final class Echo: GRPCMessageReceiver {
        let received: Received
        init(_ received: Received) { self.received = received }

        func receive(_ messages: GRPCMessages, replies: inout ByteBuffer) throws {
            messages.forEach { bytes in replies.writeGRPCMessage { $0.writeBytes(bytes) } }
            received.messages.add(messages.count, ordering: .relaxed)
        }

        func ended() { received.ended.add(1, ordering: .relaxed) }
    }

    init(_ change: (inout GRPCServer.Limits) -> Void = { _ in }) async throws {
        var configuration = GRPCServer.Configuration(host: "127.0.0.1", port: 0, security: nil)
        change(&configuration.limits)
        let received = received
        let server = GRPCServer(
            configuration,
            methods: [
                "/test.Echo/Unary": .unary { _, message in message },
                "/test.Echo/Fail": .unary { _, _ in
                    throw GRPCStatus(.failedPrecondition, "100 % wrong: é\n")
                },
                // As many numbers as the message says.
                "/test.Echo/Count": .serverStream { _, message, writer in
                    let count = Int(String(buffer: message)) ?? 0
                    for number in 0..<count {
                        var buffer = ByteBuffer()
                        buffer.writeGRPCMessage { $0.writeString("\(number)") }
                        try await writer.write(buffer)
                    }
                },
                // Until the caller goes.
                "/test.Echo/Forever": .serverStream { _, _, writer in
                    defer { received.cancelled.add(1, ordering: .relaxed) }
                    var buffer = ByteBuffer()
                    buffer.writeGRPCMessage { $0.writeRepeatingByte(7, count: 50_000) }
                    while true { try await writer.write(buffer) }
                },
                "/test.Echo/Never": .unary { _, _ in
                    defer { received.cancelled.add(1, ordering: .relaxed) }
                    try await Task.sleep(for: .seconds(3_600))
                    return ByteBuffer()
                },
                "/test.Echo/All": .messages { _ in Echo(received) },
            ], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        self.server = server
        serving = Task { try await server.run() }
        port = try await server.address.port ?? 0
    }

    func end() async throws {
        serving.cancel()
        try await serving.value
    }

    func client() -> GRPCClient {
        GRPCClient(GRPCClient.Configuration(host: "127.0.0.1", port: port, security: nil))
    }
}

/// Runs `body` with a server that is ended after it.
func withEchoServer(
    _ change: (inout GRPCServer.Limits) -> Void = { _ in }, _ body: (EchoServer) async throws -> Void
) async throws {
    let server = try await EchoServer(change)
    do {
        try await body(server)
    } catch {
        try? await server.end()
        throw error
    }
    try await server.end()
}

/// A TCP connection to loopback for bytes that no client sends.
final class RawConnection {
    private let descriptor: Int32

    init(port: Int) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        precondition(descriptor >= 0 && status == 0, "no connection to port \(port)")
    }

    deinit { close(descriptor) }

    /// False when the other end is gone.
    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        var place = 0
        while place < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                send(descriptor, bytes.baseAddress! + place, bytes.count - place, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            place += count
        }
        return true
    }

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// A frame of HTTP/2 (RFC 9113, 4.1).
    static func frame(_ type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8]) -> [UInt8] {
        let length = payload.count
        return [UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255), type, flags]
            + withUnsafeBytes(of: stream.bigEndian) { Array($0) } + payload
    }
}
