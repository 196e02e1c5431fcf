// SPDX-License-Identifier: Apache-2.0

import PolicyModel
import TestSupport
import Testing

@testable import PolicyTool

@Suite("vibrissa policy test")
struct PolicyTestFileTests {
    static func failing() throws -> PolicyTestReport {
        try PolicyTestFile.run([Fixtures.folder + "failing.test.yaml"])
    }

    @Test("the example of the documentation passes")
    func example() throws {
        let report = try PolicyTestFile.run([Fixtures.example + "shop.test.yaml"])
        #expect(report.count(.passed) == 9 && report.results.count == 9)
        #expect(report.exitStatus == 0)
        #expect(report.warnings.isEmpty)
    }

    @Test("text is TAP, and a test that does not pass says what was expected, what is, and why")
    func tap() throws {
        try expectGolden(Fixtures.portable(try Self.failing().tap(TextStyle())), "test-failing.tap")
    }

    @Test("the structured forms hold the same results")
    func structured() throws {
        let report = try Self.failing()
        try expectGolden(Fixtures.portable(try Document.json(report.view)), "test-failing.json")
        try expectGolden(Fixtures.portable(try Document.yaml(report.view)), "test-failing.yaml")
        try expectGolden(Fixtures.portable(report.junit.xml), "test-failing.junit.xml")
        #expect(XMLCounter(report.junit.xml).isWellFormed)
        #expect(XMLCounter(report.junit.xml).counts["error"] == 3)
    }

    @Test("failing is one thing, not being able to run is another")
    func exitStatus() throws {
        #expect(try Self.failing().exitStatus == 65)
        let folder = try TemporaryFolder([
            "t.yaml": "world: [{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: n}, spec: {}}]\n"
                + "tests: [n/a -> 192.0.2.1:80 deny]\n"
        ])
        let report = try PolicyTestFile.run([folder.path + "/t.yaml"])
        #expect(report.exitStatus == 1)
        #expect(report.notes.contains { $0.hasPrefix("not defined, so taken as namespaces without labels") })
    }

    @Test("a host endpoint's decision is somebody's, too")
    func hostEndpoint() throws {
        let folder = try TemporaryFolder([
            "t.yaml": """
            world:
            - {apiVersion: projectcalico.org/v3, kind: HostEndpoint, metadata: {name: h, labels: {role: node}},
               spec: {node: n, interfaceName: '*', expectedIPs: [192.168.0.5]}}
            - {apiVersion: projectcalico.org/v3, kind: GlobalNetworkPolicy, metadata: {name: hosts},
               spec: {selector: role == 'node', ingress: [{action: Deny, protocol: TCP}]}}
            tests:
            - internet -> node/n:80 deny by hosts rule 0
            - internet -> node/n:80/udp deny by end of tier default
            - internet -> node/n:80 deny by others
            """
        ])
        let report = try PolicyTestFile.run([folder.path + "/t.yaml"])
        #expect(report.results.map(\.status) == [.passed, .passed, .failed])
        #expect(report.results.last?.mismatches.first?.actual == "deny by gnp:hosts rule 0 (ingress)")
    }

    @Test("a directory runs every test file in it, and nothing else")
    func directory() throws {
        let report = try PolicyTestFile.run([Fixtures.example])
        #expect(report.results.count == 9)
    }

    @Test("a world with an error makes its tests unusable: they would be about another world")
    func brokenWorld() throws {
        let folder = try TemporaryFolder([
            "t.yaml": "world: p.yaml\ntests:\n- n/a -> 192.0.2.1:80 deny\n",
            "p.yaml":
                "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec: {podSelectr: {}}\n",
        ])
        let report = try PolicyTestFile.run([folder.path + "/t.yaml"])
        #expect(report.results.map(\.status) == [.unusable])
        #expect(report.results.first?.location.line == 4)
    }

    static let unusable: [(text: String, message: String)] = [
        ("tests: [a -> b allow]\n", "the field 'world' is missing"),
        ("world: nowhere\ntests: []\n", "No such file or directory"),
        ("world: []\ntests: 7\n", "expected a list"),
        ("world: []\ntests: [a -> b allow", "did not find expected"),
        (
            "- name: x\n  connection: {src: a, dst: b, proto: tcp}\n  expect: {allowed: true}\n",
            "no endpoint \"a\""
        ),
        (
            "- name: x\n  connection: {src: 10.0.0.1, dst: 10.0.0.2, proto: tcp, port: 70000}\n"
                + "  expect: {allowed: true}\n",
            "from 0 to 65535"
        ),
        (
            "- name: x\n  connection: {src: 10.0.0.1, dst: 10.0.0.2, proto: foo}\n  expect: {allowed: true}\n",
            "\"foo\" is no protocol"
        ),
        (
            "- name: x\n  connection: {src: 10.0.0.1, dst: 10.0.0.2, proto: tcp}\n  expect: {}\n",
            "expects nothing"
        ),
        (
            "- name: x\n  endpoints: [{name: e, ips: [10.0.0.256]}]\n  connection: {}\n  expect: {}\n",
            "is no address"
        ),
        ("- name: x\n  policies: [{kind: Foo}]\n  connection: {}\n  expect: {}\n", "'apiVersion' is missing"),
    ]

    @Test("a file that cannot be used says what is wrong with it, and where", arguments: unusable)
    func unusableFiles(text: String, message: String) throws {
        let folder = try TemporaryFolder(["t.yaml": text])
        let report = try PolicyTestFile.run([folder.path + "/t.yaml"])
        #expect(report.exitStatus == 65)
        let problem = report.results.first?.explanation ?? ""
        #expect(problem.contains(message), "\(problem)")
        #expect((report.results.first?.location.line ?? 0) > 0)
    }

    @Test("no tests at all, or no file, is an error")
    func nothing() throws {
        let folder = try TemporaryFolder(["a.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n"])
        #expect(throws: WorldError.self) { try PolicyTestFile.run([folder.path]) }
        #expect(throws: WorldError.self) { try PolicyTestFile.run([folder.path + "/nowhere"]) }
    }

    @Test("a case's quirk is compared only with an expectation of our own beside the file")
    func expectations() throws {
        let text = """
            - name: odd
              quirk: pending
              namespaces: [{name: n}]
              endpoints: [{name: a, namespace: n, ips: [10.0.0.1]}]
              connection: {src: n/a, dst: 192.0.2.1, proto: tcp, port: 80}
              expect:
                egress:
                  verdict: allow
                  enforced: ['0|__PROFILE__|pro:kns.n|allow|0']
                  pendingVerdict: deny
                  pending: []
            """
        let alone = try TemporaryFolder(["c.yaml": text])
        #expect(try PolicyTestFile.run([alone.path + "/c.yaml"]).exitStatus == 0)
        let beside = try TemporaryFolder([
            "c.yaml": text, "expectations.yaml": "odd: {egress: {pendingVerdict: deny, pending: []}}\n",
        ])
        let report = try PolicyTestFile.run([beside.path])
        #expect(report.results.map(\.status) == [.failed])
        #expect(
            report.results.first?.mismatches.map(\.subject) == [
                "egress pending verdict", "egress pending trace",
            ])
    }

    @Test("names in TAP cannot pose as directives")
    func tapEscaping() {
        let result = PolicyTestResult(
            name: "a # SKIP \\ b\nok 2", location: SourceLocation(file: "f", line: 1), status: .passed)
        let text = PolicyTestReport(results: [result], warnings: [], notes: []).tap(TextStyle())
        #expect(text.contains("ok 1 - a \\# SKIP \\\\ b\\\\u{a}ok 2\n"))
    }
}
