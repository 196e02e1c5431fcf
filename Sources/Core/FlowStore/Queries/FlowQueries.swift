// SPDX-License-Identifier: Apache-2.0

public import FlowModel

/// A half-open range of window starts as it stands on the wire (flow API 2.3): 0 is the default, a negative
/// value is relative to now, a positive one absolute; Unix seconds.
public struct FlowTimeRange: Hashable, Sendable {
    /// 0: the start of the oldest window.
    public var startGTE: Int64
    /// 0: now.
    public var startLT: Int64

    public init(startGTE: Int64 = 0, startLT: Int64 = 0) {
        self.startGTE = startGTE
        self.startLT = startLT
    }

    static func resolve(_ value: Int64, now: Int64, whenZero: Int64) -> Int64 {
        guard value < 0 else { return value == 0 ? whenZero : value }
        let (sum, overflow) = now.addingReportingOverflow(value)
        return overflow ? .min : sum
    }
}

/// A cut of a long answer. Pages count from 0; a size of 0 means everything, whatever the page.
public struct FlowPaging: Hashable, Sendable {
    public var page: Int64
    public var pageSize: Int64

    public init(page: Int64 = 0, pageSize: Int64 = 0) {
        self.page = page
        self.pageSize = pageSize
    }

    public static let everything = FlowPaging()
}

/// The orders of a list of flows, by their names in the flow API.
public enum FlowSortKey: String, Sendable, Hashable, CaseIterable {
    /// Newest start first; equal starts by id. The default.
    case time = "Time"
    /// Names and namespaces ascend bytewise on the stored value; equal ones by id.
    case destinationName = "DestName"
    case destinationNamespace = "DestNamespace"
    /// Known to the API and refused, as it is upstream.
    case destinationType = "DestType"
    case sourceName = "SourceName"
    case sourceNamespace = "SourceNamespace"
    /// Known to the API and refused, as it is upstream.
    case sourceType = "SourceType"
}

/// What to list (flow API 2.3 to 2.6).
public struct FlowListQuery: Hashable, Sendable {
    public var filter: FlowExpression
    public var range: FlowTimeRange
    /// At most one.
    public var sortBy: [FlowSortKey]
    public var paging: FlowPaging

    public init(
        filter: FlowExpression = .always, range: FlowTimeRange = FlowTimeRange(), sortBy: [FlowSortKey] = [],
        paging: FlowPaging = .everything
    ) {
        self.filter = filter
        self.range = range
        self.sortBy = sortBy
        self.paging = paging
    }
}

/// The fields that values can be suggested for, by their names in the flow API.
public enum FlowHintType: String, Sendable, Hashable, CaseIterable {
    case destinationName = "DestName"
    case sourceName = "SourceName"
    case destinationNamespace = "DestNamespace"
    case sourceNamespace = "SourceNamespace"
    case policyTier = "PolicyTier"
    case policyName = "PolicyName"
    case policyKind = "PolicyKind"
    case policyNamespace = "PolicyNamespace"
}

/// Which values of a field occur (flow API 2.7). The whole filter applies, also on the field asked for.
public struct FlowHintsQuery: Hashable, Sendable {
    public var type: FlowHintType
    public var filter: FlowExpression
    public var range: FlowTimeRange
    public var paging: FlowPaging

    public init(
        type: FlowHintType, filter: FlowExpression = .always, range: FlowTimeRange = FlowTimeRange(),
        paging: FlowPaging = .everything
    ) {
        self.type = type
        self.filter = filter
        self.range = range
        self.paging = paging
    }
}

/// One page of an answer, with the size of the whole.
public struct FlowPage<Item: Sendable>: Sendable {
    public var items: [Item]
    /// 0 when there are no results.
    public var totalPages: Int
    /// Before paging; the same on every page, also past the end.
    public var totalResults: Int

    public init(items: [Item], totalPages: Int, totalResults: Int) {
        self.items = items
        self.totalPages = totalPages
        self.totalResults = totalResults
    }
}

extension FlowPage: Equatable where Item: Equatable {}

extension FlowPaging {
    /// The page of a whole answer.
    public func page<Item>(of items: [Item]) throws(FlowQueryError) -> FlowPage<Item> {
        let (range, totalPages) = try cut(items.count)
        return FlowPage(items: Array(items[range]), totalPages: totalPages, totalResults: items.count)
    }

    /// The part of `count` results that this page shows, and how many pages there are.
    func cut(_ count: Int) throws(FlowQueryError) -> (range: Range<Int>, totalPages: Int) {
        guard page >= 0 else { throw .negativePage(page) }
        guard pageSize >= 0 else { throw .negativePageSize(pageSize) }
        guard pageSize > 0 else { return (0..<count, count > 0 ? 1 : 0) }
        let total = Int64(count)
        let pages = total / pageSize + (total % pageSize > 0 ? 1 : 0)
        guard page < pages else { return (count..<count, Int(pages)) }
        let start = page * pageSize
        return (Int(start)..<Int(min(total, start + min(pageSize, total - start))), Int(pages))
    }
}
