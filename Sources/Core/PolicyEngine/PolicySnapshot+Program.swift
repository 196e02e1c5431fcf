// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
import PolicyModel

extension PolicySnapshot {
    /// What a node has to enforce: only the classes of endpoints that have an interface there, only the
    /// chains and sets that those use, and nothing staged.
    ///
    /// - Parameter interface: the node-side interface of a workload, or nil when it is not on this node.
    public func program(interface: (ResourceName) -> String?) -> EnforcementProgram {
        var pruner = ProgramPruner(snapshot: self)
        var bindings: [EndpointBinding] = []
        for (index, endpoint) in endpoints.enumerated() {
            guard let name = interface(endpoint.name) else { continue }
            bindings.append(
                EndpointBinding(
                    interface: name, classIndex: pruner.keepClass(classOfEndpoint[index]),
                    endpoint: endpoint.name))
        }
        bindings.sort { $0.interface < $1.interface }
        return EnforcementProgram(
            generation: generation, sets: pruner.sets, chains: pruner.chains, classes: pruner.classes,
            bindings: bindings)
    }
}

/// Copies the parts of a snapshot that are in use and renumbers references.
private struct ProgramPruner {
    let snapshot: PolicySnapshot
    private(set) var sets: [EnforcementSet] = []
    private(set) var chains: [EnforcementChain] = []
    private(set) var classes: [EndpointClass] = []
    private var newSet: [Int: Int] = [:]
    private var newChain: [Int: Int] = [:]
    private var newClass: [EndpointClass: Int] = [:]

    init(snapshot: PolicySnapshot) { self.snapshot = snapshot }

    mutating func keepClass(_ index: Int) -> Int {
        let original = snapshot.classes[index].enforced
        let kept = EndpointClass(ingress: keep(original.ingress), egress: keep(original.egress))
        // Classes that only staged policies tell apart become one.
        if let known = newClass[kept] { return known }
        newClass[kept] = classes.count
        classes.append(kept)
        return classes.count - 1
    }

    private mutating func keep(_ program: DirectionProgram) -> DirectionProgram {
        DirectionProgram(
            tiers: program.tiers.map { tier in
                EnforcementTier(
                    name: tier.name, chains: tier.chains.map { keepChain($0) }, endAction: tier.endAction,
                    endTrigger: tier.endTrigger)
            },
            profiles: program.profiles.map { keepChain($0) })
    }

    private mutating func keepChain(_ index: Int) -> Int {
        if let known = newChain[index] { return known }
        let original = snapshot.chains[index]
        let rules = original.rules.map { rule in
            var match = rule.match
            match.source = keep(match.source)
            match.destination = keep(match.destination)
            return EnforcementRule(index: rule.index, action: rule.action, match: match)
        }
        newChain[index] = chains.count
        chains.append(EnforcementChain(owner: original.owner, direction: original.direction, rules: rules))
        return chains.count - 1
    }

    private mutating func keep(_ side: SideMatch) -> SideMatch {
        var side = side
        side.addressSet = side.addressSet.map { keepSet($0) }
        side.notAddressSet = side.notAddressSet.map { keepSet($0) }
        side.serviceSet = side.serviceSet.map { keepSet($0) }
        side.portSet = side.portSet.map { keepSet($0) }
        side.notPortSet = side.notPortSet.map { keepSet($0) }
        return side
    }

    private mutating func keepSet(_ index: Int) -> Int {
        if let known = newSet[index] { return known }
        newSet[index] = sets.count
        sets.append(snapshot.sets[index])
        return sets.count - 1
    }
}
