// SPDX-License-Identifier: Apache-2.0

import NetworkModel
public import PolicyModel

/// Keeps a cluster's policies compiled while the cluster changes.
///
/// A change touches what depends on it: a pod its own label set and class; a policy its own rules, the selectors that
/// nobody used before, and the classes that it selects. Whatever the order in which resources arrive, and however
/// many updates it took, the answers are those of a compiler that was given the final state at once.
///
///     label sets ─matched by─▶ selectors ◀─refer to─ rules ─of─▶ policies ─select─▶ classes ◀─are in─ endpoints
public struct PolicyCompiler: Sendable {
    var tables = CompiledTables()

    var setIndex = SetIndex()
    var labelSetIndex = LabelSetIndex()
    /// Names of the slices of each Service.
    var slices: [ResourceName: Set<ResourceName>] = [:]
    /// Policies by the number of the set that they select.
    var policiesOfSubject: [[Int32]] = []
    var workloads = NumberTable<ResourceName>()
    var hosts = NumberTable<String>()
    var networkSets = NumberTable<ResourceName>()
    var policies = NumberTable<PolicyID>()
    var profiles = NumberTable<String>()
    var profileUses: [Int] = []
    var classes = NumberTable<EndpointClassKey>()
    var classUses: [Int] = []
    /// Place of each policy in the order of evaluation.
    var rank: [Int32] = []
    /// What profiles hand on to endpoints, so that equal labels share their storage.
    var inherited: [String: Labels] = [:]
    /// Numbers of the sets that stand for a Service's addresses.
    var serviceSets: Set<Int> = []
    /// Sets retained by the policy or profile that is being compiled.
    var retained: [Int] = []

    public init() {}

    public init(_ state: ClusterState) {
        self.init()
        apply(state.changes)
    }

    /// The cluster as compiled so far.
    public var state: ClusterState { tables.state }

    /// The compiled form of this moment. Costs nothing until the compiler changes again.
    public func snapshot(generation: UInt64) -> PolicySnapshot {
        PolicySnapshot(tables, generation: generation)
    }

    /// Takes changes in. Several at once are cheaper than one by one.
    public mutating func apply(_ changes: some Sequence<ClusterChange>) {
        var work = CompilerWork()
        for change in changes {
            guard work.note(change, before: tables.state) else { continue }
            noteSlice(change)
            tables.state.apply(change)
        }
        if !work.profiles.isEmpty { noteUsers(of: work.profiles, in: &work) }
        settle(work)
    }

    mutating func settle(_ work: CompilerWork) {
        for name in work.profiles { updateProfile(name) }
        var stale = StaleClasses(everything: work.tiersChanged)
        for id in work.policies { updatePolicy(id, &stale) }
        if work.tiersChanged || !stale.policies.isEmpty { updateOrder(work, stale) }
        place(stale.policies)
        if tables.ingress.isSparse || tables.egress.isSparse {
            layOutRules()
            stale.everything = true
        }
        updateClasses(stale)
        for name in work.pods { updateWorkload(name) }
        for name in work.hosts { updateHost(name) }
        for name in work.networkSets { updateNetworkSet(name) }
        for name in work.services { updateService(name) }
    }
}

extension PolicyCompiler {
    /// Endpoints that name one of the profiles inherit its labels.
    func noteUsers(of profiles: Set<String>, in work: inout CompilerWork) {
        for entry in tables.endpoints.workloads {
            guard let entry, entry.endpoint.profiles.contains(where: profiles.contains) else { continue }
            work.pods.insert(entry.endpoint.name)
        }
        for entry in tables.endpoints.hosts {
            guard let entry, entry.endpoint.resource.profiles.contains(where: profiles.contains) else {
                continue
            }
            work.hosts.insert(entry.endpoint.resource.name)
        }
    }

    mutating func inheritedLabels(ofProfile name: String) -> Labels {
        if let known = inherited[name] { return known }
        let labels = tables.state.labels(ofProfile: name)
        inherited[name] = labels
        return labels
    }
}
