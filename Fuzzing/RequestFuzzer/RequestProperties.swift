// SPDX-License-Identifier: Apache-2.0

import FlowModel
import HTTPTypes

/// What holds for any target of a request: it is read, or refused in words, and a filter that was read can be said
/// in the filter language.
enum RequestProperties {
    static func check(_ bytes: UnsafeBufferPointer<UInt8>) {
        let target = "/" + String(decoding: bytes, as: UTF8.self)
        do throws(RequestProblem) {
            let query = try RequestQuery(target: target)
            precondition(query.path.utf8.count <= target.utf8.count)
            _ = try query.integer("page", in: 0 ... .max, accepted: "a number", default: 0)
            _ = try query.flag("watch")
            let condition = try query.condition()
            let text = condition.filterText
            guard text.utf8.count <= FlowExpression.maximumTextBytes else { return }
            // Canonical text may be deeper, or have more conditions, than text may; then it is refused in words.
            guard let again = try? FlowExpression(parsing: text) else { return }
            precondition(again == condition.normalized, "a condition reads back as another: \(text)")
        } catch {
            precondition(!error.message.isEmpty, "a request is refused without a reason")
            precondition(
                (400..<500).contains(error.status.code), "a request's mistake is \(error.status.code)")
        }
    }
}
