// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import NetworkModel

/// One attempt of a call, from connecting to the last byte.
///
///     connecting ──▶ exchanging ──(answer complete)──▶ holding (tcp) ──▶ closed
///          └───────────────┴──(error, deadline)──▶ closed, reported
final class WorkloadCallAttempt: WorkloadEndpoint {
    private enum Stage {
        case connecting
        case exchanging
        case holding
    }

    /// HTTP answers longer than this end the attempt with success: the lab measures reachability, not
    /// content.
    private static let maximumAnswerBytes = 1 << 20
    private static let exchangeNanoseconds: Int64 = 2_000_000_000

    private let call: WorkloadCall
    private let address: IPAddress
    private var stage = Stage.connecting
    private var output: [UInt8] = []
    private var receivedBytes = 0
    private var start: [UInt8] = []

    private init(_ descriptor: Int32, _ call: WorkloadCall, _ address: IPAddress) {
        self.call = call
        self.address = address
        super.init(descriptor)
        events = Int16(POLLOUT)
        deadlineNanoseconds = WorkloadLoop.monotonicNanoseconds + Self.attemptNanoseconds
    }

    static func start(_ call: WorkloadCall, _ address: IPAddress, _ loop: WorkloadLoop) {
        do throws(WorkloadSocket.Failure) {
            let descriptor = try WorkloadSocket.client(
                to: address, port: call.port, transport: call.transport(address.family),
                from: loop.localAddress(address.family))
            loop.add(WorkloadCallAttempt(descriptor, call, address))
        } catch {
            loop.reports.note(call.target, "\(address)", error.text)
        }
    }

    // MARK: Events

    override func becomeReady(_ loop: WorkloadLoop) {
        do throws(WorkloadSocket.Failure) {
            if stage == .connecting {
                let code = WorkloadSocket.pendingError(descriptor)
                guard code == 0 else { throw WorkloadSocket.Failure(code) }
                beginExchange()
            }
            if !output.isEmpty { try sendOutput() }
            try receive(loop)
        } catch {
            fail(error.text, loop)
        }
    }

    override func expire(_ loop: WorkloadLoop) {
        switch stage {
        case .connecting: fail("no answer within 1 s", loop)
        case .exchanging: fail("connected, but no complete answer", loop)
        case .holding: loop.remove(self)
        }
    }

    private func beginExchange() {
        stage = .exchanging
        let isDatagram = call.kind != .http && call.kind != .tcp
        deadlineNanoseconds =
            WorkloadLoop.monotonicNanoseconds
            + (isDatagram ? Self.attemptNanoseconds : Self.exchangeNanoseconds)
        switch call.kind {
        case .http:
            let host = "Host: lab\r\nUser-Agent: vibrissa-workload\r\nConnection: close\r\n\r\n"
            output = Array("GET \(call.path) HTTP/1.1\r\n\(host)".utf8)
        case .tcp, .udp:
            output = [UInt8](repeating: UInt8(ascii: "x"), count: max(1, call.bytes))
            output[output.count - 1] = UInt8(ascii: "\n")
        case .dns:
            guard let name = DNSName(call.path) else { return }
            let question = DNSMessage.Question(name: name, family: address.family)
            output = DNSMessage.encode(DNSMessage.Query(id: .random(in: 0...0xffff), question: question))
        case .icmp:
            // Type 8 (ICMP) or 128 (ICMPv6) echo request; the kernel fills in identifier and checksum.
            output =
                [address.family == .v4 ? 8 : 128, 0, 0, 0, 0, 0, 0, 1] + [UInt8](repeating: 0, count: 48)
        }
        events = Int16(POLLIN | POLLOUT)
    }

    private func sendOutput() throws(WorkloadSocket.Failure) {
        while !output.isEmpty, let count = try WorkloadSocket.send(descriptor, output[...]) {
            output.removeFirst(count)
        }
        events = Int16(output.isEmpty ? POLLIN : POLLIN | POLLOUT)
    }

    private func receive(_ loop: WorkloadLoop) throws(WorkloadSocket.Failure) {
        for _ in 0..<64 where isOpen {
            guard let bytes = try WorkloadSocket.receive(descriptor, maximumBytes: 16_384) else { return }
            receivedBytes += bytes.count
            if start.count < 16 { start += bytes.prefix(16) }
            switch call.kind {
            case .udp, .dns, .icmp: return succeed(loop)
            case .http:
                if bytes.isEmpty || receivedBytes > Self.maximumAnswerBytes { return finishHTTP(loop) }
            case .tcp:
                if bytes.isEmpty {
                    return stage == .holding ? loop.remove(self) : fail("closed by the server", loop)
                }
                // The greeting and the whole echo.
                if stage == .exchanging, receivedBytes > call.bytes { hold(loop) }
            }
        }
    }

    // MARK: Outcomes

    private func finishHTTP(_ loop: WorkloadLoop) {
        let status = String(decoding: start.prefix(12), as: UTF8.self)
        status == "HTTP/1.1 200" ? succeed(loop) : fail("answered \"\(status)\"", loop)
    }

    private func hold(_ loop: WorkloadLoop) {
        guard call.hold > .zero else { return succeed(loop) }
        loop.reports.note(call.target, "\(address)", nil)
        stage = .holding
        deadlineNanoseconds = WorkloadLoop.monotonicNanoseconds + call.hold.nanoseconds
    }

    private func succeed(_ loop: WorkloadLoop) {
        loop.reports.note(call.target, "\(address)", nil)
        loop.remove(self)
    }

    private func fail(_ reason: String, _ loop: WorkloadLoop) {
        // A held connection has done its work; how it ends is no news.
        if stage != .holding { loop.reports.note(call.target, "\(address)", reason) }
        loop.remove(self)
    }
}

/// One connection attempt of a scan; whatever comes of it is not reported.
final class WorkloadProbeAttempt: WorkloadEndpoint {
    static func start(_ address: IPAddress, _ port: UInt16, _ loop: WorkloadLoop) {
        let local = loop.localAddress(address.family)
        do throws(WorkloadSocket.Failure) {
            let attempt = WorkloadProbeAttempt(
                try WorkloadSocket.client(to: address, port: port, transport: .tcp, from: local))
            attempt.events = Int16(POLLOUT)
            attempt.deadlineNanoseconds = WorkloadLoop.monotonicNanoseconds + attemptNanoseconds
            loop.add(attempt)
        } catch {
            // A scanner expects failures.
        }
    }

    override func becomeReady(_ loop: WorkloadLoop) { loop.remove(self) }
}
