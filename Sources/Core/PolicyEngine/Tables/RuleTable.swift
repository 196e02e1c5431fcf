// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

/// All rules of one direction, each at a position, found by address and traffic.
///
///     position    0 … 63 │ 64 … 127 │ …            one bit a rule
///     source      1 0 1 …│                         rules whose source may be the address
///     destination 1 1 1 …│                         rules whose destination may be the address
///     traffic     0 0 1 …│                         rules whose protocol and ports may be those of the packet
///     ───────────────────┴─ and ──▶ the first bit in the endpoint's own order of policies decides
///
/// The rows may hold a bit too many for rules with rare criteria; those are in `mustVerify` and are matched in full.
/// A policy's rules stand side by side. Positions are given out once and never move until the table is laid out anew,
/// so an update touches the rules of one policy only.
struct RuleTable: Sendable {
    /// One past the highest position given out.
    private(set) var count = 0
    /// Positions that belong to no policy any more.
    private(set) var unused = 0
    private(set) var owner: [UInt32] = []
    private(set) var ruleIndex: [UInt32] = []
    private(set) var action: [RuleAction] = []
    private(set) var source = SideIndex()
    private(set) var destination = SideIndex()
    private(set) var traffic = TrafficIndex()
    private(set) var mustVerify = BitSet()
    /// Positions of staged policies.
    private(set) var staged = BitSet()

    /// Words of a row.
    var wordCount: Int { (count + 63) >> 6 }
    /// Worth laying out anew: most of the table is gaps.
    var isSparse: Bool { unused > 64 && unused > count / 2 }

    /// Adds a policy's rules; gives the positions.
    ///
    /// - Parameter serviceSets: numbers of the sets that stand for a Service's addresses.
    mutating func insert(
        _ rules: [EnforcementRule], of policy: Int, isStaged: Bool, serviceSets: Set<Int>
    ) -> Range<Int> {
        let start = count
        count += rules.count
        for (offset, rule) in rules.enumerated() {
            owner.append(UInt32(policy))
            ruleIndex.append(UInt32(rule.index))
            action.append(rule.action)
            guard rule.action != .log else { continue }
            if isStaged { staged.insert(start + offset) }
            edit(rule.match, at: start + offset, isInsertion: true, serviceSets)
        }
        return start..<count
    }

    mutating func remove(_ rules: [EnforcementRule], at positions: Range<Int>, serviceSets: Set<Int>) {
        unused += positions.count
        for (rule, position) in zip(rules, positions) where rule.action != .log {
            edit(rule.match, at: position, isInsertion: false, serviceSets)
        }
    }

    private mutating func edit(
        _ match: RuleMatch, at position: Int, isInsertion: Bool, _ serviceSets: Set<Int>
    ) {
        let isService = match.source.addressSet.map(serviceSets.contains) ?? false
        var isExact = source.edit(match.source, at: position, isInsertion: isInsertion, isService: isService)
        isExact =
            destination.edit(match.destination, at: position, isInsertion: isInsertion, isService: false)
            && isExact
        isExact = traffic.edit(match, at: position, isInsertion: isInsertion) && isExact
        if isInsertion, !isExact { mustVerify.insert(position) } else { mustVerify.remove(position) }
    }
}

/// Rules by one address of the packet.
struct SideIndex: Sendable {
    /// Rules that any address may match.
    private(set) var open = BitSet()
    /// By the number of the selector's set that the address must be in.
    private(set) var bySet = Postings()
    /// Rules of a Service's addresses, by the number of the Service's set.
    private(set) var byService: [Int: [UInt32]] = [:]
    /// By block that the address must be in.
    private(set) var byBlock = PrefixTable<[UInt32]>()

    /// No rule says anything about the address.
    var isOpenToAll: Bool { bySet.isEmpty && byService.isEmpty && byBlock.isEmpty }

    /// True when being found here means that the side's address criteria hold.
    mutating func edit(_ side: SideMatch, at position: Int, isInsertion: Bool, isService: Bool) -> Bool {
        let position = UInt32(position)
        if let set = side.addressSet, isService {
            byService[set, default: []].edit(position, isInsertion: isInsertion)
            if byService[set]?.isEmpty ?? false { byService[set] = nil }
        } else if let set = side.addressSet {
            if isInsertion {
                bySet.append(Int(position), to: set)
            } else {
                bySet.remove(Int(position), from: set)
            }
        } else if side.nets.isEmpty {
            if isInsertion { open.insert(Int(position)) } else { open.remove(Int(position)) }
        } else {
            for block in side.nets {
                var positions = byBlock[block] ?? []
                positions.edit(position, isInsertion: isInsertion)
                byBlock[block] = positions.isEmpty ? nil : positions
            }
        }
        return (side.addressSet == nil || side.nets.isEmpty) && side.notNets.isEmpty
            && side.notAddressSet == nil
    }
}

/// Rules by protocol and destination port. Family, too, because a rule may exist for one family only.
struct TrafficIndex: Sendable {
    private(set) var v4 = BitSet()
    private(set) var v6 = BitSet()
    /// Rules that name no protocol.
    private(set) var anyProtocol = BitSet()
    /// Rules of a protocol and any port, by protocol number.
    private(set) var byProtocol: [UInt8: BitSet] = [:]
    /// Rules of single ports, by protocol and port.
    private(set) var byPort: [UInt32: [UInt32]] = [:]
    /// Rules of port ranges.
    private(set) var byRange: [PortRangeEntry] = []

    struct PortRangeEntry: Sendable, Equatable {
        let transport: UInt8
        let first: UInt16
        let last: UInt16
        let position: UInt32
    }

    static func portKey(_ transport: IPProtocol, _ port: UInt16) -> UInt32 {
        UInt32(transport.rawValue) << 16 | UInt32(port)
    }

    /// True when being found here means that protocol and ports match.
    mutating func edit(_ match: RuleMatch, at position: Int, isInsertion: Bool) -> Bool {
        if match.families.contains(.v4) { v4.edit(position, isInsertion: isInsertion) }
        if match.families.contains(.v6) { v6.edit(position, isInsertion: isInsertion) }
        let destination = match.destination
        if let transport = match.transport {
            // Named ports add to numeric ones, so numbers alone would find too little.
            if destination.ports.isEmpty || destination.portSet != nil {
                byProtocol[transport.rawValue, default: BitSet()].edit(position, isInsertion: isInsertion)
            } else {
                for range in destination.ports {
                    edit(range, transport, at: position, isInsertion: isInsertion)
                }
            }
        } else {
            anyProtocol.edit(position, isInsertion: isInsertion)
        }
        let source = match.source
        return match.notTransport == nil && match.icmp == nil && match.notICMP == nil
            && source.ports.isEmpty && source.portSet == nil && source.notPorts.isEmpty
            && source.notPortSet == nil && source.serviceSet == nil
            && (destination.ports.isEmpty || match.transport?.hasPolicyPorts == true)
            && destination.portSet == nil && destination.notPorts.isEmpty
            && destination.notPortSet == nil && destination.serviceSet == nil
    }

    private mutating func edit(
        _ range: PortRange, _ transport: IPProtocol, at position: Int, isInsertion: Bool
    ) {
        if range.first == range.last {
            let key = Self.portKey(transport, range.first)
            byPort[key, default: []].edit(UInt32(position), isInsertion: isInsertion)
            if byPort[key]?.isEmpty ?? false { byPort[key] = nil }
            return
        }
        let entry = PortRangeEntry(
            transport: transport.rawValue, first: range.first, last: range.last, position: UInt32(position))
        if isInsertion {
            byRange.append(entry)
        } else if let place = byRange.lastIndex(of: entry) {
            byRange.remove(at: place)
        }
    }
}

extension BitSet {
    fileprivate mutating func edit(_ number: Int, isInsertion: Bool) {
        if isInsertion { insert(number) } else { remove(number) }
    }
}

extension [UInt32] {
    fileprivate mutating func edit(_ number: UInt32, isInsertion: Bool) {
        if isInsertion {
            append(number)
        } else if let place = lastIndex(of: number) {
            remove(at: place)
        }
    }
}
