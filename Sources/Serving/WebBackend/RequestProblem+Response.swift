// SPDX-License-Identifier: Apache-2.0

import FlowStore
import HTTPTypes
import Hummingbird
import NIOCore

extension RequestProblem {
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
