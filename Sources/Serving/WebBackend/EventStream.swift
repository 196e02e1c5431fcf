// SPDX-License-Identifier: Apache-2.0

import FlowStore
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle
import Synchronization

/// Server-Sent Events that go out in one write (WHATWG HTML, section 9.2).
struct EventStreamPiece {
    private var bytes: [UInt8] = []

    /// Large enough to be written before more is added, bytes.
    private static let largeBytes = 262_144

    var isLarge: Bool { bytes.count >= Self.largeBytes }

    /// Adds a message. JSON text is one line, so it is one `data` line.
    mutating func message(event: String? = nil, id: FlowCursor? = nil, _ data: (inout JSONWriter) -> Void) {
        if let event { bytes.append(contentsOf: "event: \(event)\n".utf8) }
        if let id { bytes.append(contentsOf: "id: \(id.rawValue)\n".utf8) }
        bytes.append(contentsOf: "data: ".utf8)
        var json = JSONWriter()
        data(&json)
        bytes.append(contentsOf: json.bytes)
        bytes.append(contentsOf: "\n\n".utf8)
    }

    /// Adds rows as one message, or as several when they are large: a client holds a whole message in memory.
    mutating func rows(_ rows: [FlowChange]) {
        var next = rows.startIndex
        while next < rows.endIndex {
            var json = JSONWriter()
            json.beginObject()
            json.key("rows")
            json.beginArray()
            repeat {
                json.row(rows[next])
                next += 1
            } while next < rows.endIndex && json.bytes.count < Self.largeBytes
            json.endArray()
            json.endObject()
            message(event: "flows", id: rows[next - 1].cursor) { $0.raw(json.bytes) }
        }
    }

    /// Adds a line that clients skip.
    mutating func comment() { bytes.append(contentsOf: ": keep-alive\n\n".utf8) }

    /// What was added; the piece is empty afterwards.
    mutating func take() -> ByteBuffer {
        defer { bytes.removeAll(keepingCapacity: true) }
        return ByteBuffer(bytes: bytes)
    }
}

/// Bounds how many streams are open at a time.
final class SubscriberLimit: Sendable {
    /// One open stream; gives its place back when the last reference goes.
    final class Place: Sendable {
        private let limit: SubscriberLimit
        fileprivate init(_ limit: SubscriberLimit) { self.limit = limit }
        deinit { limit.count.withLock { $0 -= 1 } }
    }

    private let limit: Int
    private let count = Mutex(0)

    init(limit: Int) { self.limit = limit }

    func take() throws(RequestProblem) -> Place {
        let isFree = count.withLock { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
        guard isFree else {
            throw RequestProblem(
                .serviceUnavailable,
                "\(limit) live streams are open, which is the limit; close one and try again")
        }
        return Place(self)
    }
}

/// Where the messages of one stream go.
struct EventStreamOutput: ~Copyable {
    fileprivate var writer: any ResponseBodyWriter
    fileprivate let stall: StallWatch

    /// Waits until the connection takes the bytes. Throws when it is gone or the task is cancelled.
    mutating func write(_ buffer: ByteBuffer) async throws {
        guard buffer.readableBytes > 0 else { return }
        stall.begin()
        try await writer.write(buffer)
        stall.end()
    }
}

/// A request whose answer is a stream of events.
struct StreamRequest: Sendable {
    let query: RequestQuery
    let lastEventID: String?
    let body: RequestBody
    let channel: any Channel
    let limits: ConsoleServer.Limits

    /// An answer that lasts until `produce` returns, the client goes, or the server shuts down. A client that
    /// takes nothing for `stallTimeout` is cut off.
    func response(
        holding place: SubscriberLimit.Place,
        _ produce: @escaping @Sendable (inout EventStreamOutput) async throws -> Void
    ) -> Response {
        let headers: HTTPFields = [
            .contentType: "text/event-stream", .cacheControl: "no-cache", .connection: "keep-alive",
            .accelBuffering: "no",
        ]
        let body = ResponseBody { writer in
            defer { withExtendedLifetime(place) {} }
            let stall = StallWatch(timeout: limits.stallTimeout, channel: channel)
            var output = EventStreamOutput(writer: writer, stall: stall)
            do {
                try await self.body.consumeWithCancellationOnInboundClose { _ in
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask { try await stall.run() }
                        defer { group.cancelAll() }
                        try await produce(&output)
                    }
                }
            } catch is CancellationError {
                // The client went, or the server shuts down: an end like any other.
            }
            try await output.writer.finish(nil)
        }
        return Response(status: .ok, headers: headers, body: body)
    }
}

/// Closes a connection on which a write does not come to an end.
final class StallWatch: Sendable {
    private let writingSince = Mutex<ContinuousClock.Instant?>(nil)
    private let timeout: Duration
    private let channel: any Channel

    init(timeout: Duration, channel: any Channel) {
        self.timeout = timeout
        self.channel = channel
    }

    func begin() { writingSince.withLock { $0 = .now } }
    func end() { writingSince.withLock { $0 = nil } }

    func run() async throws {
        while true {
            try await Task.sleep(for: timeout / 4)
            let isStalled = writingSince.withLock { $0.map { .now - $0 > timeout } ?? false }
            if isStalled { return channel.close(promise: nil) }
        }
    }
}
