// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

/// Compares rules with one connection, criterion by criterion (policy semantics section 5).
///
/// This is the slow twin of `RuleMatch.matches`: it says which criterion fails and what is there instead. That both
/// always agree is tested on random worlds.
struct RuleExaminer {
    /// One end of the connection and whom its address belongs to.
    struct End {
        let side: ConnectionEnd
        let address: IPAddress
        let port: UInt16
        let owners: [(owner: AddressOwner, labels: KnownLabels)]
        /// Set when the end is not among the known endpoints: its address is made up and proves nothing.
        let unknown: MissingFact?
    }

    let tuple: ConnectionTuple
    let source: End
    let destination: End
    private let slices: [ResourceName: [EndpointSliceResource]]

    init(_ tuple: ConnectionTuple, unknownEnds: [ConnectionEnd: String], in snapshot: PolicySnapshot) {
        self.tuple = tuple
        func end(_ side: ConnectionEnd, _ address: IPAddress, _ port: UInt16) -> End {
            let owners = snapshot.owners(of: address).map { ($0, KnownLabels($0, in: snapshot.cluster)) }
            return End(
                side: side, address: address, port: port, owners: owners,
                unknown: unknownEnds[side].map { .endpoint($0) })
        }
        source = end(.source, tuple.source, tuple.sourcePort)
        destination = end(.destination, tuple.destination, tuple.destinationPort)
        slices = Dictionary(grouping: snapshot.cluster.endpointSlices.values) {
            ResourceName(namespace: $0.name.namespace, name: $0.serviceName)
        }
    }

    /// Collects what becomes of the criteria of one rule.
    private struct Findings {
        var unmet: [UnmetClause] = []
        var truth = Truth.yes

        mutating func require(_ criterion: Truth, else clause: @autoclosure () -> UnmetClause) {
            if criterion.isCertainlyFalse { unmet.append(clause()) }
            truth = Truth(
                truth.asSeen && criterion.asSeen, missing: truth.missing.adding(criterion.missing))
        }
    }

    /// `request` is the fact to name when the rule has HTTP conditions.
    func examine(_ rule: Rule, request: MissingFact?) -> RuleResult {
        var findings = Findings()
        requireFamily(rule, &findings)
        requireProtocol(rule, &findings)
        requirePeer(rule.source, source, &findings)
        requirePeer(rule.destination, destination, &findings)
        requirePorts(rule.source, source, rule, &findings)
        requirePorts(rule.destination, destination, rule, &findings)
        guard findings.unmet.isEmpty else { return .failed(findings.unmet) }
        if rule.hasHTTPMatch, let request {
            findings.truth = Truth(findings.truth.asSeen, missing: findings.truth.missing.adding([request]))
        }
        return findings.truth.isCertain
            ? .matched : .unknown(findings.truth.missing, seenAsMatch: findings.truth.asSeen)
    }

    // MARK: - Version and protocol

    private func requireFamily(_ rule: Rule, _ findings: inout Findings) {
        if let family = rule.family {
            findings.require(
                Truth(family == tuple.family), else: .family(wanted: [family], actual: tuple.family))
        }
        // Blocks of another version alone take the rule away for this one. Of wanted blocks `nets` says so.
        for side in [rule.source, rule.destination] where !side.notNets.isEmpty {
            let families = Set(side.notNets.map(\.family))
            findings.require(
                Truth(families.contains(tuple.family)), else: .family(wanted: families, actual: tuple.family))
        }
    }

    private func requireProtocol(_ rule: Rule, _ findings: inout Findings) {
        if let wanted = rule.transport {
            findings.require(
                Truth(wanted == tuple.transport), else: .transport(wanted: wanted, actual: tuple.transport))
        }
        if let unwanted = rule.notTransport {
            findings.require(Truth(unwanted != tuple.transport), else: .excludedTransport(unwanted))
        }
        let isICMP = tuple.transport == (tuple.family == .v4 ? .icmp : .icmpv6)
        func holds(_ match: ICMPMatch) -> Bool {
            isICMP && match.matches(type: tuple.icmpType, code: tuple.icmpCode)
        }
        if let wanted = rule.icmp {
            let actual = isICMP ? ICMPMatch(type: tuple.icmpType, code: tuple.icmpCode) : nil
            findings.require(Truth(holds(wanted)), else: .icmp(wanted: wanted, actual: actual))
        }
        if let unwanted = rule.notICMP {
            findings.require(Truth(!holds(unwanted)), else: .excludedICMP(unwanted))
        }
    }

    // MARK: - Addresses

    private func requirePeer(_ wanted: EntityMatch, _ end: End, _ findings: inout Findings) {
        /// What an address decides is open while the end is not known.
        func about(_ value: Bool) -> Truth { Truth(value, missing: end.unknown.map { [$0] } ?? []) }

        if !wanted.nets.isEmpty {
            findings.require(
                about(wanted.nets.contains { $0.contains(end.address) }),
                else: .nets(end.side, end.address, wanted: wanted.nets))
        }
        if !wanted.notNets.isEmpty {
            let block = wanted.notNets.first { $0.contains(end.address) }
            findings.require(
                about(block == nil),
                else: .excludedNet(end.side, end.address, block ?? IPPrefix(end.address)))
        }
        if let selector = wanted.selector {
            findings.require(
                membership(of: end, selector),
                else: .selector(end.side, end.address, wanted: selector, mismatches(selector, end)))
        }
        if let selector = wanted.notSelector {
            let match = end.owners.first { $0.labels.truth(of: selector).isCertainlyTrue }
            findings.require(
                !membership(of: end, selector),
                else: .excludedSelector(end.side, end.address, excluded: selector, owner: match?.owner))
        }
        if let service = wanted.service { requireService(service, end, &findings) }
    }

    /// Whether the address belongs to something that the selector matches.
    private func membership(of end: End, _ selector: Selector) -> Truth {
        let truth = Truth.any(end.owners.lazy.map { $0.labels.truth(of: selector) })
        return end.unknown.map { Truth(truth.asSeen, missing: [$0]) } ?? truth
    }

    private func mismatches(_ selector: Selector, _ end: End) -> [SelectorMismatch] {
        end.owners.map { owner, labels in
            let term = labels.firstFalseTerm(of: selector)
            return SelectorMismatch(
                owner: owner, term: term,
                labels: term.labelKeys.map {
                    SelectorMismatch.ActualLabel(key: $0, value: labels.value($0))
                })
        }
    }

    /// Policy semantics 5.5: as a destination the port must be the Service's, as a source only the address.
    private func requireService(_ service: ResourceName, _ end: End, _ findings: inout Findings) {
        let hasPorts = tuple.transport.hasPolicyPorts
        let port = end.side == .destination && hasPorts ? end.port : nil
        guard let slices = slices[service] else {
            findings.require(
                Truth(false, missing: [.serviceEndpoints(service)]),
                else: .service(end.side, end.address, port: port, service))
            return
        }
        let found = slices.contains { slice in
            slice.addresses.contains(end.address)
                && (end.side == .source
                    || hasPorts
                        && slice.ports.contains { $0.transport == tuple.transport && $0.port == end.port })
        }
        findings.require(
            Truth(found, missing: end.unknown.map { [$0] } ?? []),
            else: .service(end.side, end.address, port: port, service))
    }

    // MARK: - Ports

    private func requirePorts(_ wanted: EntityMatch, _ end: End, _ rule: Rule, _ findings: inout Findings) {
        let hasPorts = tuple.transport.hasPolicyPorts
        if !wanted.ports.isEmpty {
            let truth =
                hasPorts
                ? Truth.any(
                    wanted.ports.lazy.map { isAt($0, end, transport: rule.transport, wanted.selector) })
                : Truth.no
            findings.require(
                truth, else: .ports(end.side, actual: hasPorts ? end.port : nil, wanted: wanted.ports))
        }
        guard hasPorts, !wanted.notPorts.isEmpty else { return }
        for port in wanted.notPorts {
            findings.require(
                !isAt(port, end, transport: rule.transport, nil),
                else: .excludedPort(end.side, end.port, port))
        }
    }

    /// Whether the end is at the port; for a name, whether an owner that the selector matches declares it there.
    private func isAt(
        _ match: PortMatch, _ end: End, transport: IPProtocol?, _ selector: Selector?
    ) -> Truth {
        switch match {
        case .range(let range): return Truth(range.contains(end.port))
        case .named(let name):
            let truth = Truth.any(
                end.owners.lazy.map { owner, labels in
                    let isDeclared = owner.ports.contains {
                        $0.name == name && $0.port == end.port && $0.transport == tuple.transport
                            && (transport ?? $0.transport) == $0.transport
                    }
                    return isDeclared ? selector.map { labels.truth(of: $0) } ?? .yes : .no
                })
            return end.unknown.map { Truth(truth.asSeen, missing: [$0]) } ?? truth
        }
    }
}

extension AddressOwner {
    /// Named ports; network sets have none.
    var ports: [NamedPort] {
        switch self {
        case .workload(let endpoint): endpoint.ports
        case .host(let endpoint): endpoint.resource.ports
        case .networkSet: []
        }
    }
}
