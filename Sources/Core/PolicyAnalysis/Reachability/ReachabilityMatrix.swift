// SPDX-License-Identifier: Apache-2.0

import NetworkModel
public import PolicyEngine

/// Who may talk to whom, on what: all pairs of groups, exactly.
///
/// Groups are as coarse as policy allows: two pods are in one group when no rule can tell them apart, as the endpoint
/// of a connection and as the peer of others. What is outside the cluster appears in the same way. Pairs of two ends
/// outside are not evaluated by anyone and have no cell.
public struct ReachabilityMatrix: Sendable {
    /// What may go from the members of one group to the members of another. For the pair of a group with itself that
    /// includes each member with itself.
    public struct Cell: Hashable, Sendable {
        /// nil when one of the ends has no IPv4 address.
        public let v4: TrafficSet?
        /// nil when one of the ends has no IPv6 address.
        public let v6: TrafficSet?

        public var isEmpty: Bool { (v4?.isEmpty ?? true) && (v6?.isEmpty ?? true) }

        /// `tcp/80`, or both versions when they differ: `IPv4 tcp/80; IPv6 nothing`.
        public var text: String {
            guard let v4 else { return v6?.text ?? "nothing" }
            guard let v6, v6.text != v4.text else { return v4.text }
            return "IPv4 \(v4.text); IPv6 \(v6.text)"
        }
    }

    /// A pair of groups between which something may go.
    public struct Connection: Sendable {
        /// Indexes into `sources` and `destinations`.
        public let source: Int
        public let destination: Int
        public let cell: Cell
    }

    public let sources: [PeerGroup]
    public let destinations: [PeerGroup]
    /// Whether staged policies were taken as enforced.
    public let includesStaged: Bool
    /// How many pods the world has, in groups or filtered out.
    public let workloadCount: Int

    private let traffic: [TrafficSet]
    /// By row and column: numbers in `traffic` for IPv4 and IPv6, -1 for none.
    private var cells: [Pair]

    private struct Pair: Sendable {
        var v4: Int32 = -1
        var v6: Int32 = -1
    }

    public init(
        _ snapshot: PolicySnapshot, includingStaged: Bool = false, filter: MatrixFilter = MatrixFilter(),
        limits: AnalysisLimits = AnalysisLimits()
    ) throws(AnalysisError) {
        var worlds = [Connectivity(snapshot, includingStaged: includingStaged)]
        let space = try AddressSpace(&worlds, limits: limits)
        // With a condition on either end, members that meet it and members that do not must not share a group.
        let either = filter.either
        func split(_ wanted: SiteFilter?) throws(AnalysisError) -> [(SiteGroup, Bool)] {
            let sites = space.sites.filter { wanted?.admits($0.member, labels: space.labels) ?? true }
            let met = sites.filter { either?.admits($0.member, labels: space.labels) ?? true }
            let unmet = sites.filter { !(either?.admits($0.member, labels: space.labels) ?? true) }
            return try SiteGroup.groups(met, labels: space.labels, limits: limits).map { ($0, true) }
                + SiteGroup.groups(unmet, labels: space.labels, limits: limits).map { ($0, false) }
        }
        let rows = try split(filter.source)
        let columns = try split(filter.destination)
        guard rows.count * columns.count <= limits.maximumCells else {
            throw .tooManyCells(rows.count * columns.count, maximum: limits.maximumCells)
        }
        sources = rows.map(\.0.group)
        destinations = columns.map(\.0.group)
        includesStaged = includingStaged
        workloadCount = snapshot.endpoints.count
        cells = [Pair](repeating: Pair(), count: rows.count * columns.count)
        let asked = Asked(filter)
        var position = 0
        for (source, sourceMet) in rows {
            for (destination, destinationMet) in columns {
                if sourceMet || destinationMet {
                    cells[position].v4 = asked.cell(source, destination, .v4, &worlds[0])
                    cells[position].v6 = asked.cell(source, destination, .v6, &worlds[0])
                }
                position += 1
            }
        }
        traffic = worlds[0].traffic.sets
    }

    /// The traffic that a filter asks for.
    private struct Asked {
        let v4: TrafficSet?
        let v6: TrafficSet?

        init(_ filter: MatrixFilter) {
            v4 = filter.traffic(.v4)
            v6 = filter.traffic(.v6)
        }

        func cell(
            _ source: SiteGroup, _ destination: SiteGroup, _ family: IPFamily, _ world: inout Connectivity
        ) -> Int32 {
            guard let first = source.ends[0][family], let second = destination.ends[0][family],
                first.egress != nil || second.ingress != nil
            else { return -1 }
            let number = world.allowed(first, second)
            return Int32((family == .v4 ? v4 : v6).map { world.restrict(number, to: $0) } ?? number)
        }
    }

    /// - Parameters: indexes into `sources` and `destinations`.
    public func cell(_ source: Int, _ destination: Int) -> Cell {
        let pair = cells[source * destinations.count + destination]
        return Cell(
            v4: pair.v4 < 0 ? nil : traffic[Int(pair.v4)], v6: pair.v6 < 0 ? nil : traffic[Int(pair.v6)])
    }

    /// Every pair between which something may go, in order of sources, then destinations.
    public var connections: [Connection] {
        sources.indices.flatMap { source in
            destinations.indices.compactMap { destination in
                let cell = cell(source, destination)
                return cell.isEmpty ? nil : Connection(source: source, destination: destination, cell: cell)
            }
        }
    }
}
