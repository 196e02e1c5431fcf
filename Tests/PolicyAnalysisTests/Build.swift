// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

/// Short forms for the objects of small worlds.
enum Build {
    static func address(_ text: String) -> IPAddress {
        guard let address = IPAddress(text) else { preconditionFailure("bad address \(text)") }
        return address
    }

    static func block(_ text: String) -> IPPrefix {
        guard let block = try? IPPrefix.parse(text, .strict) else { preconditionFailure("bad block \(text)") }
        return block
    }

    /// - Parameter path: `namespace/name`.
    static func name(_ path: String) -> ResourceName {
        let parts = path.split(separator: "/").map(String.init)
        return parts.count == 2
            ? ResourceName(namespace: parts[0], name: parts[1]) : ResourceName(name: parts[0])
    }

    static func pod(
        _ path: String, _ address: String, _ labels: Labels = Labels(), ports: [NamedPort] = []
    ) -> ClusterResource {
        .pod(PodResource(name: name(path), labels: labels, addresses: [Self.address(address)], ports: ports))
    }

    /// A NetworkPolicy for `namespace/name`, a GlobalNetworkPolicy for a bare name, or their staged kinds.
    static func policy(
        _ path: String, selector: String = "", types: [Direction]? = nil, order: Double? = nil,
        tier: String = "default", staged: Bool = false
    ) -> CalicoPolicy {
        let name = name(path)
        let kind: PolicyKind =
            name.namespace.isEmpty
            ? staged ? .stagedGlobalNetworkPolicy : .globalNetworkPolicy
            : staged ? .stagedNetworkPolicy : .networkPolicy
        var policy = CalicoPolicy(id: PolicyID(kind: kind, namespace: name.namespace, name: name.name))
        policy.selector = selector
        policy.types = types
        policy.order = order
        policy.tier = tier
        return policy
    }

    static func rule(
        _ action: RuleAction, _ transport: IPProtocol? = nil, from: String = "", to: String = "",
        fromNets: [String] = [], toNets: [String] = [], ports: [UInt16] = [], named: [String] = []
    ) -> CalicoRule {
        var rule = CalicoRule(action: action)
        rule.transport = transport.map { ProtocolName($0) }
        rule.source.selector = from
        rule.destination.selector = to
        rule.source.nets = fromNets.map(block)
        rule.destination.nets = toNets.map(block)
        rule.destination.ports = ports.map { .range(PortRange($0)) } + named.map { .named($0) }
        return rule
    }
}
