// SPDX-License-Identifier: Apache-2.0

import PolicyEngine
import Testing

@testable import PolicyTool

/// A situation that a person may ask about: policies over one small shop, and the question.
struct ExplainSituation: CustomTestStringConvertible {
    let name: String
    let source: String
    let destination: String
    let policies: String
    var width = 100
    var isColored = false
    var isFull = false

    var testDescription: String { name }

    func report() throws -> ExplanationReport {
        let request = try ConnectionRequest(source: source, destination: destination)
        return try ExplanationReport(request, in: Self.snapshot(policies))
    }

    var style: TextStyle { TextStyle(isColored: isColored, width: width) }

    /// The shop with these policies; the policies stand in `policies.yaml`, the rest in `shop.yaml`.
    static func snapshot(_ policies: String) -> PolicySnapshot {
        var reader = WorldReader()
        reader.read(Array(shop.utf8), path: "shop.yaml")
        reader.read(Array(policies.utf8), path: "policies.yaml")
        let world = reader.world(podAddresses: AddressRange.standard.prefix)
        precondition(world.errorCount == 0, "\(world.diagnostics)")
        return PolicySnapshot(world.state, generation: 1)
    }

    private static func pod(
        _ name: String, app: String, host: Int, port: Int, tier: String = "front"
    ) -> String {
        """
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: \(name), namespace: shop, labels: {app: \(app), tier: \(tier)}}
        spec:
          nodeName: n1
          serviceAccountName: \(app)
          containers: [{name: c, ports: [{name: main, containerPort: \(port)}]}]
        status: {phase: Running, podIPs: [{ip: 10.0.1.\(host)}, {ip: 'fd00::1:\(host)'}]}

        """
    }

    private static let shop =
        """
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {env: prod}}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: ops, labels: {env: ops}}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: cart, namespace: shop}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: web, namespace: shop}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: db, namespace: shop}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: probe, namespace: ops, labels: {app: probe}}
        spec: {containers: [{name: c}]}
        status: {phase: Running, podIPs: [{ip: 10.0.2.1}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: runner, namespace: builds, labels: {app: runner}}
        spec: {containers: [{name: c}]}
        status: {phase: Running, podIPs: [{ip: 10.0.3.1}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: front, namespace: shop}
        spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: main}]}
        ---
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkSet
        metadata: {name: partners, labels: {role: partner}}
        spec: {nets: [203.0.113.0/24, 2001:db8:7::/48]}
        ---
        apiVersion: projectcalico.org/v3
        kind: Tier
        metadata: {name: security}
        spec: {order: 100, defaultAction: Pass}
        ---
        apiVersion: projectcalico.org/v3
        kind: Tier
        metadata: {name: application}
        spec: {order: 500}

        """ + pod("cart-7d4b9c6f5d-x2x8z", app: "cart", host: 7, port: 8080)
        + pod("web-6b9f7c8d4c-bbbbb", app: "web", host: 11, port: 8080)
        + pod("web-6b9f7c8d4c-ccccc", app: "web", host: 12, port: 8080, tier: "canary")
        + pod("db-0", app: "db", host: 20, port: 5432, tier: "data")
}
