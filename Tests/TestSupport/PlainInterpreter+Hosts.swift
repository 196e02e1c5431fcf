// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
public import PolicyModel

extension PlainInterpreter {
    /// A packet at a host endpoint, without destination NAT beyond its port.
    public struct HostPacket: Sendable {
        public var tuple: ConnectionTuple
        /// As it came in.
        public var original: ConnectionTuple
        public var isForwarded: Bool
        public var direction: Direction

        public init(
            _ tuple: ConnectionTuple, original: ConnectionTuple, isForwarded: Bool, direction: Direction
        ) {
            self.tuple = tuple
            self.original = original
            self.isForwarded = isForwarded
            self.direction = direction
        }
    }

    /// Policy semantics 3.6, with Calico's own failsafe ports. Nil when there is no such host endpoint.
    public func evaluate(_ packet: HostPacket, atHost name: String) -> (verdict: Verdict, decidedBy: String)?
    {
        guard let host = hosts.first(where: { $0.resource.name == name }) else { return nil }
        let isIn = packet.direction == .ingress
        if isIn || !packet.isForwarded, host.resource.interfaceName != "*",
            !isFailsafe(packet.original, isIn, untracked: true),
            let early = earlyStage("untracked", host, packet, { $0.isUntracked })
        {
            return early
        }
        if isIn, !isFailsafe(packet.original, isIn, untracked: false),
            let early = earlyStage("preDNAT", host, packet, { $0.isPreDNAT })
        {
            return early
        }
        return packet.isForwarded ? forward(host, packet) : normal(host, packet)
    }

    private func isFailsafe(_ tuple: ConnectionTuple, _ isIn: Bool, untracked: Bool) -> Bool {
        let both: [UInt16] = [179, 2379, 2380, 5473, 6443, 6666, 6667]
        func isOpen(_ port: UInt16, _ into: Bool) -> Bool {
            switch tuple.transport {
            case .tcp: both.contains(port) || into && port == 22
            case .udp: into ? port == 68 : port == 53 || port == 67
            default: false
            }
        }
        return isOpen(tuple.destinationPort, isIn) || untracked && isOpen(tuple.sourcePort, !isIn)
    }

    private func tiers(
        _ host: HostEndpoint, _ isIncluded: (Policy) -> Bool
    ) -> [(name: String, policies: [Policy])] {
        tierOrder.map { tier in
            let members = policies.filter {
                $0.tier == tier && !$0.id.kind.isStaged && $0.selector.matches(host) && isIncluded($0)
            }
            return (tier, Self.sorted(members))
        }.filter { !$0.policies.isEmpty }
    }

    /// A stage whose tiers have no end; nil when nothing in it decides.
    private func earlyStage(
        _ stage: String, _ host: HostEndpoint, _ packet: HostPacket, _ isIncluded: (Policy) -> Bool
    ) -> (Verdict, String)? {
        for (_, policies) in tiers(host, { isIncluded($0) && $0.directions.contains(packet.direction) }) {
            guard let (policy, index, action) = firstHit(policies, packet.original, packet.direction),
                action != .pass
            else { continue }
            return (
                action == .allow ? .allow : .deny,
                "\(stage): \(policy.id.kind.shortName) \(policy.id.name) rule \(index)"
            )
        }
        return nil
    }

    /// A stage whose tiers end; nil when all were passed.
    private func lastStage(
        _ stage: String, _ tiers: [(name: String, policies: [Policy])], _ packet: HostPacket
    ) -> (Verdict, String)? {
        for (tier, policies) in tiers {
            if let (policy, index, action) = firstHit(policies, packet.tuple, packet.direction) {
                if action == .pass { continue }
                return (
                    action == .allow ? .allow : .deny,
                    "\(stage): \(policy.id.kind.shortName) \(policy.id.name) rule \(index)"
                )
            }
            if state.tiers[tier]?.defaultAction != .pass { return (.deny, "\(stage): end of tier \(tier)") }
        }
        return nil
    }

    private func normal(_ host: HostEndpoint, _ packet: HostPacket) -> (Verdict, String) {
        if isFailsafe(packet.tuple, packet.direction == .ingress, untracked: false) {
            return (.allow, "failsafe")
        }
        let governing = tiers(host) {
            !$0.isUntracked && !$0.isPreDNAT && $0.directions.contains(packet.direction)
        }
        if let decided = lastStage("normal", governing, packet) { return decided }
        let (profile, rule, action) = profileHit(host.resource.profiles, packet.tuple, packet.direction)
        if profile == "__NO_MATCH__" { return (.deny, "normal: no profile matched") }
        return (action == .allow ? .allow : .deny, "profile \(profile) rule \(rule)")
    }

    private func forward(_ host: HostEndpoint, _ packet: HostPacket) -> (Verdict, String) {
        let selecting = tiers(host) { $0.appliesOnForward && !$0.isUntracked && !$0.isPreDNAT }
        if selecting.isEmpty { return (.allow, "forward: no applyOnForward tiers") }
        let governing = selecting.map { tier in
            (name: tier.name, policies: tier.policies.filter { $0.directions.contains(packet.direction) })
        }.filter { !$0.policies.isEmpty }
        if governing.isEmpty { return (.allow, "forward: no policy in this direction") }
        return lastStage("forward", governing, packet) ?? (.allow, "forward: every tier passed")
    }
}
