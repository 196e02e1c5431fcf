// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
public import PolicyModel

/// A cluster's policies, compiled: answers verdicts with their traces and yields programs for data planes.
///
/// Immutable. Everything that can be said of a connection under one generation of the rules is said by one
/// snapshot, so yesterday's verdict is explained by yesterday's snapshot.
///
///     policies ──sorted──▶ chains (one per policy and direction, staged ones too)
///     endpoints ──grouped──▶ classes: (tiers with their chains) × (enforced, pending) × (ingress, egress)
public struct PolicySnapshot: Sendable {
    public let generation: UInt64
    /// Converted policies in order of evaluation: by tier, then by order within it.
    public let policies: [Policy]
    public let endpoints: [WorkloadEndpoint]

    let sets: [EnforcementSet]
    let memberships: [SetMembership]
    let chains: [EnforcementChain]
    let classes: [CompiledClass]
    /// Class of each endpoint, parallel to `endpoints`.
    let classOfEndpoint: [Int]
    let endpointAt: [IPAddress: Int]

    /// What the endpoints of a class have in common, with and without staged policies.
    struct CompiledClass: Sendable {
        let enforced: EndpointClass
        let pending: EndpointClass
        /// Indexes into `policies` of everything that selects the class.
        let selecting: [Int]
    }

    public init(_ state: ClusterState, generation: UInt64) {
        self.generation = generation
        policies = Self.sortedPolicies(of: state)
        endpoints = state.pods.values.sorted { $0.name < $1.name }.compactMap {
            WorkloadEndpoint($0, in: state)
        }

        var compiler = SnapshotCompiler(policies: policies, endpoints: endpoints, state: state)
        (classes, classOfEndpoint) = compiler.compileClasses(for: endpoints)
        chains = compiler.chains
        sets = compiler.sets.sets
        memberships = sets.map { SetMembership($0.content) }
        endpointAt = Dictionary(
            endpoints.enumerated().flatMap { index, endpoint in endpoint.addresses.map { ($0, index) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// Policy semantics 3.1: known tiers before unknown ones, by order, then by name; then policies within
    /// the tier.
    private static func sortedPolicies(of state: ClusterState) -> [Policy] {
        state.policies.values.compactMap { $0.converted() }.sorted { left, right in
            guard left.tier != right.tier else { return Policy.precedes(left, right) }
            return switch (state.tiers[left.tier], state.tiers[right.tier]) {
            case (let first?, let second?) where first.order != second.order: first.order < second.order
            case (.some, .none): true
            case (.none, .some): false
            default: left.tier.utf8.lexicographicallyPrecedes(right.tier.utf8)
            }
        }
    }

    /// The endpoint that owns the address; nil for anything that is not a workload.
    public func endpoint(at address: IPAddress) -> WorkloadEndpoint? {
        endpointAt[address].map { endpoints[$0] }
    }

    /// How many endpoints each policy selects.
    public var endpointCounts: [PolicyID: Int] {
        var counts: [PolicyID: Int] = [:]
        for classIndex in classOfEndpoint {
            for policy in classes[classIndex].selecting { counts[policies[policy].id, default: 0] += 1 }
        }
        return counts
    }
}
