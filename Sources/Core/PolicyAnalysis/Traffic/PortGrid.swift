// SPDX-License-Identifier: Apache-2.0

import NetworkModel

/// A set of pairs of source port and destination port.
///
/// A step function from source ports to sets of destination ports. Nearly every rule says nothing about source ports;
/// then there is one step.
///
///     steps   0: {80}   1024: {80, 443}   49152: {}
///             |---------|-----------------|---------| 65536
struct PortGrid: Hashable, Sendable {
    struct Step: Hashable, Sendable {
        /// First source port of the step; it ends where the next one starts.
        let start: UInt32
        let destinations: PortSet
    }

    /// Never empty, the first starts at 0, neighbours differ.
    private(set) var steps: [Step]

    init(everySource destinations: PortSet) { steps = [Step(start: 0, destinations: destinations)] }

    init(sources: PortSet, destinations: PortSet) {
        if sources.isAll || sources.isEmpty || destinations.isEmpty {
            self.init(everySource: sources.isEmpty ? .empty : destinations)
            return
        }
        var steps = sources.edges.first == 0 ? [] : [Step(start: 0, destinations: .empty)]
        for (position, edge) in sources.edges.enumerated() where edge < 65_536 {
            steps.append(Step(start: edge, destinations: position % 2 == 0 ? destinations : .empty))
        }
        self.init(steps: steps)
    }

    static let all = PortGrid(everySource: .all)
    static let empty = PortGrid(everySource: .empty)

    var isEmpty: Bool { steps.count == 1 && steps[0].destinations.isEmpty }
    var isAll: Bool { steps.count == 1 && steps[0].destinations.isAll }

    func contains(source: UInt16, destination: UInt16) -> Bool {
        let step = steps.last { $0.start <= UInt32(source) }
        return step?.destinations.contains(destination) ?? false
    }

    func union(_ other: PortGrid) -> PortGrid {
        if isEmpty { return other }
        return other.isEmpty ? self : combined(other) { $0.union($1) }
    }

    func intersection(_ other: PortGrid) -> PortGrid {
        if isEmpty || other.isAll { return self }
        return other.isEmpty || isAll ? other : combined(other) { $0.intersection($1) }
    }

    func subtracting(_ other: PortGrid) -> PortGrid {
        isEmpty || other.isEmpty ? self : combined(other) { $0.subtracting($1) }
    }

    private func combined(_ other: PortGrid, _ operation: (PortSet, PortSet) -> PortSet) -> PortGrid {
        if steps.count == 1, other.steps.count == 1 {
            return PortGrid(everySource: operation(steps[0].destinations, other.steps[0].destinations))
        }
        var result: [Step] = []
        var (left, right) = (0, 0)
        var start: UInt32 = 0
        while true {
            let value = operation(steps[left].destinations, other.steps[right].destinations)
            if result.last?.destinations != value { result.append(Step(start: start, destinations: value)) }
            let nextLeft = left + 1 < steps.count ? steps[left + 1].start : .max
            let nextRight = right + 1 < other.steps.count ? other.steps[right + 1].start : .max
            start = min(nextLeft, nextRight)
            guard start != .max else { break }
            if nextLeft == start { left += 1 }
            if nextRight == start { right += 1 }
        }
        return PortGrid(steps: result)
    }

    private init(steps: [Step]) { self.steps = steps }

    /// The steps with their source ports, those without destinations left out.
    var rectangles: [(sources: PortRange, destinations: PortSet)] {
        steps.indices.compactMap { index in
            let end = index + 1 < steps.count ? steps[index + 1].start : 65_536
            guard !steps[index].destinations.isEmpty,
                let sources = PortRange(UInt16(steps[index].start), UInt16(end - 1))
            else { return nil }
            return (sources, steps[index].destinations)
        }
    }

    /// Every port at which something changes, with the ports beside it: what a test has to try.
    var sourceEdges: [UInt32] { steps.map(\.start) }
    var destinationEdges: [UInt32] { steps.flatMap(\.destinations.edges) }
}
