// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlowModel
import FlowStore
import Synchronization
import Testing

@testable import FlowTool

@Suite("Watching flows")
struct FollowTests {
    /// What was shown and said, in order.
    private final class Page: Sendable {
        private struct State {
            var lines: [String] = []
            var said: [String] = []
        }

        private let state = Mutex(State())
        let readerLeavesAfter: Int

        init(readerLeavesAfter: Int = .max) { self.readerLeavesAfter = readerLeavesAfter }

        func show(_ text: String) -> Bool {
            state.withLock {
                if !text.isEmpty { $0.lines.append(text) }
                return $0.lines.count < readerLeavesAfter
            }
        }

        func say(_ text: String) { state.withLock { $0.said.append(text) } }
        var lines: [String] { state.withLock { $0.lines } }
        var said: [String] { state.withLock { $0.said } }
    }

    private func follow(
        _ flows: FakeFlows, on page: Page, since: TimeArgument? = nil, count: Int? = nil, closed: Bool = false
    ) async throws {
        let follower = FlowFollower(
            request: .init(filter: .action(.deny), since: since, count: count, isClosedOnly: closed),
            writer: FlowWriter(.jsonl, style: TextStyle()), output: { page.show($0) }, say: { page.say($0) })
        try await follower.follow(FlowSource(flows: flows, name: "fake:7443", isFile: false), now: t0)
    }

    private static func change(_ flow: FlowAggregate, _ cursor: UInt64) -> FlowChange {
        FlowChange(flow: flow, isFilling: true, cursor: FlowCursor(rawValue: cursor))
    }

    @Test("rows come as they change, and the next question goes on where the last one ended")
    func changes() async throws {
        let flows = FakeFlows(changes: [
            FlowChanges(rows: [Self.change(Flows.denied, 7)], cursor: FlowCursor(rawValue: 7), hasMore: true),
            FlowChanges(rows: [Self.change(Flows.allowed, 9)], cursor: FlowCursor(rawValue: 9)),
        ])
        let page = Page()
        try await follow(flows, on: page, count: 2)
        #expect(
            page.lines == [
                FlowWriter(.jsonl, style: TextStyle()).row(Flows.denied, isLive: true),
                FlowWriter(.jsonl, style: TextStyle()).row(Flows.allowed, isLive: true),
            ])
        #expect(flows.questions.map(\.start) == [.now, .cursor(FlowCursor(rawValue: 7))])
        #expect(flows.questions.allSatisfy { $0.filter == .action(.deny) })
        #expect(page.said.isEmpty)
    }

    @Test(
        "a gap is said, and watching goes on",
        arguments: [
            (
                FlowGap(reason: .expired, missed: 12),
                "gap: 12 changed rows missing: they left the server's history"
            ),
            (FlowGap(reason: .backlog, missed: 1), "gap: 1 changed row missing: more came than was read"),
            (FlowGap(reason: .unknownCursor), "gap: changed rows missing: the server was restarted"),
        ])
    func gap(gap: FlowGap, start: String) async throws {
        let flows = FakeFlows(changes: [
            FlowChanges(rows: [Self.change(Flows.denied, 7)], cursor: FlowCursor(rawValue: 7), gap: gap)
        ])
        let page = Page()
        try await follow(flows, on: page, since: .ago(60), count: 1)
        #expect(flows.questions.map(\.start) == [.secondsAgo(60)])
        #expect(page.lines.count == 1)
        #expect(page.said.count == 1)
        #expect(page.said[0].hasPrefix(start))
    }

    @Test("a server without changes is watched by windows, and that is said")
    func fallback() async throws {
        let flows = FakeFlows(windows: [
            FlowWindow(startSeconds: t0, endSeconds: t0 + 15, flows: [Flows.pinged, Flows.denied]),
            FlowWindow(startSeconds: t0 + 15, endSeconds: t0 + 30, flows: [Flows.allowed]),
        ])
        let page = Page()
        try await follow(flows, on: page, since: .ago(60), count: 3)
        #expect(page.lines.map { $0.contains("\"live\":false") } == [true, true, true])
        #expect(page.lines[0].contains("\"id\":\"2-"), "flows of a window are in the order of their numbers")
        #expect(page.said.count == 1)
        #expect(page.said[0].hasPrefix("note: fake:7443 has no live changes"))
        #expect(flows.windowStarts == [-60])
    }

    @Test("closed windows are asked for without a word when they are wanted")
    func closed() async throws {
        let flows = FakeFlows(
            changes: [], windows: [FlowWindow(startSeconds: t0, endSeconds: t0 + 15, flows: [Flows.denied])])
        let page = Page()
        try await follow(flows, on: page, count: 1, closed: true)
        #expect(page.lines.count == 1)
        #expect(page.said.isEmpty)
        #expect(flows.questions.isEmpty)
        #expect(flows.windowStarts == [0])
    }

    @Test("nothing more is asked when the reader has gone")
    func readerGone() async throws {
        let rows = (1...5).map { Self.change(Flows.denied, UInt64($0)) }
        let flows = FakeFlows(changes: [FlowChanges(rows: rows, cursor: FlowCursor(rawValue: 5))])
        let page = Page(readerLeavesAfter: 2)
        try await follow(flows, on: page)
        #expect(page.lines.count == 2)
        #expect(flows.questions.count == 1)
    }

    @Test("a stream that the server ends is an error that says what to try")
    func ended() async throws {
        let page = Page()
        await #expect(throws: FlowQueryError.self) {
            try await follow(
                FakeFlows(changes: [FlowChanges(rows: [], cursor: FlowCursor(rawValue: 5))]), on: page)
        }
        await #expect(throws: FlowQueryError.self) { try await follow(FakeFlows(windows: []), on: page) }
    }

    @Test("a watch that is cancelled ends without an error")
    func cancelled() async throws {
        let flows = FakeFlows(
            changes: [FlowChanges(rows: [Self.change(Flows.denied, 7)], cursor: FlowCursor(rawValue: 7))],
            endsTicks: false)
        let page = Page()
        let (shown, isShown) = AsyncStream<Void>.makeStream()
        let task = Task {
            let follower = FlowFollower(
                request: .init(filter: .always), writer: FlowWriter(.jsonl, style: TextStyle()),
                output: { text in
                    if !text.isEmpty { isShown.yield() }
                    return page.show(text)
                },
                say: { page.say($0) })
            try await follower.follow(FlowSource(flows: flows, name: "fake:7443", isFile: false), now: t0)
        }
        for await _ in shown { break }
        task.cancel()
        try await task.value
        #expect(page.lines.count == 1)
    }

    @Test("what the server cannot answer is told with what to try")
    func refusals() {
        let errors: [(FlowQueryError, Int32, String)] = [
            (.unavailable("connection refused"), 1, "check --server"),
            (.unsupported("counts"), 1, "newer server"),
            (.rangeOutsideHistory(startGTE: 1, startLT: 2, oldest: 3, newest: 4), 64, "--since"),
            (.emptyTimeRange(startGTE: 2, startLT: 1), 64, "--since"), (.negativePage(-1), 64, "page"),
            (.tooManyStreams(limit: 3), 1, "close one"),
        ]
        for (error, status, hint) in errors {
            let refusal = FlowRefusal(error, asking: "h:1")
            #expect(refusal.status.rawValue == status)
            #expect(refusal.description.contains(hint))
        }
        #expect(
            FlowRefusal(FlowQueryError.unavailable("\u{1b}[2J"), asking: "h:1").description.contains(
                "\\u{1b}"))
    }
}
