// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel

/// Rules and policies that never get to decide anything.
extension LintReport {
    mutating func addUsageFindings(_ usage: RuleUsage, staged: Bool) {
        let chains = usage.book.chains.keys.sorted()
        var ofPolicy: [PolicyID: [Int]] = [:]
        for chain in chains {
            if case .policy(let id, _) = snapshot.chain(chain).owner, id.kind.isStaged == staged {
                ofPolicy[id, default: []].append(chain)
            }
        }
        for policy in policies {
            guard let own = ofPolicy[policy.id], !idle.contains(policy.id) else { continue }
            let isIdle = addNeverDecides(policy, own, usage)
            for chain in own { addDeadRules(policy, chain, usage, isPolicyIdle: isIdle) }
            for chain in own { addLastPass(policy, chain, usage) }
        }
    }

    // MARK: - Policies

    /// True when the policy was found to decide nothing.
    private mutating func addNeverDecides(_ policy: Policy, _ chains: [Int], _ usage: RuleUsage) -> Bool {
        let rules = chains.flatMap { usage.book.chains[$0] ?? [] }
        guard !rules.contains(where: { usage.observed.isLive($0) }) else { return false }
        let isReached = chains.contains { usage.observed.reached.contains($0) }
        // A policy without rules, beside others, is a safety net: not pointless.
        if isReached, rules.isEmpty { return false }
        let isolates = chains.contains { chain in
            usage.places(ofChain: chain).contains { program, position in
                let tier = usage.book.programs[program].tiers[position]
                return tier.chains == [chain] && !tier.passes
                    && usage.observed.ended.contains(.init(program: program, chain: chain))
            }
        }
        guard !isolates else { return false }
        let why =
            isReached
            ? "none of its rules gets any traffic, and other policies of tier \(policy.tier) govern the "
                + "same pods"
            : "earlier policies and tiers decide everything before it is asked"
        add(
            .policyNeverDecides, .warning, policy.id,
            because: "\(policy.id) decides no connection in this world: \(why).",
            suggestion: "remove the policy, or give it a smaller order so that it comes before the others")
        return true
    }

    // MARK: - Rules

    private mutating func addDeadRules(
        _ policy: Policy, _ chain: Int, _ usage: RuleUsage, isPolicyIdle: Bool
    ) {
        let direction = snapshot.chain(chain).direction
        let converted = policy.rules(direction)
        var bySource: [Int: [SymbolicRule]] = [:]
        for rule in usage.book.chains[chain] ?? [] {
            guard let key = usage.key(rule), converted.indices.contains(key.index) else { continue }
            bySource[converted[key.index].sourceIndex, default: []].append(rule)
        }
        for (source, rules) in bySource.sorted(by: { $0.key < $1.key }) {
            let dead = rules.filter { !usage.observed.isLive($0) }
            let reasons = dead.compactMap { rule in
                DeadRule(rule, converted[usage.key(rule)?.index ?? 0], policy.id, direction, usage)
            }
            // What one written rule stands for is told once for each reason.
            for id in Set(reasons.map(\.id)).sorted(by: { $0.rawValue < $1.rawValue }) {
                guard let first = reasons.first(where: { $0.id == id }) else { continue }
                if id == .shadowedRule, isPolicyIdle { continue }
                let isAll = dead.count == rules.count
                let subject = "\(direction.rawValue.lowercased()) rule \(source) of \(policy.id)"
                add(
                    id, isAll && id != .unmatchedRule ? .warning : .note, policy.id, direction, rule: source,
                    because: (isAll ? subject : "part of \(subject)") + " (\(first.text)) \(first.why).",
                    suggestion: first.suggestion)
            }
        }
    }

    private mutating func addLastPass(_ policy: Policy, _ chain: Int, _ usage: RuleUsage) {
        let places = usage.places(ofChain: chain)
        let isLast = places.allSatisfy { program, tier in
            tier == usage.book.programs[program].tiers.count - 1
        }
        guard isLast, !places.isEmpty else { return }
        let direction = snapshot.chain(chain).direction
        let converted = policy.rules(direction)
        for rule in usage.book.chains[chain] ?? []
        where rule.action == .pass && usage.observed.isLive(rule) {
            guard let key = usage.key(rule), converted.indices.contains(key.index) else { continue }
            add(
                .passInLastTier, .note, policy.id, direction, rule: converted[key.index].sourceIndex,
                because:
                    "\(direction.rawValue.lowercased()) rule \(converted[key.index].sourceIndex) of "
                    + "\(policy.id) "
                    + "passes to the next tier, but no pod that it selects has policies in a later tier: "
                    + "the pods' profiles decide, and those of namespaces allow everything.",
                suggestion: "write Allow or Deny, or add a policy in a later tier")
        }
    }
}

/// Why a rule gets no traffic.
private struct DeadRule {
    let id: LintID
    let text: String
    let why: String
    let suggestion: String

    /// nil when only other peers or ports of the same written rule take its traffic: that they overlap does no harm.
    init?(
        _ rule: SymbolicRule, _ converted: Rule, _ policy: PolicyID, _ direction: Direction,
        _ usage: RuleUsage
    ) {
        text = converted.text
        let takers = usage.takers(of: rule)
        if !takers.isEmpty {
            var texts: [String] = []
            for taker in takers.map({ $0.lintText(in: usage.book.policies) }) where !texts.contains(taker) {
                texts.append(taker)
            }
            let itself = RuleDecision(
                place: .rule(policy, index: usage.key(rule)?.index ?? 0), tier: "", direction: direction,
                action: rule.action)
            if texts == [itself.lintText(in: usage.book.policies)] { return nil }
            let more = texts.count > 3 ? " and \(texts.count - 3) more" : ""
            let shown = texts.prefix(3).joined(separator: ", ") + more
            (id, why) = (.shadowedRule, "never gets any traffic: all of it is taken by \(shown)")
            suggestion = "remove the rule, or move it before what takes its traffic"
            return
        }
        if let contradiction = Self.contradiction(rule.match) {
            (id, why) = (.contradictoryRule, "can never match: \(contradiction)")
            suggestion = "make the conditions of the rule agree, or remove it"
            return
        }
        if let selector = Self.emptySelector(rule.match, usage) {
            id = .selectorSelectsNothing
            why = "matches nothing: no pod, host endpoint or network set of this world \(selector)"
            suggestion = "correct the selector, or the labels of what it was meant for"
            return
        }
        (id, why) = (.unmatchedRule, Self.unmatched(rule.match, usage))
        suggestion = "check the rule against the addresses, ports and IP versions that this world has"
    }

    /// What makes the conditions exclude each other in every world; nil when nothing does.
    private static func contradiction(_ match: RuleMatch) -> String? {
        if match.families.isEmpty { return "its blocks and IP version are of different IP versions" }
        if let transport = match.transport, match.notTransport == transport {
            return "it wants and excludes protocol \(transport.policyName)"
        }
        for side in [match.source, match.destination] {
            let isEmptied =
                !side.nets.isEmpty
                && side.nets.allSatisfy { net in
                    side.notNets.contains { $0.contains(net) && $0.family == net.family }
                }
            if isEmptied { return "its notNets exclude every address of its nets" }
            if side.notNets.contains(where: { $0.length == 0 }),
                match.families.count < 2 || side.nets.isEmpty,
                match.families.allSatisfy({ family in
                    side.notNets.contains { $0.length == 0 && $0.family == family }
                })
            {
                return "its notNets exclude every address"
            }
        }
        let isDark = match.families.allSatisfy { family in
            match.withoutPlaces.traffic(family).isEmpty
        }
        return isDark ? "its conditions on protocol, ports and ICMP types exclude each other" : nil
    }

    /// The first positive selector, or Service, without any address, as the end of a sentence.
    private static func emptySelector(_ match: RuleMatch, _ usage: RuleUsage) -> String? {
        for side in [match.source, match.destination] {
            guard let set = side.addressSet, !usage.hasMembers(set),
                case .selector(let selector) = usage.book.snapshot.definition(ofSet: set)
            else { continue }
            return "matches \(selector)"
        }
        return nil
    }

    private static func unmatched(_ match: RuleMatch, _ usage: RuleUsage) -> String {
        let snapshot = usage.book.snapshot
        for set in match.source.placeSets + match.destination.placeSets
            + [match.source.addressSet, match.destination.addressSet].compactMap(\.self)
        where !usage.hasMembers(set) {
            switch snapshot.definition(ofSet: set) {
            case .namedPorts(let names, _, _):
                return "matches no connection: no endpoint that it is about declares "
                    + (names.count == 1
                        ? "port \(names[0])" : "any of the ports \(names.joined(separator: ", "))")
            case .serviceAddresses(let name), .servicePlaces(let name):
                return "matches no connection: no endpoints of service \(name) are known"
            case .selector: continue
            }
        }
        return "matches no connection of this world: nothing meets all its conditions at once"
    }
}

extension RuleUsage {
    /// Whether any address of this world is in the set, or in one of its places.
    fileprivate func hasMembers(_ set: Int) -> Bool {
        let snapshot = book.snapshot
        return sites.contains { site in
            site.addresses.contains { address in
                snapshot.isMember(address, ofSet: set) || !snapshot.places(at: address, ofSet: set).isEmpty
            }
        }
    }
}

extension Site {
    /// One of each kind that rules tell apart; all of a pod's.
    fileprivate var addresses: [IPAddress] {
        switch member {
        case .workload(_, let addresses): addresses
        case .outside: ends.flatMap { [$0.v4, $0.v6] }.compactMap { $0?.address }
        }
    }
}

extension RuleMatch {
    /// Without conditions that depend on what is in the world.
    fileprivate var withoutPlaces: RuleMatch {
        var match = self
        for side in [\RuleMatch.source, \RuleMatch.destination] {
            match[keyPath: side].serviceSet = nil
            if match[keyPath: side].portSet != nil { match[keyPath: side].ports = [] }
            match[keyPath: side].portSet = nil
            match[keyPath: side].notPortSet = nil
        }
        return match
    }
}
