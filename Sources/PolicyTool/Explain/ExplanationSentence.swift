// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyEngine
internal import PolicyModel

/// The answer in one sentence, and the few that may follow it.
struct ExplanationSentence {
    let connection: ExplainedConnection
    let cluster: ClusterState

    private var explanation: Explanation { connection.explanation }

    /// "Denied at the destination: no rule of the 3 policies that select shop/db allows tcp/5432 from shop/cart; the
    /// tier application denies by default".
    var answer: String {
        switch explanation.outcome {
        case .allowed: return "Allowed: \(allowReason(.egress)); \(allowReason(.ingress))."
        case .denied:
            let isSource = explanation.egress.outcome == .denied
            let first = isSource ? "Denied at the source" : "Denied at the destination"
            let reason = denyReason(isSource ? .egress : .ingress)
            let both = isSource && explanation.ingress.outcome == .denied
            return "\(first): \(reason)."
                + (both ? " The destination denies it, too: \(denyReason(.ingress))." : "")
        case .undecidable(let missing):
            let known = [Direction.egress, .ingress].filter { explanation.side($0).outcome == .allowed }
            let rest = known.map { "\(allowReason($0)) in any case" }
            let facts = Self.listed(missing.map(text))
            return "Undecidable: \((["it depends on \(facts)"] + rest).joined(separator: "; "))."
        }
    }

    /// What to do about the answer, and what holds besides it.
    var advice: [String] {
        var lines: [String] = []
        switch explanation.outcome {
        case .allowed:
            lines.append(
                "If it still fails, policy is not the cause: \(Self.otherCauses(connection.tuple))")
        case .denied:
            if let closest = closestRule { lines.append(closest) }
        case .undecidable(let missing):
            lines += missing.prefix(3).compactMap(Self.remedy)
            if let meanwhile { lines.append(meanwhile) }
        }
        if let staged { lines.append(staged) }
        if let sameNode { lines.append(sameNode) }
        return lines
    }

    /// Policy semantics 3.5: between a node and its own pods other things hold.
    private var sameNode: String? {
        func runs(_ side: Explanation.Side, on other: [AddressOwner]) -> String? {
            guard case .workload(let endpoint, _) = side, let pod = cluster.pods[endpoint.name] else {
                return nil
            }
            let isOwn = other.contains { owner in
                if case .host(let host) = owner { host.resource.node == pod.nodeName } else { false }
            }
            return isOwn ? "\(pod.name) runs on node \(pod.nodeName)" : nil
        }
        if let place = runs(explanation.ingress, on: explanation.sourceOwners) {
            return "But \(place): processes of a node reach its own pods whatever policies say."
        }
        return runs(explanation.egress, on: explanation.destinationOwners).map {
            "But \($0): once the pod's egress allows it, the node's setting for traffic from its own pods decides, not "
                + "the host endpoint's ordinary policies."
        }
    }

    // MARK: - Allowed

    private func allowReason(_ direction: Direction) -> String {
        let (name, other) = names(direction)
        let verb = direction == .egress ? "lets it out of" : "lets it in to"
        switch explanation.side(direction) {
        case .outside:
            return direction == .egress
                ? "\(name) is no workload, so nobody checks what it sends"
                : "\(name) is no workload, so nobody checks what reaches it"
        case .unknown: return "\(name) is not known"
        case .hostEndpoint(let host) where host.result.reason == .failsafe:
            return "\(traffic) is a failsafe port of host endpoint \(host.endpoint.resource.name)"
        case .workload, .hostEndpoint:
            guard let walk = explanation.side(direction).lane, let hit = walk.decision else {
                return "\(name) lets it pass"
            }
            switch hit.place {
            case .rule(let id, let index):
                return "\(direction.word) \(Self.rule(id, index, cluster, direction)) \(verb) \(name)"
            case .profileRule(let profile, _) where explanation.side(direction).walk == nil:
                return "profile \(profile) \(verb) \(name)"
            case .profileRule, .endOfTier, .noProfileMatch:
                if walk.tiers.flatMap(\.policies).contains(where: { !$0.isStaged && $0.isSeenAsSelecting }) {
                    return "no \(direction.word) policy of \(name) decides about \(traffic) \(other), "
                        + "and its namespace allows the rest"
                }
                return "no policy governs the \(direction.word) of \(name)"
            }
        }
    }

    // MARK: - Denied

    private func denyReason(_ direction: Direction) -> String {
        let (name, other) = names(direction)
        guard let walk = explanation.side(direction).lane, let hit = walk.decision else {
            return "\(name) denies \(traffic) \(other)"
        }
        switch hit.place {
        case .rule(let id, let index):
            return "\(Self.rule(id, index, cluster, direction)) denies \(traffic) \(other)"
        case .endOfTier: return endOfTier(walk, direction.word, hit.tier, name, other)
        case .profileRule(let profile, _):
            return "no policy decides about \(traffic) \(other), and profile \(profile) of \(name) denies it"
        case .noProfileMatch:
            return "no policy decides about \(traffic) \(other), and no profile of \(name) allows it"
        }
    }

    private func endOfTier(
        _ walk: WalkLane, _ direction: String, _ tier: String, _ name: String, _ other: String
    ) -> String {
        let policies = (walk.tiers.first { $0.name == tier }?.policies ?? []).filter {
            !$0.isStaged && $0.isSeenAsSelecting
        }
        let end = "the tier \(tier) denies by default"
        let hasRules = policies.contains { !$0.rules.isEmpty }
        if let only = policies.first, policies.count == 1 {
            return hasRules
                ? "no \(direction) rule of \(only.id)\(Self.place(only.id, cluster)), the only policy of the tier that "
                    + "selects \(name), allows \(traffic) \(other); \(end)"
                : "\(only.id)\(Self.place(only.id, cluster)) selects \(name) and has no \(direction) rules; \(end)"
        }
        return hasRules
            ? "no rule of the \(policies.count) policies that select \(name) allows \(traffic) \(other); \(end)"
            : "the \(policies.count) policies that select \(name) have no \(direction) rules; \(end)"
    }

    /// The allowing rule that misses the connection by one thing only, where the walk ended.
    private var closestRule: String? {
        let direction: Direction = explanation.egress.outcome == .denied ? .egress : .ingress
        guard let walk = explanation.side(direction).lane, case .endOfTier? = walk.decision?.place else {
            return nil
        }
        let tier = walk.tiers.first { $0.name == walk.decision?.tier }
        for policy in tier?.policies ?? [] where !policy.isStaged && policy.isSeenAsSelecting {
            for rule in policy.rules where rule.rule.action == .allow {
                guard case .failed(let clauses) = rule.result, clauses.count == 1, let clause = clauses.first
                else {
                    continue
                }
                return "Closest: \(Self.rule(policy.id, rule.index, cluster, direction)) would allow it, but "
                    + "\(ClauseWording.text(clause))."
            }
        }
        return nil
    }

    // MARK: - Undecidable

    private static func remedy(_ fact: MissingFact) -> String? {
        switch fact {
        case .namespaceLabels(let name):
            "To decide it, add the Namespace \(name) with its labels to the files."
        case .serviceAccountLabels(let name):
            "To decide it, add the ServiceAccount \(name) with its labels to the files."
        case .serviceEndpoints(let name):
            "To decide it, add the Service \(name) and its pods, or its EndpointSlices, to the files."
        case .httpRequest, .endpoint: nil
        }
    }

    /// What a data plane does, which always decides; nil when it is not known what it would look at.
    private var meanwhile: String? {
        let missing = explanation.outcome.missing
        guard !missing.contains(where: \.isEndpoint) else { return nil }
        let verdicts = [explanation.egress.verdict, explanation.ingress.verdict]
        let verb = verdicts.contains(.deny) ? "deny" : "allow"
        return missing.allSatisfy(\.isHTTP)
            ? "Data planes see packets, not requests: they take the conditions as met and \(verb) the connection."
            : "Data planes, which always decide, take what is not there as empty and \(verb) the connection."
    }

    /// Facts as a clause of a sentence goes on.
    private func text(_ fact: MissingFact) -> String {
        switch fact {
        case .httpRequest(let id, let direction, let index):
            "whether the request meets the HTTP conditions of \(Self.rule(id, index, cluster, direction))"
        case .endpoint:
            connection.source.unknownName != nil ? "what the source is" : "what the destination is"
        case .namespaceLabels(let name): "Namespace \(name), which is not in the files"
        case .serviceAccountLabels(let name): "ServiceAccount \(name), which is not in the files"
        case .serviceEndpoints(let name): "the endpoints of Service \(name), which are not in the files"
        }
    }

    private static func listed(_ items: [String]) -> String {
        let shown = items.prefix(4)
        let more = items.count > shown.count ? " and \(items.count - shown.count) more facts" : ""
        return shown.joined(separator: "; ") + more
    }

    // MARK: - Staged policies

    private var staged: String? {
        for direction in [Direction.egress, .ingress] {
            guard let walk = explanation.side(direction).walk, let divergence = walk.divergence else {
                continue
            }
            let step = Self.step(divergence.pending, cluster, direction)
            let still = explanation.outcome.word == explanation.pendingOutcome.word ? "still " : ""
            return "If staged policies were enforced, the connection would \(still)be "
                + "\(explanation.pendingOutcome.word): \(step) is the first step that differs."
        }
        return nil
    }

    static func step(_ decision: RuleDecision, _ cluster: ClusterState, _ direction: Direction) -> String {
        switch decision.place {
        case .rule(let id, let index): rule(id, index, cluster, direction)
        case .endOfTier: "the end of tier \(decision.tier)"
        case .profileRule(let name, _): "profile \(name)"
        case .noProfileMatch: "the end of the profiles"
        }
    }

    // MARK: - Names

    /// The side that decides, and the other with its preposition.
    private func names(_ direction: Direction) -> (name: String, other: String) {
        direction == .egress
            ? (connection.source.title, "to \(connection.destination.title)")
            : (connection.destination.title, "from \(connection.source.title)")
    }

    private var traffic: String { connection.tuple.trafficName }

    /// `rule 2 of NetworkPolicy shop/db (shop.yaml:12)`.
    static func rule(_ id: PolicyID, _ index: Int, _ cluster: ClusterState, _ direction: Direction) -> String
    {
        let place = PolicyPlaces(id, direction, cluster).rule(index).map { " (\($0))" } ?? ""
        return "rule \(index) of \(id)\(place)"
    }

    private static func place(_ id: PolicyID, _ cluster: ClusterState) -> String {
        cluster.policies[id]?.origin.map { " (\($0.file):\($0.line))" } ?? ""
    }

    private static func otherCauses(_ tuple: ConnectionTuple) -> String {
        tuple.transport.hasPolicyPorts
            ? "look whether something listens on \(tuple.trafficName) there, whether the pod is ready, at the "
                + "Service's ports, name resolution and routes."
            : "look whether the other end answers, whether the pod is ready, and at routes."
    }
}

extension ConnectionTuple {
    /// `tcp/5432`, `icmp type 8 code 0`, `protocol 47`.
    var trafficName: String {
        if transport.hasPolicyPorts { return "\(transport.flowName)/\(destinationPort)" }
        if transport == .icmp || transport == .icmpv6 {
            return "\(transport.flowName) type \(icmpType) code \(icmpCode)"
        }
        let name = transport.flowName
        return name.allSatisfy(\.isNumber) ? "protocol \(name)" : name
    }
}

extension Direction {
    /// `egress` or `ingress`.
    var word: String { rawValue.lowercased() }
}

extension MissingFact {
    var isEndpoint: Bool { if case .endpoint = self { true } else { false } }
    var isHTTP: Bool { if case .httpRequest = self { true } else { false } }
}

extension Explanation.Side {
    var isUnknown: Bool { if case .unknown = self { true } else { false } }
}
