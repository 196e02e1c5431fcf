// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyEngine
internal import PolicyModel

extension ExplanationReport {
    /// Lanes stand side by side from this width on.
    static let wideColumns = 120

    /// The answer for a terminal: a sentence, the two lanes, what else there is to say.
    func text(_ style: TextStyle, isFull: Bool = false) -> String {
        var text = ""
        if groups.count > 1 { text += summary.text(style) + "\n" }
        text += groups.map { self.text($0, style, isFull) }.joined(separator: "\n")
        var block = TextBlock()
        for note in notes { block.add(note, mark: "note: ", tone: .faint) }
        return block.paragraphs.isEmpty ? text : text + "\n" + block.text(style)
    }

    /// How the connections differ: counts by outcome.
    private var summary: TextBlock {
        var block = TextBlock()
        let counts = ["denied", "undecidable", "allowed"].compactMap { word in
            let count = groups.filter { $0.representative.explanation.outcome.word == word }.reduce(0) {
                $0 + $1.count
            }
            return count == 0 ? nil : "\(count) \(word)"
        }
        block.add(
            "\(groups.reduce(0) { $0 + $1.count }) connections from \(request.sourceText) to "
                + "\(request.destinationText) are not all treated alike: \(counts.joined(separator: ", ")).",
            tone: .strong)
        return block
    }

    private func text(_ group: ExplanationGroup, _ style: TextStyle, _ isFull: Bool) -> String {
        let connection = group.representative
        let sentence = ExplanationSentence(connection: connection, cluster: snapshot.cluster)
        var head = TextBlock()
        if groups.count > 1 { head.add("\(members(group).capitalizedFirst):", tone: .strong) }
        let tone: TextStyle.Tone =
            switch connection.explanation.outcome {
            case .allowed: .good
            case .denied: .bad
            case .undecidable: .warning
            }
        head.add(sentence.answer, tone: tone)
        if groups.count == 1, group.count > 1 { head.add("The same holds \(members(group)).") }
        head.add(ends(connection), tone: .faint)
        head.add("")
        var foot = TextBlock()
        for line in sentence.advice { foot.add(line) }
        let end = foot.paragraphs.isEmpty ? "" : "\n" + foot.text(style)
        return head.text(style) + lanes(connection, style, isFull) + end
    }

    private func lanes(_ connection: ExplainedConnection, _ style: TextStyle, _ isFull: Bool) -> String {
        func lane(_ direction: Direction, _ name: String) -> LadderText {
            LadderText(
                side: connection.explanation.side(direction), direction: direction, name: name,
                cluster: snapshot.cluster, isFull: isFull)
        }
        let egress = lane(.egress, connection.source.title)
        let ingress = lane(.ingress, connection.destination.title)
        // A lane of two lines wastes half the width.
        let areBothLong = [egress, ingress].allSatisfy { !($0.side.walk?.tiers ?? []).isEmpty }
        if areBothLong, style.width >= Self.wideColumns {
            return TextBlock.columns(egress.block, ingress.block, style)
        }
        return egress.block.text(style) + ingress.block.text(style)
    }

    /// `for all 4 connections from shop/web-0, shop/web-1 to shop/db-0 over IPv4 and IPv6`.
    private func members(_ group: ExplanationGroup) -> String {
        let families = group.families.map(\.name).sorted().joined(separator: " and ")
        let hasBoth =
            group.representative.source.addresses.count > 1
            && group.representative.destination.addresses.count > 1
        let over = hasBoth ? " over \(families)" : ""
        if group.sources.count == 1, group.destinations.count == 1 {
            return groups.count == 1
                ? over.trimmed : "for \(group.sources[0]) to \(group.destinations[0])\(over)"
        }
        return "for all \(group.count) connections from \(RuleWording.list(group.sources)) to "
            + "\(RuleWording.list(group.destinations))\(over)"
    }

    /// `from shop/cart-0 10.0.1.7 to shop/db-0 10.0.1.20, tcp/5432`.
    private func ends(_ connection: ExplainedConnection) -> String {
        func end(_ end: ResolvedEnd, _ address: IPAddress, _ owners: [AddressOwner]) -> String {
            guard end.unknownName == nil else { return end.name }
            let sets = owners.compactMap { owner in
                if case .networkSet = owner { ClauseWording.name(owner) } else { nil }
            }
            let place = end.name == "\(address)" ? end.name : "\(end.name) \(address)"
            return sets.isEmpty ? place : "\(place) (in \(RuleWording.list(sets)))"
        }
        let tuple = connection.tuple
        let explanation = connection.explanation
        return "from \(end(connection.source, tuple.source, explanation.sourceOwners)) "
            + "to \(end(connection.destination, tuple.destination, explanation.destinationOwners)), "
            + tuple.trafficName
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
    fileprivate var trimmed: String { String(drop { $0 == " " }) }
}
