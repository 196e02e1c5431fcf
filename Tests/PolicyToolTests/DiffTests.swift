// SPDX-License-Identifier: Apache-2.0

import PolicyAnalysis
import PolicyEngine
import TestSupport
import Testing

@testable import PolicyTool

@Suite("vibrissa policy diff")
struct DiffTests {
    /// The example with one of its files replaced.
    private static func report(policies: String? = nil, newStaged: Bool = false) throws -> DifferenceReport {
        let manifests = Fixtures.example + "manifests/"
        let old = World.reading([manifests])
        var new = old
        if let policies {
            let folder = try TemporaryFolder(["policies.yaml": policies])
            new = World.reading([manifests + "namespaces.yaml", manifests + "workloads.yaml", folder.path])
        }
        let difference = try PolicyDifference(
            from: PolicySnapshot(old.state, generation: 1), to: PolicySnapshot(new.state, generation: 2),
            newIncludesStaged: newStaged)
        return DifferenceReport(difference: difference, notes: [], oldFiles: "-f old", newFiles: "-f new")
    }

    @Test("no difference is a statement about every connection of that world")
    func same() throws {
        let report = try Self.report()
        #expect(report.difference.isEmpty)
        #expect(
            report.text(TextStyle())
                == "No difference: every connection between the 3 pods, and between them and any other address, is\n"
                + "decided as before, by the same rules.\n")
    }

    static let changed = """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: default-deny, namespace: shop}
        spec: {podSelector: {}, policyTypes: [Ingress]}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: db-clients, namespace: shop}
        spec:
          podSelector: {matchLabels: {app: db}}
          ingress:
          - from: [{podSelector: {}}]
            ports: [{port: 5432}, {port: 53, protocol: UDP}]
        """

    @Test("what opens, what closes, and what another rule decides, each with a connection to check")
    func difference() throws {
        let report = try Self.report(policies: Self.changed)
        try expectGolden(report.text(TextStyle()), "diff.txt")
        try expectGolden(try Document.json(report.view), "diff.json")
        try expectGolden(try Document.yaml(report.view), "diff.yaml")
    }

    @Test("what enforcing staged policies would change")
    func staged() throws {
        try expectGolden(try Self.report(newStaged: true).text(TextStyle(width: 80)), "diff-staged.txt")
    }

    private static let twins = """
        {apiVersion: v1, kind: Namespace, metadata: {name: x}}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: p, namespace: x}
        spec: {}
        status: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: q, namespace: x, labels: {app: q}}
        spec: {}
        status: {podIPs: [{ip: 10.0.0.2}, {ip: 'fd00::2'}]}
        ---
        apiVersion: projectcalico.org/v3
        kind: NetworkPolicy
        metadata: {name: q, namespace: x}
        spec: {selector: app == 'q', ingress: [{action: Allow, RULE}]}
        """

    @Test(
        "the connection to check is one that changes, with its IP version and source port",
        arguments: [
            (rule: "protocol: ICMPv6", command: "explain -f new fd00::1 fd00::2/icmp:128/0"),
            ("protocol: UDP", "explain -f new 10.0.0.1 10.0.0.2:80/udp"),
            ("protocol: TCP, source: {ports: [53]}", "explain -f new 10.0.0.1:53 10.0.0.2:80"),
        ])
    func example(rule: String, command: String) throws {
        let worlds = try ["protocol: 47", rule].map { rule -> PolicySnapshot in
            let folder = try TemporaryFolder(["w.yaml": Self.twins.replacing("RULE", with: rule)])
            return PolicySnapshot(World.reading([folder.path]).state, generation: 1)
        }
        let report = DifferenceReport(
            difference: try PolicyDifference(from: worlds[0], to: worlds[1]), notes: [], oldFiles: "-f old",
            newFiles: "-f new")
        #expect(report.view.changes.map(\.example).contains("vibrissa policy \(command)"))
    }

    @Test("what host endpoints' policies do is said not to be compared")
    func hostEndpoints() throws {
        var report = try Self.report()
        report.hasHostEndpoints = true
        #expect(report.view.explanation.hasSuffix(" What policies of host endpoints change is not compared."))
        #expect(report.text(TextStyle()).contains("host endpoints"))
    }

    @Test(
        "paths in commands to copy are quoted for a shell",
        arguments: [
            ("a/b-c_1.yaml", "a/b-c_1.yaml"), ("my files", "'my files'"), ("it's", "'it'\\''s'"), ("", "''"),
            ("$(reboot)", "'$(reboot)'"), ("a\u{1b}[2J", "'a\\u{1b}[2J'"),
        ])
    func quoting(path: String, quoted: String) {
        #expect(DiffCommand.quotedForShell(path) == quoted)
    }
}
