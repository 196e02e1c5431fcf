// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
public import PolicyModel

/// The oracle: policy semantics sections 3 and 5 written down as plainly as possible, over the cluster state
/// itself.
///
/// No compiled rules, no sets, no classes, nothing shared with the engine beyond the converted policies.
/// Slow.
public struct PlainInterpreter {
    let state: ClusterState
    let policies: [Policy]
    let endpoints: [WorkloadEndpoint]
    let hosts: [HostEndpoint]
    let networkSets: [(nets: [IPPrefix], labels: Labels)]
    let tierOrder: [String]

    public init(_ state: ClusterState) {
        self.state = state
        policies = state.policies.values.compactMap { $0.converted() }
        endpoints = state.pods.values.sorted { $0.name < $1.name }.compactMap {
            WorkloadEndpoint($0, in: state)
        }
        hosts = state.hostEndpoints.values.map { HostEndpoint($0, in: state) }
        networkSets = state.networkSets.values.map { ($0.nets, $0.effectiveLabels(in: state)) }
        tierOrder = Set(policies.map(\.tier)).sorted { left, right in
            let (a, b) = (state.tiers[left], state.tiers[right])
            if (a == nil) != (b == nil) { return a != nil }
            if let a, let b, a.order != b.order { return a.order < b.order }
            return Array(left.utf8).lexicographicallyPrecedes(right.utf8)
        }
    }

    public struct Answer: Equatable {
        public var verdict: Verdict
        public var hits: [String]
    }

    public func evaluate(_ tuple: ConnectionTuple, _ direction: Direction, staged: Bool) -> Answer? {
        let address = direction == .ingress ? tuple.destination : tuple.source
        guard let endpoint = endpoints.first(where: { $0.addresses.contains(address) }) else { return nil }
        var hits: [String] = []
        for tier in tierOrder {
            let applying = Self.sorted(
                policies
                    .filter { $0.tier == tier && !$0.isUntracked && !$0.isPreDNAT }
                    .filter { staged || !$0.id.kind.isStaged }
                    .filter { $0.directions.contains(direction) && $0.selector.matches(endpoint) })
            guard let first = applying.first, let last = applying.last else { continue }
            if let (policy, index, action) = firstHit(applying, tuple, direction) {
                hits.append(
                    "\(hits.count)|\(tier)|\(policy.id.traceText)|\(action.rawValue.lowercased())|\(index)")
                if action == .allow { return Answer(verdict: .allow, hits: hits) }
                if action == .deny { return Answer(verdict: .deny, hits: hits) }
                continue
            }
            let passes = state.tiers[tier]?.defaultAction == .pass
            let trigger = staged ? first : last
            hits.append("\(hits.count)|\(tier)|\(trigger.id.traceText)|\(passes ? "pass" : "deny")|-1")
            if !passes { return Answer(verdict: .deny, hits: hits) }
        }
        let (profile, index, action) = profileHit(endpoint.profiles, tuple, direction)
        hits.append(
            "\(hits.count)|__PROFILE__|pro:\(profile)|\(action.rawValue.lowercased())|\(index)")
        return Answer(verdict: action == .allow ? .allow : .deny, hits: hits)
    }

    static func sorted(_ policies: [Policy]) -> [Policy] {
        policies.sorted {
            $0.order != $1.order
                ? $0.order < $1.order
                : Array($0.id.tieBreak.utf8).lexicographicallyPrecedes($1.id.tieBreak.utf8)
        }
    }

    /// The rule of the profiles that decides: in each the first that matches, unless it passes.
    func profileHit(
        _ profiles: [String], _ tuple: ConnectionTuple, _ direction: Direction
    ) -> (profile: String, rule: Int, action: RuleAction) {
        for profile in profiles {
            if let written = state.profiles[profile] {
                let rules = (try? written.convertedRules(direction)) ?? []
                let first = rules.indices.first { rules[$0].action != .log && matches(rules[$0], tuple) }
                guard let first, rules[first].action != .pass else { continue }
                return (profile, first, rules[first].action)
            }
            if state.namespaces.keys.contains(where: { "kns.\($0)" == profile }) {
                return (profile, 0, .allow)
            }
            if state.serviceAccounts.keys.contains(where: { "ksa.\($0.namespace).\($0.name)" == profile }) {
                continue
            }
            return (profile, 0, .deny)
        }
        return ("__NO_MATCH__", 0, .deny)
    }

    func firstHit(
        _ policies: [Policy], _ tuple: ConnectionTuple, _ direction: Direction
    ) -> (Policy, Int, RuleAction)? {
        for policy in policies {
            for (index, rule) in policy.rules(direction).enumerated() {
                if rule.action != .log, matches(rule, tuple) { return (policy, index, rule.action) }
            }
        }
        return nil
    }

    // MARK: - Rules

    private func matches(_ rule: Rule, _ tuple: ConnectionTuple) -> Bool {
        if let family = rule.family, family != tuple.family { return false }
        for side in [rule.source, rule.destination] {
            if !side.nets.isEmpty, !side.nets.contains(where: { $0.family == tuple.family }) { return false }
            if !side.notNets.isEmpty, !side.notNets.contains(where: { $0.family == tuple.family }) {
                return false
            }
            if side.notNets.contains(where: { $0.length == 0 && $0.family == tuple.family }) { return false }
        }
        if let wanted = rule.transport, wanted != tuple.transport { return false }
        if let unwanted = rule.notTransport, unwanted == tuple.transport { return false }
        let isICMP = tuple.transport == (tuple.family == .v4 ? .icmp : .icmpv6)
        if let icmp = rule.icmp, !(isICMP && icmp.matches(type: tuple.icmpType, code: tuple.icmpCode)) {
            return false
        }
        if let icmp = rule.notICMP, isICMP && icmp.matches(type: tuple.icmpType, code: tuple.icmpCode) {
            return false
        }
        return sideMatches(rule.source, rule, tuple.source, tuple.sourcePort, tuple, isSource: true)
            && sideMatches(
                rule.destination, rule, tuple.destination, tuple.destinationPort, tuple, isSource: false)
    }

    private func sideMatches(
        _ side: EntityMatch, _ rule: Rule, _ address: IPAddress, _ port: UInt16, _ tuple: ConnectionTuple,
        isSource: Bool
    ) -> Bool {
        if !side.nets.isEmpty, !side.nets.contains(where: { $0.contains(address) }) { return false }
        if side.notNets.contains(where: { $0.contains(address) }) { return false }
        if let selector = side.selector, !isMember(address, selector) { return false }
        if let selector = side.notSelector, isMember(address, selector) { return false }
        let hasPorts = [IPProtocol.tcp, .udp, .sctp].contains(tuple.transport)
        if let service = side.service {
            let slices = state.endpointSlices.values.filter {
                $0.serviceName == service.name && $0.name.namespace == service.namespace
            }
            let found = slices.contains { slice in
                slice.addresses.contains(address)
                    && (isSource
                        || slice.ports.contains { $0.transport == tuple.transport && $0.port == port })
            }
            if !found { return false }
        }
        func listed(_ match: PortMatch, selector: Selector?) -> Bool {
            switch match {
            case .range(let range): return range.contains(port)
            case .named(let name):
                func declares(_ ports: [NamedPort]) -> Bool {
                    ports.contains {
                        $0.name == name && $0.port == port && $0.transport == tuple.transport
                            && (rule.transport == nil || rule.transport == $0.transport)
                    }
                }
                return endpoints.contains {
                    $0.addresses.contains(address) && (selector?.matches($0) ?? true) && declares($0.ports)
                }
                    || hosts.contains {
                        $0.resource.expectedAddresses.contains(address) && (selector?.matches($0) ?? true)
                            && declares($0.resource.ports)
                    }
            }
        }
        if !side.ports.isEmpty {
            if !hasPorts || !side.ports.contains(where: { listed($0, selector: side.selector) }) {
                return false
            }
        }
        if hasPorts, side.notPorts.contains(where: { listed($0, selector: nil) }) { return false }
        return true
    }

    private func isMember(_ address: IPAddress, _ selector: Selector) -> Bool {
        endpoints.contains { $0.addresses.contains(address) && selector.matches($0) }
            || hosts.contains { $0.resource.expectedAddresses.contains(address) && selector.matches($0) }
            || networkSets.contains { set in
                set.nets.contains { $0.contains(address) } && selector.matches(set.labels)
            }
    }
}
