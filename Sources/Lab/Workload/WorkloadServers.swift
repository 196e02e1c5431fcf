// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import NetworkModel

/// A listening TCP socket.
final class WorkloadListener: WorkloadEndpoint {
    private let kind: WorkloadServer.Kind

    init(_ descriptor: Int32, kind: WorkloadServer.Kind) {
        self.kind = kind
        super.init(descriptor)
    }

    override func becomeReady(_ loop: WorkloadLoop) {
        for _ in 0..<32 {
            let connection = accept(descriptor, nil, nil)
            guard connection >= 0 else { return }
            guard loop.hasRoom, fcntl(connection, F_SETFL, O_NONBLOCK) == 0 else {
                close(connection)
                continue
            }
            loop.add(WorkloadServedConnection(connection, kind: kind))
        }
    }
}

/// One accepted connection: an HTTP request and its answer, or the line protocol.
final class WorkloadServedConnection: WorkloadEndpoint {
    private static let idleNanoseconds: Int64 = 30_000_000_000
    private static let maximumRequestBytes = 8192

    private let kind: WorkloadServer.Kind
    private var request: [UInt8] = []
    private var output: [UInt8] = []
    private var closesAfterOutput = false

    init(_ descriptor: Int32, kind: WorkloadServer.Kind) {
        self.kind = kind
        super.init(descriptor)
        if kind == .tcp { output = Array("lab ready\n".utf8) }
        postpone()
    }

    override func becomeReady(_ loop: WorkloadLoop) {
        do throws(WorkloadSocket.Failure) {
            if output.isEmpty, let bytes = try WorkloadSocket.receive(descriptor, maximumBytes: 16_384) {
                guard !bytes.isEmpty else { return loop.remove(self) }
                accept(bytes)
            }
            while !output.isEmpty, let count = try WorkloadSocket.send(descriptor, output[...]) {
                output.removeFirst(count)
            }
            if output.isEmpty, closesAfterOutput { return loop.remove(self) }
            postpone()
        } catch {
            loop.remove(self)
        }
    }

    private func accept(_ bytes: [UInt8]) {
        guard kind == .http else {
            output = bytes
            return
        }
        request += bytes
        let isComplete = String(decoding: request, as: UTF8.self).contains("\r\n\r\n")
        guard isComplete || request.count > Self.maximumRequestBytes else { return }
        let body = isComplete ? "ok\n" : "request too long\n"
        let status = isComplete ? "200 OK" : "431 Request Header Fields Too Large"
        output = Array(
            ("HTTP/1.1 \(status)\r\nContent-Type: text/plain\r\nContent-Length: \(body.utf8.count)\r\n"
                + "Connection: close\r\n\r\n" + body).utf8)
        closesAfterOutput = true
    }

    private func postpone() {
        events = Int16(output.isEmpty ? POLLIN : POLLOUT)
        deadlineNanoseconds = WorkloadLoop.monotonicNanoseconds + Self.idleNanoseconds
    }
}

/// A UDP socket that answers: the name server, or a sink with receipts.
final class WorkloadDatagramServer: WorkloadEndpoint {
    private let zone: WorkloadZoneFile?

    /// `zone` makes it a name server.
    init(_ descriptor: Int32, zone: WorkloadZoneFile?) {
        self.zone = zone
        super.init(descriptor)
    }

    override func becomeReady(_ loop: WorkloadLoop) {
        var bytes = [UInt8](repeating: 0, count: 2048)
        for _ in 0..<64 {
            var peer = SocketAddress()
            let count = bytes.withUnsafeMutableBytes { raw in
                peer.withMutablePointer { recvfrom(descriptor, raw.baseAddress, raw.count, 0, $0, $1) }
            }
            guard count >= 0, let answer = answer(Array(bytes[..<count])) else {
                if count < 0 { return }
                continue
            }
            // A full send buffer loses an answer, as UDP may.
            _ = peer.withPointer { sendto(descriptor, answer, answer.count, 0, $0, $1) }
        }
    }

    private func answer(_ datagram: [UInt8]) -> [UInt8]? {
        guard let zone else { return Array("ok\n".utf8) }
        guard let query = DNSMessage.decodeQuery(datagram) else { return nil }
        return DNSMessage.encode(zone.current().response(to: query))
    }
}

/// The zone file, read again when it has changed; looked at once a second at most.
final class WorkloadZoneFile {
    private let path: String?
    private var zone = DNSZone()
    private var version: [Int] = []
    private var checkAfterNanoseconds: Int64 = 0

    init(_ path: String?) { self.path = path }

    func current() -> DNSZone {
        let now = WorkloadLoop.monotonicNanoseconds
        guard let path, now >= checkAfterNanoseconds else { return zone }
        checkAfterNanoseconds = now + 1_000_000_000
        var status = stat()
        guard stat(path, &status) == 0 else { return zone }
        let found = [Int(status.st_ino), status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_size]
        if found != version, let text = LabFile.read(path, maximumBytes: 1 << 20) {
            zone = DNSZone(text: text)
            version = found
        }
        return zone
    }
}
