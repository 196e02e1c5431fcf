// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import GRPCTransport

@Suite("Calls over gRPC", .timeLimit(.minutes(2)))
struct CallTests {
    private func buffer(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    private func framed(_ texts: [String]) -> ByteBuffer {
        var buffer = ByteBuffer()
        for text in texts { buffer.writeGRPCMessage { $0.writeString(text) } }
        return buffer
    }

    /// All messages of a call, and how it ended.
    private func all(_ call: GRPCClientCall) async -> (texts: [String], status: GRPCStatus) {
        var texts: [String] = []
        do throws(GRPCStatus) {
            while let messages = try await call.next() {
                messages.forEach { texts.append(String(decoding: $0, as: UTF8.self)) }
            }
            return (texts, .ok)
        } catch {
            return (texts, error)
        }
    }

    @Test("one message there, one back, of any size", arguments: [0, 1, 1_000, 300_000, 4 << 20])
    func unary(size: Int) async throws {
        try await withEchoServer { echo in
            let client = echo.client()
            let message = ByteBuffer(repeating: 5, count: size)
            let answer = try await client.unary("/test.Echo/Unary", message)
            #expect(answer == message)
            await client.close()
        }
    }

    @Test("an error arrives as it was said")
    func failure() async throws {
        try await withEchoServer { echo in
            let client = echo.client()
            let error = await #expect(throws: GRPCStatus.self) {
                try await client.unary("/test.Echo/Fail", ByteBuffer())
            }
            #expect(error == GRPCStatus(.failedPrecondition, "100 % wrong: é\n"))
            let unknown = await #expect(throws: GRPCStatus.self) {
                try await client.unary("/test.Echo/Nothing", ByteBuffer())
            }
            #expect(unknown?.code == .unimplemented)
            await client.close()
        }
    }

    @Test("a stream of answers comes whole and in order", arguments: [0, 1, 20_000])
    func serverStream(count: Int) async throws {
        try await withEchoServer { echo in
            let client = echo.client()
            let call = try await client.call("/test.Echo/Count")
            try await call.send(framed(["\(count)"]), isLast: true)
            let (texts, status) = await all(call)
            #expect(texts == (0..<count).map(String.init) && status == .ok)
            await client.close()
        }
    }

    @Test("a stream both ways answers every message, many calls on one connection")
    func messages() async throws {
        try await withEchoServer { echo in
            let client = echo.client()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        let call = try await client.call("/test.Echo/All")
                        for round in 0..<50 {
                            try await call.send(self.framed(["\(number) \(round)"]), isLast: round == 49)
                        }
                        let (texts, status) = await self.all(call)
                        #expect(texts == (0..<50).map { "\(number) \($0)" } && status == .ok)
                    }
                }
                try await group.waitForAll()
            }
            #expect(echo.received.messages.load(ordering: .relaxed) == 1_000)
            #expect(echo.server.statistics.acceptedConnections == 1)
            await until { echo.received.ended.load(ordering: .relaxed) == 20 }
            await client.close()
        }
    }

    @Test("a caller's time ends the call on both ends")
    func deadline() async throws {
        try await withEchoServer { echo in
            let client = echo.client()
            let error = await #expect(throws: GRPCStatus.self) {
                try await client.unary("/test.Echo/Never", ByteBuffer(), timeout: .milliseconds(50))
            }
            #expect(error?.code == .deadlineExceeded)
            // Whether it had begun there or not.
            await until { echo.server.statistics.openCalls == 0 }
            let (begun, over) = (
                echo.server.statistics.calls.values.reduce(0, +),
                echo.received.cancelled.load(ordering: .relaxed)
            )
            #expect(over <= begun)
            await client.close()
        }
    }

    @Test("a call that its caller lets go of ends the method's task")
    func cancellation() async throws {
        try await withEchoServer { echo in
            let client = echo.client()
            do {
                let call = try await client.call("/test.Echo/Forever")
                try await call.send(framed([""]), isLast: true)
                #expect(try await call.next() != nil)
            }
            await until { echo.received.cancelled.load(ordering: .relaxed) == 1 }
            let waiting = Task { try await client.unary("/test.Echo/Never", ByteBuffer()) }
            await until { echo.server.statistics.openCalls == 1 }
            waiting.cancel()
            await until { echo.received.cancelled.load(ordering: .relaxed) == 2 }
            await client.close()
        }
    }

    @Test("a caller that does not read holds up nobody, and is ended after a while")
    func slowReader() async throws {
        try await withEchoServer({ $0.writeTimeout = .milliseconds(200) }) { echo in
            let client = echo.client()
            let slow = try await client.call("/test.Echo/Forever")
            try await slow.send(framed([""]), isLast: true)
            for _ in 0..<100 { _ = try await client.unary("/test.Echo/Unary", buffer("x")) }
            await until { echo.server.statistics.slowCalls == 1 }
            await until { echo.received.cancelled.load(ordering: .relaxed) == 1 }
            let answer = try await client.unary("/test.Echo/Unary", buffer("x"))
            #expect(answer == buffer("x"))
            withExtendedLifetime(slow) {}
            await client.close()
        }
    }

    @Test("a client does not read ahead of its reader")
    func backPressure() async throws {
        try await withEchoServer { echo in
            let client = echo.client()
            let call = try await client.call("/test.Echo/Forever")
            try await call.send(framed([""]), isLast: true)
            var bytes = 0
            for _ in 0..<40 {
                let messages = try #require(try await call.next())
                messages.forEach { bytes += $0.count }
            }
            #expect(bytes >= 40 * 50_000)
            call.cancel()
            await client.close()
        }
    }

    @Test("limits of calls and messages are statuses that say so")
    func limits() async throws {
        try await withEchoServer({
            $0.maximumMessageBytes = 1_000
            $0.maximumCalls = 1
        }) { echo in
            let client = echo.client()
            let long = await #expect(throws: GRPCStatus.self) {
                try await client.unary("/test.Echo/Unary", ByteBuffer(repeating: 0, count: 1_001))
            }
            #expect(long?.code == .resourceExhausted && long?.message.contains("1001") == true)
            await until { echo.server.statistics.openCalls == 0 }
            let open = try await client.call("/test.Echo/All")
            try await open.send(framed(["a"]))
            #expect(try await open.next() != nil)
            let second = await #expect(throws: GRPCStatus.self) {
                try await client.unary("/test.Echo/Unary", buffer("x"))
            }
            #expect(second?.code == .resourceExhausted)
            await client.close()
        }
    }

    @Test("what is answered before a bad message stays answered")
    func badMessage() async throws {
        try await withEchoServer { echo in
            for bad in [[1, 0, 0, 0, 1, 9], [0, 255, 255, 255, 255], [0, 0, 0, 0, 9, 1]] as [[UInt8]] {
                let client = echo.client()
                let call = try await client.call("/test.Echo/All")
                var bytes = framed(["one", "two"])
                bytes.writeBytes(bad)
                try await call.send(bytes, isLast: true)
                let (texts, status) = await all(call)
                #expect(texts == ["one", "two"] && status.code != .ok, "\(status)")
                await client.close()
            }
        }
    }

    @Test("a server that shuts down lets its clients know, and they find it gone")
    func shutdown() async throws {
        let echo = try await EchoServer()
        let client = echo.client()
        _ = try await client.unary("/test.Echo/Unary", buffer("x"))
        try await echo.end()
        let error = await #expect(throws: GRPCStatus.self) {
            try await client.unary("/test.Echo/Unary", buffer("x"))
        }
        #expect(error?.code == .unavailable)
        await client.close()
    }

    @Test("too many connections are refused, and counted")
    func connections() async throws {
        try await withEchoServer({ $0.maximumConnections = 1 }) { echo in
            let (first, second) = (echo.client(), echo.client())
            _ = try await first.unary("/test.Echo/Unary", buffer("x"))
            let error = await #expect(throws: GRPCStatus.self) {
                try await second.unary("/test.Echo/Unary", buffer("x"))
            }
            #expect(error?.code == .unavailable)
            #expect(echo.server.statistics.refusedConnections == 1)
            await first.close()
            await second.close()
        }
    }
}
