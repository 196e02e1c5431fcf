// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import GRPCTransport
import NIOCore
import SwiftProtobuf

/// Reads requests and says what is wrong with them.
enum FlowRequests {
    /// Values of one filter.
    private static let maximumFilterValues = 10_000

    static func decode<Request: Message>(
        _ type: Request.Type, _ bytes: ByteBuffer
    ) throws(GRPCStatus) -> Request {
        do {
            return try Request(serializedBytes: Array(bytes.readableBytesView))
        } catch {
            throw GRPCStatus(.invalidArgument, "the request is no \(Request.protoMessageName): \(error)")
        }
    }

    /// A filter in the form of the common flow API.
    static func filter(_ message: Goldmane_Filter) throws(GRPCStatus) -> FlowExpression {
        let filter = FlowFilter(message)
        guard filter.valueCount <= maximumFilterValues else {
            throw GRPCStatus(
                .invalidArgument,
                "the filter has \(filter.valueCount) values, \(maximumFilterValues) are the limit")
        }
        try check("filter.reporter", message.reporter)
        for action in message.actions { try check("filter.actions", action) }
        for action in message.pendingActions { try check("filter.pending_actions", action) }
        for match in message.policies { try check("filter.policies", match) }
        return filter.expression
    }

    /// A condition on the policies of statistics.
    static func policy(_ message: Goldmane_PolicyMatch) throws(GRPCStatus) -> FlowPolicyCondition {
        try check("policy_match", message)
        return FlowFilter.PolicyMatch(message).condition
    }

    /// A filter in the filter language.
    static func filter(_ text: String) throws(GRPCStatus) -> FlowExpression {
        do {
            return try FlowExpression(parsing: text)
        } catch {
            throw GRPCStatus(.invalidArgument, "filter: \(error)\n\(error.excerpt(of: text))")
        }
    }

    static func sort(_ message: Goldmane_SortBy) throws(GRPCStatus) -> FlowSortKey {
        guard let key = FlowSortKey(message) else {
            throw GRPCStatus(.invalidArgument, "sort_by: there is no order \(message.rawValue)")
        }
        return key
    }

    static func hints(_ message: Goldmane_FilterType) throws(GRPCStatus) -> FlowHintType {
        guard let type = FlowHintType(message) else {
            throw GRPCStatus(.unknown, "type: there are no hints of type \(message.rawValue)")
        }
        return type
    }

    private static func check(_ field: String, _ match: Goldmane_PolicyMatch) throws(GRPCStatus) {
        try check("\(field).action", match.action)
        try check("\(field).kind", match.kind)
    }

    /// A condition on a value that is not known here would not hold for any flow, which hides the mistake.
    private static func check(
        _ field: String, _ value: some SwiftProtobuf.Enum & CaseIterable
    ) throws(GRPCStatus) {
        guard !type(of: value).allCases.contains(where: { $0.rawValue == value.rawValue }) else { return }
        throw GRPCStatus(.invalidArgument, "\(field): \(value.rawValue) is no value of the flow API")
    }
}

extension FlowTimeRange {
    init(_ message: Vibrissa_V1_TimeRange) {
        self.init(startGTE: message.startTimeGte, startLT: message.startTimeLt)
    }
}

extension GRPCStatus {
    /// Upstream answers most of these with UNKNOWN (flow API 2.11), which clients may rely on.
    init(_ error: FlowQueryError) {
        let code: Code =
            switch error {
            case .emptyTimeRange, .unsupportedSort, .severalSortKeys, .rangeOutsideHistory: .unknown
            case .negativePage, .negativePageSize, .unusableBins, .refused: .invalidArgument
            case .tooManyStreams: .resourceExhausted
            case .unsupported: .unimplemented
            case .unavailable: .unavailable
            }
        self.init(code, "\(error)")
    }
}
