// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A small blocking HTTP/1.1 client for tests of our own servers on loopback: one request per connection, every wait
/// with a deadline.
public struct LoopbackHTTP: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String

        public init(_ description: String) { self.description = description }
    }

    public struct Response: Sendable {
        public let status: Int
        /// Names in lower case.
        public let headers: [String: String]
        public let body: String
    }

    /// One message of an event stream.
    public struct Event: Sendable {
        public var name = "message"
        public var id = ""
        public var data = ""
    }

    public let port: UInt16

    public init(port: UInt16) { self.port = port }

    /// `http://127.0.0.1:8080` or with a path behind it.
    public init?(address: String) {
        guard let digits = address.split(separator: ":").last?.prefix(while: \.isNumber),
            let port = UInt16(digits)
        else { return nil }
        self.init(port: port)
    }

    public func get(
        _ path: String, headers: [String: String] = [:], within seconds: Double = 10
    ) throws -> Response {
        var connection = try Connection(port: port, seconds: seconds)
        try connection.send(request(path, headers))
        let head = try connection.readHead()
        var body: [UInt8] = []
        while let part = try connection.readBody(head) { body += part }
        return Response(
            status: head.status, headers: head.headers, body: String(decoding: body, as: UTF8.self))
    }

    /// Reads an event stream until `take` returns a value; nil when the time is over or the stream ends.
    public func firstEvent<Value>(
        of path: String, headers: [String: String] = [:], within seconds: Double,
        where take: (Event) throws -> Value?
    ) throws -> Value? {
        var connection = try Connection(port: port, seconds: seconds)
        try connection.send(request(path, headers))
        let head = try connection.readHead()
        guard head.status == 200 else { throw Failure("GET \(path): status \(head.status)") }
        var text: [UInt8] = []
        var event = Event()
        while true {
            guard let part = try connection.readBodyOrTimeOut(head) else { return nil }
            text += part
            while let end = text.firstIndex(of: 0x0a) {
                let line = String(decoding: text[..<end], as: UTF8.self)
                text.removeSubrange(...end)
                if line.isEmpty {
                    if !event.data.isEmpty, let value = try take(event) { return value }
                    event = Event()
                } else if line.hasPrefix("data: ") {
                    event.data += line.dropFirst(6)
                } else if line.hasPrefix("event: ") {
                    event.name = String(line.dropFirst(7))
                } else if line.hasPrefix("id: ") {
                    event.id = String(line.dropFirst(4))
                }
            }
        }
    }

    private func request(_ path: String, _ headers: [String: String]) -> String {
        let extra = headers.map { "\($0.key): \($0.value)\r\n" }.sorted().joined()
        return "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\(extra)\r\n"
    }
}

extension LoopbackHTTP {
    struct Head {
        var status = 0
        var headers: [String: String] = [:]
        var isChunked: Bool { headers["transfer-encoding"] == "chunked" }
        var length: Int? { headers["content-length"].flatMap { Int($0) } }
    }

    private struct Connection: ~Copyable {
        private let descriptor: Int32
        private let deadline: Double
        private var buffer: [UInt8] = []
        private var taken = 0
        private var isAtEnd = false

        init(port: UInt16, seconds: Double) throws {
            deadline = Self.now() + seconds
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard result == 0 else {
                let reason = String(cString: strerror(errno))
                close(descriptor)
                throw Failure("connect to 127.0.0.1:\(port): \(reason)")
            }
        }

        deinit { close(descriptor) }

        private static func now() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }

        func send(_ text: String) throws {
            let bytes = Array(text.utf8)
            guard Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
                throw Failure("send: \(String(cString: strerror(errno)))")
            }
        }

        /// False at the end of the stream; throws when time is over.
        private mutating func fill() throws -> Bool {
            var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let left = Int32(max(0, (deadline - Self.now()) * 1000))
            guard left > 0, poll(&wait, 1, left) > 0 else { throw TimedOut() }
            var chunk = [UInt8](repeating: 0, count: 65536)
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else {
                isAtEnd = true
                return false
            }
            buffer += chunk[..<count]
            return true
        }

        private mutating func line() throws -> String? {
            while true {
                if let end = buffer.firstIndex(of: 0x0a) {
                    let text = String(decoding: buffer[..<end].filter { $0 != 0x0d }, as: UTF8.self)
                    buffer.removeSubrange(...end)
                    return text
                }
                guard try fill() else { return nil }
            }
        }

        mutating func readHead() throws -> Head {
            var head = Head()
            guard let first = try line() else { throw Failure("the server closed the connection") }
            head.status = first.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            while let text = try line(), !text.isEmpty {
                let parts = text.split(separator: ":", maxSplits: 1)
                guard parts.count == 2 else { continue }
                head.headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
            }
            return head
        }

        /// The next piece of the body; nil at its end.
        mutating func readBody(_ head: Head) throws -> [UInt8]? {
            if head.isChunked {
                guard let size = try line().flatMap({ Int($0, radix: 16) }), size > 0 else { return nil }
                while buffer.count < size + 2 {
                    guard try fill() else { return nil }
                }
                let part = Array(buffer[..<size])
                buffer.removeFirst(size + 2)
                return part
            }
            if let length = head.length, taken >= length { return nil }
            if buffer.isEmpty {
                if isAtEnd { return nil }
                guard try fill() else { return nil }
            }
            defer { buffer = [] }
            taken += buffer.count
            return buffer
        }

        mutating func readBodyOrTimeOut(_ head: Head) throws -> [UInt8]? {
            do {
                return try readBody(head)
            } catch is TimedOut {
                return nil
            }
        }
    }

    struct TimedOut: Error {}
}
