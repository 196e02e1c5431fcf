// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyEngine
import PolicyModel

/// Every end that connections can have in one world, or in several that are compared: pods by name, and the addresses
/// outside.
struct AddressSpace {
    private(set) var sites: [Site] = []
    /// Own labels of pods; of the last world that has the pod.
    private(set) var labels: [ResourceName: Labels] = [:]

    init(_ worlds: inout [Connectivity], limits: AnalysisLimits) throws(AnalysisError) {
        for world in worlds {
            for endpoint in world.book.endpoints { labels[endpoint.name] = endpoint.ownLabels }
        }
        addWorkloads(&worlds)
        try addOutside(&worlds, limits: limits)
    }

    /// The sites in groups.
    func groups(limits: AnalysisLimits) throws(AnalysisError) -> [SiteGroup] {
        try SiteGroup.groups(sites, labels: labels, limits: limits)
    }

    // MARK: - Pods

    private mutating func addWorkloads(_ worlds: inout [Connectivity]) {
        let indexes = worlds.map { world in
            Dictionary(
                world.book.endpoints.enumerated().map { ($0.element.name, $0.offset) },
                uniquingKeysWith: { first, _ in first })
        }
        for name in labels.keys.sorted() {
            // An address that another pod owns too counts for the one that evaluation would take.
            let addresses = worlds.indices.map { world -> [IPAddress] in
                guard let index = indexes[world][name] else { return [] }
                return worlds[world].book.endpoints[index].addresses.filter {
                    worlds[world].snapshot.endpointIndex(at: $0) == index
                }
            }
            let facets = IPFamily.allCases.map { family in
                Self.facets(Self.paired(addresses.map { $0.filter { $0.family == family } }), &worlds)
            }
            for index in 0..<max(facets[0].count, facets[1].count) {
                let v4 = index < facets[0].count ? facets[0][index] : nil
                let v6 = index < facets[1].count ? facets[1][index] : nil
                let own = Set((v4?.addresses ?? []) + (v6?.addresses ?? [])).sorted()
                let ends = worlds.indices.map { Site.Ends(v4: v4?.ends[$0], v6: v6?.ends[$0]) }
                sites.append(Site(member: .workload(name, addresses: own), ends: ends))
            }
        }
    }

    /// Addresses of one pod and family that no rule of any world tells apart.
    private struct Facet {
        var addresses: [IPAddress]
        /// By world.
        let ends: [Connectivity.End?]
    }

    /// Which addresses of a pod are the same in all worlds: equal ones, and those left over by their order.
    private static func paired(_ addresses: [[IPAddress]]) -> [[IPAddress?]] {
        let common = addresses[0].filter { address in addresses.allSatisfy { $0.contains(address) } }
        let left = addresses.map { $0.filter { !common.contains($0) } }
        let rest = (0..<(left.map(\.count).max() ?? 0)).map { index in
            left.map { index < $0.count ? $0[index] : nil }
        }
        return common.map { address in addresses.map { _ in address } } + rest
    }

    private static func facets(_ rows: [[IPAddress?]], _ worlds: inout [Connectivity]) -> [Facet] {
        var facets: [Facet] = []
        for row in rows {
            var ends: [Connectivity.End?] = []
            for (world, address) in row.enumerated() { ends.append(address.map { worlds[world].end($0) }) }
            let known = facets.firstIndex { $0.ends.map(\.?.traits) == ends.map(\.?.traits) }
            if let known {
                facets[known].addresses += row.compactMap(\.self)
            } else {
                facets.append(Facet(addresses: row.compactMap(\.self), ends: ends))
            }
        }
        return facets
    }

    // MARK: - Outside

    /// Stretches that are alike, and what they are part of.
    private struct Region {
        var stretches: [OutsideSweep.Stretch]
        let ends: [Connectivity.End]
    }

    private struct RegionKey: Hashable {
        let family: IPFamily
        let traits: [Int]
        let owners: [OutsideRegion.Owner]
        let isRest: Bool
    }

    private struct PairKey: Hashable {
        let family: IPFamily
        let owners: [OutsideRegion.Owner]
        let isRest: Bool
    }

    private mutating func addOutside(
        _ worlds: inout [Connectivity], limits: AnalysisLimits
    ) throws(AnalysisError) {
        let stretches = try OutsideSweep(worlds.map(\.snapshot)).stretches(limits: limits)
        var order: [RegionKey] = []
        var regions: [RegionKey: Region] = [:]
        for stretch in stretches {
            var ends: [Connectivity.End] = []
            for world in worlds.indices { ends.append(worlds[world].end(stretch.range.lowerBound)) }
            let key = RegionKey(
                family: stretch.range.lowerBound.family, traits: ends.map(\.traits), owners: stretch.owners,
                isRest: stretch.isRest)
            if regions[key] == nil {
                order.append(key)
                regions[key] = Region(stretches: [stretch], ends: ends)
            } else {
                regions[key]?.stretches.append(stretch)
            }
        }
        // Regions of both families that have the same owners, or none and are the rest, make one site.
        var paired: [[RegionKey]] = []
        var waiting: [PairKey: [Int]] = [:]
        for key in order {
            let canPair = key.isRest || !key.owners.isEmpty
            let pair = PairKey(family: key.family, owners: key.owners, isRest: key.isRest)
            let wanted = PairKey(
                family: key.family == .v4 ? .v6 : .v4, owners: key.owners, isRest: key.isRest)
            if canPair, let partner = waiting[wanted]?.popLast() {
                paired[partner].append(key)
            } else {
                waiting[pair, default: []].append(paired.count)
                paired.append([key])
            }
        }
        let sets = Dictionary(grouping: paired, by: { $0[0].owners })
        for keys in paired.sorted(by: Self.precedes) {
            let parts = keys.compactMap { regions[$0] }
            let region = Self.region(
                keys[0], parts.flatMap(\.stretches), isPart: (sets[keys[0].owners]?.count ?? 0) > 1)
            var ends = worlds.map { _ in Site.Ends() }
            for (key, part) in zip(keys, parts) {
                for world in worlds.indices { ends[world][key.family] = part.ends[world] }
            }
            sites.append(Site(member: .outside(region), ends: ends))
        }
    }

    /// With owners, then blocks, then the rest.
    private static func precedes(_ left: [RegionKey], _ right: [RegionKey]) -> Bool {
        func rank(_ key: RegionKey) -> Int { !key.owners.isEmpty ? 0 : key.isRest ? 2 : 1 }
        let (first, second) = (rank(left[0]), rank(right[0]))
        guard first == second else { return first < second }
        return left[0].owners.lexicographicallyPrecedes(right[0].owners)
    }

    private static func region(
        _ key: RegionKey, _ stretches: [OutsideSweep.Stretch], isPart: Bool
    ) -> OutsideRegion {
        var ranges: [ClosedRange<IPAddress>] = []
        for stretch in stretches {
            if let last = ranges.last, last.upperBound.bits != .max,
                last.upperBound.family == stretch.range.lowerBound.family,
                last.upperBound.bits + 1 == stretch.range.lowerBound.bits
            {
                ranges[ranges.count - 1] = last.lowerBound...stretch.range.upperBound
            } else {
                ranges.append(stretch.range)
            }
        }
        let blocks = Set(stretches.compactMap(\.block)).sorted()
        func isWhole(_ block: IPPrefix) -> Bool {
            ranges.contains { $0.contains(block.address) && $0.contains(block.lastAddress) }
        }
        return OutsideRegion(
            owners: key.owners, blocks: blocks.filter(isWhole), partialBlocks: blocks.filter { !isWhole($0) },
            isRest: key.isRest, ranges: ranges, isPartOfOwners: isPart)
    }
}
