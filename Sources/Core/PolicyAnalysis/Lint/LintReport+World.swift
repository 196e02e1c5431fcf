// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel

/// What depends on the endpoints of the world.
extension LintReport {
    /// Policies that select nothing.
    mutating func addWorldFindings() {
        let (endpoints, hosts) = (snapshot.endpoints, snapshot.hostEndpoints)
        for policy in policies {
            let selectsPod = policy.appliesToWorkloads && endpoints.contains { policy.selector.matches($0) }
            guard !selectsPod, !hosts.contains(where: { policy.selector.matches($0) }) else { continue }
            idle.insert(policy.id)
            let isHostOnly = !policy.appliesToWorkloads
            add(
                .policySelectsNothing, .warning, policy.id,
                because:
                    "\(policy.id) selects no \(isHostOnly ? "host endpoint" : "pod or host endpoint") "
                    + "of this world: nothing matches \(policy.selector).",
                suggestion: "correct the selector, or the labels of what it was meant for")
        }
    }

    // MARK: - Exposure

    /// What enforced policies open to the internet, and what they forget.
    mutating func addExposureFindings(_ usage: RuleUsage) {
        let outside = usage.sites.compactMap { site -> Site.Ends? in
            guard case .outside(let region) = site.member, region.isRest else { return nil }
            return site.ends[0]
        }.flatMap { [$0.v4, $0.v6] }.compactMap(\.self)
        var connectivity = Connectivity(snapshot)
        let ends = usage.sites.flatMap { site -> [(Site, Connectivity.End)] in
            [site.ends[0].v4, site.ends[0].v6].compactMap(\.self).map { (site, connectivity.end($0.address)) }
        }
        let internet = outside.map { connectivity.end($0.address) }
        addInternet(ends, internet, &connectivity)
        addDNS(ends, &connectivity)
    }

    private mutating func addInternet(
        _ ends: [(Site, Connectivity.End)], _ internet: [Connectivity.End], _ connectivity: inout Connectivity
    ) {
        var seen: Set<RuleKey> = []
        for (_, end) in ends where end.egress != nil {
            for other in internet where other.address.family == end.address.family {
                let results = [connectivity.egress(end, other), connectivity.ingress(other, end)]
                for number in results.compactMap(\.self) {
                    for part in connectivity.results[number].parts where part.isAllowed {
                        let decision = connectivity.book.decisions[part.decision]
                        guard case .rule(let id, let index) = decision.place,
                            part.traffic.tcp.isAll || part.traffic.udp.isAll,
                            seen.insert(RuleKey(policy: id, direction: decision.direction, index: index))
                                .inserted
                        else { continue }
                        addExposure(id, decision.direction, index, part.traffic)
                    }
                }
            }
        }
    }

    private mutating func addExposure(
        _ id: PolicyID, _ direction: Direction, _ index: Int, _ traffic: TrafficSet
    ) {
        let rules = policy(id)?.rules(direction) ?? []
        let written = rules.indices.contains(index) ? rules[index].sourceIndex : index
        let isOut = direction == .egress
        let what = "\(direction.rawValue.lowercased()) rule \(written) of \(id)"
        add(
            isOut ? .allowAllToInternet : .allowAllFromInternet, isOut ? .warning : .note, id, direction,
            rule: written,
            because: isOut
                ? "\(what) lets the pods that it selects connect to any address of the internet "
                    + "(\(traffic.text))."
                : "\(what) lets any address of the internet connect to the pods that it selects "
                    + "(\(traffic.text)).",
            suggestion: isOut
                ? "name the destinations and ports that the pods need, so that a compromised pod cannot "
                    + "call out"
                : "name the sources or ports that are meant to be public")
    }

    // MARK: - DNS

    private mutating func addDNS(
        _ ends: [(Site, Connectivity.End)], _ connectivity: inout Connectivity
    ) {
        let servers = ends.filter { $0.0.isDNSServer(in: snapshot) }
        let outside = ends.filter { $0.1.egress == nil }
        // Pods that are alike are asked once.
        var asked: [[Int]: DNSAccess] = [:]
        var mute: [PolicyID: [String]] = [:]
        // One IP version is enough to resolve names.
        var canAsk: Set<String> = []
        for (site, end) in ends {
            guard let egress = end.egress, !connectivity.book.programs[egress].tiers.isEmpty else { continue }
            let answer: DNSAccess
            if let known = asked[[egress, end.traits]] {
                answer = known
            } else {
                let peers = ends.filter { $0.1.address.family == end.address.family }
                let places = (servers.isEmpty ? peers : servers + outside).filter {
                    $0.1.address.family == end.address.family
                }
                answer = Self.access(end, places, peers, &connectivity)
                asked[[egress, end.traits]] = answer
            }
            let name = site.member.description
            switch answer {
            case .open: canAsk.insert(name)
            case .notNeeded: break
            case .denied(let policy):
                if mute[policy]?.contains(name) != true { mute[policy, default: []].append(name) }
            }
        }
        for (policy, names) in mute.sorted(by: { $0.key.traceText < $1.key.traceText }) {
            let pods = names.filter { !canAsk.contains($0) }
            guard !pods.isEmpty else { continue }
            add(
                .missingDNSEgress, .warning, policy, .egress,
                because: "\(policy) governs egress, and no policy lets \(pods[0])"
                    + (pods.count > 1
                        ? " and \(pods.count - 1) other \(pods.count == 2 ? "pod" : "pods")" : "")
                    + " ask a DNS server (udp/53), although they may connect elsewhere: names do not "
                    + "resolve.",
                suggestion: "allow UDP and TCP port 53 to the cluster's DNS pods")
        }
    }

    private enum DNSAccess {
        /// A DNS server can be asked.
        case open
        /// None can; the policy that says so for the first.
        case denied(PolicyID)
        /// The end may not connect to anything, or nobody denies it.
        case notNeeded
    }

    private static func access(
        _ end: Connectivity.End, _ places: [(Site, Connectivity.End)], _ peers: [(Site, Connectivity.End)],
        _ connectivity: inout Connectivity
    ) -> DNSAccess {
        var policy: PolicyID?
        for (_, place) in places {
            guard let number = connectivity.egress(end, place) else { continue }
            let query = ConnectionTuple(
                source: end.address, destination: place.address, transport: .udp, sourcePort: 40_000,
                destinationPort: 53)
            guard let part = connectivity.results[number].parts.first(where: { $0.traffic.contains(query) })
            else { continue }
            if part.isAllowed { return .open }
            switch connectivity.book.decisions[part.decision].place {
            case .rule(let id, _), .endOfTier(let id): policy = policy ?? id
            default: break
            }
        }
        let mayConnect = peers.contains { peer in
            connectivity.egress(end, peer.1).map { !connectivity.results[$0].allowed.isEmpty } ?? false
        }
        guard mayConnect, let policy else { return .notNeeded }
        return .denied(policy)
    }
}

extension Site {
    /// A pod that serves the cluster's DNS, by the labels that every common distribution gives it.
    fileprivate func isDNSServer(in snapshot: PolicySnapshot) -> Bool {
        guard case .workload(let name, _) = member,
            let pod = snapshot.cluster.pods[name]
        else { return false }
        return ["kube-dns", "coredns", "rke2-coredns"].contains(pod.labels["k8s-app"] ?? "")
            || pod.labels["dns.operator.openshift.io/daemonset-dns"] != nil
    }
}
