// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
public import NIOCore
internal import NIOHTTP1
public import NIOSSL
internal import Synchronization

/// Posts flows to a URL. Only an answer with status 200 counts as taken.
///
/// HTTP/1.1, one connection that is kept while it is used. Redirects are not followed: flows go where they
/// were meant to go, or nowhere.
public final class HTTPFlowReceiver: FlowReceiving {
    public struct Configuration: Hashable, Sendable {
        /// `http://HOST[:PORT][/PATH]` or `https`, without user and fragment.
        public var url: String
        /// The name in the receiver's certificate, a DNS name; nil: the host of `url`. Without meaning for
        /// `http`.
        public var serverName: String?
        /// Until the status of the answer is there.
        public var requestTimeout: Duration
        /// For the rest of the answer, of which nothing but a piece for the log is needed.
        public var answerTimeout: Duration
        public var connectTimeout: Duration

        public init(
            url: String, serverName: String? = nil, requestTimeout: Duration = .seconds(60),
            answerTimeout: Duration = .seconds(5), connectTimeout: Duration = .seconds(10)
        ) {
            self.url = url
            self.serverName = serverName
            self.requestTimeout = requestTimeout
            self.answerTimeout = answerTimeout
            self.connectTimeout = connectTimeout
        }
    }

    private enum State {
        case idle
        case open(HTTPClient)
        case closed
    }

    /// Of an answer; more is not read.
    private static let maximumAnswerBytes = 65_536

    private let configuration: Configuration
    private let target: PushTarget
    private let tls: (@Sendable () -> TLSConfiguration)?
    private let state = Mutex(State.idle)

    /// `tls` is asked before each request, so that new certificates are used from the next one on; nil: the
    /// system's authorities and no certificate of our own.
    ///
    /// - Throws: `FlowExportError` when the URL is none.
    public init(
        _ configuration: Configuration, tls: (@Sendable () -> TLSConfiguration)? = nil
    ) throws(FlowExportError) {
        guard let target = PushTarget(url: configuration.url, serverName: configuration.serverName) else {
            throw FlowExportError(
                .badURL, "send flows to", configuration.url,
                "it is no address; give one such as https://receiver.example:8443/flows")
        }
        self.configuration = configuration
        self.target = target
        self.tls = tls
    }

    /// - Throws: `FlowExportError`, or `CancellationError`.
    public func send(_ lines: ByteBuffer) async throws {
        let client = try client()
        var request = HTTPClientRequest(url: target.requestURL)
        request.method = .POST
        request.headers = [
            "Host": target.authority, "Content-Type": "application/x-ndjson", "User-Agent": "vibrissa",
        ]
        request.body = .bytes(lines)
        if target.isSecure { request.tlsConfiguration = tls?() }
        let response: HTTPClientResponse
        do {
            response = try await client.execute(request, timeout: TimeAmount(configuration.requestTimeout))
        } catch {
            try Task.checkCancellation()
            throw FlowExportError(.unreachable, "send flows to", target.display, reason(error))
        }
        let text = await text(of: response.body)
        guard response.status != .ok else { return }
        throw FlowExportError(
            .refused, "send flows to", target.display,
            "the answer is \(response.status.code), not 200" + (text.isEmpty ? "" : ": \(text)"))
    }

    /// The first 200 bytes. A body is read so that the connection can be used again, and one that is long or
    /// slow is not: the connection is closed. What it says changes nothing.
    private func text(of body: HTTPClientResponse.Body) async -> String {
        await withTaskGroup(of: String.self) { group in
            group.addTask {
                let bytes = try? await body.collect(upTo: Self.maximumAnswerBytes)
                return String(decoding: bytes?.readableBytesView.prefix(200) ?? [], as: UTF8.self)
            }
            group.addTask { [configuration] in
                try? await Task.sleep(for: configuration.answerTimeout)
                return ""
            }
            defer { group.cancelAll() }
            return await group.next() ?? ""
        }
    }

    public func shutDown() async {
        let client: HTTPClient? = state.withLock { state in
            defer { state = .closed }
            if case .open(let client) = state { return client }
            return nil
        }
        // It fails only when it was shut down before.
        try? await client?.shutdown()
    }

    /// Made when it is first needed, as one that was made must be shut down.
    private func client() throws(FlowExportError) -> HTTPClient {
        let client: HTTPClient? = state.withLock { state in
            switch state {
            case .open(let client): return client
            case .closed: return nil
            case .idle:
                let client = HTTPClient(
                    eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: settings)
                state = .open(client)
                return client
            }
        }
        guard let client else {
            throw FlowExportError(.closed, "send flows to", target.display, "the emitter has ended")
        }
        return client
    }

    private var settings: HTTPClient.Configuration {
        var settings = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(configuration.connectTimeout)))
        settings.httpVersion = .http1Only
        settings.connectionPool.retryConnectionEstablishment = false
        if let override = target.nameOverride { settings.dnsOverride = [override.name: override.host] }
        return settings
    }

    private func reason(_ error: any Error) -> String {
        switch error as? HTTPClientError {
        case .connectTimeout, .tlsHandshakeTimeout:
            return "no connection within \(configuration.connectTimeout); check push-url and the network"
        case .deadlineExceeded:
            return "no answer within \(configuration.requestTimeout); see what the receiver does"
        default: break
        }
        if error is NIOSSLError || error is NIOSSLExtraError {
            return "TLS: \(error); check push-ca, push-server-name and push-certificate"
        }
        return "\(error); check that the receiver runs, and push-url"
    }
}
