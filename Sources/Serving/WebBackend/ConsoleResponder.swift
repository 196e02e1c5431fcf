// SPDX-License-Identifier: Apache-2.0

import FlowStore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// What a handler may need beside the request.
struct ConsoleRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The connection, to close one whose client stopped reading.
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}

/// Answers every request: checks it, finds who answers, and adds the headers that every answer has.
struct ConsoleResponder: HTTPResponder {
    let files: StaticFiles
    let whisker: WhiskerAPI
    let console: ConsoleAPI
    let reports: FlowReportsAPI
    let limits: ConsoleServer.Limits
    let isPlaintext: Bool

    func respond(to request: Request, context: ConsoleRequestContext) async -> Response {
        var response: Response
        do {
            response = try await answer(request, context)
        } catch let problem as RequestProblem {
            response = problem.response
        } catch let error as FlowQueryError {
            response = RequestProblem(error).response
        } catch {
            context.logger.error(
                "request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            response = RequestProblem(.internalServerError, "Internal Server Error").response
        }
        Self.addSecurityHeaders(to: &response.headers)
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(_ request: Request, _ context: ConsoleRequestContext) async throws -> Response {
        if isPlaintext { try Self.checkHost(request.head.authority) }
        let query = try RequestQuery(target: request.head.path ?? "")
        let stream = StreamRequest(
            query: query, lastEventID: request.headers[.lastEventID], body: request.body,
            channel: context.channel,
            limits: limits)
        switch query.path {
        case "/whisker-backend/flows":
            try Self.checkMethod(request.method)
            return try await query.flag("watch") ? whisker.watch(stream) : whisker.list(query)
        case "/whisker-backend/flows-filter-hints":
            try Self.checkMethod(request.method)
            return try await whisker.hints(query)
        case "/api/v1/flows/live":
            try Self.checkMethod(request.method)
            return try await console.live(stream, whisker.subscribers)
        case "/api/v1/flows/count":
            try Self.checkMethod(request.method)
            return try await reports.count(query)
        case "/api/v1/flows/histogram":
            try Self.checkMethod(request.method)
            return try await reports.histogram(query)
        case "/api/v1/flows/top":
            try Self.checkMethod(request.method)
            return try await reports.topTalkers(query)
        case "/api/v1/statistics":
            try Self.checkMethod(request.method)
            return try await reports.statistics(query)
        case "/api/v1/status":
            try Self.checkMethod(request.method)
            return try await console.status(query)
        case "/api/v1/policies":
            try Self.checkMethod(request.method)
            return try await console.policies(query)
        default:
            if query.path.isUnder("/api/v1") || query.path.isUnder("/whisker-backend") {
                throw RequestProblem(.notFound, "there is nothing at \(query.path.prefix(200))")
            }
            try Self.checkMethod(request.method)
            return files.response(path: query.path, ifNoneMatch: request.headers[.ifNoneMatch])
        }
    }

    // MARK: - Checks

    private static func checkMethod(_ method: HTTPRequest.Method) throws(RequestProblem) {
        guard method == .get || method == .head else {
            throw RequestProblem(
                .methodNotAllowed, "\(method) is not possible here; use GET", allow: "GET, HEAD")
        }
    }

    /// A page of another origin can make a browser connect here under its own host name; then the name tells.
    private static func checkHost(_ authority: String?) throws(RequestProblem) {
        guard let authority, !authority.isEmpty else {
            throw RequestProblem(.badRequest, "the Host header is missing")
        }
        let isLocal = ["localhost", "127.0.0.1", "[::1]"].contains { host in
            guard authority.lowercased().hasPrefix(host) else { return false }
            let rest = authority.dropFirst(host.count)
            return rest.isEmpty
                || rest.first == ":" && rest.dropFirst().utf8.allSatisfy { (48...57).contains($0) }
        }
        guard isLocal else {
            throw RequestProblem(
                .misdirectedRequest,
                "this console answers to localhost, 127.0.0.1 and [::1] only, not to \(authority.prefix(100))"
            )
        }
    }

    // MARK: - Headers

    private static let securityHeaders: HTTPFields = [
        .contentSecurityPolicy: "default-src 'none'; script-src 'self'; style-src 'self'; "
            + "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
            + "frame-ancestors 'none'",
        .xContentTypeOptions: "nosniff",
        .referrerPolicy: "no-referrer",
        .frameOptions: "DENY",
        .crossOriginOpenerPolicy: "same-origin",
        .crossOriginResourcePolicy: "same-origin",
    ]

    private static func addSecurityHeaders(to headers: inout HTTPFields) {
        for field in securityHeaders { headers[field.name] = field.value }
    }
}

extension String {
    /// Whether this path is the folder or anything in it.
    fileprivate func isUnder(_ folder: String) -> Bool { self == folder || hasPrefix(folder + "/") }
}

extension HTTPField.Name {
    // Header names are constants of ours, so that parsing them cannot fail.
    static let lastEventID = custom("Last-Event-ID")
    static let referrerPolicy = custom("Referrer-Policy")
    static let frameOptions = custom("X-Frame-Options")
    static let crossOriginOpenerPolicy = custom("Cross-Origin-Opener-Policy")
    static let accelBuffering = custom("X-Accel-Buffering")

    private static func custom(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is not a header name") }
        return name
    }
}
