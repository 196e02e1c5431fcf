// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyEngine
internal import PolicyModel

/// Turns a rule's match into alternatives, each a conjunction of statements; the rule matches when one of
/// them does.
///
/// Alternatives come from families (addresses of the two are different fields), from "numbers or triples" of
/// ports, and from negations that hold in several ways: "port is none of these" holds for every protocol
/// without ports. No alternative means that the rule can never match. Every payload field is guarded by the
/// protocol it belongs to.
struct RuleCompiler {
    /// The sets that the compiled matches refer to.
    private(set) var sets: SetCompiler

    init(sets: [EnforcementSet]) { self.sets = SetCompiler(sets) }

    /// The statements of each way in which the match can hold.
    mutating func alternatives(_ match: RuleMatch) -> [[NftStatement]] {
        if match.families == [.v4, .v6], !match.needsFamily { return alternatives(match, nil) }
        return IPFamily.allCases.filter(match.families.contains).flatMap { alternatives(match, $0) }
    }

    private mutating func alternatives(_ match: RuleMatch, _ family: IPFamily?) -> [[NftStatement]] {
        guard let scope = ProtocolScope(match, family) else { return [] }
        var addresses: [NftStatement] = []
        if let family {
            for side in Side.allCases {
                guard let statements = self.addresses(match[side], side, family) else { return [] }
                addresses += statements
            }
        }
        var result: [[NftStatement]] = []
        let familyTest = family.map { [NftStatement.match(.family, .equals(NftField.number(of: $0)))] } ?? []
        for positive in positivePorts(match, family, scope) {
            for branch in branches(match, family, scope, positive) {
                result.append(
                    familyTest + branch.protocols + addresses + positive.statements + branch.negatedPorts)
            }
        }
        return result
    }

    // MARK: Addresses

    /// The conditions on one side's address; nil when they cannot hold.
    private mutating func addresses(
        _ match: SideMatch, _ side: Side, _ family: IPFamily
    ) -> [NftStatement]? {
        let field = side.address(family)
        var statements: [NftStatement] = []
        if !match.nets.isEmpty {
            let ranges = KeyRanges.merged(match.nets, family: family)
            guard !ranges.isEmpty else { return nil }
            if !coversAll(ranges, family) {
                statements.append(.match(field, test(ranges, family, isNegated: false)))
            }
        }
        let excluded = KeyRanges.merged(match.notNets, family: family)
        if !excluded.isEmpty {
            guard !coversAll(excluded, family) else { return nil }
            statements.append(.match(field, test(excluded, family, isNegated: true)))
        }
        if let set = match.addressSet {
            statements.append(.match(field, .inSet(sets.addressSetName(set, family))))
        }
        if let set = match.notAddressSet {
            statements.append(.match(field, .notInSet(sets.addressSetName(set, family))))
        }
        return statements
    }

    private func coversAll(_ ranges: [KeyRange], _ family: IPFamily) -> Bool {
        ranges == [KeyRange(first: 0, last: KeyRanges.maximum(family))]
    }

    private mutating func test(_ ranges: [KeyRange], _ family: IPFamily, isNegated: Bool) -> NftTest {
        guard ranges.count == 1 else {
            let name = sets.rangesName(ranges, family)
            return isNegated ? .notInSet(name) : .inSet(name)
        }
        let range = ranges[0]
        if range.isSingle { return isNegated ? .differs(range.first) : .equals(range.first) }
        if let prefix = KeyRanges.prefix(of: range, family: family) {
            return isNegated ? .notInPrefix(prefix) : .inPrefix(prefix)
        }
        return isNegated ? .outside(range) : .within(range)
    }

    // MARK: Ports

    /// One way in which all positive port criteria of both sides hold.
    fileprivate struct PositivePorts {
        var statements: [NftStatement] = []
        /// The protocol must be tested to have ports before.
        var needsPortProtocol = false
        /// The statements themselves imply a protocol with ports: elements of triple sets name it.
        var impliesPortProtocol = false
    }

    private mutating func positivePorts(
        _ match: RuleMatch, _ family: IPFamily?, _ scope: ProtocolScope
    ) -> [PositivePorts] {
        var result = [PositivePorts()]
        for side in Side.allCases {
            let criteria = match[side]
            if !scope.mayHavePorts, criteria.hasPositivePorts { return [] }
            if let set = criteria.serviceSet, let family {
                let statement = triple(set, side, family, isInverted: false)
                result = result.map { $0.adding(statement, isTriple: true) }
            }
            guard !criteria.ports.isEmpty || criteria.portSet != nil else { continue }
            var ways: [(NftStatement, isTriple: Bool)] = []
            if !criteria.ports.isEmpty {
                ways.append((.match(side.port, portTest(criteria.ports, isNegated: false)), false))
            }
            if let set = criteria.portSet, let family {
                ways.append((triple(set, side, family, isInverted: false), true))
            }
            result = result.flatMap { one in ways.map { one.adding($0.0, isTriple: $0.isTriple) } }
        }
        return result
    }

    private mutating func portTest(_ ports: [PortRange], isNegated: Bool) -> NftTest {
        let ranges = KeyRanges.merged(ports)
        guard ranges.count == 1 else {
            let name = sets.portsName(ranges)
            return isNegated ? .notInSet(name) : .inSet(name)
        }
        let range = ranges[0]
        if range.isSingle { return isNegated ? .differs(range.first) : .equals(range.first) }
        return isNegated ? .outside(range) : .within(range)
    }

    private mutating func triple(
        _ set: Int, _ side: Side, _ family: IPFamily, isInverted: Bool
    ) -> NftStatement {
        .lookup(
            [side.address(family), .transport, side.port], set: sets.addressPortSetName(set, family),
            isInverted: isInverted)
    }

    // MARK: Protocols and negations

    private struct Branch {
        var protocols: [NftStatement]
        var negatedPorts: [NftStatement] = []
    }

    /// The ways in which everything but addresses and positive ports holds.
    private mutating func branches(
        _ match: RuleMatch, _ family: IPFamily?, _ scope: ProtocolScope, _ positive: PositivePorts
    ) -> [Branch] {
        let negated = negatedPorts(match, family)
        guard scope.transport == nil else {
            return scope.icmpWays.map {
                Branch(protocols: scope.tests + $0, negatedPorts: scope.mayHavePorts ? negated : [])
            }
        }
        if positive.needsPortProtocol {
            let guarded = NftStatement.match(.transport, .inSet(sets.portProtocolsName()))
            return [Branch(protocols: scope.tests + [guarded], negatedPorts: negated)]
        }
        if positive.impliesPortProtocol { return [Branch(protocols: scope.tests, negatedPorts: negated)] }
        guard !negated.isEmpty else { return scope.icmpWays.map { Branch(protocols: scope.tests + $0) } }
        let name = sets.portProtocolsName()
        let withPorts = Branch(
            protocols: scope.tests + [.match(.transport, .inSet(name))], negatedPorts: negated)
        return [withPorts]
            + scope.icmpWays.map {
                Branch(protocols: scope.tests + [.match(.transport, .notInSet(name))] + $0)
            }
    }

    private mutating func negatedPorts(_ match: RuleMatch, _ family: IPFamily?) -> [NftStatement] {
        var statements: [NftStatement] = []
        for side in Side.allCases {
            let criteria = match[side]
            if !criteria.notPorts.isEmpty {
                statements.append(.match(side.port, portTest(criteria.notPorts, isNegated: true)))
            }
            if let set = criteria.notPortSet, let family {
                statements.append(triple(set, side, family, isInverted: true))
            }
        }
        return statements
    }
}

extension RuleCompiler.PositivePorts {
    fileprivate func adding(_ statement: NftStatement, isTriple: Bool) -> Self {
        var copy = self
        copy.statements.append(statement)
        if isTriple { copy.impliesPortProtocol = true } else { copy.needsPortProtocol = true }
        return copy
    }
}

/// The two ends of a packet.
private enum Side: CaseIterable {
    case source
    case destination

    var port: NftField { self == .source ? .sourcePort : .destinationPort }
    func address(_ family: IPFamily) -> NftField {
        self == .source ? .sourceAddress(family) : .destinationAddress(family)
    }
}

extension RuleMatch {
    fileprivate subscript(side: Side) -> SideMatch { side == .source ? source : destination }

    /// True when some criterion reads fields that differ between the families.
    fileprivate var needsFamily: Bool {
        icmp != nil || notICMP != nil || source.needsFamily || destination.needsFamily
    }
}

extension SideMatch {
    fileprivate var hasPositivePorts: Bool { serviceSet != nil || !ports.isEmpty || portSet != nil }

    fileprivate var needsFamily: Bool {
        !nets.isEmpty || !notNets.isEmpty || addressSet != nil || notAddressSet != nil || serviceSet != nil
            || portSet != nil || notPortSet != nil
    }
}
