// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyModel

/// Every kind that is read, and by what.
extension ManifestDecoder {
    static let readers: [KindName: KindReader] = {
        var readers: [KindName: KindReader] = [
            KindName("v1", "Namespace"): KindReader(isNamespaced: false, key: { .namespace($0.name) }) {
                .namespace(NamespaceResource($0, $1))
            },
            KindName("v1", "ServiceAccount"): KindReader(isNamespaced: true, key: { .serviceAccount($0) }) {
                .serviceAccount(ServiceAccountResource($0, $1))
            },
            KindName("v1", "Pod"): KindReader(isNamespaced: true, key: { .pod($0) }) {
                .pod(PodResource($0, $1))
            },
            KindName("v1", "Service"): KindReader(isNamespaced: true, key: { .service($0) }) {
                .service(ServiceResource($0, $1))
            },
            KindName("discovery.k8s.io/v1", "EndpointSlice"):
                KindReader(isNamespaced: true, key: { .endpointSlice($0) }) {
                    .endpointSlice(EndpointSliceResource($0, $1))
                },
            KindName("networking.k8s.io/v1", "NetworkPolicy"): kubernetesPolicy(.kubernetesNetworkPolicy),
        ]
        for (kind, reader) in calicoReaders {
            readers[KindName("projectcalico.org/v3", kind)] = reader
            var stored = reader
            stored.form = .stored(hidesDefaultTier: calicoPolicyKinds.contains { $0.rawValue == kind })
            readers[KindName("crd.projectcalico.org/v1", kind)] = stored
        }
        readers.merge(clusterPolicyReaders) { _, new in new }
        return readers
    }()

    private static let calicoPolicyKinds = [
        PolicyKind.networkPolicy, .globalNetworkPolicy, .stagedNetworkPolicy, .stagedGlobalNetworkPolicy,
    ]

    private static var calicoReaders: [String: KindReader] {
        let staged = PolicyKind.stagedKubernetesNetworkPolicy
        var readers = [
            staged.rawValue: kubernetesPolicy(staged),
            "Tier": KindReader(isNamespaced: false, key: { .tier($0.name) }) { .tier(TierResource($0, $1)) },
            "HostEndpoint": KindReader(isNamespaced: false, key: { .hostEndpoint($0.name) }) {
                .hostEndpoint(HostEndpointResource($0, $1))
            },
            "Profile": KindReader(isNamespaced: false, key: { .profile($0.name) }) {
                .profile(ProfileResource($0, $1))
            },
        ]
        for kind in calicoPolicyKinds { readers[kind.rawValue] = calicoPolicy(kind) }
        for (kind, isNamespaced) in [("NetworkSet", true), ("GlobalNetworkSet", false)] {
            readers[kind] = KindReader(isNamespaced: isNamespaced, key: { .networkSet($0) }) {
                .networkSet(NetworkSetResource($0, $1))
            }
        }
        return readers
    }

    private static var clusterPolicyReaders: [KindName: KindReader] {
        let group = "policy.networking.k8s.io"
        return [
            KindName("\(group)/v1alpha2", "ClusterNetworkPolicy"): clusterPolicy { ClusterPolicy($0, $1) },
            KindName("\(group)/v1alpha1", "AdminNetworkPolicy"): clusterPolicy {
                ClusterPolicy(retired: $0, $1, .admin)
            },
            KindName("\(group)/v1alpha1", "BaselineAdminNetworkPolicy"): clusterPolicy {
                ClusterPolicy(retired: $0, $1, .baseline)
            },
        ]
    }

    private static func clusterPolicy(
        _ read: @escaping @Sendable (Field, Metadata) -> ClusterPolicy
    ) -> KindReader {
        KindReader(
            isNamespaced: false,
            key: { .policy(PolicyID(kind: .kubernetesClusterNetworkPolicy, name: $0.name)) },
            read: { .policy(PolicyResource(read($0, $1), origin: $2).locatingRules(in: $0)) })
    }

    private static func calicoPolicy(_ kind: PolicyKind) -> KindReader {
        KindReader(
            isNamespaced: kind.isNamespaced,
            key: { .policy(PolicyID(kind: kind, namespace: $0.namespace, name: $0.name)) },
            read: { .policy(PolicyResource(CalicoPolicy($0, $1, kind), origin: $2).locatingRules(in: $0)) })
    }

    private static func kubernetesPolicy(_ kind: PolicyKind) -> KindReader {
        KindReader(
            isNamespaced: true,
            key: { .policy(PolicyID(kind: kind, namespace: $0.namespace, name: $0.name)) },
            read: {
                .policy(PolicyResource(KubernetesPolicy($0, $1, kind), origin: $2).locatingRules(in: $0))
            })
    }
}

extension PolicyResource {
    /// With the line of every rule as written, which all policy kinds keep in the same two lists.
    fileprivate func locatingRules(in document: Field) -> PolicyResource {
        var located = self
        for (direction, key) in [(Direction.ingress, "ingress"), (.egress, "egress")] {
            let lines = document.value["spec"]?[key]?.elements.map(\.line) ?? []
            if !lines.isEmpty { located.ruleLines[direction] = lines }
        }
        return located
    }
}
