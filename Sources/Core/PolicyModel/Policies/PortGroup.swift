// SPDX-License-Identifier: Apache-2.0

import NetworkModel

/// The ports that one converted rule of a Kubernetes policy kind matches: those of one protocol.
struct PortGroup: Hashable {
    /// nil: any protocol.
    let transport: IPProtocol?
    /// Empty: every port.
    let ports: [PortMatch]

    /// One group for each protocol, alphabetical, the group without protocol first; no entries means any traffic. An
    /// entry without a port means every port and absorbs the others of its protocol (policy semantics 7.1, 7.2).
    static func groups(of entries: [(transport: IPProtocol?, port: PortMatch?)]) -> [PortGroup] {
        guard !entries.isEmpty else { return [PortGroup(transport: nil, ports: [])] }
        let transports = Set(entries.map(\.transport)).sorted {
            ($0?.policyName ?? "") < ($1?.policyName ?? "")
        }
        return transports.map { transport in
            let ports = entries.filter { $0.transport == transport }.map(\.port)
            return PortGroup(
                transport: transport, ports: ports.contains(nil) ? [] : merged(ports.compactMap { $0 }))
        }
    }

    /// Names in order, then numbers with neighbours joined into ranges.
    private static func merged(_ ports: [PortMatch]) -> [PortMatch] {
        var names: [PortMatch] = []
        var ranges: [PortRange] = []
        for port in ports {
            switch port {
            case .named: if !names.contains(port) { names.append(port) }
            case .range(let range): ranges.append(range)
            }
        }
        var joined: [PortRange] = []
        for range in ranges.sorted() {
            if let last = joined.last, Int(range.first) <= Int(last.last) + 1,
                let union = PortRange(last.first, max(last.last, range.last))
            {
                joined[joined.count - 1] = union
            } else {
                joined.append(range)
            }
        }
        return names + joined.map(PortMatch.range)
    }
}

extension Rule {
    /// One rule for each group and peer, protocol-major: index = rank of the protocol × peers + rank of the peer.
    static func expanded(
        _ action: RuleAction, _ direction: Direction, peers: [EntityMatch], ports: [PortGroup],
        sourceIndex: Int
    ) -> [Rule] {
        ports.flatMap { group in
            peers.map { peer in
                var destination = direction == .ingress ? EntityMatch() : peer
                destination.ports = group.ports
                return Rule(
                    action: action, transport: group.transport,
                    source: direction == .ingress ? peer : EntityMatch(), destination: destination,
                    sourceIndex: sourceIndex)
            }
        }
    }
}
