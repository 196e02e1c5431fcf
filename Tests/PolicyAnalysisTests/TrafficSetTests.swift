// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyAnalysis
import TestSupport
import Testing

@Suite("Sets of traffic")
struct TrafficSetTests {
    /// A random set of ports as ranges, and as plain membership of the ports below 16.
    private func ports(_ random: inout SplitMix64) -> (set: PortSet, members: Set<UInt16>) {
        let ranges = (0..<Int.random(in: 0...3, using: &random)).compactMap { _ in
            let first = UInt16.random(in: 0...15, using: &random)
            return PortRange(first, UInt16.random(in: first...15, using: &random))
        }
        return (PortSet(ranges), Set((0...15).filter { port in ranges.contains { $0.contains(port) } }))
    }

    @Test("union, intersection and difference of ports are those of their members", arguments: UInt64(1)...20)
    func ports(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<100 {
            let (left, right) = (ports(&random), ports(&random))
            let results = [
                (left.set.union(right.set), left.members.union(right.members)),
                (left.set.intersection(right.set), left.members.intersection(right.members)),
                (left.set.subtracting(right.set), left.members.subtracting(right.members)),
            ]
            for (set, members) in results {
                #expect(Set((0...15).filter { set.contains($0) }) == members)
                #expect(set.count == members.count)
                #expect(set.isEmpty == members.isEmpty)
            }
            #expect(left.set == PortSet(left.set.ranges))
        }
    }

    private static let probes: [ConnectionTuple] = {
        let transports: [IPProtocol] = [.tcp, .udp, .sctp, .icmp, .icmpv6, .esp]
        return transports.flatMap { transport in
            (0...15).flatMap { port in
                [0, 3].map { source in
                    ConnectionTuple(
                        source: Build.address("10.0.0.1"), destination: Build.address("10.0.0.2"),
                        transport: transport, sourcePort: source, destinationPort: port)
                }
            }
        }
    }()

    @Test("operations on traffic are those of its members", arguments: UInt64(1)...20)
    func traffic(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        func set(_ random: inout SplitMix64) -> TrafficSet {
            let transports: [IPProtocol] = [.tcp, .udp, .sctp, .icmp, .esp]
            return (0..<3).reduce(TrafficSet.none(.v4)) { set, _ in
                let transport = transports[Int.random(in: 0..<5, using: &random)]
                return set.union(TrafficSet(.v4, transport, ports: ports(&random).set))
            }
        }
        let (left, right) = (set(&random), set(&random))
        for tuple in Self.probes {
            let (first, second) = (left.contains(tuple), right.contains(tuple))
            #expect(left.union(right).contains(tuple) == (first || second))
            #expect(left.intersection(right).contains(tuple) == (first && second))
            #expect(left.subtracting(right).contains(tuple) == (first && !second))
            #expect(left.complement.contains(tuple) == !first)
        }
        #expect(left.intersection(right).isSubset(of: left))
        #expect(left.union(left.complement).isAll)
        #expect(left.complement.complement == left)
    }

    struct TextCase: Sendable {
        let set: TrafficSet
        let text: String
    }

    private static func tcp(_ ranges: [PortRange?]) -> TrafficSet {
        TrafficSet(.v4, .tcp, ports: PortSet(ranges.compactMap(\.self)))
    }

    static let texts: [TextCase] = [
        TextCase(set: .all(.v4), text: "all traffic"), TextCase(set: .none(.v6), text: "nothing"),
        TextCase(set: tcp([PortRange(80), PortRange(8000, 8080)]), text: "tcp/80, tcp/8000:8080"),
        TextCase(
            set: tcp([PortRange(80)]).union(TrafficSet(.v4, .udp)), text: "tcp/80, all udp"),
        TextCase(set: tcp([PortRange(22)]).complement, text: "everything but tcp/22"),
        TextCase(set: TrafficSet(.v4, .icmp, ports: PortSet(PortRange(8 << 8))), text: "icmp type 8 code 0"),
        TextCase(
            set: TrafficSet(
                .v6, .icmpv6, ports: PortSet([PortRange(128 << 8, 128 << 8 | 255)].compactMap(\.self))),
            text: "icmp6 type 128"),
        TextCase(set: TrafficSet(.v4, .esp), text: "protocol esp"),
    ]

    @Test("read as people write traffic", arguments: texts)
    func text(_ test: TextCase) { #expect(test.set.text == test.text) }

    @Test("long lists are cut, and say so")
    func longText() {
        let set = Self.tcp((0..<40).map { PortRange(UInt16($0 * 2 + 1)) })
        #expect(set.text(maximumParts: 2) == "tcp/1, tcp/3 and 38 more")
    }

    @Test("the example is a member that a person would try")
    func examples() throws {
        let all = try #require(TrafficSet.all(.v4).example)
        #expect(all == (.tcp, 40_000, 80))
        let high = try #require(Self.tcp([PortRange(0), PortRange(9000, 9100)]).example)
        #expect(high == (.tcp, 40_000, 9000))
        let echo = try #require(TrafficSet(.v6, .icmpv6).example)
        #expect(echo == (.icmpv6, 0, 128 << 8))
        #expect(TrafficSet.none(.v4).example == nil)
    }
}
