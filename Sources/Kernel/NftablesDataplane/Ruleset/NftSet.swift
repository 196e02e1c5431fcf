// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyEngine

/// A named set or map.
struct NftSet: Hashable, Sendable {
    /// What its keys (and, for maps, values) are.
    enum Kind: Hashable, Sendable {
        case addresses(IPFamily, isInterval: Bool)
        case ports(isInterval: Bool)
        case protocols
        /// Address, IP protocol and port, concatenated.
        case addressPorts(IPFamily)
        /// Interface name to verdict.
        case interfaceVerdicts
        /// Address, IP protocol and port to verdict.
        case addressPortVerdicts(IPFamily)
        /// A number from 0 to address and port.
        case backends(IPFamily)
    }

    /// At most 255 bytes (NFT_SET_MAXNAMELEN). Says the kind too, so that one name never changes its kind.
    let name: String
    let kind: Kind
    /// For people: what the set stands for. Already safe to print between double quotes.
    let comment: String
    /// Sorted, keys without duplicates; in interval sets disjoint and not adjacent.
    let elements: [NftElement]

    var isInterval: Bool {
        switch kind {
        case .addresses(_, let isInterval), .ports(let isInterval): isInterval
        default: false
        }
    }
}

/// One element of a set or map. The elements of one set all have the same case.
enum NftElement: Hashable, Sendable {
    case key(UInt128)
    case range(KeyRange)
    case addressPort(AddressPort)
    case interface(String, NftVerdict)
    case addressPortVerdict(AddressPort, NftVerdict)
    case backend(UInt32, AddressPort)
}

extension NftElement: Comparable {
    /// By key; elements of different cases never meet in one set.
    static func < (left: NftElement, right: NftElement) -> Bool {
        switch (left, right) {
        case (.key(let one), .key(let two)): one < two
        case (.range(let one), .range(let two)): one < two
        case (.addressPort(let one), .addressPort(let two)): one < two
        case (.interface(let one, _), .interface(let two, _)): one.utf8.lexicographicallyPrecedes(two.utf8)
        case (.addressPortVerdict(let one, _), .addressPortVerdict(let two, _)): one < two
        case (.backend(let one, _), .backend(let two, _)): one < two
        default: false
        }
    }
}

extension NftSet {
    /// What has to be deleted from and added to the kernel's set so that `old` becomes this set. O(n).
    func difference(from old: NftSet) -> (removed: [NftElement], added: [NftElement]) {
        var removed: [NftElement] = []
        var added: [NftElement] = []
        var left = old.elements[...]
        var right = elements[...]
        while let before = left.first, let after = right.first {
            if before == after {
                left.removeFirst()
                right.removeFirst()
            } else if after < before {
                added.append(after)
                right.removeFirst()
            } else {
                removed.append(before)
                left.removeFirst()
            }
        }
        return (removed + left, added + right)
    }
}
