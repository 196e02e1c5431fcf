// SPDX-License-Identifier: Apache-2.0

import FlowStore
import HTTPTypes
import Hummingbird

/// A request that is refused, in words for the person who made it.
struct RequestProblem: Error {
    var status: HTTPResponse.Status
    /// Names the parameter, what was given, and what is accepted.
    var message: String
    /// Value of the `Allow` header of a 405.
    var allow: String?

    init(_ status: HTTPResponse.Status, _ message: String, allow: String? = nil) {
        self.status = status
        self.message = message
        self.allow = allow
    }

    /// A parameter that cannot be used.
    static func parameter(_ name: String, given: String, accepted: String) -> RequestProblem {
        let shown = given.unicodeScalars.count > 80 ? "\(given.prefix(80))..." : given
        return RequestProblem(.badRequest, "parameter \(name) is \"\(shown)\"; accepted: \(accepted)")
    }

    init(_ error: FlowQueryError) {
        switch error {
        case .emptyTimeRange: self.init(.badRequest, "parameters startTimeGte and startTimeLt: \(error)")
        case .negativePage: self.init(.badRequest, "parameter page: \(error)")
        case .negativePageSize: self.init(.badRequest, "parameter pageSize: \(error)")
        case .unsupportedSort, .severalSortKeys:
            self.init(.badRequest, "parameter sortBy: \(error); accepted: \(WhiskerAPI.acceptedSortKeys)")
        case .rangeOutsideHistory, .unusableBins, .refused: self.init(.badRequest, "\(error)")
        case .unsupported: self.init(.notImplemented, "\(error)")
        case .tooManyStreams: self.init(.serviceUnavailable, "\(error)")
        case .unavailable: self.init(.internalServerError, "\(error)")
        }
    }

    /// `{"error":"..."}`
    var response: Response {
        var json = JSONWriter()
        json.beginObject()
        json.key("error")
        json.string(message)
        json.endObject()
        var response = Response(json: json, status: status)
        if let allow { response.headers[.allow] = allow }
        return response
    }
}

extension Response {
    /// A whole JSON document; a newline is added.
    init(json: JSONWriter, status: HTTPResponse.Status = .ok) {
        var json = json
        json.endLine()
        self.init(
            status: status,
            headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: json.bytes)))
    }
}
