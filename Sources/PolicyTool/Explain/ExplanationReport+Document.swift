// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyEngine
internal import PolicyModel

extension ExplanationReport {
    var document: ExplanationDocument {
        ExplanationDocument(
            outcome: outcome.word, source: request.sourceText, destination: request.destinationText,
            groups: groups.map(document), notes: notes + remarks)
    }

    private func document(_ group: ExplanationGroup) -> ExplanationDocument.Group {
        let connection = group.representative
        let explanation = connection.explanation
        let sentence = ExplanationSentence(connection: connection, cluster: snapshot.cluster)
        return ExplanationDocument.Group(
            outcome: explanation.outcome.word, pendingOutcome: explanation.pendingOutcome.word,
            sentence: sentence.answer, advice: sentence.advice,
            missingFacts: explanation.outcome.missing.map(\.description), count: group.count,
            sources: group.sources, destinations: group.destinations,
            connection: ExplanationDocument.Connection(connection),
            egress: side(explanation.egress, .egress), ingress: side(explanation.ingress, .ingress))
    }

    private func side(_ side: Explanation.Side, _ direction: Direction) -> ExplanationDocument.Side {
        switch side {
        case .outside: ExplanationDocument.Side(evaluatedBy: "nobody", endpoint: nil, walk: nil, host: nil)
        case .unknown: ExplanationDocument.Side(evaluatedBy: "unknown", endpoint: nil, walk: nil, host: nil)
        case .hostEndpoint(let host):
            ExplanationDocument.Side(
                evaluatedBy: "hostEndpoint", endpoint: host.endpoint.resource.name, walk: nil,
                host: self.host(host, direction))
        case .workload(let endpoint, let walk):
            ExplanationDocument.Side(
                evaluatedBy: "workload", endpoint: endpoint.name.description,
                walk: self.walk(walk, direction), host: nil)
        }
    }

    private func host(_ host: HostExplanation, _ direction: Direction) -> ExplanationDocument.Host {
        ExplanationDocument.Host(
            outcome: host.outcome.word, verdict: host.result.verdict.rawValue,
            missingFacts: host.outcome.missing.map(\.description), decidedBy: host.result.decidedBy,
            stages: host.stages.map { stage in
                ExplanationDocument.Stage(
                    name: stage.stage.rawValue, isFailsafe: stage.isFailsafe,
                    tiers: stage.tiers.map { tier($0, direction) }, profiles: stage.profiles.map(profile))
            })
    }

    private func profile(_ profile: ExplainedProfile) -> ExplanationDocument.Profile {
        ExplanationDocument.Profile(
            name: profile.name, missing: profile.missing?.description,
            rules: profile.rules.map { ExplanationDocument.Rule($0, line: nil) })
    }

    private func walk(_ walk: WalkExplanation, _ direction: Direction) -> ExplanationDocument.Walk {
        ExplanationDocument.Walk(
            outcome: walk.outcome.word, pendingOutcome: walk.pendingOutcome.word,
            verdict: walk.verdict.rawValue, pendingVerdict: walk.pendingVerdict.rawValue,
            missingFacts: walk.outcome.missing.map(\.description),
            decidedBy: walk.decision.map(ExplanationDocument.Decision.init),
            pendingDecidedBy: walk.pendingDecision.map(ExplanationDocument.Decision.init),
            enforced: walk.trace.enforced.map(\.traceText), pending: walk.trace.pending.map(\.traceText),
            divergence: walk.divergence.map {
                ExplanationDocument.Divergence(
                    tier: $0.tier, pending: ExplanationDocument.Decision($0.pending),
                    enforced: $0.enforced.map(ExplanationDocument.Decision.init))
            },
            tiers: walk.tiers.map { tier($0, direction) },
            profiles: walk.profiles.map(profile))
    }

    private func tier(_ tier: ExplainedTier, _ direction: Direction) -> ExplanationDocument.Tier {
        ExplanationDocument.Tier(
            name: tier.name, isDefined: tier.isDefined, endAction: tier.endAction.rawValue.lowercased(),
            decision: tier.decision.map(ExplanationDocument.Decision.init),
            pendingDecision: tier.pendingDecision.map(ExplanationDocument.Decision.init),
            policies: tier.policies.map { policy in
                let places = PolicyPlaces(policy.policy, direction, snapshot.cluster)
                return ExplanationDocument.Policy(
                    kind: policy.id.kind.rawValue,
                    namespace: policy.id.namespace.isEmpty ? nil : policy.id.namespace, name: policy.id.name,
                    isStaged: policy.isStaged, file: places.origin?.file, line: places.origin?.line,
                    selectionDependsOn: policy.selectionDependsOn.map(\.description),
                    rules: policy.rules.map { ExplanationDocument.Rule($0, line: places.line($0.index)) })
            })
    }
}

extension ExplanationDocument.Connection {
    init(_ connection: ExplainedConnection) {
        let tuple = connection.tuple
        let explanation = connection.explanation
        func end(
            _ end: ResolvedEnd, _ address: IPAddress, _ owners: [AddressOwner]
        ) -> ExplanationDocument.End {
            ExplanationDocument.End(
                name: end.name, address: end.unknownName == nil ? "\(address)" : nil,
                owners: owners.map(ClauseWording.name))
        }
        source = end(connection.source, tuple.source, explanation.sourceOwners)
        destination = end(connection.destination, tuple.destination, explanation.destinationOwners)
        `protocol` = tuple.transport.flowName
        let (hasPorts, isICMP) = (
            tuple.transport.hasPolicyPorts, tuple.transport == .icmp || tuple.transport == .icmpv6
        )
        sourcePort = hasPorts ? tuple.sourcePort : nil
        destinationPort = hasPorts ? tuple.destinationPort : nil
        icmpType = isICMP ? tuple.icmpType : nil
        icmpCode = isICMP ? tuple.icmpCode : nil
    }
}

extension ExplanationDocument.Decision {
    init(_ decision: RuleDecision) { self.init(decision.place, decision.action) }

    init(_ hit: PolicyHit) { self.init(hit.place, hit.action) }

    private init(_ decisionPlace: DecisionPlace, _ action: RuleAction) {
        self.action = action.rawValue.lowercased()
        switch decisionPlace {
        case .rule(let id, let index):
            (place, policy, profile, ruleIndex) = ("rule", id.traceText, nil, index)
        case .endOfTier(let id): (place, policy, profile, ruleIndex) = ("endOfTier", id.traceText, nil, nil)
        case .profileRule(let name, let index):
            (place, policy, profile, ruleIndex) = ("profileRule", nil, name, index)
        case .noProfileMatch: (place, policy, profile, ruleIndex) = ("noProfileMatch", nil, nil, nil)
        }
    }
}

extension ExplanationDocument.Rule {
    init(_ rule: ExplainedRule, line: Int?) {
        index = rule.index
        self.line = line
        action = rule.rule.action.rawValue.lowercased()
        text = RuleWording.text(rule.rule)
        switch rule.result {
        case .matched: (result, reasons, dependsOn) = ("matched", [], [])
        case .failed(let clauses):
            (result, reasons, dependsOn) = ("failed", clauses.map(ClauseWording.text), [])
        case .unknown(let facts, _): (result, reasons, dependsOn) = ("unknown", [], facts.map(\.description))
        case .notReached: (result, reasons, dependsOn) = ("notReached", [], [])
        }
    }
}
