// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
import PolicyModel

extension PolicySnapshot {
    /// What a node has to enforce: only the classes of endpoints that have an interface there, only the
    /// chains and sets that those use, and nothing staged.
    ///
    /// - Parameter interface: the node-side interface of a workload, or nil when it is not on this node.
    public func program(interface: (ResourceName) -> String?) -> EnforcementProgram {
        var pruner = ProgramPruner(tables: tables)
        var bindings: [EndpointBinding] = []
        for number in tables.endpoints.order {
            guard let entry = tables.endpoints.workloads[Int(number)] else { continue }
            guard let name = interface(entry.endpoint.name) else { continue }
            let classNumber = tables.endpoints.classOf[Int(number)]
            guard let walk = tables.classes[Int(classNumber)] else { continue }
            bindings.append(
                EndpointBinding(
                    interface: name, classIndex: pruner.keepClass(walk, classNumber),
                    endpoint: entry.endpoint.name))
        }
        bindings.sort { $0.interface < $1.interface }
        return EnforcementProgram(
            generation: generation, sets: pruner.materializedSets(), chains: pruner.chains,
            classes: pruner.classes, bindings: bindings)
    }
}

/// Collects the parts of the tables that are in use and gives them numbers of the program.
private struct ProgramPruner {
    let tables: CompiledTables
    private(set) var chains: [EnforcementChain] = []
    private(set) var classes: [EndpointClass] = []
    /// Numbers in the tables of the sets in use, in the program's order.
    private var sets: [Int] = []
    private var newSet: [Int: Int] = [:]
    private var newChain: [Int: Int] = [:]
    private var newClass: [EndpointClass: Int] = [:]
    private var keptClass: [Int32: Int] = [:]

    init(tables: CompiledTables) { self.tables = tables }

    mutating func keepClass(_ walk: EndpointWalk, _ number: Int32) -> Int {
        if let known = keptClass[number] { return known }
        let kept = EndpointClass(ingress: keep(walk, .ingress), egress: keep(walk, .egress))
        // Classes that only staged policies tell apart become one.
        let index = newClass[kept] ?? classes.count
        if index == classes.count {
            newClass[kept] = index
            classes.append(kept)
        }
        keptClass[number] = index
        return index
    }

    private mutating func keep(_ walk: EndpointWalk, _ direction: Direction) -> DirectionProgram {
        let program = tables.program(of: walk, direction, includingStaged: false)
        return DirectionProgram(
            tiers: program.tiers.map { tier in
                EnforcementTier(
                    name: tier.name, chains: tier.chains.map { keepChain($0) }, endAction: tier.endAction,
                    endTrigger: tier.endTrigger)
            },
            profiles: program.profiles.map { keepChain($0) })
    }

    private mutating func keepChain(_ number: Int) -> Int {
        if let known = newChain[number] { return known }
        let original = tables.chain(number)
        let rules = original.rules.map { rule in
            var match = rule.match
            match.source = keep(match.source)
            match.destination = keep(match.destination)
            return EnforcementRule(index: rule.index, action: rule.action, match: match)
        }
        newChain[number] = chains.count
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

    private mutating func keepSet(_ number: Int) -> Int {
        if let known = newSet[number] { return known }
        newSet[number] = sets.count
        sets.append(number)
        return sets.count - 1
    }

    func materializedSets() -> [EnforcementSet] {
        let contents = tables.contents(ofSets: sets)
        var names: Set<String> = []
        return zip(sets, contents).map { number, content in
            let text = tables.sets[number]?.definition.text ?? ""
            return EnforcementSet(
                name: Self.uniqueName(for: text, &names), definition: text, content: content)
        }
    }

    /// FNV-1a of the definition; on the very unlikely collision the next free number.
    private static func uniqueName(for definition: String, _ names: inout Set<String>) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in definition.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        while true {
            let digits = String(hash, radix: 16)
            let name = "s" + String(repeating: "0", count: 16 - digits.count) + digits
            if names.insert(name).inserted { return name }
            hash &+= 1
        }
    }
}
