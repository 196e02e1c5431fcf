// SPDX-License-Identifier: Apache-2.0

/// The smallest set of changes, by chain and by set element, that turns one table into another.
struct NftDelta: Sendable {
    /// What happens to the elements of a set that stays.
    struct SetChange: Sendable {
        let set: NftSet
        let removed: [NftElement]
        let added: [NftElement]
    }

    private(set) var createdSets: [NftSet] = []
    private(set) var changedSets: [SetChange] = []
    private(set) var deletedSets: [String] = []
    private(set) var createdChains: [NftChain] = []
    /// Emptied and filled again.
    private(set) var refilledChains: [NftChain] = []
    private(set) var deletedChains: [String] = []
    /// True when a chain or set would have to change what the kernel fixes at creation.
    private(set) var needsReplacement = false

    init(from old: NftTable, to new: NftTable) {
        needsReplacement = old.name != new.name
        let oldSets = Dictionary(uniqueKeysWithValues: old.sets.map { ($0.name, $0) })
        for set in new.sets {
            guard let before = oldSets[set.name] else {
                createdSets.append(set)
                continue
            }
            if before.kind != set.kind { needsReplacement = true }
            guard before.elements != set.elements else { continue }
            let (removed, added) = set.difference(from: before)
            changedSets.append(SetChange(set: set, removed: removed, added: added))
        }
        let keptSets = Set(new.sets.map(\.name))
        deletedSets = old.sets.map(\.name).filter { !keptSets.contains($0) }

        let oldChains = Dictionary(uniqueKeysWithValues: old.chains.map { ($0.name, $0) })
        for chain in new.chains {
            guard let before = oldChains[chain.name] else {
                createdChains.append(chain)
                continue
            }
            if before.hook != chain.hook || before.comment != chain.comment { needsReplacement = true }
            if before.rules != chain.rules || before.identity != chain.identity {
                refilledChains.append(chain)
            }
        }
        let keptChains = Set(new.chains.map(\.name))
        deletedChains = old.chains.map(\.name).filter { !keptChains.contains($0) }
    }

    /// Everything of a table, starting from nothing.
    init(creating table: NftTable) {
        createdSets = table.sets
        createdChains = table.chains
    }

    var isEmpty: Bool { chainsChanged == 0 && setsChanged == 0 }

    /// Chains created, refilled or deleted.
    var chainsChanged: Int { createdChains.count + refilledChains.count + deletedChains.count }

    /// Sets and maps created, changed or deleted.
    var setsChanged: Int { createdSets.count + changedSets.count + deletedSets.count }

    /// Elements added or deleted one by one; those of deleted sets are not counted.
    var elementsChanged: Int {
        changedSets.reduce(createdSets.reduce(0) { $0 + $1.elements.count }) {
            $0 + $1.removed.count + $1.added.count
        }
    }

    /// Adds the changes to a transaction, each object before the first reference to it and after the last
    /// one.
    func write(to batch: inout NftBatch, _ encoder: NftNetlinkEncoder) {
        for (index, set) in createdSets.enumerated() { encoder.create(set, id: UInt32(index + 1), &batch) }
        for chain in createdChains { encoder.create(chain, &batch) }
        for chain in refilledChains { encoder.flush(chain: chain.name, &batch) }
        for name in deletedChains { encoder.flush(chain: name, &batch) }
        // Elements of verdict maps refer to chains: after creating, before deleting them.
        for set in createdSets { encoder.add(set.elements, to: set, &batch) }
        for change in changedSets {
            encoder.remove(change.removed, from: change.set, &batch)
            encoder.add(change.added, to: change.set, &batch)
        }
        for chain in createdChains + refilledChains { encoder.appendRules(of: chain, &batch) }
        for name in deletedSets { encoder.delete(set: name, &batch) }
        for name in deletedChains { encoder.delete(chain: name, &batch) }
    }
}
