// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A gRPC client of other origin in a process of its own (Tests/grpc/client.py). Messages are raw bytes.
public final class GRPCPeer: Sendable {
    public struct Answer: Sendable {
        /// `OK`, `NOT_FOUND`, ...; `TIMEOUT` and `CLIENT` are the client's own.
        public var code: String
        public var details: String
        public var messages: [[UInt8]]
        public var receipts: [[UInt8]]
        public var count: Int
        public var seconds: Double
    }

    /// Paths of PEM files, and the name that the server's certificate must have.
    public struct Security: Sendable {
        public var ca: String
        public var certificate: String?
        public var key: String?
        public var name: String?

        public init(ca: String, certificate: String? = nil, key: String? = nil, name: String? = nil) {
            self.ca = ca
            self.certificate = certificate
            self.key = key
            self.name = name
        }
    }

    private struct State {
        var nextID = 1
        var waiting: [Int: CheckedContinuation<Answer, any Error>] = [:]
        var isOver = false
    }
    private struct Over: Error {}

    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private static var python: String {
        ProcessInfo.processInfo.environment["GRPC_PYTHON"]
            ?? root.appending(path: ".build/python/bin/python3").path
    }

    /// Whether the client is installed (scripts/setup). Where nothing may be skipped, it is taken to be.
    public static var isAvailable: Bool {
        ProcessInfo.processInfo.environment["REQUIRE_GRPC_TESTS"] == "1"
            || FileManager.default.isExecutableFile(atPath: python)
    }

    private let process = Process()
    private let input = Pipe()
    private let state = Mutex(State())

    public init() throws {
        let output = Pipe()
        process.executableURL = URL(filePath: Self.python)
        process.arguments = [Self.root.appending(path: "Tests/grpc/client.py").path]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let reading = output.fileHandleForReading
        Thread { [weak self] in
            var rest: [UInt8] = []
            while case let data = reading.availableData, !data.isEmpty {
                rest += data
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    self?.take(Data(rest[..<end]))
                    rest.removeSubrange(...end)
                }
            }
            self?.end()
        }.start()
    }

    deinit { process.terminate() }

    private func take(_ line: Data) {
        guard let object = (try? JSONSerialization.jsonObject(with: line)) as? [String: Any],
            let id = object["id"] as? Int
        else { return }
        func bytes(_ key: String) -> [[UInt8]] {
            (object[key] as? [String] ?? []).compactMap { Data(base64Encoded: $0).map { Array($0) } }
        }
        let answer = Answer(
            code: object["code"] as? String ?? "", details: object["details"] as? String ?? "",
            messages: bytes("messages"), receipts: bytes("receipts"), count: object["count"] as? Int ?? 0,
            seconds: object["seconds"] as? Double ?? 0)
        state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(returning: answer)
    }

    private func end() {
        let waiting = state.withLock { state in
            state.isOver = true
            defer { state.waiting = [:] }
            return state.waiting
        }
        for continuation in waiting.values { continuation.resume(throwing: Over()) }
    }

    private func ask(_ operation: String, _ values: [String: Any]) async throws -> Answer {
        var values = values
        values["do"] = operation
        let id = state.withLock { state in
            defer { state.nextID += 1 }
            return state.nextID
        }
        values["id"] = id
        var line = try JSONSerialization.data(withJSONObject: values)
        line.append(UInt8(ascii: "\n"))
        return try await withCheckedThrowingContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.isOver { state.waiting[id] = continuation }
                return state.isOver
            }
            guard !isOver else { return continuation.resume(throwing: Over()) }
            input.fileHandleForWriting.write(line)
        }
    }

    /// Where calls go, on which connection.
    public struct Target: Sendable {
        public var channel: String
        public var port: Int
        public var security: Security?
        public var metadata: [(String, String)]

        public init(
            _ channel: String, port: Int, security: Security? = nil, metadata: [(String, String)] = []
        ) {
            self.channel = channel
            self.port = port
            self.security = security
            self.metadata = metadata
        }

        var values: [String: Any] {
            var values: [String: Any] = [
                "channel": channel, "target": "127.0.0.1:\(port)",
                "metadata": metadata.map { [$0.0, $0.1] },
            ]
            if let security {
                values["security"] = [
                    "ca": security.ca, "certificate": security.certificate, "key": security.key,
                    "name": security.name,
                ].compactMapValues { $0 }
            }
            return values
        }
    }

    private func call(
        _ operation: String, _ target: Target, _ method: String, _ more: [String: Any]
    ) async throws -> Answer {
        var values = target.values.merging(more) { $1 }
        values["method"] = method
        return try await ask(operation, values)
    }

    private static func text(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

    public func unary(_ target: Target, _ method: String, _ message: [UInt8]) async throws -> Answer {
        try await call("unary", target, method, ["message": Self.text(message)])
    }

    /// All messages of a server stream that ends.
    public func collect(_ target: Target, _ method: String, _ message: [UInt8]) async throws -> Answer {
        try await call("collect", target, method, ["message": Self.text(message)])
    }

    /// Begins a server stream that goes on; returns when the server has taken it.
    public func open(
        _ name: String, _ target: Target, _ method: String, _ message: [UInt8]
    ) async throws -> Answer {
        try await call("open", target, method, ["call": name, "message": Self.text(message)])
    }

    /// The next messages of a stream, when there are so many.
    public func receive(_ name: String, count: Int) async throws -> Answer {
        try await ask("receive", ["call": name, "count": count])
    }

    /// Ends a stream; the messages are those that came and were not received.
    public func close(_ name: String) async throws -> Answer { try await ask("close", ["call": name]) }

    /// Sends messages on the stream that the target's channel keeps open, and waits for as many receipts.
    public func send(_ target: Target, _ method: String, _ messages: [[UInt8]]) async throws -> Answer {
        try await call("send", target, method, ["messages": messages.map(Self.text)])
    }

    /// Sends many messages on a connection of their own; `count` of the answer is the number of receipts.
    public func flood(
        _ target: Target, _ method: String, _ messages: [[UInt8]], count: Int, window: Int
    ) async throws -> Answer {
        try await call(
            "flood", target, method,
            ["messages": messages.map(Self.text), "count": count, "window": window])
    }

    /// Clients that each send all messages, and again after they lost their connection, until each has all its
    /// receipts; `count` of the answer is the number of these receipts.
    public func clients(
        _ count: Int, _ target: Target, _ method: String, _ messages: [[UInt8]]
    ) async throws -> Answer {
        try await call("clients", target, method, ["messages": messages.map(Self.text), "count": count])
    }

    /// Status and body of a page, as `code` and `details`.
    public func http(_ url: String, ca: String? = nil) async throws -> Answer {
        try await ask("http", ["url": url, "ca": ca].compactMapValues { $0 })
    }

    public func disconnect(_ channel: String) async throws {
        _ = try await ask("disconnect", ["channel": channel])
    }
}
