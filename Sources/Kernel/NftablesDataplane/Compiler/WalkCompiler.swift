// SPDX-License-Identifier: Apache-2.0

internal import PolicyEngine
internal import PolicyModel

/// Builds the chains of policy walks: one per walk, one per tier, one for the profiles, one per policy and
/// direction.
///
///     walk ──jump──▶ tier ──jump──▶ policy      allow: accept   deny: drop   pass: mark, return twice
///          ──jump──▶ tier ...
///          ──goto──▶ profiles ──jump──▶ profile
///
/// The walk is a list, not a chain of gotos: the kernel allows 16 levels in all, and there may be more tiers.
/// A tier's chain is named by all that it contains, so walks share the tiers that they have in common.
struct WalkCompiler {
    private struct PolicyChain {
        let name: String
        let isEmpty: Bool
        let hasPass: Bool
    }

    private let program: EnforcementProgram
    private let configuration: NftablesConfiguration
    private var names = ObjectNames()
    private var policyChains: [Int: PolicyChain] = [:]
    /// What was built so far, in no particular order.
    private(set) var chains: [NftChain] = []
    /// Compiles matches; holds the sets that they need.
    private(set) var rules: RuleCompiler

    init(program: EnforcementProgram, configuration: NftablesConfiguration) {
        self.program = program
        self.configuration = configuration
        rules = RuleCompiler(sets: program.sets)
    }

    /// Name of the chain with which the walk begins.
    mutating func head(_ walk: DirectionProgram, _ direction: Direction) -> String {
        var tiers: [String] = []
        var goesOn = true
        for tier in walk.tiers where goesOn {
            let (name, canGoOn) = self.tier(tier, direction)
            tiers.append(name)
            // What nothing can reach is left out: it may change without a trace in the kernel.
            goesOn = canGoOn
        }
        let end = goesOn ? self.profiles(walk.profiles, direction) : ""
        if tiers.isEmpty { return end }
        let content = ([direction.word] + tiers + [end]).joined(separator: "\n")
        let (name, isNew) = names.name("walk-\(direction.word)-", for: content)
        guard isNew else { return name }
        let comment =
            "walk, \(direction.word): " + walk.tiers.prefix(tiers.count).map(\.name).joined(separator: ", ")
        var chain = NftChain(name: name, comment: ObjectNames.comment(comment))
        chain.rules = tiers.map { NftRule([.verdict(.jump($0))]) }
        // Nothing gets past a last tier that ends in deny. If something did, it would not be let through.
        chain.rules.append(NftRule([.verdict(goesOn ? .goto(end) : .drop)]))
        chains.append(chain)
        return name
    }

    // MARK: Tiers and profiles

    /// The chain of a tier, and whether a packet can leave it towards the next.
    private mutating func tier(
        _ tier: EnforcementTier, _ direction: Direction
    ) -> (name: String, canGoOn: Bool) {
        let members = tier.chains.map { policyChain($0) }.filter { !$0.isEmpty }
        let hasPass = members.contains(where: \.hasPass)
        let canGoOn = hasPass || tier.endAction == .pass
        let content =
            [direction.word, tier.name, tier.endAction.rawValue, tier.endTrigger.traceText]
            + members.map { $0.hasPass ? "\($0.name) may pass" : $0.name }
        let (name, isNew) = names.name("tier-\(direction.word)-", for: content.joined(separator: "\n"))
        guard isNew else { return (name, canGoOn) }

        let ending = "ends in \(tier.endAction.rawValue) by \(tier.endTrigger)"
        let comment = ObjectNames.comment("tier \(tier.name), \(direction.word), \(ending)")
        var chain = NftChain(name: name, comment: comment)
        // Whatever the packet's mark was before, it must not look like a Pass.
        if hasPass { chain.rules.append(NftRule([.clearMarkBits(configuration.passMark)])) }
        for member in members {
            chain.rules.append(NftRule([.verdict(.jump(member.name))]))
            guard member.hasPass else { continue }
            chain.rules.append(
                NftRule([
                    .match(.mark, .hasBits(configuration.passMark)), .clearMarkBits(configuration.passMark),
                    .verdict(.return),
                ]))
        }
        chain.outcomes = [.decision(tier.endDecision(direction))]
        chain.rules.append(
            NftRule([
                .logIdentity(group: configuration.logGroup(direction), position: 0),
                .verdict(tier.endAction == .pass ? .return : .drop),
            ]))
        chains.append(chain)
        return (name, canGoOn)
    }

    private mutating func profiles(_ profiles: [Int], _ direction: Direction) -> String {
        let members = profiles.map { policyChain($0) }.filter { !$0.isEmpty }
        let content = [direction.word] + members.map(\.name)
        let (name, isNew) = names.name("profiles-\(direction.word)-", for: content.joined(separator: "\n"))
        guard isNew else { return name }
        var chain = NftChain(name: name, comment: "profiles, \(direction.word); without a match: deny")
        chain.rules = members.map { NftRule([.verdict(.jump($0.name))]) }
        let decision = RuleDecision(place: .noProfileMatch, tier: "", direction: direction, action: .deny)
        chain.outcomes = [.decision(decision)]
        chain.rules.append(
            NftRule([
                .logIdentity(group: configuration.logGroup(direction), position: 0), .verdict(.drop),
            ]))
        chains.append(chain)
        return name
    }

    // MARK: Policies

    /// A policy's or profile's chain, built at its first use. Chains without rules the kernel can do without.
    private mutating func policyChain(_ index: Int) -> PolicyChain {
        if let known = policyChains[index] { return known }
        let source = program.chains[index]
        let (prefix, subject) =
            switch source.owner {
            case .policy(let id, let tier): ("policy", "\(id), \(source.direction.word), tier \(tier)")
            case .profile(let name): ("profile", "profile \(name), \(source.direction.word)")
            }
        let name = names.name("\(prefix)-\(source.direction.word)-", for: subject).name
        var chain = NftChain(name: name, comment: ObjectNames.comment(subject))
        for (position, rule) in source.rules.enumerated() {
            guard let ending = ending(rule.action, position: position, source.direction) else { continue }
            for conditions in rules.alternatives(rule.match) {
                chain.rules.append(NftRule(conditions + ending))
            }
        }
        chain.outcomes = source.rules.indices.map { source.decision(at: $0).map(LoggedOutcome.decision) }
        let result = PolicyChain(
            name: name, isEmpty: chain.rules.isEmpty, hasPass: source.rules.contains { $0.action == .pass })
        policyChains[index] = result
        if !result.isEmpty { chains.append(chain) }
        return result
    }

    /// What a matching rule does; nil when there is nothing to do.
    private func ending(_ action: RuleAction, position: Int, _ direction: Direction) -> [NftStatement]? {
        let log = NftStatement.logIdentity(group: configuration.logGroup(direction), position: position)
        return switch action {
        case .allow: [log, .verdict(.accept)]
        case .deny: [log, .verdict(.drop)]
        case .pass: [log, .setMarkBits(configuration.passMark), .verdict(.return)]
        case .log: configuration.kernelLogPrefix.map { [.logToKernel(prefix: $0)] }
        }
    }
}
