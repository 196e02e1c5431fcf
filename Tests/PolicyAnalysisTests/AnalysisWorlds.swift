// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyAnalysis
import PolicyEngine
import PolicyModel
import TestSupport

/// Addresses and traffic at which brute force compares the analysis with single evaluations.
enum Probes {
    /// Addresses that rules of random worlds tell apart, and some that they do not.
    static let outside = [
        "203.0.113.9", "203.0.113.1", "198.51.100.7", "10.0.0.200", "10.0.0.3", "0.0.0.0", "255.255.255.255",
        "2001:db8::7", "fd00::ffff", "::", "ffff::1",
    ].compactMap { IPAddress($0) }

    static func addresses(_ snapshot: PolicySnapshot) -> [IPAddress] {
        snapshot.endpoints.flatMap(\.addresses) + outside
    }

    private static let ports: [UInt16] = [
        0, 52, 53, 54, 79, 80, 81, 82, 999, 1000, 8079, 8080, 8081, 9000, 9001, 65535,
    ]
    private static let sourcePorts: [UInt16] = [53, 80, 1000, 8080, 9001, 40000]
    private static let icmp: [UInt16] = [0, 1, 8 << 8, 8 << 8 | 1, 8 << 8 | 2, 9 << 8, 128 << 8, 65535]

    /// Some of `tuples`, other ones for each pair of addresses and state of `random`.
    static func sample(
        _ source: IPAddress, _ destination: IPAddress, _ random: inout SplitMix64
    ) -> [ConnectionTuple] {
        let all = tuples(source, destination)
        return (0..<24).map { _ in all[Int.random(in: all.indices, using: &random)] }
    }

    /// One tuple for each combination of protocol and boundary ports.
    static func tuples(_ source: IPAddress, _ destination: IPAddress) -> [ConnectionTuple] {
        func tuple(_ transport: IPProtocol, _ sourcePort: UInt16, _ port: UInt16) -> ConnectionTuple {
            ConnectionTuple(
                source: source, destination: destination, transport: transport, sourcePort: sourcePort,
                destinationPort: port)
        }
        let withPorts = [IPProtocol.tcp, .udp, .sctp].flatMap { transport in
            sourcePorts.flatMap { from in ports.map { tuple(transport, from, $0) } }
        }
        let withTypes = [IPProtocol.icmp, .icmpv6].flatMap { transport in icmp.map { tuple(transport, 0, $0) }
        }
        return withPorts + withTypes + [tuple(.esp, 0, 0), tuple(IPProtocol(rawValue: 255), 0, 0)]
    }
}

/// What single evaluations say of a connection, in the words of the analysis.
struct SingleVerdict: Equatable {
    var isAllowed: Bool
    var egress: RuleDecision?
    var ingress: RuleDecision?

    init(_ snapshot: PolicySnapshot, _ tuple: ConnectionTuple, staged: Bool) {
        func decide(_ direction: Direction) -> (RuleDecision, Bool)? {
            guard let outcome = snapshot.evaluate(tuple, direction) else { return nil }
            let hits = staged ? outcome.trace.pending : outcome.trace.enforced
            guard let hit = hits.last else { return nil }
            return (
                RuleDecision(place: hit.place, tier: hit.tier, direction: direction, action: hit.action),
                (staged ? outcome.pendingVerdict : outcome.verdict) == .allow
            )
        }
        let (out, into) = (decide(.egress), decide(.ingress))
        egress = out?.0
        guard out?.1 ?? true else {
            isAllowed = false
            return
        }
        ingress = into?.0
        isAllowed = into?.1 ?? true
    }
}

extension PeerGroup {
    func contains(_ address: IPAddress) -> Bool {
        members.contains { member in
            switch member {
            case .workload(_, let addresses): addresses.contains(address)
            case .outside(let region): region.ranges.contains { $0.contains(address) }
            }
        }
    }
}

extension ReachabilityMatrix.Cell {
    func contains(_ tuple: ConnectionTuple) -> Bool {
        (tuple.family == .v4 ? v4 : v6)?.contains(tuple) ?? false
    }
}
