// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOPosix

/// A plain HTTP/1.1 client over one socket.
struct HTTPConnection {
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var received = ByteBuffer()

    static func open<Value: Sendable>(
        port: Int, receiveBuffer: Int? = nil,
        _ body: @escaping @Sendable (HTTPConnection) async throws -> Value
    ) async throws -> Value {
        var bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        if let receiveBuffer {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(receiveBuffer))
        }
        let channel = try await bootstrap.connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
        return try await channel.executeThenClose { inbound, outbound in
            try await body(HTTPConnection(inbound: inbound.makeAsyncIterator(), outbound: outbound))
        }
    }

    /// Sends a request and reads its answer to the end of the connection.
    static func exchange(port: Int, _ text: String) async throws -> HTTPReply {
        try await open(port: port) { connection in
            var connection = connection
            try await connection.send(text)
            var reply = try await connection.head()
            while let piece = try await connection.bodyPiece(reply) { reply.body += piece }
            return reply
        }
    }

    func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    mutating func head() async throws -> HTTPReply {
        var lines: [String] = []
        while true {
            guard let line = try await line() else {
                throw TestFailure("the connection ended in the headers: \(lines)")
            }
            if line.isEmpty { break }
            lines.append(line)
        }
        let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] =
                parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        }
        return HTTPReply(status: status, headers: headers)
    }

    /// One piece of the body; nil at its end.
    mutating func bodyPiece(_ reply: HTTPReply) async throws -> [UInt8]? {
        if reply.headers["transfer-encoding"] == "chunked" {
            guard let line = try await line(), let size = Int(line, radix: 16), size > 0 else { return nil }
            while received.readableBytes < size + 2 {
                guard try await receive() else { return nil }
            }
            defer { received.moveReaderIndex(forwardBy: 2) }
            return received.readBytes(length: size)
        }
        if received.readableBytes == 0 {
            let length = reply.headers["content-length"].flatMap { Int($0) } ?? 0
            guard reply.body.count < length, try await receive() else { return nil }
        }
        return received.readBytes(length: received.readableBytes)
    }

    private mutating func line() async throws -> String? {
        while true {
            if let end = received.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
                let line = received.readString(length: end + 1 - received.readerIndex) ?? ""
                return String(line.dropLast())
            }
            guard try await receive() else { return nil }
        }
    }

    private mutating func receive() async throws -> Bool {
        guard let piece = try await inbound.next() else { return false }
        received.discardReadBytes()
        received.writeImmutableBuffer(piece)
        return true
    }
}

/// An HTTP answer; header names in lower case.
struct HTTPReply: Sendable {
    var status: Int
    var headers: [String: String]
    var body: [UInt8] = []

    var text: String { String(decoding: body, as: UTF8.self) }

    var json: [String: Any] {
        get throws {
            let value = try JSONSerialization.jsonObject(with: Data(body))
            guard let object = value as? [String: Any] else { throw TestFailure("not an object: \(text)") }
            return object
        }
    }

    /// The `items` of a list.
    var items: [[String: Any]] {
        get throws { try json["items"] as? [[String: Any]] ?? [] }
    }

    /// The `error` of a refusal.
    var error: String {
        get throws { try json["error"] as? String ?? "" }
    }
}

/// Reads Server-Sent Events.
struct EventReader {
    struct Event: Equatable, Sendable {
        var name = "message"
        var id: String?
        var data = ""
    }

    private var connection: HTTPConnection
    private(set) var reply: HTTPReply?
    private var text: [UInt8] = []

    init(_ connection: HTTPConnection) { self.connection = connection }

    /// Status and headers of the answer.
    mutating func head() async throws -> HTTPReply {
        if let reply { return reply }
        let head = try await connection.head()
        reply = head
        return head
    }

    /// The next event; nil at the end of the stream.
    mutating func next() async throws -> Event? {
        let head = try await head()
        while true {
            if let event = take() { return event }
            guard let piece = try await connection.bodyPiece(head) else { return nil }
            text += piece
        }
    }

    /// Skips to the next event with this name.
    mutating func next(_ name: String) async throws -> Event {
        while let event = try await next() {
            if event.name == name { return event }
        }
        throw TestFailure("the stream ended before an event \(name)")
    }

    /// Skips to the next row that passes.
    mutating func row(where passes: ([String: Any]) -> Bool) async throws -> (row: [String: Any], id: String?)
    {
        while true {
            let event = try await next("flows")
            if let row = try event.rows.first(where: passes) { return (row, event.id) }
        }
    }

    private mutating func take() -> Event? {
        let mark: [UInt8] = [10, 10]
        guard text.count > 1,
            let end = text.indices.dropLast().first(where: { text[$0...].starts(with: mark) })
        else {
            return nil
        }
        let lines = String(decoding: text[..<end], as: UTF8.self).split(separator: "\n")
        text.removeSubrange(...(end + 1))
        var event = Event()
        for line in lines {
            if line.hasPrefix("event: ") { event.name = String(line.dropFirst(7)) }
            if line.hasPrefix("id: ") { event.id = String(line.dropFirst(4)) }
            if line.hasPrefix("data: ") { event.data = String(line.dropFirst(6)) }
        }
        return event
    }
}

extension EventReader.Event {
    var json: [String: Any] {
        get throws {
            try JSONSerialization.jsonObject(with: Data(data.utf8)) as? [String: Any] ?? [:]
        }
    }

    var rows: [[String: Any]] {
        get throws { try json["rows"] as? [[String: Any]] ?? [] }
    }
}
