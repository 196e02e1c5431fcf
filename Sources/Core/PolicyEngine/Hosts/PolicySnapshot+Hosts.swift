// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
public import PolicyModel

extension PolicySnapshot {
    /// The host endpoint that is in force on an interface of a node (policy semantics 1.9): one that names the
    /// interface, or is found by an address that the interface holds; else the one for every interface. Of several
    /// the first by name.
    public func hostEndpoint(
        onNode node: String, interface: String, holding addresses: [IPAddress] = []
    ) -> HostEndpoint? {
        let own = hostEndpoints.filter { $0.resource.node == node }
        return own.first {
            $0.resource.interfaceName == interface
                || $0.resource.interfaceName.isEmpty
                    && $0.resource.expectedAddresses.contains(where: addresses.contains)
        } ?? own.first { $0.resource.interfaceName == HostEndpointResource.everyInterface }
    }

    /// What a host endpoint decides about a new connection (policy semantics 3.6). Nil when there is no such endpoint.
    ///
    ///     in:  untracked ─▶ preDNAT ─▶ normal or forward        out: untracked ─▶ normal; forwarded: forward
    ///
    /// Allow in the first two stages is final; what they do not match goes on. Replies are not asked about: only
    /// untracked traffic has none.
    public func evaluate(
        _ traffic: HostTraffic, atHostEndpoint name: String, failsafe: FailsafePorts = .standard
    ) -> HostOutcome? {
        guard
            let entry = tables.endpoints.hosts.lazy.compactMap({ $0 }).first(where: {
                $0.endpoint.resource.name == name
            })
        else { return nil }
        var walk = HostWalk(tables: tables, entry: entry, traffic: traffic, failsafe: failsafe)
        return walk.outcome()
    }
}

/// One connection's way through the stages of one host endpoint.
private struct HostWalk {
    let tables: CompiledTables
    let entry: HostEntry
    let traffic: HostTraffic
    let failsafe: FailsafePorts
    private var passed: [RuleDecision] = []

    init(tables: CompiledTables, entry: HostEntry, traffic: HostTraffic, failsafe: FailsafePorts) {
        self.tables = tables
        self.entry = entry
        self.traffic = traffic
        self.failsafe = failsafe
    }

    private var stages: [HostStage] {
        let last: HostStage = traffic.path == .local ? .normal : .forward
        let isEveryInterface = entry.endpoint.resource.interfaceName == HostEndpointResource.everyInterface
        let untracked: [HostStage] = isEveryInterface ? [] : [.untracked]
        switch (traffic.direction, traffic.path) {
        case (.ingress, _): return untracked + [.preDNAT, last]
        case (.egress, .local): return untracked + [last]
        case (.egress, .forwarded): return [last]
        }
    }

    mutating func outcome() -> HostOutcome {
        for stage in stages {
            if let outcome = outcome(of: stage) { return outcome }
        }
        return HostOutcome(verdict: .allow, stage: .forward, reason: .noForwardPolicy, passed: passed)
    }

    /// Nil when the stage leaves the decision to the next.
    private mutating func outcome(of stage: HostStage) -> HostOutcome? {
        let tuple = stage.endsTiers ? traffic.tuple : traffic.original
        if stage != .forward, failsafe.accept(tuple, traffic.direction, isUntracked: stage == .untracked) {
            return stage == .normal ? decided(.allow, stage, .failsafe) : nil
        }
        let selecting = tables.order.compactMap { tables.policies[Int($0)] }.filter {
            stage.includes($0.policy) && !$0.policy.id.kind.isStaged
                && tables.matching.contains($0.subject, in: entry.labelSet)
        }
        let governing = selecting.filter { $0.policy.directions.contains(traffic.direction) }
        if stage == .forward, governing.isEmpty {
            return decided(.allow, stage, selecting.isEmpty ? .noForwardPolicy : .noForwardPolicyInDirection)
        }
        if let decision = decision(of: governing, tuple, stage) {
            return decided(decision.action == .allow ? .allow : .deny, stage, .policy(decision))
        }
        switch stage {
        case .untracked, .preDNAT: return nil
        // Every tier was passed: nothing forbids the packet.
        case .forward: return decided(.allow, stage, .forwardPolicyPassed)
        case .normal:
            let decision = profileDecision(tuple)
            return decided(decision.action == .allow ? .allow : .deny, stage, .policy(decision))
        }
    }

    private func decided(_ verdict: Verdict, _ stage: HostStage, _ reason: HostOutcome.Reason) -> HostOutcome
    {
        HostOutcome(verdict: verdict, stage: stage, reason: reason, passed: passed)
    }

    /// The walk of the tiers; nil when all were passed.
    private mutating func decision(
        of policies: [CompiledPolicy], _ tuple: ConnectionTuple, _ stage: HostStage
    ) -> RuleDecision? {
        var rest = policies[...]
        while let first = rest.first {
            let tier = first.policy.tier
            let members = rest.prefix { $0.policy.tier == tier }
            rest = rest.dropFirst(members.count)
            guard let last = members.last else { return nil }
            let decision = ruleDecision(of: members, tuple) ?? endDecision(tier, last, stage)
            guard let decision else { continue }
            if decision.isFinal { return decision }
            passed.append(decision)
        }
        return nil
    }

    private func ruleDecision(
        of policies: ArraySlice<CompiledPolicy>, _ tuple: ConnectionTuple
    ) -> RuleDecision? {
        for compiled in policies {
            for rule in compiled.rules(traffic.direction) where rule.action != .log {
                guard rule.match.matches(tuple, tables) else { continue }
                return RuleDecision(
                    place: .rule(compiled.policy.id, index: rule.index), tier: compiled.policy.tier,
                    direction: traffic.direction, action: rule.action)
            }
        }
        return nil
    }

    private func endDecision(_ tier: String, _ last: CompiledPolicy, _ stage: HostStage) -> RuleDecision? {
        guard stage.endsTiers else { return nil }
        return RuleDecision(
            place: .endOfTier(trigger: last.policy.id), tier: tier, direction: traffic.direction,
            action: tables.state.tiers[tier]?.defaultAction == .pass ? .pass : .deny)
    }

    private func profileDecision(_ tuple: ConnectionTuple) -> RuleDecision {
        for profile in entry.profiles.compactMap({ tables.profiles[Int($0)] }) {
            let rules = profile.rules(traffic.direction)
            guard let rule = rules.first(where: { $0.action != .log && $0.match.matches(tuple, tables) }),
                rule.action != .pass
            else { continue }
            return RuleDecision(
                place: .profileRule(name: profile.name, index: rule.index), tier: "",
                direction: traffic.direction, action: rule.action)
        }
        return RuleDecision(place: .noProfileMatch, tier: "", direction: traffic.direction, action: .deny)
    }
}
