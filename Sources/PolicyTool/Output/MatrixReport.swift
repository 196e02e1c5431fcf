// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import NetworkModel
internal import PolicyAnalysis
internal import PolicyModel

/// The forms of a matrix.
enum MatrixFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case text, json, yaml, csv, dot
}

/// Who may talk to whom, in each form that it can be given in.
struct MatrixReport: Sendable {
    let matrix: ReachabilityMatrix
    let notes: [String]
    /// Pairs between which something may go; not of a single pod with itself.
    private let connections: [ReachabilityMatrix.Connection]
    private let sourceNames: [String]
    private let destinationNames: [String]
    private let outside: Set<Int>
    /// Of every cell: the same traffic is in many.
    private let texts: [ReachabilityMatrix.Cell: String]

    init(matrix: ReachabilityMatrix, notes: [String]) {
        self.matrix = matrix
        self.notes = notes
        sourceNames = matrix.sources.map(Self.name)
        destinationNames = matrix.destinations.map(Self.name)
        outside = Set(matrix.destinations.indices.filter { !matrix.destinations[$0].isWorkloads })
        let single = Set(
            matrix.sources.indices.filter {
                matrix.sources[$0].members.count == 1 && matrix.sources[$0].isWorkloads
            })
        connections = matrix.connections.filter { connection in
            !single.contains(connection.source)
                || matrix.sources[connection.source].members
                    != matrix.destinations[connection.destination].members
        }
        texts = Dictionary(
            Set(connections.map(\.cell)).map { ($0, $0.text.escapedForMessage) },
            uniquingKeysWith: { first, _ in first })
    }

    static func name(_ group: PeerGroup) -> String { group.summary.escapedForMessage }

    // MARK: Text

    /// By source: where to, and with what; then who is in the groups.
    func text(_ style: TextStyle) -> String {
        var lines: [String] = []
        let bySource = Dictionary(grouping: connections, by: \.source)
        for source in matrix.sources.indices {
            lines.append(style.tinted(style.wrapped(sourceNames[source], indent: 6, first: 0), .strong))
            let targets = bySource[source] ?? []
            if targets.isEmpty { lines.append(style.tinted("  reaches nothing", .faint)) }
            for (traffic, groups) in byTraffic(targets) {
                let names = names(groups).joined(separator: ", ")
                lines.append(style.wrapped("→ \(traffic): \(names)", indent: 6, first: 2))
            }
        }
        lines += legend(style)
        return lines.joined(separator: "\n") + "\n"
    }

    /// Destinations with traffic that reads the same share a line, whatever IP versions they have.
    private func byTraffic(
        _ targets: [ReachabilityMatrix.Connection]
    ) -> [(traffic: String, destinations: [Int])] {
        var order: [String] = []
        var destinations: [String: [Int]] = [:]
        for target in targets {
            let traffic = texts[target.cell] ?? ""
            if destinations[traffic] == nil { order.append(traffic) }
            destinations[traffic, default: []].append(target.destination)
        }
        return order.map { ($0, destinations[$0] ?? []) }
    }

    /// The names of destination groups; all that is outside in one name where there are several parts of it.
    private func names(_ groups: [Int]) -> [String] {
        let isAllOutside = outside.count > 1 && outside.isSubset(of: groups)
        let shown = groups.filter { !isAllOutside || !outside.contains($0) }.map { destinationNames[$0] }
        return shown + (isAllOutside ? ["everything outside the cluster"] : [])
    }

    private func legend(_ style: TextStyle) -> [String] {
        var seen: Set<String> = []
        var lines: [String] = []
        for group in matrix.sources + matrix.destinations where group.members.count > 1 {
            let name = Self.name(group)
            guard seen.insert(name).inserted else { continue }
            if lines.isEmpty { lines += ["", "Policy treats these alike:"] }
            let members = TextStyle.listed(group.members.map(\.description.escapedForMessage), atMost: 20)
            lines.append(style.wrapped("\(name): \(members)", indent: 6, first: 2))
        }
        return lines
    }

    // MARK: CSV and DOT

    /// RFC 4180: a row per pair of groups.
    var csv: String {
        func cell(_ text: String) -> String {
            "\"" + text.escapedForMessage.reduce(into: "") { $0 += $1 == "\"" ? "\"\"" : String($1) } + "\""
        }
        let head = ["source", "destination", "ipv4", "ipv6", "source_members", "destination_members"]
        let rows = connections.map { connection in
            let source = matrix.sources[connection.source]
            let destination = matrix.destinations[connection.destination]
            return [
                sourceNames[connection.source], destinationNames[connection.destination],
                connection.cell.v4?.text ?? "",
                connection.cell.v6?.text ?? "",
                source.members.map(\.description).joined(separator: "; "),
                destination.members.map(\.description).joined(separator: "; "),
            ]
        }
        return ([head] + rows).map { $0.map(cell).joined(separator: ",") + "\r\n" }.joined()
    }

    /// A graph for Graphviz.
    var dot: String {
        func quoted(_ text: String) -> String {
            "\""
                + text.escapedForMessage.reduce(into: "") {
                    $0 += $1 == "\"" || $1 == "\\" ? "\\\($1)" : String($1)
                }
                + "\""
        }
        var lines = ["digraph policy {", "  rankdir=LR;", "  node [shape=box];"]
        var numbers: [PeerGroup: Int] = [:]
        for group in matrix.sources + matrix.destinations where numbers[group] == nil {
            numbers[group] = numbers.count
            let shape = group.isWorkloads ? "" : ", shape=ellipse"
            lines.append("  g\(numbers.count - 1) [label=\(quoted(group.summary))\(shape)];")
        }
        for connection in connections {
            guard let from = numbers[matrix.sources[connection.source]],
                let to = numbers[matrix.destinations[connection.destination]]
            else { continue }
            lines.append("  g\(from) -> g\(to) [label=\(quoted(texts[connection.cell] ?? ""))];")
        }
        return lines.joined(separator: "\n") + "\n}\n"
    }

    // MARK: Structured

    /// The schema of `-o json` and `-o yaml`.
    struct View: Encodable {
        struct Connection: Encodable {
            /// Indexes into `sources` and `destinations`.
            let source: Int
            let destination: Int
            let traffic: TrafficView
        }

        let sources: [GroupView]
        let destinations: [GroupView]
        let connections: [Connection]
        let includesStaged: Bool
        let notes: [String]
    }

    var view: View {
        let cells = Set(connections.map(\.cell))
        let traffic = Dictionary(cells.map { ($0, TrafficView($0)) }, uniquingKeysWith: { first, _ in first })
        return View(
            sources: matrix.sources.map(GroupView.init),
            destinations: matrix.destinations.map(GroupView.init),
            connections: connections.map {
                View.Connection(
                    source: $0.source, destination: $0.destination,
                    traffic: traffic[$0.cell] ?? TrafficView($0.cell))
            },
            includesStaged: matrix.includesStaged, notes: notes)
    }
}
