// SPDX-License-Identifier: Apache-2.0

import NetworkModel
import PolicyModel

/// Clusters of production size. Deterministic.
enum World {
    static func address(_ pod: Int) -> IPAddress { IPAddress(v4: 0x0a00_0000 + UInt32(pod) + 1) }

    static func connection(_ source: Int, _ destination: Int, port: UInt16) -> ConnectionTuple {
        ConnectionTuple(
            source: address(source), destination: address(destination), transport: .tcp, sourcePort: 40_000,
            destinationPort: port)
    }

    /// 294 policies of 68 rules that all govern every pod; 3,700 selectors, each of which matches 68 to 70 of 10,240
    /// pods: 256,000 members. One policy in ten is staged.
    static func manyRules() -> ClusterState {
        let keys = 25
        let values = 148
        var resources: [ClusterResource] = [.namespace(NamespaceResource(name: "ns"))]
        for pod in 0..<10_240 {
            let labels = Labels((0..<keys).map { (key: "k\($0)", value: "v\((pod + $0 * 7) % values)") })
            resources.append(
                .pod(
                    PodResource(
                        name: ResourceName(namespace: "ns", name: "pod\(pod)"), labels: labels,
                        addresses: [address(pod)])))
        }
        resources.append(.tier(TierResource(name: "early", order: 10, defaultAction: .pass)))
        for number in 0..<294 {
            let isStaged = number % 10 == 9
            var policy = CalicoPolicy(
                id: PolicyID(
                    kind: isStaged ? .stagedGlobalNetworkPolicy : .globalNetworkPolicy, name: "p\(number)"))
            policy.tier = number < 98 ? "early" : "default"
            policy.order = Double(number)
            policy.selector = "all()"
            for rule in 0..<68 {
                let selector = (number * 68 + rule) % (keys * values)
                var allow = CalicoRule(action: rule == 67 && number % 7 == 0 ? .deny : .allow)
                allow.transport = ProtocolName(.tcp)
                allow.source.selector = "k\(selector % keys) == 'v\(selector / keys)'"
                allow.destination.ports = [.range(PortRange(UInt16(8_000 + rule * 3 % 50)))]
                policy.ingress.append(allow)
            }
            resources.append(.policy(PolicyResource(policy)))
        }
        return ClusterState(resources)
    }

    /// 10,000 pods of 2,500 workloads in 200 namespaces with 5 service accounts each, and 1,000 policies of 5 rules
    /// each way: of namespaces mostly, some global, some staged.
    static func large() -> ClusterState {
        var resources: [ClusterResource] = []
        for number in 0..<200 {
            resources.append(
                .namespace(
                    NamespaceResource(
                        name: "ns\(number)",
                        labels: [
                            "kubernetes.io/metadata.name": "ns\(number)", "team": "t\(number % 20)",
                            "env": "e\(number % 3)",
                        ])))
            for account in 0..<5 {
                resources.append(
                    .serviceAccount(
                        ServiceAccountResource(
                            name: ResourceName(namespace: "ns\(number)", name: "sa\(account)"))))
            }
        }
        for number in 0..<10_000 { resources.append(.pod(pod(number))) }
        for number in 0..<1_000 { resources.append(.policy(policy(number))) }
        return ClusterState(resources)
    }

    static func pod(_ number: Int, tier: String? = nil) -> PodResource {
        let workload = number / 4
        return PodResource(
            name: ResourceName(namespace: "ns\(workload % 200)", name: "app\(workload)-pod\(number)"),
            labels: [
                "app": "app\(workload)", "app.kubernetes.io/name": "app\(workload)",
                "app.kubernetes.io/part-of": "suite\(workload % 50)", "tier": tier ?? "t\(workload % 3)",
                "pod-template-hash": "h\(workload)",
            ],
            generateName: "app\(workload)-", serviceAccount: "sa\(workload % 5)",
            addresses: [address(number)],
            ports: [NamedPort(name: "http", port: 8080), NamedPort(name: "metrics", port: 9090)])
    }

    /// - Parameter port: of the first rule; another one makes it another version of the policy.
    static func policy(_ number: Int, port: UInt16 = 8_000) -> PolicyResource {
        let isGlobal = number % 10 == 0
        let isStaged = number % 25 == 1
        let kind: PolicyKind =
            isGlobal ? .globalNetworkPolicy : isStaged ? .stagedNetworkPolicy : .networkPolicy
        var policy = CalicoPolicy(
            id: PolicyID(kind: kind, namespace: isGlobal ? "" : "ns\(number % 200)", name: "p\(number)"))
        policy.order = Double(number % 100)
        policy.selector =
            isGlobal
            ? "tier == 't\(number % 3)' && env != 'e9'"
            : "app == 'app\(number % 200 + 200 * (number % 12))' || has(app)"
        if isGlobal { policy.namespaceSelector = "team == 't\(number % 20)'" }
        for rule in 0..<5 {
            var allow = CalicoRule(action: .allow)
            allow.transport = ProtocolName(.tcp)
            allow.source.selector = "app == 'app\((number * 5 + rule) % 2_500)'"
            if rule % 2 == 0 { allow.source.namespaceSelector = "team == 't\(rule)'" }
            allow.destination.ports = [.range(PortRange(port + UInt16(rule)))]
            policy.ingress.append(allow)
            var out = CalicoRule(action: .allow)
            out.transport = ProtocolName(rule == 4 ? .udp : .tcp)
            out.destination.selector = "app.kubernetes.io/part-of == 'suite\((number + rule) % 50)'"
            out.destination.ports = [.range(PortRange(port + UInt16(rule)))]
            policy.egress.append(out)
        }
        return PolicyResource(policy)
    }

    /// 800 pods of 200 workloads in 20 namespaces under 240 policies.
    static func matrix() -> ClusterState {
        var resources: [ClusterResource] = (0..<20).map {
            .namespace(NamespaceResource(name: "ns\($0)", labels: ["team": "t\($0 % 5)"]))
        }
        for number in 0..<800 {
            let workload = number / 4
            resources.append(
                .pod(
                    PodResource(
                        name: ResourceName(namespace: "ns\(workload % 20)", name: "app\(workload)-\(number)"),
                        labels: ["app": "app\(workload)", "tier": "t\(workload % 4)"],
                        addresses: [address(number)])))
        }
        for number in 0..<240 {
            var policy = CalicoPolicy(
                id: PolicyID(kind: .networkPolicy, namespace: "ns\(number % 20)", name: "p\(number)"))
            policy.order = Double(number)
            policy.selector =
                number % 12 == 0
                ? "" : number % 3 == 0 ? "app == 'app\(number % 200)'" : "tier == 't\(number % 4)'"
            for rule in 0..<4 {
                var allow = CalicoRule(action: .allow)
                allow.transport = ProtocolName(.tcp)
                allow.source.namespaceSelector = "team == 't\((number + rule) % 5)'"
                allow.source.selector =
                    rule % 2 == 0 ? "tier == 't\(rule)'" : "app == 'app\((number * 7 + rule) % 200)'"
                allow.destination.ports = [.range(PortRange(UInt16(8_000 + (number + rule) % 12)))]
                policy.ingress.append(allow)
            }
            resources.append(.policy(PolicyResource(policy)))
        }
        return ClusterState(resources)
    }
}
