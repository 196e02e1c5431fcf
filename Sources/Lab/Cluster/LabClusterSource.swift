// SPDX-License-Identifier: Apache-2.0

public import PolicyModel

/// A source of cluster state that completes another one (a directory of manifests) by `LabCluster`.
public struct LabClusterSource: ClusterStateSource {
    private let source: any ClusterStateSource
    private let hosts: [InternetHost]
    private let willPublish: @Sendable (LabSnapshot) async -> Void

    /// `willPublish` runs before each update is handed on, with what has to be wired and run for it; the
    /// update waits.
    public init(
        completing source: any ClusterStateSource, hosts: [InternetHost] = InternetHost.shop,
        willPublish: @escaping @Sendable (LabSnapshot) async -> Void
    ) {
        self.source = source
        self.hosts = hosts
        self.willPublish = willPublish
    }

    public func updates() -> AsyncStream<ClusterUpdate> {
        let feed = Feed(source.updates(), hosts: hosts, willPublish)
        // Pulled by the consumer: no queue of its own, so nothing to bound or lose.
        return AsyncStream { await feed.next() }
    }

    private actor Feed {
        private var upstream: AsyncStream<ClusterUpdate>.Iterator
        private var cluster: LabCluster
        private let willPublish: @Sendable (LabSnapshot) async -> Void

        init(
            _ updates: AsyncStream<ClusterUpdate>, hosts: [InternetHost],
            _ willPublish: @escaping @Sendable (LabSnapshot) async -> Void
        ) {
            upstream = updates.makeAsyncIterator()
            cluster = LabCluster(hosts: hosts)
            self.willPublish = willPublish
        }

        func next() async -> ClusterUpdate? {
            var iterator = upstream
            guard var update = await iterator.next(isolation: self) else { return nil }
            upstream = iterator
            update.changes = cluster.apply(update.changes)
            update.diagnostics += cluster.diagnostics
            await willPublish(cluster.snapshot)
            return update
        }
    }
}
