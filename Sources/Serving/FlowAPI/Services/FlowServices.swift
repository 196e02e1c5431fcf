// SPDX-License-Identifier: Apache-2.0
//
// FlowAPI: the flow API over gRPC (proto/), as a server's methods over the ports of the flow store, and as a
// client that conforms to one of them. How bytes travel is GRPCTransport's business.

public import FlowStore
public import GRPCTransport

/// The methods of packages `goldmane` and `vibrissa.v1`.
public final class FlowServices: Sendable {
    let querying: any FlowQuerying
    private let collector: CollectorService

    /// Questions go to `querying`, what collectors send goes to `delivering`.
    public init(querying: any FlowQuerying, delivering: any FlowDelivering) {
        self.querying = querying
        collector = CollectorService(delivering)
    }

    public var statistics: CollectorStatistics { collector.statistics }

    /// Senders that are remembered, connected or not.
    public var senderCount: Int { collector.senderCount }

    /// By path, for `GRPCServer`.
    public var methods: [String: GRPCMethod] {
        [
            "/goldmane.FlowCollector/Connect": .messages { call in await self.collector.connect(call) },
            "/goldmane.Flows/List": .unary { _, message in try await self.list(message) },
            "/goldmane.Flows/Stream": .serverStream { _, message, writer in
                try await self.stream(message, writer)
            },
            "/goldmane.Flows/FilterHints": .unary { _, message in try await self.hints(message) },
            "/goldmane.Statistics/List": .serverStream { _, message, writer in
                try await self.statistics(message, writer)
            },
            "/vibrissa.v1.FlowBatches/Push": .messages { call in await self.collector.push(call) },
            "/vibrissa.v1.FlowQueries/List": .unary { _, message in try await self.listRows(message) },
            "/vibrissa.v1.FlowQueries/Count": .unary { _, message in try await self.count(message) },
            "/vibrissa.v1.FlowQueries/Hints": .unary { _, message in try await self.ownHints(message) },
            "/vibrissa.v1.FlowQueries/Windows": .serverStream { _, message, writer in
                try await self.windows(message, writer)
            },
            "/vibrissa.v1.FlowQueries/Changes": .unary { _, message in try await self.changes(message) },
            "/vibrissa.v1.FlowQueries/Ticks": .serverStream { _, _, writer in try await self.ticks(writer) },
            "/vibrissa.v1.FlowQueries/Histogram": .unary { _, message in try await self.histogram(message) },
            "/vibrissa.v1.FlowQueries/TopTalkers": .unary { _, message in try await self.top(message) },
        ]
    }
}
