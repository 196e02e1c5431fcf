// SPDX-License-Identifier: Apache-2.0

import Logging
import NIOCore
import NIOSSL
import NetworkModel
import Synchronization
import Testing

@testable import FlowExport

@Suite("Flows over HTTP")
struct HTTPFlowReceiverTests {
    private static let lines = ByteBuffer(string: "{}\n{}")

    /// The message of what went wrong; nil when nothing did.
    private func problem(
        _ url: String, serverName: String? = nil, timeout: Duration = .seconds(60),
        answerTimeout: Duration = .seconds(60), tls: (@Sendable () -> TLSConfiguration)? = nil
    ) async throws -> String? {
        let receiver = try HTTPFlowReceiver(
            HTTPFlowReceiver.Configuration(
                url: url, serverName: serverName, requestTimeout: timeout, answerTimeout: answerTimeout),
            tls: tls)
        let problem: String?
        do {
            try await receiver.send(Self.lines)
            problem = nil
        } catch { problem = "\(error)" }
        await receiver.shutDown()
        return problem
    }

    @Test("an emitter gets through to a server that refuses twice, with the exact body")
    func emitter() async throws {
        let server = try await LoopbackReceiver.start(answers: [500, 500, 200])
        let port = server.port
        let source = StoreSource()
        let pauses = Pauses()
        let receiver = try HTTPFlowReceiver(
            HTTPFlowReceiver.Configuration(url: "http://127.0.0.1:\(server.port)/flows?cluster=a"))
        let emitter = FlowEmitter(
            FlowEmitter.Configuration(
                windowsPerBlock: 4, delayWindows: 2, retry: EmissionRetry(jitter: 0)),
            source: source, receiver: receiver,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: { Timestamp(seconds: t0) },
            sleep: pauses.sleep)
        source.push("a", at: 0, packets: 1)
        source.push("b", at: 0, packets: 2)
        source.advance(to: 45)
        await emitter.sendDueBlocks()
        await receiver.shutDown()
        try await server.stop()

        let hits = #"[{"kind":1,"namespace":"ns-b","name":"allow-web","tier":"default","action":1}]"#
        func line(_ name: String, _ packets: Int) -> String {
            #"{"Key":{"source_name":"client-*","source_namespace":"ns-a","source_type":1,"#
                + #""dest_name":"\#(name)","#
                + #""dest_namespace":"ns-b","dest_type":1,"dest_port":8080,"dest_service_name":"-","#
                + #""dest_service_namespace":"-","dest_service_port_name":"-","proto":"tcp","#
                + #""reporter":2,"action":1,"#
                + #""policies":{"enforced_policies":\#(hits),"pending_policies":\#(hits)}},"#
                + #""start_time":\#(t0),"end_time":\#(t0 + 15),"packets_in":\#(packets)}"#
        }
        let body = line("a", 1) + "\n" + line("b", 2)
        #expect(server.requests.map(\.body) == [body, body, body])
        let request = try #require(server.requests.last)
        #expect(request.method == "POST")
        #expect(request.uri == "/flows?cluster=a")
        #expect(request.header("content-type") == "application/x-ndjson")
        #expect(request.header("content-length") == "\(body.utf8.count)")
        #expect(request.header("host") == "127.0.0.1:\(port)")
        #expect(server.connections == 1)
        #expect(pauses.taken == [.seconds(1), .seconds(2)])
        #expect(emitter.status.sentFlows == 2)
        #expect(
            emitter.status.lastProblem
                == "cannot send flows to http://127.0.0.1:\(port)/flows: the answer is 500, not 200: "
                + #"\u{7}\u{7}\u{7}"#)
    }

    @Test(
        "only 200 is success, and a redirect is not followed",
        arguments: [201, 204, 307, 400, 404, 503] as [UInt])
    func statuses(status: UInt) async throws {
        let server = try await LoopbackReceiver.start(answers: [status], answerBytes: status == 204 ? 0 : 3)
        let problem = try await problem("http://127.0.0.1:\(server.port)/")
        try await server.stop()
        #expect(problem?.contains("the answer is \(status), not 200") == true)
        #expect(server.requests.map(\.uri) == ["/"])
    }

    @Test("an answer of any length is no harm", arguments: [200, 500] as [UInt])
    func longAnswer(status: UInt) async throws {
        let server = try await LoopbackReceiver.start(answers: [status], answerBytes: 4 << 20)
        let problem = try await problem("http://127.0.0.1:\(server.port)/")
        try await server.stop()
        #expect((problem == nil) == (status == 200))
        #expect((problem?.utf8.count ?? 0) < 1_024)
    }

    @Test("a receiver that never answers is not waited for")
    func noAnswer() async throws {
        let server = try await LoopbackReceiver.start(answers: [200], stall: .answer)
        let url = "http://127.0.0.1:\(server.port)/"
        let problem = try await problem(url, timeout: .milliseconds(100))
        try await server.stop()
        #expect(problem?.hasPrefix("cannot send flows to \(url): no answer within 0.1 seconds") == true)
    }

    @Test(
        "one that never ends its answer is not waited for either, and its status counts",
        arguments: [200, 500] as [UInt])
    func endlessAnswer(status: UInt) async throws {
        let server = try await LoopbackReceiver.start(answers: [status], stall: .body)
        let url = "http://127.0.0.1:\(server.port)/"
        let problem = try await problem(url, answerTimeout: .milliseconds(100))
        try await server.stop()
        #expect(
            problem == (status == 200 ? nil : "cannot send flows to \(url): the answer is 500, not 200"))
    }

    @Test("a request in transfer ends with the service, and its flows are not done", .timeLimit(.minutes(1)))
    func endInRequest() async throws {
        let server = try await LoopbackReceiver.start(answers: [200], stall: .answer)
        let source = StoreSource()
        let emitter = FlowEmitter(
            FlowEmitter.Configuration(windowsPerBlock: 4, delayWindows: 2), source: source,
            receiver: try HTTPFlowReceiver(
                .init(url: "http://127.0.0.1:\(server.port)/", requestTimeout: .seconds(86_400))),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: { Timestamp(seconds: t0) })
        source.push("a", at: 0)
        let run = Task { try await emitter.run() }
        source.advance(to: 45)
        var arrived = server.arrived.stream.makeAsyncIterator()
        await arrived.next()
        run.cancel()
        try await run.value
        try await server.stop()
        let status = emitter.status
        #expect(status.doneSeconds == nil)
        #expect(status.lastProblem == nil)
    }

    @Test("nobody there is said, with the address and without its query")
    func unreachable() async throws {
        let server = try await LoopbackReceiver.start(answers: [200])
        let port = server.port
        try await server.stop()
        let problem = try #require(try await problem("http://127.0.0.1:\(port)/flows?token=secret"))
        #expect(problem.hasPrefix("cannot send flows to http://127.0.0.1:\(port)/flows: "))
        #expect(problem.hasSuffix("check that the receiver runs, and push-url"))
        #expect(!problem.contains("secret"))
    }

    @Test("what is no URL is refused at once, and nothing is sent after the end")
    func misuse() async throws {
        #expect(throws: FlowExportError.self) { try HTTPFlowReceiver(.init(url: "receiver:8080")) }
        let receiver = try HTTPFlowReceiver(.init(url: "http://127.0.0.1:1/"))
        await receiver.shutDown()
        await receiver.shutDown()
        await #expect(throws: FlowExportError.self) { try await receiver.send(Self.lines) }
    }

    // MARK: - TLS

    @Test("a certificate is checked by the name that was given, and the Host header stays that of the URL")
    func serverName() async throws {
        let server = try await LoopbackReceiver.start(
            answers: [200], tls: try TestCertificate.serverContext())
        let port = server.port
        let url = "https://127.0.0.1:\(port)/flows"
        let trusting = try TestCertificate.clientConfiguration(isTrusted: true)
        let right = try await problem(url, serverName: "Receiver.test") { trusting }
        let wrong = try await problem(url, serverName: "other.test") { trusting }
        let none = try await problem(url) { trusting }
        try await server.stop()
        #expect(right == nil)
        #expect(wrong?.contains("push-server-name") == true)
        #expect(none?.contains("push-server-name") == true)
        #expect(server.requests.map { $0.header("host") } == ["127.0.0.1:\(port)"])
    }

    @Test("a receiver that asks for a certificate gets ours, and without one it takes nothing")
    func clientCertificate() async throws {
        let server = try await LoopbackReceiver.start(
            answers: [200], tls: try TestCertificate.serverContext(asksForCertificate: true))
        let url = "https://127.0.0.1:\(server.port)/"
        let without = try TestCertificate.clientConfiguration(isTrusted: true)
        let with = try TestCertificate.clientConfiguration(isTrusted: true, shows: true)
        let refused = try await problem(url, serverName: "receiver.test") { without }
        let taken = try await problem(url, serverName: "receiver.test") { with }
        try await server.stop()
        #expect(refused != nil)
        #expect(taken == nil)
        #expect(server.requests.count == 1)
    }

    @Test("new certificates are used from the next request on")
    func newCertificates() async throws {
        let server = try await LoopbackReceiver.start(
            answers: [200], tls: try TestCertificate.serverContext())
        let isTrusted = Atomic(false)
        let system = try TestCertificate.clientConfiguration(isTrusted: false)
        let own = try TestCertificate.clientConfiguration(isTrusted: true)
        let receiver = try HTTPFlowReceiver(
            .init(url: "https://127.0.0.1:\(server.port)/", serverName: "receiver.test")
        ) { isTrusted.load(ordering: .relaxed) ? own : system }
        await #expect(throws: FlowExportError.self) { try await receiver.send(Self.lines) }
        isTrusted.store(true, ordering: .relaxed)
        try await receiver.send(Self.lines)
        isTrusted.store(false, ordering: .relaxed)
        await #expect(throws: FlowExportError.self) { try await receiver.send(Self.lines) }
        await receiver.shutDown()
        try await server.stop()
        #expect(server.requests.count == 1)
    }
}
