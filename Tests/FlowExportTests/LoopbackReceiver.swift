// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// An HTTP server on loopback that answers with given statuses, the last one for ever, and keeps what it
/// gets.
final class LoopbackReceiver: Sendable {
    struct Request: Sendable {
        var method: String
        var uri: String
        var headers: [String]
        var body: String

        func header(_ name: String) -> String? {
            headers.first { $0.lowercased().hasPrefix("\(name): ") }.map {
                String($0.dropFirst(name.count + 2))
            }
        }
    }

    /// Where it stops for ever.
    enum Stall { case none, answer, body }

    private struct State {
        var answers: [UInt]
        var requests: [Request] = []
        var connections = 0
    }

    private let state: Mutex<State>
    private let answerBytes: Int
    fileprivate let stall: Stall
    let arrived = AsyncStream<Void>.makeStream(bufferingPolicy: .unbounded)
    private let channel = Mutex<(any Channel)?>(nil)

    private init(answers: [UInt], answerBytes: Int, stall: Stall) {
        state = Mutex(State(answers: answers))
        self.stall = stall
        self.answerBytes = answerBytes
    }

    static func start(
        answers: [UInt], answerBytes: Int = 3, stall: Stall = .none, tls: NIOSSLContext? = nil
    ) async throws -> LoopbackReceiver {
        let receiver = LoopbackReceiver(answers: answers, answerBytes: answerBytes, stall: stall)
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    receiver.state.withLock { $0.connections += 1 }
                    let operations = channel.pipeline.syncOperations
                    if let tls { try operations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try operations.configureHTTPServerPipeline()
                    try operations.addHandler(Answerer(receiver: receiver))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        receiver.channel.withLock { $0 = channel }
        return receiver
    }

    var port: Int { channel.withLock { $0?.localAddress?.port } ?? 0 }
    var requests: [Request] { state.withLock(\.requests) }
    var connections: Int { state.withLock(\.connections) }

    func stop() async throws { try await channel.withLock { $0 }?.close() }

    fileprivate func answer(_ request: Request) -> (status: UInt, body: String) {
        let status = state.withLock { state in
            state.requests.append(request)
            return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
        }
        arrived.continuation.yield()
        return (status, String(repeating: "\u{7}", count: answerBytes))
    }
}

private final class Answerer: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let receiver: LoopbackReceiver
    private var request = LoopbackReceiver.Request(method: "", uri: "", headers: [], body: "")

    init(receiver: LoopbackReceiver) { self.receiver = receiver }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            request = LoopbackReceiver.Request(
                method: head.method.rawValue, uri: head.uri,
                headers: head.headers.map { "\($0.name): \($0.value)" }, body: "")
        case .body(let buffer): request.body += String(buffer: buffer)
        case .end:
            let (status, text) = receiver.answer(request)
            guard receiver.stall != .answer else { return }
            var headers = HTTPHeaders([("Content-Length", "\(text.utf8.count)")])
            if status == 307 { headers.add(name: "Location", value: "/elsewhere") }
            let head = HTTPResponseHead(
                version: .http1_1, status: HTTPResponseStatus(statusCode: Int(status)), headers: headers)
            context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
            guard receiver.stall != .body else { return }
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// A certificate for `receiver.test`, its own authority, that is used nowhere else.
enum TestCertificate {
    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBoTCCAUegAwIBAgIUcA/kq+EymG/mQic2NDTwYdh/o6MwCgYIKoZIzj0EAwIw
        GDEWMBQGA1UEAwwNcmVjZWl2ZXIudGVzdDAgFw0yNjExMjgwMzQ3MTFaGA8yMTI2
        MTEwNDAzNDcxMVowGDEWMBQGA1UEAwwNcmVjZWl2ZXIudGVzdDBZMBMGByqGSM49
        AgEGCCqGSM49AwEHA0IABCAcqYY73qm3dvuGzKSqGKhbkrzvBHJoYbVhrFkADsaZ
        xakWgHllrj0ExWip4+dNjJLp2YabuXDlMsi+EgJycwajbTBrMB0GA1UdDgQWBBQ1
        6RjvdbUTkYzQwC3u2KqZiYwnUTAfBgNVHSMEGDAWgBQ16RjvdbUTkYzQwC3u2KqZ
        iYwnUTAPBgNVHRMBAf8EBTADAQH/MBgGA1UdEQQRMA+CDXJlY2VpdmVyLnRlc3Qw
        CgYIKoZIzj0EAwIDSAAwRQIhAO5PvqljIzy/vycYz6xtFS9FgHLjAjQpryHqy6zt
        k4MnAiAJYObDN+oHqgJikdpYVp9ydKfB1bjXaStN6U5rXVzZzg==
        -----END CERTIFICATE-----
        """

    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZDuFadhYCQtXrIG+
        N1IP/Ifbolt+Lh4xS4XMoEk4KcuhRANCAAQgHKmGO96pt3b7hsykqhioW5K87wRy
        aGG1YaxZAA7GmcWpFoB5Za49BMVoqePnTYyS6dmGm7lw5TLIvhICcnMG
        -----END PRIVATE KEY-----
        """

    /// May ask clients for the same certificate.
    static func serverContext(asksForCertificate: Bool = false) throws -> NIOSSLContext {
        let own = try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8))
        let key = try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: own.map { .certificate($0) }, privateKey: .privateKey(key))
        if asksForCertificate {
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .certificates(own)
        }
        return try NIOSSLContext(configuration: configuration)
    }

    /// Trusts the certificate, or only those of the system, and may show it.
    static func clientConfiguration(isTrusted: Bool, shows: Bool = false) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if isTrusted {
            configuration.trustRoots = .certificates(
                try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)))
        }
        if shows {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8))
                .map { .certificate($0) }
            configuration.privateKey = .privateKey(
                try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem))
        }
        return configuration
    }
}
