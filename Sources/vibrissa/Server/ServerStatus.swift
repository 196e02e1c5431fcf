// SPDX-License-Identifier: Apache-2.0

import Daemons
import FlowAPI
import FlowExport
import FlowModel
import NetworkModel
import WebBackend

/// What the console shows beside flows, of a server that collects them itself.
struct ServerStatus: StatusProviding {
    let aggregator: Aggregator
    let services: FlowServices
    let emitter: FlowEmitter?

    /// Sources in one answer.
    private static let maximumSources = 1_000

    func status() async -> StatusSnapshot {
        let statistics = services.statistics
        let (now, instant) = (ServerSession.now(), ContinuousClock.now)
        let sources = statistics.sources.sorted { $0.key < $1.key }.prefix(Self.maximumSources)
        return StatusSnapshot(
            version: Vibrissa.version, mode: "server", now: now,
            sources: sources.map { address, source in
                StatusSnapshot.Source(
                    name: address, kind: "collector", isConnected: source.openStreams > 0,
                    lastEvent: source.lastUpdate.map { last in
                        Timestamp(nanoseconds: now.nanoseconds - (instant - last).wholeNanoseconds)
                    })
            },
            flowsPerSecond: aggregator.recordsPerSecond, flowKeys: aggregator.flowKeyCount,
            losses: aggregator.losses + statistics.losses + (emitter?.status.losses ?? []))
    }

    /// Policies are not known here: flows name those that decided.
    func policies() async -> PolicyListing { PolicyListing(generation: 0) }
}

/// The same over a server elsewhere.
struct RemoteStatus: StatusProviding {
    let remote: RemoteFlows
    let address: String

    func status() async -> StatusSnapshot {
        StatusSnapshot(
            version: Vibrissa.version, mode: "remote", now: ServerSession.now(),
            sources: [
                StatusSnapshot.Source(name: address, kind: "server", isConnected: remote.streamProblem == nil)
            ],
            losses: remote.losses)
    }

    func policies() async -> PolicyListing { PolicyListing(generation: 0) }
}

extension Duration {
    /// Rounded down; for durations of up to 292 years.
    fileprivate var wholeNanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
