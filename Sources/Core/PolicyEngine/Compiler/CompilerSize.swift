// SPDX-License-Identifier: Apache-2.0

/// How much a compiler holds, for metrics. Everything is bounded by the cluster as it is; its history adds gaps, and
/// never more of them than a small multiple of what is in use.
public struct CompilerSize: Hashable, Sendable {
    public var workloads: Int
    public var hostEndpoints: Int
    public var networkSets: Int
    /// Services of which there are endpoint slices.
    public var services: Int
    public var policies: Int
    /// Profiles that endpoints name.
    public var profiles: Int
    /// Profiles whose labels are kept at hand for the workloads that name them.
    public var inheritedLabels: Int
    /// Workloads that no policy tells apart are in one class.
    public var classes: Int
    /// Distinct sets of labels.
    public var labelSets: Int
    /// Distinct selectors, Services and named ports of rules.
    public var sets: Int
    /// Rules of policies, both directions.
    public var rules: Int
    /// Positions of the rule tables that belong to no rule any more.
    public var unusedPositions: Int
    /// Numbers of policies, profiles, classes, sets and endpoints that nothing has now and that are given out again.
    public var unusedNumbers: Int
    /// Places kept for the numbers of the sets that match each label set, gaps included.
    public var pooledNumbers: Int
}

extension PolicyCompiler {
    /// Counts over all classes; everything else is at hand.
    public var size: CompilerSize {
        let tables = tables
        let unused = tables.ingress.unused + tables.egress.unused
        let endpoints = tables.endpoints
        let classCount = tables.classes.count { $0 != nil }
        let slots =
            tables.policies.count + tables.profiles.count + tables.classes.count + tables.labelSets.count
            + tables.sets.count + endpoints.workloads.count + endpoints.hosts.count
            + endpoints.networkSets.count
        let taken =
            policies.count + profiles.count + classCount + labelSetIndex.count + setIndex.count
            + workloads.count + hosts.count + networkSets.count
        return CompilerSize(
            workloads: workloads.count, hostEndpoints: hosts.count, networkSets: networkSets.count,
            services: slices.count, policies: policies.count, profiles: profiles.count,
            inheritedLabels: inherited.count,
            classes: classCount, labelSets: labelSetIndex.count,
            sets: setIndex.count, rules: tables.ingress.count + tables.egress.count - unused,
            unusedPositions: unused, unusedNumbers: slots - taken,
            pooledNumbers: tables.matching.poolCount)
    }
}
