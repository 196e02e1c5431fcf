// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

/// Collects the pairs of groups that change in the same way for the same traffic, and covers them with few
/// rectangles: all of some sources to all of some destinations.
struct ChangeRelations {
    /// What the pairs of one relation have in common.
    private struct Subject: Hashable {
        let way: WorldComparison.Way
        let v4: TrafficSet?
        let v6: TrafficSet?
    }

    fileprivate struct Relation {
        /// Destinations by source, both ascending.
        var rows: [(source: Int, destinations: [Int])] = []
        var before: Set<WorldComparison.Step> = []
        var after: Set<WorldComparison.Step> = []
    }

    private var relations: [Subject: Relation] = [:]
    private var order: [Subject] = []

    /// Pairs are added in ascending order of sources, then destinations.
    mutating func add(
        _ source: Int, _ destination: Int, v4: [WorldComparison.Delta], v6: [WorldComparison.Delta]
    ) {
        for first in v4 {
            let second = v6.first { $0.way == first.way }
            add(source, destination, first, second)
        }
        for second in v6 where !v4.contains(where: { $0.way == second.way }) {
            add(source, destination, nil, second)
        }
    }

    private mutating func add(
        _ source: Int, _ destination: Int, _ v4: WorldComparison.Delta?, _ v6: WorldComparison.Delta?
    ) {
        guard let way = v4?.way ?? v6?.way else { return }
        let subject = Subject(way: way, v4: v4?.traffic, v6: v6?.traffic)
        if relations[subject] == nil {
            order.append(subject)
            relations[subject] = Relation()
        }
        relations[subject]?.add(source, destination)
        for delta in [v4, v6].compactMap(\.self) {
            relations[subject]?.before.formUnion(delta.before)
            relations[subject]?.after.formUnion(delta.after)
        }
    }

    func changes(
        _ groups: [SiteGroup], limits: AnalysisLimits
    ) throws(AnalysisError)
        -> [PolicyDifference.Change]
    {
        var result: [(rank: [Int], change: PolicyDifference.Change)] = []
        for subject in order {
            guard let relation = relations[subject] else { continue }
            for rectangle in relation.rectangles {
                guard let change = Self.change(subject, relation, rectangle, groups) else { continue }
                let rank = PolicyDifference.Kind.allCases.firstIndex(of: subject.way.kind) ?? 0
                result.append(([rank, rectangle.sources[0], rectangle.destinations[0]], change))
            }
            guard result.count <= limits.maximumChanges else {
                throw .tooManyChanges(result.count, maximum: limits.maximumChanges)
            }
        }
        // Texts break ties, so that equal inputs give equal output.
        return result.sorted {
            $0.rank == $1.rank
                ? $0.change.sortText.utf8.lexicographicallyPrecedes($1.change.sortText.utf8)
                : $0.rank.lexicographicallyPrecedes($1.rank)
        }.map(\.change)
    }

    private static func change(
        _ subject: Subject, _ relation: Relation, _ rectangle: Rectangle, _ groups: [SiteGroup]
    ) -> PolicyDifference.Change? {
        let (sources, destinations) = (
            rectangle.sources.map { groups[$0] }, rectangle.destinations.map { groups[$0] }
        )
        let cell = ReachabilityMatrix.Cell(v4: subject.v4, v6: subject.v6)
        guard let example = PolicyDifference.Example(sources, destinations, cell) else { return nil }
        return PolicyDifference.Change(
            kind: subject.way.kind, cause: subject.way.cause, sources: sources.map(\.group),
            destinations: destinations.map(\.group), traffic: cell, before: relation.before.shown,
            after: relation.after.shown, example: example)
    }

    fileprivate struct Rectangle {
        let sources: [Int]
        let destinations: [Int]
    }
}

extension ChangeRelations.Relation {
    fileprivate mutating func add(_ source: Int, _ destination: Int) {
        if rows.last?.source == source {
            rows[rows.count - 1].destinations.append(destination)
        } else {
            rows.append((source, [destination]))
        }
    }

    /// Sources with equal destinations together, or destinations with equal sources, whichever needs fewer.
    fileprivate var rectangles: [ChangeRelations.Rectangle] {
        let byRows = Self.merged(rows)
        var columns: [Int: [Int]] = [:]
        for row in rows {
            for destination in row.destinations { columns[destination, default: []].append(row.source) }
        }
        let byColumns = Self.merged(columns.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        if byColumns.count < byRows.count {
            return byColumns.map { ChangeRelations.Rectangle(sources: $0.others, destinations: $0.lines) }
        }
        return byRows.map { ChangeRelations.Rectangle(sources: $0.lines, destinations: $0.others) }
    }

    /// Lines with equal contents, in order of the first of each.
    private static func merged(
        _ lines: [(source: Int, destinations: [Int])]
    ) -> [(
        lines: [Int], others: [Int]
    )] {
        var places: [[Int]: Int] = [:]
        var result: [(lines: [Int], others: [Int])] = []
        for (line, others) in lines {
            if let place = places[others] {
                result[place].lines.append(line)
            } else {
                places[others] = result.count
                result.append(([line], others))
            }
        }
        return result
    }
}

extension Set<WorldComparison.Step> {
    /// The distinct steps, the first of each identity, in a stable order, no more than a person reads.
    fileprivate var shown: [RuleDecision] {
        var seen: Set<Int> = []
        return sorted { $0.decision.sortText.utf8.lexicographicallyPrecedes($1.decision.sortText.utf8) }
            .filter { seen.insert($0.identity).inserted }
            .prefix(PolicyDifference.Change.maximumSteps).map(\.decision)
    }
}

extension PolicyDifference.Change {
    fileprivate var sortText: String {
        ([explanation] + (before + after).map(\.sortText)).joined(separator: "|")
    }
}

extension RuleDecision {
    fileprivate var sortText: String {
        "\(direction.rawValue) " + PolicyHit(self, policyIndex: 0).traceText
    }
}

extension PolicyDifference.Example {
    /// Two different members if possible; the simplest connection of the traffic.
    fileprivate init?(
        _ sources: [SiteGroup], _ destinations: [SiteGroup], _ cell: ReachabilityMatrix.Cell
    ) {
        guard let traffic = [cell.v4, cell.v6].compactMap(\.self).first(where: { !$0.isEmpty }),
            let connection = traffic.example
        else { return nil }
        let source = sources[0].sites[0]
        let others = destinations.lazy.flatMap(\.sites)
        let destination = others.first { $0.member != source.member } ?? destinations[0].sites[0]
        func tuple(_ world: Int) -> ConnectionTuple? {
            guard let first = source.ends[world][traffic.family],
                let second = destination.ends[world][traffic.family]
            else { return nil }
            return ConnectionTuple(
                source: first.address, destination: second.address, transport: connection.transport,
                sourcePort: connection.sourcePort, destinationPort: connection.destinationPort)
        }
        self.init(source: source.member, destination: destination.member, before: tuple(0), after: tuple(1))
    }
}
