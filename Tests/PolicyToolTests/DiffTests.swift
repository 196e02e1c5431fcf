// SPDX-License-Identifier: Apache-2.0

import PolicyAnalysis
import PolicyEngine
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
