// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyEngine
internal import PolicyModel

/// One lane of the ladder: what one side makes of a connection, step by step.
///
///     ✗ Ingress of shop/db: denied
///       tier default
///         NetworkPolicy shop/allow-web  shop.yaml:3
///           ✗ :12  allow TCP from app == "web" to port 5432
///                  failed: source label app is "cart", rule wants app == "web"
///         ✗ end of tier default: no rule matched, the tier denies
///           → denied here
struct LadderText {
    let side: Explanation.Side
    let direction: Direction
    /// What the side is called.
    let name: String
    let cluster: ClusterState
    /// Folded steps are shown one by one.
    var isFull = false

    var block: TextBlock {
        var block = TextBlock()
        let what = "\(direction.rawValue) of \(name)"
        switch side {
        case .outside:
            block.add("\(what): not checked, it is no workload of the cluster", mark: "– ", tone: .faint)
        case .unknown:
            block.add("\(what): unknown, nothing is known of it", mark: "? ", tone: .warning)
        case .hostEndpoint(let host):
            block.add(
                "\(what) (host endpoint \(host.endpoint.resource.name)): \(host.outcome.word)",
                mark: mark(host.outcome), tone: .strong)
            add(host, to: &block)
        case .workload(let endpoint, let walk):
            let pod = endpoint.name.description
            block.add(
                "\(what)\(pod == name ? "" : " (pod \(pod))"): \(walk.outcome.word)",
                mark: mark(walk.outcome),
                tone: .strong)
            add(WalkLane(walk), to: &block)
        }
        return block
    }

    private func mark(_ outcome: Outcome) -> String {
        switch outcome {
        case .allowed: "✓ "
        case .denied: "✗ "
        case .undecidable: "? "
        }
    }

    private func add(_ host: HostExplanation, to block: inout TextBlock) {
        let decisive = host.stages.firstIndex { $0.stage == host.result.stage }
        let isCertain = host.outcome.missing.isEmpty
        for (index, stage) in host.stages.enumerated() {
            if let decisive, isCertain, index > decisive {
                if stage.tiers.isEmpty { continue }
                block.add("not reached: stage \(stage.stage.rawValue)", indent: 2, mark: "– ", tone: .faint)
                continue
            }
            // A stage that lets a failsafe port by, or has no policies, is only worth a line when it decides.
            let isPassed = stage.isFailsafe || stage.tiers.isEmpty
            guard !isPassed || isFull || stage.stage == host.result.stage else { continue }
            block.add("stage \(stage.stage.rawValue)", indent: 2, tone: .strong)
            if stage.isFailsafe {
                block.add("failsafe port: open whatever policies say", indent: 4, mark: "✓ ", tone: .good)
                if stage.stage == host.result.stage {
                    block.add("allowed here", indent: 6, mark: "⇒ ", tone: .good)
                }
                continue
            }
            var steps = TextBlock()
            add(WalkLane(stage, of: host), to: &steps)
            block.append(steps, indent: 2)
        }
    }

    // MARK: - Tiers

    private func add(_ walk: WalkLane, to block: inout TextBlock) {
        if walk.tiers.isEmpty {
            // Nearly always so, and soon said.
            if !isFull, case .profileRule(let profile, _)? = walk.decision?.place, walk.outcome == .allowed {
                return block.add(
                    "no policy selects it for \(direction.word); profile \(profile) allows it", indent: 2)
            }
            block.add("no policy selects it for \(direction.word)", indent: 2)
        }
        var unreached: [String] = []
        for tier in walk.tiers {
            let isReached =
                tier.decision != nil || tier.pendingDecision != nil
                || tier.policies.contains { $0.rules.contains { $0.result != .notReached } }
            guard isReached || tier.policies.contains(where: { !$0.selectionDependsOn.isEmpty }) else {
                unreached.append("tier \(tier.name)")
                continue
            }
            add(tier, walk, to: &block)
        }
        let areProfilesReached = walk.profiles.contains { $0.rules.contains { $0.result != .notReached } }
        if areProfilesReached || walk.profileDecision != nil || walk.pendingProfileDecision != nil {
            addProfiles(walk, to: &block)
        }
        if !unreached.isEmpty {
            block.add(
                "not reached: \(unreached.joined(separator: ", "))", indent: 2, mark: "– ", tone: .faint)
        }
    }

    private func add(_ tier: ExplainedTier, _ walk: WalkLane, to block: inout TextBlock) {
        let isStaged = tier.policies.allSatisfy(\.isStaged)
        let remarks = [
            tier.isDefined ? nil : "there is no such Tier",
            isStaged ? "only staged policies: skipped until they are enforced" : nil,
        ].compactMap(\.self)
        let remark = remarks.isEmpty ? "" : " (\(remarks.joined(separator: "; ")))"
        block.add("tier \(tier.name)\(remark)", indent: 2, tone: .strong)
        var unreached = 0
        for policy in tier.policies {
            let isReached = isReached(policy, tier)
            if isReached || isFull { add(policy, tier, walk, to: &block) } else { unreached += 1 }
        }
        if unreached > 0 {
            block.add(
                "\(unreached) more \(unreached == 1 ? "policy" : "policies"): not reached", indent: 4,
                mark: "– ",
                tone: .faint)
        }
        addEnd(tier, walk, to: &block)
    }

    /// Policies without rules are reached when the walk got past them.
    private func isReached(_ policy: ExplainedPolicy, _ tier: ExplainedTier) -> Bool {
        guard policy.rules.isEmpty else { return policy.rules.contains { $0.result != .notReached } }
        guard let decision = policy.isStaged ? tier.pendingDecision : tier.decision,
            case .rule(let id, _) = decision.place,
            let decider = tier.policies.firstIndex(where: { $0.id == id }),
            let own = tier.policies.firstIndex(where: { $0.id == policy.id })
        else { return true }
        return own < decider
    }

    private func addEnd(_ tier: ExplainedTier, _ walk: WalkLane, to block: inout TextBlock) {
        func isEnd(_ decision: RuleDecision?) -> Bool {
            if case .endOfTier? = decision?.place { true } else { false }
        }
        let (enforced, pending) = (isEnd(tier.decision), isEnd(tier.pendingDecision))
        guard enforced || pending else { return }
        let passes = tier.endAction == .pass
        let isOnlyPending = !enforced
        let isOpen = !walk.outcome.missing.isEmpty
        let what = passes ? "the tier passes on" : isOnlyPending ? "the tier would deny" : "the tier denies"
        block.add(
            "end of tier \(tier.name): \(isOpen ? "if no rule matches" : "no rule matched"), \(what)"
                + (isOnlyPending ? " if staged policies were enforced" : ""),
            indent: 4, mark: passes ? "→ " : isOpen ? "? " : "✗ ",
            tone: isOnlyPending || isOpen ? .warning : passes ? nil : .bad)
        if let decision = enforced ? tier.decision : tier.pendingDecision {
            addConclusion(decision, walk, indent: 6, to: &block)
        }
    }

    private func addProfiles(_ walk: WalkLane, to block: inout TextBlock) {
        for profile in walk.profiles {
            for rule in profile.rules where rule.result != .notReached || isFull {
                if let missing = profile.missing {
                    block.add("profile \(profile.name)", indent: 2, mark: "? ", tone: .warning)
                    block.add(Self.profileText(missing), indent: 6, tone: .warning)
                } else {
                    let text = "profile \(profile.name): \(RuleWording.text(rule.rule))"
                    addRule(rule, rule.result, text, at: 2, to: &block)
                }
            }
        }
        if case .noProfileMatch? = walk.profileDecision?.place {
            block.add("no profile allows it: denied", indent: 2, mark: "✗ ", tone: .bad)
        }
        if let decision = walk.profileDecision { addConclusion(decision, walk, indent: 4, to: &block) }
    }

    /// What a profile would be if its object were there.
    private static func profileText(_ missing: MissingFact) -> String {
        switch missing {
        case .namespaceLabels(let name):
            "unknown: there is no Namespace \(name); if there is one, the profile allows everything"
        default: "unknown: depends on \(missing)"
        }
    }

    // MARK: - Policies and rules

    private func add(
        _ policy: ExplainedPolicy, _ tier: ExplainedTier, _ walk: WalkLane, to block: inout TextBlock
    ) {
        let places = PolicyPlaces(policy.policy, direction, cluster)
        let origin = places.origin.map { "  \($0.file):\($0.line)" } ?? ""
        let staged = policy.isStaged ? " [staged]" : ""
        block.add(
            "\(policy.id)\(staged)\(origin)", indent: 4, tone: policy.isStaged ? .warning : nil, hang: 2)
        if !policy.selectionDependsOn.isEmpty {
            let facts = policy.selectionDependsOn.map(\.description).joined(separator: "; ")
            block.add(
                "unknown whether it selects \(name): depends on \(facts)", indent: 6, mark: "? ",
                tone: .warning)
        }
        if policy.rules.isEmpty {
            block.add("no \(direction.word) rules", indent: 6, mark: "✗ ", tone: .faint)
        }
        let width = policy.rules.map { place(places, $0).count }.max() ?? 0
        for run in RuleRun.runs(of: policy.rules, isFull: isFull) {
            for rule in run.shown {
                let place = place(places, rule)
                let padded = place + String(repeating: " ", count: width - place.count)
                let text = RuleWording.text(rule.rule)
                addRule(rule, rule.result, padded.isEmpty ? text : "\(padded)  \(text)", at: 6, to: &block)
                addDecision(policy, rule, tier, walk, to: &block)
            }
            if run.folded > 0 {
                block.add(
                    "\(run.folded) more rule\(run.folded == 1 ? "" : "s") \(run.reason)", indent: 6,
                    mark: "\(run.mark) … ", tone: .faint)
            }
        }
    }

    /// `:12` below a policy whose file is named; the index where lines are not known.
    private func place(_ places: PolicyPlaces, _ rule: ExplainedRule) -> String {
        guard let line = places.line(rule.index), let file = places.origin?.file else {
            return "rule \(rule.index)"
        }
        return "\(file.split(separator: "/").last ?? ""):\(line)"
    }

    private func addRule(
        _ rule: ExplainedRule, _ result: RuleResult, _ text: String, at indent: Int, to block: inout TextBlock
    ) {
        let (mark, tone, reason) = Self.finding(rule, result)
        let isShort = result == .matched
        block.add(
            isShort ? "\(text) — \(reason)" : text, indent: indent, mark: "\(mark) ", tone: tone, hang: 2)
        if !isShort { block.add(reason, indent: indent + 4, tone: tone) }
    }

    private static func finding(
        _ rule: ExplainedRule, _ result: RuleResult
    ) -> (mark: String, tone: TextStyle.Tone?, reason: String) {
        switch result {
        case .matched where rule.rule.action == .log: ("✓", nil, "matched; logged, the next rule is tried")
        case .matched where rule.rule.action == .pass: ("✓", nil, "matched; passes to the next tier")
        case .matched: ("✓", rule.rule.action == .deny ? .bad : .good, "matched")
        case .failed(let clauses): ("✗", nil, "failed: \(clauses.first.map(ClauseWording.text) ?? "")")
        case .unknown(let facts, _):
            ("?", .warning, "unknown: depends on \(facts.map(\.inLadder).joined(separator: "; "))")
        case .notReached: ("–", .faint, "not reached")
        }
    }

    private func addDecision(
        _ policy: ExplainedPolicy, _ rule: ExplainedRule, _ tier: ExplainedTier, _ walk: WalkLane,
        to block: inout TextBlock
    ) {
        let place = DecisionPlace.rule(policy.id, index: rule.index)
        for decision in [tier.decision, tier.pendingDecision].compactMap(\.self) where decision.place == place
        {
            addConclusion(decision, walk, indent: 8, to: &block)
            return
        }
    }

    /// Marks the step that decides a walk: the enforced one, or the one with staged policies.
    private func addConclusion(
        _ decision: RuleDecision, _ walk: WalkLane, indent: Int, to block: inout TextBlock
    ) {
        let isEnforced = walk.decision.map { $0.isAt(decision) } ?? false
        let isPending = walk.pendingDecision.map { $0.isAt(decision) } ?? false
        // Without one of the ends there is nothing that a data plane could have looked at.
        guard decision.isFinal, isEnforced || isPending, !walk.outcome.missing.contains(where: \.isEndpoint)
        else {
            return
        }
        let verdict = decision.action == .allow ? "allowed" : "denied"
        let tone: TextStyle.Tone = decision.action == .allow ? .good : .bad
        if isEnforced {
            let isCertain = walk.outcome.missing.isEmpty
            block.add(
                isCertain ? "\(verdict) here" : "\(verdict) here by data planes", indent: indent, mark: "⇒ ",
                tone: tone)
        } else {
            block.add(
                "would be \(verdict) here if staged policies were enforced", indent: indent, mark: "⇒ ",
                tone: .warning)
        }
    }
}

extension MissingFact {
    /// As a reason beside its own rule, which need not be named again.
    fileprivate var inLadder: String {
        switch self {
        case .httpRequest: "the HTTP request, which data planes do not look at"
        case .endpoint: "what the other end is"
        case .namespaceLabels, .serviceAccountLabels, .serviceEndpoints: description
        }
    }
}

extension RuleDecision {
    /// Whether both are one step; which policy is named for the end of a tier is no difference.
    fileprivate func isAt(_ decision: RuleDecision) -> Bool {
        guard tier == decision.tier else { return false }
        if case .endOfTier = place, case .endOfTier = decision.place { return true }
        return place == decision.place
    }
}
