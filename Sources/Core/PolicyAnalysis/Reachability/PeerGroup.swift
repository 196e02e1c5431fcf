// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
import PolicyModel

/// Ends of connections that every rule treats alike: pods of a class, or addresses outside the cluster.
public struct PeerGroup: Hashable, Sendable {
    public enum Member: Hashable, Sendable {
        /// A pod with those of its addresses that the group is about: all of them, unless rules tell them apart.
        case workload(ResourceName, addresses: [IPAddress])
        /// Addresses that no pod owns.
        case outside(OutsideRegion)
    }

    /// Never empty. Pods by name; regions with owners before blocks before the rest of the internet.
    public let members: [Member]
    /// What all pods of the group have in common of their own labels; empty for regions.
    public let commonLabels: Labels

    /// All members are pods, or none is.
    public var isWorkloads: Bool {
        guard case .workload = members[0] else { return false }
        return true
    }

    /// Names of the pods, sorted.
    public var workloads: [ResourceName] {
        members.compactMap { member in
            guard case .workload(let name, _) = member else { return nil }
            return name
        }
    }

    /// Namespaces of the pods, sorted.
    public var namespaces: [String] {
        Set(workloads.map(\.namespace)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The group in a few words: `shop/web-1`, `3 pods of shop with app=web`, `network set partners`. Names come from
    /// outside: escape the text before it reaches a terminal.
    public var summary: String {
        guard members.count > 1 else { return members[0].description }
        guard isWorkloads else {
            let shown = members.prefix(3).map(\.description).joined(separator: ", ")
            return members.count > 3 ? "\(shown) and \(members.count - 3) more" : shown
        }
        let spaces = namespaces
        let place = spaces.count == 1 ? spaces[0] : "\(spaces.count) namespaces"
        let labels = commonLabels.flowTexts.prefix(3).joined(separator: ",")
        return "\(members.count) pods of \(place)" + (labels.isEmpty ? "" : " with \(labels)")
    }
}

extension PeerGroup.Member: CustomStringConvertible {
    public var description: String {
        switch self {
        case .workload(let name, _): name.description
        case .outside(let region): region.description
        }
    }
}

/// Addresses outside the cluster that every rule treats alike.
public struct OutsideRegion: Hashable, Sendable {
    public enum Owner: Hashable, Sendable {
        case networkSet(ResourceName)
        case hostEndpoint(String)
    }

    /// Everything that the addresses belong to, as far as selectors are concerned.
    public let owners: [Owner]
    /// Blocks of rules and network sets of which the region has every address.
    public let blocks: [IPPrefix]
    /// Blocks of which it has what no smaller block takes away.
    public let partialBlocks: [IPPrefix]
    /// True for all that no block mentions.
    public let isRest: Bool
    /// The addresses themselves, sorted, IPv4 and IPv6.
    public let ranges: [ClosedRange<IPAddress>]
    /// Other regions have the same owners; then the blocks belong to the name.
    let isPartOfOwners: Bool
}

extension OutsideRegion: CustomStringConvertible {
    /// `network set shop/partners`, `host endpoint node-1`, `10.0.0.0/8`, `the rest of the internet`.
    public var description: String {
        if isRest, owners.isEmpty {
            let families = Set(ranges.map(\.lowerBound.family))
            return families.count == 2
                ? "the rest of the internet"
                : "the rest of the IPv\(families.first?.rawValue ?? 4) internet"
        }
        guard !owners.isEmpty else { return blockText }
        let text =
            owners.prefix(3).map(\.description).joined(separator: " and ")
            + (owners.count > 3 ? " and \(owners.count - 3) more" : "")
        return isPartOfOwners ? "\(text) (\(blockText))" : text
    }

    private var blockText: String {
        func list(_ blocks: [IPPrefix]) -> String {
            blocks.prefix(3).map(\.description).joined(separator: ", ")
                + (blocks.count > 3 ? " and \(blocks.count - 3) more blocks" : "")
        }
        let parts = [
            blocks.isEmpty ? nil : list(blocks),
            partialBlocks.isEmpty ? nil : "the rest of \(list(partialBlocks))",
        ]
        return parts.compactMap(\.self).joined(separator: " and ")
    }
}

extension OutsideRegion.Owner: CustomStringConvertible, Comparable {
    public var description: String {
        switch self {
        case .networkSet(let name): "network set \(name)"
        case .hostEndpoint(let name): "host endpoint \(name)"
        }
    }

    public static func < (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.hostEndpoint(let first), .hostEndpoint(let second)):
            first.utf8.lexicographicallyPrecedes(second.utf8)
        case (.networkSet(let first), .networkSet(let second)): first < second
        case (.hostEndpoint, .networkSet): true
        case (.networkSet, .hostEndpoint): false
        }
    }
}
