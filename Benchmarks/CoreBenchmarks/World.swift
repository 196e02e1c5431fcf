// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

/// A cluster of a given size: pods spread over namespaces, policies that select them by label, rules with selectors and
/// ports. Deterministic.
struct World {
    let state: ClusterState

    static func address(_ pod: Int) -> IPAddress { IPAddress(v4: 0x0a00_0000 + UInt32(pod) + 1) }

    init(pods: Int, policies: Int, namespaces: Int, rulesPerPolicy: Int) {
        var resources: [ClusterResource] = []
        for index in 0..<namespaces {
            resources.append(
                .namespace(NamespaceResource(name: "ns\(index)", labels: ["team": "t\(index % 20)"])))
        }
        for index in 0..<pods {
            resources.append(
                .pod(
                    PodResource(
                        name: ResourceName(namespace: "ns\(index % namespaces)", name: "pod\(index)"),
                        labels: ["app": "app\(index % 400)", "tier": "t\(index % 3)"],
                        addresses: [Self.address(index)])))
        }
        for index in 0..<policies {
            var policy = CalicoPolicy(
                id: PolicyID(kind: .networkPolicy, namespace: "ns\(index % namespaces)", name: "p\(index)"))
            policy.order = Double(index)
            policy.selector = "app == 'app\(index % 400)' || tier == 't\(index % 3)'"
            for rule in 0..<rulesPerPolicy {
                var allow = CalicoRule(action: .allow)
                allow.transport = ProtocolName(.tcp)
                allow.source.selector = "app == 'app\((index + rule) % 400)'"
                allow.destination.ports = [.range(PortRange(UInt16(8000 + rule)))]
                policy.ingress.append(allow)
            }
            resources.append(.policy(PolicyResource(policy)))
        }
        state = ClusterState(resources)
    }
}
