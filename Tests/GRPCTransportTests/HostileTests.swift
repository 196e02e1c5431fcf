// SPDX-License-Identifier: Apache-2.0

import NIOCore
import TestSupport
import Testing

@testable import GRPCTransport

@Suite("A gRPC server and what is no client", .timeLimit(.minutes(2)))
struct HostileTests {
    private func serves(_ echo: EchoServer) async throws {
        let client = echo.client()
        let answer = try await client.unary("/test.Echo/Unary", ByteBuffer(string: "x"))
        #expect(answer == ByteBuffer(string: "x"))
        await client.close()
    }

    @Test("bytes that are no HTTP/2 end their connection and no other", arguments: 1...10)
    func garbage(seed: UInt64) async throws {
        try await withEchoServer { echo in
            var random = SplitMix64(seed: seed)
            for round in 0..<20 {
                let connection = RawConnection(port: echo.port)
                let noise = (0..<Int.random(in: 1...2_000, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                connection.write((round % 2 == 0 ? [] : RawConnection.preface) + noise)
            }
            await until { echo.server.statistics.acceptedConnections == 20 }
            try await serves(echo)
            await until { echo.server.statistics.openConnections == 0 }
            #expect(echo.server.statistics.failedConnections > 0)
            #expect(!echo.server.statistics.lastFailure.isEmpty)
        }
    }

    @Test("frames that are cut off or out of place end their connection and no other")
    func frames() async throws {
        try await withEchoServer { echo in
            let settings = RawConnection.frame(4, [])
            let sequences: [[UInt8]] = [
                // Cut off in the middle of a header.
                Array(settings.prefix(5)),
                // A length that never comes.
                settings + [0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1],
                // Data on a stream that was not opened.
                settings + RawConnection.frame(0, stream: 1, [0, 0, 0, 0, 0]),
                // Headers that cannot be decoded.
                settings + RawConnection.frame(1, flags: 4, stream: 1, [0xff, 0xff, 0xff, 0xff, 0xff]),
                // A window update of nothing.
                settings + RawConnection.frame(8, [0, 0, 0, 0]),
                // An even stream is a server's.
                settings + RawConnection.frame(1, flags: 5, stream: 2, [0x82]),
                // A frame that goes on with nothing.
                settings + RawConnection.frame(9, flags: 4, stream: 1, [0x82]),
            ]
            for bytes in sequences { RawConnection(port: echo.port).write(RawConnection.preface + bytes) }
            await until { echo.server.statistics.acceptedConnections == UInt64(sequences.count) }
            try await serves(echo)
            await until { echo.server.statistics.openConnections == 0 }
        }
    }

    @Test("a connection that only pings is closed, and counted")
    func pings() async throws {
        try await withEchoServer { echo in
            let connection = RawConnection(port: echo.port)
            connection.write(RawConnection.preface + RawConnection.frame(4, []))
            let pings = (0..<20).flatMap { _ in RawConnection.frame(6, Array(repeating: 1, count: 8)) }
            while connection.write(pings) {
                if echo.server.statistics.abusedConnections + echo.server.statistics.failedConnections > 0 {
                    break
                }
                await Task.yield()
            }
            await until { echo.server.statistics.openConnections == 0 }
            let statistics = echo.server.statistics
            #expect(statistics.abusedConnections + statistics.failedConnections >= 1)
            try await serves(echo)
        }
    }

    @Test("a connection that does not begin is closed, and so is one that does not answer")
    func dead() async throws {
        try await withEchoServer({
            $0.beginTimeout = .seconds(1)
            $0.keepaliveInterval = .milliseconds(50)
            // Long enough for one that answers on a busy machine.
            $0.probeTimeout = .seconds(3)
        }) { echo in
            let silent = RawConnection(port: echo.port)
            await until { echo.server.statistics.deadConnections == 1 }
            let begun = RawConnection(port: echo.port)
            begun.write(RawConnection.preface + RawConnection.frame(4, []))
            // One that answers stays, for longer than it takes the other to be found dead.
            let client = echo.client()
            _ = try await client.unary("/test.Echo/Unary", ByteBuffer(string: "x"))
            await until { echo.server.statistics.deadConnections == 2 }
            _ = try await client.unary("/test.Echo/Unary", ByteBuffer(string: "x"))
            #expect(echo.server.statistics.acceptedConnections == 3)
            #expect(echo.server.statistics.deadConnections == 2)
            withExtendedLifetime((silent, begun)) {}
            await client.close()
        }
    }
}

@Suite("The parts of the gRPC protocol")
struct ProtocolTests {
    @Test("messages are cut the same way, however their bytes arrive", arguments: 1...20)
    func deframing(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let messages = (0..<50).map { _ in
            (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
            }
        }
        var whole = ByteBuffer()
        for message in messages { whole.writeGRPCMessage { $0.writeBytes(message) } }
        var deframer = GRPCDeframer(maximumMessageBytes: 100)
        var received: [[UInt8]] = []
        while whole.readableBytes > 0 {
            let count = min(whole.readableBytes, Int.random(in: 1...30, using: &random))
            var piece = whole.readSlice(length: count)!
            deframer.append(&piece)
            try deframer.takeMessages { $0.forEach { received.append(Array($0)) } }
        }
        #expect(received == messages && deframer.pendingBytes == 0)
    }

    @Test(
        "a time is read as the protocol has it",
        arguments: [
            ("1S", TimeAmount.seconds(1)), ("100m", .milliseconds(100)), ("7u", .microseconds(7)),
            ("9n", .nanoseconds(9)), ("2M", .minutes(2)), ("3H", .hours(3)), ("99999999H", .hours(100_000)),
            ("", nil), ("S", nil), ("1", nil), ("-1S", nil), ("123456789S", nil), ("1s", nil), ("1 S", nil),
        ] as [(String, TimeAmount?)])
    func timeout(text: String, expected: TimeAmount?) {
        #expect(GRPCTimeout.parse(text) == expected)
    }

    @Test(
        "a time that is written is read again, to the millisecond", arguments: [1, 20, 99_999, 200_000_000])
    func timeoutText(milliseconds: Int64) {
        let text = GRPCTimeout.text(.milliseconds(milliseconds))
        #expect(GRPCTimeout.parse(text) == .milliseconds(milliseconds))
    }

    @Test(
        "messages of statuses survive the header",
        arguments: [
            "", "plain", "100 %", "%41", "é\n\u{1f}~", "日本", String(repeating: "x", count: 1_024),
        ])
    func messages(text: String) {
        let encoded = GRPCStatus(.unknown, text).encodedMessage
        #expect(encoded.utf8.allSatisfy { (0x20...0x7e).contains($0) })
        #expect(GRPCStatus.decodedMessage(encoded) == text)
    }

    @Test("what is no valid escape in a message stays as it is")
    func badEscapes() {
        #expect(GRPCStatus.decodedMessage("%") == "%")
        #expect(GRPCStatus.decodedMessage("%4") == "%4")
        #expect(GRPCStatus.decodedMessage("%zz%41") == "%zzA")
    }
}
