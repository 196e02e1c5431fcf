// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import Hummingbird
import ServiceLifecycle

/// The paths under `/api/v1/`: what goes beyond Whisker's.
struct ConsoleAPI: Sendable {
    private static let maximumSinceSeconds: Int64 = 3_600
    private static let defaultSinceSeconds: Int64 = 300

    let querying: any FlowQuerying
    let status: StatusFeed

    /// `GET status`
    func status(_ query: RequestQuery) async throws -> Response {
        try query.requireNames([])
        var json = JSONWriter()
        json.status(await status.current())
        return Response(json: json)
    }

    /// `GET policies`
    func policies(_ query: RequestQuery) async throws -> Response {
        try query.requireNames([])
        var json = JSONWriter()
        json.policyListing(await status.policies())
        return Response(json: json)
    }

    /// `GET flows/live`: rows as they change, the filling window included.
    func live(_ request: StreamRequest, _ subscribers: SubscriberLimit) async throws -> Response {
        try request.query.requireNames(["since", "filters", "filter"])
        let since = try request.query.integer(
            "since", in: 0...Self.maximumSinceSeconds,
            accepted: "seconds to look back, 0 to \(Self.maximumSinceSeconds)",
            default: Self.defaultSinceSeconds)
        let filter = try request.query.condition()
        var start = FlowChangeStart.secondsAgo(since)
        if let text = request.lastEventID {
            // A cursor that is not a number is none of ours; 0 is before all of ours.
            start = .cursor(FlowCursor(rawValue: UInt64(text) ?? 0))
        }
        let limits = request.limits
        let changes = FlowChangesQuery(
            start: start, filter: filter, limit: limits.maximumRowsPerMessage,
            maximumBacklog: filter == .always ? limits.maximumBacklog : limits.maximumFilteredBacklog)
        let place = try subscribers.take()
        let ticks = try await querying.changeTicks()
        return request.response(holding: place) { output in
            var stream = LiveFlows(querying: querying, status: status, limits: limits, query: changes)
            try await stream.run(ticks: ticks, output: &output)
        }
    }
}

/// One reader of the live stream. It pulls: what it has not read yet stays in the store, where later updates
/// of a row replace earlier ones, so a slow reader costs nothing and gets fewer, newer rows.
struct LiveFlows {
    private static let keepAliveInterval = Duration.seconds(15)

    let querying: any FlowQuerying
    let status: StatusFeed
    let limits: ConsoleServer.Limits
    var query: FlowChangesQuery
    private var lastStatus: ContinuousClock.Instant?
    private var lastWrite = ContinuousClock.now

    init(
        querying: any FlowQuerying, status: StatusFeed, limits: ConsoleServer.Limits, query: FlowChangesQuery
    ) {
        self.querying = querying
        self.status = status
        self.limits = limits
        self.query = query
    }

    /// Writes messages until the task is cancelled or the server shuts down.
    mutating func run(ticks: AsyncStream<Void>, output: inout EventStreamOutput) async throws {
        let (wakes, wake) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let statusInterval = limits.statusInterval
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                for await _ in ticks { wake.yield() }
            }
            group.addTask {
                while true {
                    try await Task.sleep(for: statusInterval)
                    wake.yield()
                }
            }
            group.addTask {
                try await gracefulShutdown()
                wake.finish()
            }
            wake.yield()
            for await _ in wakes {
                let began = ContinuousClock.now
                guard try await catchUp(&output) else { continue }
                try await Task.sleep(until: began + limits.flowsInterval, clock: .continuous)
            }
            try Task.checkCancellation()
        }
    }

    /// Writes all that is outstanding; true when there were flows.
    private mutating func catchUp(_ output: inout EventStreamOutput) async throws -> Bool {
        var hadRows = false
        var isBehind = true
        while isBehind {
            try Task.checkCancellation()
            let changes = try await querying.changes(query)
            query.start = .cursor(changes.cursor)
            isBehind = changes.hasMore
            var piece = EventStreamPiece()
            if let gap = changes.gap { piece.message(event: "gap", id: changes.cursor) { $0.gap(gap) } }
            if !changes.rows.isEmpty {
                hadRows = true
                piece.rows(changes.rows)
            }
            try await addStatus(to: &piece, cursor: changes.cursor)
            let buffer = piece.take()
            guard buffer.readableBytes > 0 else { continue }
            try await output.write(buffer)
            lastWrite = .now
        }
        return hadRows
    }

    private mutating func addStatus(to piece: inout EventStreamPiece, cursor: FlowCursor) async throws {
        let now = ContinuousClock.now
        if lastStatus.map({ now - $0 >= limits.statusInterval * 0.9 }) ?? true {
            lastStatus = now
            let json = await status.json(maximumAge: limits.statusInterval * 0.5)
            piece.message(event: "status", id: cursor) { $0.raw(json) }
        } else if now - lastWrite >= Self.keepAliveInterval {
            piece.comment()
        }
    }
}

extension JSONWriter {
    fileprivate mutating func gap(_ gap: FlowGap) {
        beginObject()
        key("missed")
        if let missed = gap.missed { integer(missed) } else { null() }
        key("reason")
        switch gap.reason {
        case .unknownCursor: string("The server was started anew; what it had seen before is gone.")
        case .expired:
            string("Flows left the history, which is one hour, before this stream came back for them.")
        case .backlog: string("There was more than this connection could take; the oldest rows were skipped.")
        }
        endObject()
    }
}

/// The status as JSON, made once for all streams.
actor StatusFeed {
    private let provider: any StatusProviding
    private var cached: (json: [UInt8], time: ContinuousClock.Instant)?

    init(_ provider: any StatusProviding) { self.provider = provider }

    /// Asked for anew.
    nonisolated func current() async -> StatusSnapshot { await provider.status() }
    /// Asked for anew.
    nonisolated func policies() async -> PolicyListing { await provider.policies() }

    /// The last answer while it is fresh enough. Only one caller asks anew; others get the last answer
    /// meanwhile.
    func json(maximumAge: Duration) async -> [UInt8] {
        if let cached, .now - cached.time < maximumAge { return cached.json }
        cached?.time = .now
        var json = JSONWriter()
        json.status(await provider.status())
        cached = (json.bytes, .now)
        return json.bytes
    }
}
