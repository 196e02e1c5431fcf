// SPDX-License-Identifier: Apache-2.0

import HTTPTypes

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
}
