// SPDX-License-Identifier: Apache-2.0

public import FlowModel

/// A place in the order in which a store changed.
///
/// A store's first cursor is its start time in microseconds and each record adds one, so cursors of a store
/// that was started later are greater (below a sustained million records a second) and an old cursor is
/// recognised after a restart.
public struct FlowCursor: RawRepresentable, Hashable, Sendable, Comparable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public static func < (left: FlowCursor, right: FlowCursor) -> Bool { left.rawValue < right.rawValue }
}

/// From where on changes are wanted.
public enum FlowChangeStart: Hashable, Sendable {
    /// Only what changes from now on.
    case now
    /// Everything in windows that were still filling so many seconds ago or later, then what changes.
    case secondsAgo(Int64)
    /// What changed since an earlier answer.
    case cursor(FlowCursor)
}

/// What changed, in pieces. Call again with the cursor of the answer.
public struct FlowChangesQuery: Hashable, Sendable {
    public var start: FlowChangeStart
    public var filter: FlowExpression
    /// Entries to look at, filtered out ones included: bounds the work of one call.
    public var limit: Int
    /// When more entries than this are outstanding the oldest are skipped, and the answer says so.
    public var maximumBacklog: Int

    public init(
        start: FlowChangeStart, filter: FlowExpression = .always, limit: Int = 1_000,
        maximumBacklog: Int = 200_000
    ) {
        self.start = start
        self.filter = filter
        self.limit = max(1, limit)
        self.maximumBacklog = max(1, maximumBacklog)
    }
}

/// One (key, window) with its totals so far.
public struct FlowChange: Hashable, Sendable {
    /// Counters of the one window only.
    public var flow: FlowAggregate
    /// The window is still filling.
    public var isFilling: Bool
    /// Of the latest update; ascends within an answer.
    public var cursor: FlowCursor

    public init(flow: FlowAggregate, isFilling: Bool, cursor: FlowCursor) {
        self.flow = flow
        self.isFilling = isFilling
        self.cursor = cursor
    }
}

/// Changes that an answer does not have and no later one will.
public struct FlowGap: Hashable, Sendable {
    public enum Reason: Hashable, Sendable {
        /// The cursor is of another store: the server was restarted, or the cursor is made up.
        case unknownCursor
        /// Changed entries left the history before they were asked for.
        case expired
        /// More was outstanding than the query's `maximumBacklog`.
        case backlog
    }

    public var reason: Reason
    /// Entries before filtering; nil when unknown.
    public var missed: Int?

    public init(reason: Reason, missed: Int? = nil) {
        self.reason = reason
        self.missed = missed
    }
}

/// Rows in the order of their last update; an entry occurs once, with its newest totals.
public struct FlowChanges: Hashable, Sendable {
    public var rows: [FlowChange]
    /// Where to go on.
    public var cursor: FlowCursor
    /// More entries were outstanding than were looked at.
    public var hasMore: Bool
    public var gap: FlowGap?

    public init(rows: [FlowChange], cursor: FlowCursor, hasMore: Bool = false, gap: FlowGap? = nil) {
        self.rows = rows
        self.cursor = cursor
        self.hasMore = hasMore
        self.gap = gap
    }
}
