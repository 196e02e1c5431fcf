// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel

/// A pod, or a region outside the cluster, as an end of connections, in each of the worlds that are looked at.
struct Site: Sendable {
    /// One for each family, or none when the site has no address of it.
    struct Ends: Hashable, Sendable {
        var v4: Connectivity.End?
        var v6: Connectivity.End?

        subscript(_ family: IPFamily) -> Connectivity.End? {
            get { family == .v4 ? v4 : v6 }
            set { if family == .v4 { v4 = newValue } else { v6 = newValue } }
        }
    }

    let member: PeerGroup.Member
    /// By world. Both families are absent from a world that the site is not in.
    let ends: [Ends]

    /// What makes two sites the same to every rule of every world.
    var likeness: [Int] {
        ends.flatMap { ends in
            [ends.v4, ends.v6].flatMap { end in
                end.map { [$0.traits, $0.ingress ?? -1, $0.egress ?? -1] } ?? [-1, -1, -1]
            }
        }
    }
}

/// Sites that are the same to every rule of every world.
struct SiteGroup: Sendable {
    let group: PeerGroup
    /// In the order of the group's members; never empty.
    let sites: [Site]

    /// Of the first site, which stands for all.
    var ends: [Site.Ends] { sites[0].ends }
}

extension SiteGroup {
    /// Pods by name first, then the outside in the order of its members.
    static func groups(
        _ sites: [Site], labels: [ResourceName: Labels], limits: AnalysisLimits
    ) throws(AnalysisError) -> [SiteGroup] {
        var order: [[Int]] = []
        var members: [[Int]: [Site]] = [:]
        for site in sites {
            if members[site.likeness] == nil { order.append(site.likeness) }
            members[site.likeness, default: []].append(site)
        }
        guard order.count <= limits.maximumGroups else {
            throw .tooManyGroups(order.count, maximum: limits.maximumGroups)
        }
        return order.compactMap { likeness in
            guard let sites = members[likeness] else { return nil }
            let group = PeerGroup(
                members: sites.map(\.member), commonLabels: commonLabels(of: sites, labels))
            return SiteGroup(group: group, sites: sites)
        }
    }

    /// Calico's own labels say nothing that the names do not.
    private static func commonLabels(of sites: [Site], _ labels: [ResourceName: Labels]) -> Labels {
        var common: Set<Labels.Entry>?
        for site in sites {
            guard case .workload(let name, _) = site.member else { return Labels() }
            let entries = Set(labels[name]?.entries ?? [])
            common = common?.intersection(entries) ?? entries
        }
        let shown = (common ?? []).filter {
            ![WellKnownLabel.namespace, WellKnownLabel.orchestrator, WellKnownLabel.serviceAccount].contains(
                $0.key)
        }
        return Labels(shown.map { (key: $0.key, value: $0.value) })
    }
}
