// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyAnalysis
internal import PolicyModel

/// What changes between two worlds, in each form that it can be given in.
struct DifferenceReport: Sendable {
    let difference: PolicyDifference
    let notes: [String]
    /// One of the worlds has host endpoints.
    var hasHostEndpoints = false
    /// The arguments of `explain` that read the world before and the one after: `-f old -f shared`.
    let oldFiles: String
    let newFiles: String

    /// Objects listed in text; the rest is counted.
    static let maximumObjects = 20

    /// The whole in one sentence, and what it is not about.
    private var explanation: String {
        difference.explanation
            + (hasHostEndpoints ? " What policies of host endpoints change is not compared." : "")
    }

    // MARK: Text

    func text(_ style: TextStyle) -> String {
        var lines = [style.wrapped(explanation.escapedForMessage, indent: 0)]
        for change in difference.changes {
            lines.append("")
            lines += Self.lines(change, example: command(change.example), style)
        }
        if !difference.objects.isEmpty { lines += [""] + objects(style) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func lines(
        _ change: PolicyDifference.Change, example: String, _ style: TextStyle
    ) -> [String] {
        let (word, tone) = word(change.kind)
        let sources = TextStyle.listed(change.sources.map(MatrixReport.name), atMost: 6)
        let destinations = TextStyle.listed(change.destinations.map(MatrixReport.name), atMost: 6)
        let head = "\(word) \(change.traffic.text.escapedForMessage): \(sources) → \(destinations)"
        // The word comes first in the first line, whatever the width.
        let laidOut = style.wrapped(head, indent: 8, first: 0)
        var lines = [style.tinted(word, tone) + laidOut.dropFirst(word.count)]
        if change.cause == .endpoints { lines.append("        because an end is in one of the worlds only") }
        let before = change.before.map(text).joined(separator: "; ")
        var after = change.after.map(text).joined(separator: "; ")
        if change.kind == .redecided, before == after { after += ", which says something else now" }
        for (name, steps) in [("before", before), ("after", after)] where !steps.isEmpty {
            lines.append(style.wrapped("\(name): \(steps)", indent: 10, first: 8))
        }
        lines.append(style.tinted("        check: \(example)", .faint))
        return lines
    }

    private static func word(_ kind: PolicyDifference.Kind) -> (String, TextStyle.Tone) {
        switch kind {
        case .opens: ("opens ", .warning)
        case .closes: ("closes", .bad)
        case .redecided: ("other rule", .faint)
        }
    }

    /// `allowed by knp:shop/db-clients rule 0 (ingress)`.
    static func text(_ decision: RuleDecision) -> String {
        let word =
            switch decision.action {
            case .allow: "allowed"
            case .deny: "denied"
            case .pass: "passed on"
            case .log: "logged"
            }
        let hit = PolicyHit(decision, policyIndex: 0)
        return "\(word) by \(Decider.text(hit)) (\(decision.direction.rawValue.lowercased()))"
            .escapedForMessage
    }

    private func objects(_ style: TextStyle) -> [String] {
        let shown = difference.objects.prefix(Self.maximumObjects).map { change -> String in
            let mark =
                switch change.kind {
                case .added: "+"
                case .removed: "-"
                case .changed: "~"
                }
            return "  \(mark) \(change.key.description.escapedForMessage)"
        }
        let more = difference.objects.count - shown.count
        return ["Objects that differ:"] + shown + (more > 0 ? ["  … and \(more) more"] : [])
    }

    // MARK: Examples

    /// A command line that explains the example, in the world where its ends are.
    private func command(_ example: PolicyDifference.Example) -> String {
        let isAfter = example.after != nil
        guard let tuple = example.after ?? example.before else { return "" }
        let files = isAfter ? newFiles : oldFiles
        return "vibrissa policy explain \(files) \(Self.source(example.source, tuple)) "
            + Self.target(example.destination, tuple)
    }

    /// A pod by its name, unless that would stand for connections of both IP versions.
    private static func end(_ member: PeerGroup.Member, _ address: IPAddress) -> String {
        if case .workload(let name, let addresses) = member, Set(addresses.map(\.family)).count == 1 {
            return "pod/\(name)"
        }
        return address.description
    }

    private static func source(_ member: PeerGroup.Member, _ tuple: ConnectionTuple) -> String {
        let end = end(member, tuple.source)
        let isAnyPort =
            !tuple.transport.hasPolicyPorts || tuple.sourcePort == ConnectionRequest.assumedSourcePort
        guard !isAnyPort else { return end }
        return "\(end.contains(":") ? "[\(end)]" : end):\(tuple.sourcePort)"
    }

    private static func target(_ member: PeerGroup.Member, _ tuple: ConnectionTuple) -> String {
        let end = end(member, tuple.destination)
        if tuple.transport == .icmp || tuple.transport == .icmpv6 {
            return "\(end)/icmp:\(tuple.icmpType)/\(tuple.icmpCode)"
        }
        let isBareV6 = end == tuple.destination.description && tuple.destination.family == .v6
        let place = "\(isBareV6 ? "[\(end)]" : end):\(tuple.destinationPort)"
        return tuple.transport == .tcp ? place : "\(place)/\(tuple.transport.flowName)"
    }

    // MARK: Structured

    /// The schema of `-o json` and `-o yaml`.
    struct View: Encodable {
        struct Change: Encodable {
            /// `opens`, `closes`, `redecided`.
            let kind: String
            /// `rules`, `endpoints`.
            let cause: String
            let sources: [GroupView]
            let destinations: [GroupView]
            let traffic: TrafficView
            let before: [String]
            let after: [String]
            /// A command that explains one connection of the change.
            let example: String
        }

        struct Object: Encodable {
            let name: String
            /// `added`, `removed`, `changed`.
            let kind: String
        }

        let isEmpty: Bool
        let explanation: String
        let changes: [Change]
        let objects: [Object]
        let notes: [String]
    }

    var view: View {
        View(
            isEmpty: difference.isEmpty, explanation: explanation,
            changes: difference.changes.map { change in
                View.Change(
                    kind: change.kind.rawValue, cause: change.cause.rawValue,
                    sources: change.sources.map(GroupView.init),
                    destinations: change.destinations.map(GroupView.init),
                    traffic: TrafficView(change.traffic),
                    before: change.before.map(Self.text), after: change.after.map(Self.text),
                    example: command(change.example))
            },
            objects: difference.objects.map {
                View.Object(name: $0.key.description.escapedForMessage, kind: $0.kind.rawValue)
            },
            notes: notes)
    }
}
