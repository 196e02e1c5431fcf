// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyAnalysis
internal import PolicyModel

/// A group of ends that policy treats alike, in structured output.
struct GroupView: Encodable, Sendable {
    struct Member: Encodable, Sendable {
        /// `pod` or `outside`.
        let kind: String
        /// `shop/cart-0`, `network set partners`, `the rest of the internet`.
        let name: String
        /// Of a pod.
        let addresses: [String]?
        /// First and last address of each stretch of addresses outside.
        let ranges: [String]?

        init(_ member: PeerGroup.Member) {
            name = member.description.escapedForMessage
            switch member {
            case .workload(_, let addresses):
                kind = "pod"
                self.addresses = addresses.map(\.description)
                ranges = nil
            case .outside(let region):
                kind = "outside"
                addresses = nil
                ranges = region.ranges.map { "\($0.lowerBound)-\($0.upperBound)" }
            }
        }
    }

    let summary: String
    let members: [Member]

    init(_ group: PeerGroup) {
        summary = group.summary.escapedForMessage
        members = group.members.map(Member.init)
    }
}

/// What may go between two groups, in structured output. A version without addresses on either end is left out.
struct TrafficView: Encodable, Sendable {
    struct Part: Encodable, Sendable {
        /// `tcp`, `icmp`, `47`.
        let `protocol`: String
        /// `80`, `8000:8080`; left out where there are no ports.
        let ports: [String]?
        /// Only where rules tell source ports apart.
        let sourcePorts: String?
        /// Ranges of type and code, `8/0`; ICMP only.
        let types: [String]?
    }

    let text: String
    let ipv4: [Part]?
    let ipv6: [Part]?

    init(_ cell: ReachabilityMatrix.Cell) {
        text = cell.text
        ipv4 = cell.v4.map(Self.parts)
        ipv6 = cell.v6.map(Self.parts)
    }

    private static func parts(_ traffic: TrafficSet) -> [Part] {
        traffic.parts.flatMap { part -> [Part] in
            switch part {
            case .ports(let transport, let sources, let destinations):
                let isAnySource = sources.first == 0 && sources.last == .max
                return [
                    Part(
                        protocol: transport.flowName, ports: destinations.map(\.description),
                        sourcePorts: isAnySource ? nil : sources.description, types: nil)
                ]
            case .icmp(let transport, let ranges):
                let types = ranges.map { range in
                    let first = "\(range.first >> 8)/\(range.first & 255)"
                    return range.first == range.last
                        ? first : "\(first)-\(range.last >> 8)/\(range.last & 255)"
                }
                return [Part(protocol: transport.flowName, ports: nil, sourcePorts: nil, types: types)]
            case .protocols(let protocols):
                return protocols.map { Part(protocol: $0.flowName, ports: nil, sourcePorts: nil, types: nil) }
            }
        }
    }
}
