// SPDX-License-Identifier: Apache-2.0

internal import FlowModel
internal import FlowStore
internal import Synchronization

/// Shows flows as they change, or as their windows close.
struct FlowFollower: Sendable {
    struct Request: Sendable {
        var filter: FlowExpression
        /// Nil: only what comes; of a file everything.
        var since: TimeArgument?
        /// Rows after which to end; nil: never.
        var count: Int?
        /// Only windows that are over.
        var isClosedOnly = false
    }

    /// Shows a text; false when nobody reads any more.
    typealias Output = @Sendable (String) -> Bool

    let request: Request
    let writer: FlowWriter
    let output: Output
    /// Says something about the answer, on a line.
    let say: @Sendable (String) -> Void

    /// Until the end of a file, `request.count` rows, or that nobody reads any more. `now` is Unix seconds.
    func follow(_ source: FlowSource, now: Int64) async throws {
        guard output(writer.head) else { return }
        let rows = RowCounter(left: request.count ?? .max)
        if !source.isFile, !request.isClosedOnly {
            let since = request.since?.secondsAgo(now: now) ?? 0
            guard try await !followChanges(source, rows, secondsAgo: since) else { return }
            say(
                "note: \(source.name) has no live changes: each flow is shown once, when its window has "
                    + "been over for one window length")
        }
        let start = request.since?.wire ?? 0
        let windows = try await source.flows.windows(startTimeGTE: start, filter: request.filter)
        for try await window in windows {
            for flow in window.flows.sorted(by: { $0.id < $1.id }) {
                guard show(flow, isLive: false, rows) else { return }
            }
        }
        if !source.isFile { try Self.refuseEnd(of: "windows") }
    }

    /// False when the server has no changes; nothing was shown then.
    private func followChanges(
        _ source: FlowSource, _ rows: RowCounter, secondsAgo: Int64
    ) async throws -> Bool {
        do {
            // Before the first question, so that no change falls between the two.
            var ticks = try await source.flows.changeTicks().makeAsyncIterator()
            var start = secondsAgo > 0 ? FlowChangeStart.secondsAgo(secondsAgo) : .now
            while !Task.isCancelled {
                let changes = try await source.flows.changes(
                    FlowChangesQuery(start: start, filter: request.filter))
                if let gap = changes.gap { say("gap: \(Self.text(gap))") }
                for change in changes.rows {
                    guard show(change.flow, isLive: change.isFilling, rows) else { return true }
                }
                start = .cursor(changes.cursor)
                if !changes.hasMore, await ticks.next() == nil { try Self.refuseEnd(of: "changes") }
            }
            return true
        } catch FlowQueryError.unsupported {
            return false
        }
    }

    /// A stream that ends without being asked to is a loss, unless we were told to end.
    private static func refuseEnd(of what: String) throws(FlowQueryError) {
        guard !Task.isCancelled else { return }
        throw .unavailable("the server has ended the stream of \(what); start again to go on")
    }

    /// False when that was the last row to show.
    private func show(_ flow: FlowAggregate, isLive: Bool, _ rows: RowCounter) -> Bool {
        output(writer.row(flow, isLive: isLive)) && rows.take()
    }

    private static func text(_ gap: FlowGap) -> String {
        let rows =
            switch gap.missed {
            case nil: "changed rows"
            case 1: "1 changed row"
            case .some(let count): "\(count) changed rows"
            }
        let reason =
            switch gap.reason {
            case .unknownCursor: "the server was restarted; what it has is shown from its start on"
            case .expired: "they left the server's history before they were read"
            case .backlog: "more came than was read; narrow it down with a filter"
            }
        return "\(rows) missing: \(reason)"
    }
}

/// Counts rows down.
private final class RowCounter: Sendable {
    private let left: Mutex<Int>

    init(left: Int) { self.left = Mutex(left) }

    /// False when that was the last one.
    func take() -> Bool {
        left.withLock { left in
            left -= 1
            return left > 0
        }
    }
}
