// SPDX-License-Identifier: Apache-2.0

import KubernetesClient
import PolicyModel
import Testing

/// A document with one mistake, and the diagnostic that names it.
struct BadManifest: Sendable, CustomTestStringConvertible {
    let mistake: String
    let yaml: String
    let line: Int
    let field: String
    let message: String
    let suggestion: String
    let severity: Diagnostic.Severity

    init(
        _ mistake: String, _ yaml: String, line: Int, field: String, says message: String,
        suggests suggestion: String = "",
        _ severity: Diagnostic.Severity = .error
    ) {
        self.mistake = mistake
        self.yaml = yaml
        self.line = line
        self.field = field
        self.message = message
        self.suggestion = suggestion
        self.severity = severity
    }

    var testDescription: String { mistake }

    /// A document whose `spec` starts on line 5, indented by two.
    static func document(
        _ version: String, _ kind: String, _ spec: String, namespace: String = "shop"
    )
        -> String
    {
        let place = namespace.isEmpty ? "" : ", namespace: \(namespace)"
        let body = spec.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
        return "apiVersion: \(version)\nkind: \(kind)\nmetadata: {name: db\(place)}\nspec:\n"
            + body.joined(separator: "\n") + "\n"
    }

    static func calico(_ spec: String) -> String { document("projectcalico.org/v3", "NetworkPolicy", spec) }

    static func global(_ spec: String, kind: String = "GlobalNetworkPolicy") -> String {
        document("projectcalico.org/v3", kind, spec, namespace: "")
    }

    static func kubernetes(_ spec: String) -> String {
        document("networking.k8s.io/v1", "NetworkPolicy", spec)
    }

    /// A Calico policy with one ingress rule: `action` on line 6, `lines` from line 7.
    static func rule(_ lines: String, action: String = "Allow", direction: String = "ingress") -> String {
        let body = lines.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
        return calico("\(direction):\n- action: \(action)\n\(body)")
    }
}

@Suite("Manifests with a mistake")
struct BadManifestTests {
    @Test("names the mistake's line, field and reason", arguments: BadManifest.all)
    func namesTheMistake(_ bad: BadManifest) throws {
        let found = diagnostics(bad.yaml)
        let match = found.first {
            $0.location?.line == bad.line && $0.field == bad.field && $0.message.contains(bad.message)
                && $0.suggestion.contains(bad.suggestion) && $0.severity == bad.severity
        }
        #expect(match != nil, "found: \(found.map(\.description).joined(separator: "\n"))")
        #expect(found.filter { $0.severity == .error }.count == (bad.severity == .error ? 1 : 0))
    }

    @Test("reports every problem of a document at once, in line order")
    func reportsEverything() {
        let found = diagnostics(
            BadManifest.calico(
                """
                selectr: all()
                order: high
                ingress:
                - action: allow
                  protocol: tcp
                  source: {nets: [10.0.0.1/8, nonsense], selector: "a = 'b'"}
                  destination: {ports: [0, "9:1"]}
                """))
        #expect(found.map { $0.location?.line } == [5, 6, 8, 9, 10, 10, 10, 11, 11])
        #expect(
            found.map(\.field) == [
                "spec.selectr", "spec.order", "spec.ingress[0].action", "spec.ingress[0].protocol",
                "spec.ingress[0].source.nets[0]", "spec.ingress[0].source.nets[1]",
                "spec.ingress[0].source.selector", "spec.ingress[0].destination.ports[0]",
                "spec.ingress[0].destination.ports[1]",
            ])
        #expect(found.allSatisfy { $0.resource == "NetworkPolicy shop/db" && $0.location?.file == "a.yaml" })
    }

    @Test("an element that cannot be read hides no problem of its neighbours, and moves none of them")
    func neighbours() {
        let found = diagnostics(
            BadManifest.global(
                """
                node: n
                interfaceName: a-long/interface-name
                expectedIPs:
                - nonsense
                - 10.0.0.1
                - 7
                - 10.0.0.1
                ports:
                - {name: SSH, protocol: tcp, port: 0}
                - 7
                - {name: DNS, protocol: UDP, port: 53}
                """, kind: "HostEndpoint"))
        #expect(
            found.map(\.field) == [
                "spec.interfaceName", "spec.interfaceName", "spec.expectedIPs[0]", "spec.expectedIPs[2]",
                "spec.expectedIPs[3]", "spec.ports[0].name", "spec.ports[0].protocol", "spec.ports[0].port",
                "spec.ports[1]", "spec.ports[2].name",
            ])
        #expect(found.map { $0.location?.line } == [6, 6, 8, 10, 11, 13, 13, 13, 14, 15])
    }

    @Test("positions are right in a list within an incomplete list")
    func nestedPositions() {
        let found = diagnostics(
            BadManifest.kubernetes(
                """
                podSelector: {}
                ingress:
                - from:
                  - {ipBlock: 7}
                  - podSelector:
                      matchExpressions:
                      - 7
                      - {key: a, operator: In}
                  - {}
                """))
        #expect(
            found.map(\.field) == [
                "spec.ingress[0].from[0].ipBlock", "spec.ingress[0].from[1].podSelector.matchExpressions[0]",
                "spec.ingress[0].from[1].podSelector.matchExpressions[1].values", "spec.ingress[0].from[2]",
            ])
        #expect(found.map { $0.location?.line } == [8, 11, 12, 13])
    }

    @Test(
        "a missing name or specification hides no other problem",
        arguments: [
            ("projectcalico.org/v3", "NetworkPolicy"), ("projectcalico.org/v3", "HostEndpoint"),
            ("projectcalico.org/v3", "Profile"), ("networking.k8s.io/v1", "NetworkPolicy"),
            ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"),
        ])
    func hidesNothing(_ version: String, _ kind: String) {
        let nameless = diagnostics(
            "apiVersion: \(version)\nkind: \(kind)\nmetadata: {}\nspec: {zzz: 1, ingress: [7]}\n")
        let fields = nameless.filter { $0.severity == .error }.map(\.field)
        #expect(fields.filter { $0.hasPrefix("metadata") } == ["metadata.name"])
        #expect(fields.contains("spec.zzz"))
        let specless = diagnostics("apiVersion: \(version)\nkind: \(kind)\nmetadata: {name: a_b}\n")
        #expect(Set(specless.map(\.field)) == ["spec", "metadata.name"] && specless.count == 2)
    }

    @Test("a message escapes what could fool a terminal")
    func escapesHostileNames() throws {
        let yaml = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: \"a\\u202Eb\\u001b[31m\"\n"
        let found = try #require(diagnostics(yaml).first)
        #expect(found.description.unicodeScalars.allSatisfy { $0.value != 0x202e && $0.value != 0x1b })
        #expect(found.location?.line == 4)
        #expect(found.message.contains("\\u{202e}"))
    }
}

func diagnostics(_ yaml: String) -> [Diagnostic] {
    ManifestParser().documents(in: Array(yaml.utf8)).flatMap { document in
        switch document {
        case .value(let value): ManifestDecoder(file: "a.yaml").decode(value).flatMap(\.diagnostics)
        case .failure(let error): [Diagnostic(.error, message: "\(error)")]
        }
    }
}
