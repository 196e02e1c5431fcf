// SPDX-License-Identifier: Apache-2.0

import KubernetesClient
import NetworkModel
import PolicyModel
import Testing

/// A stored name with what surrounds it, and the name that users see.
struct StoredName: Sendable, CustomTestStringConvertible {
    var kind = "NetworkPolicy"
    var version = "crd.projectcalico.org/v1"
    let stored: String
    var tier: String?
    var json: String?
    let visible: String

    var testDescription: String { "\(kind) \(stored) of \(tier ?? "no tier"), JSON \(json ?? "none")" }

    var yaml: String {
        let annotations = json.map { "\n  annotations:\n    projectcalico.org/metadata: '\($0)'" } ?? ""
        let spec = tier.map { "{tier: \"\($0)\"}" } ?? "{}"
        return
            "apiVersion: \(version)\nkind: \(kind)\nmetadata:\n  name: \(stored)\(annotations)\nspec: \(spec)\n"
    }

    static let history = [
        StoredName(stored: "default.db", visible: "db"),
        StoredName(stored: "default.db", tier: "", visible: "db"),
        StoredName(stored: "default.db", tier: "default", visible: "db"),
        StoredName(kind: "GlobalNetworkPolicy", stored: "default.db", visible: "db"),
        StoredName(kind: "StagedNetworkPolicy", stored: "default.db", visible: "db"),
        StoredName(kind: "StagedGlobalNetworkPolicy", stored: "default.db", visible: "db"),
        StoredName(stored: "db", tier: "default", visible: "db"),
        StoredName(stored: "default.default.db", visible: "default.db"),
        StoredName(stored: "default", visible: "default"),
        StoredName(stored: "security.db", tier: "security", visible: "security.db"),
        StoredName(stored: "default.db", tier: "security", visible: "default.db"),
        StoredName(stored: "tier1.np1", visible: "tier1.np1"),
        StoredName(kind: "NetworkSet", stored: "default.db", visible: "default.db"),
        StoredName(kind: "HostEndpoint", stored: "default.db", visible: "default.db"),
        StoredName(stored: "default.db", json: #"{"name":"db2"}"#, visible: "db2"),
        StoredName(stored: "default.db", json: #"{"name":"default.db"}"#, visible: "default.db"),
        StoredName(stored: "default.db", json: #"{"labels":{"a":"b"}}"#, visible: "db"),
        StoredName(stored: "default.db", json: #"{"name":""}"#, visible: "db"),
        StoredName(version: "projectcalico.org/v3", stored: "default.db", visible: "default.db"),
        StoredName(
            version: "projectcalico.org/v3", stored: "default.db", json: #"{"name":"x"}"#,
            visible: "default.db"),
    ]
}

@Suite("Calico's stored form, crd.projectcalico.org/v1")
struct StoredFormTests {
    @Test("shows the name that users know", arguments: StoredName.history)
    func names(_ name: StoredName) throws {
        let documents = ManifestParser().documents(in: Array(name.yaml.utf8))
        guard case .value(let value)? = documents.first else { throw Unreadable() }
        let key = try #require(ManifestDecoder(file: "a.yaml").decode(value).first?.key)
        let found =
            switch key {
            case .policy(let id): id.name
            case .networkSet(let set): set.name
            case .hostEndpoint(let name): name
            default: ""
            }
        #expect(found == name.visible)
    }

    private struct Unreadable: Error {}

    @Test("the worked example of both forms is one policy")
    func sameAsUserForm() throws {
        let user = """
            apiVersion: projectcalico.org/v3
            kind: NetworkPolicy
            metadata: {name: db, namespace: prod, labels: {owner: a}}
            spec: {tier: default, selector: "app == 'db'", types: [Ingress], ingress: [{action: Allow}]}
            """
        let stored = """
            apiVersion: crd.projectcalico.org/v1
            kind: NetworkPolicy
            metadata:
              name: db
              namespace: prod
              labels: {projectcalico.org/tier: default}
              annotations:
                projectcalico.org/metadata: >-
                  {"name":"db","labels":{"owner":"a","projectcalico.org/tier":"default"},
                  "creationTimestamp":null,"generation":3}
            spec: {tier: default, selector: "app == 'db'", types: [Ingress], ingress: [{action: Allow}]}
            """
        let first = try read(user)
        let second = try read(stored)
        #expect(first.problems == [] && second.problems == [])
        #expect(first.state.policies.count == 1)
        #expect(first.state.policies.mapValues(\.form) == second.state.policies.mapValues(\.form))
    }

    @Test("without the annotation a document means the same in both forms")
    func sameWithoutAnnotation() throws {
        let user = GoodManifests.policies + GoodManifests.clusterKinds
        let stored = user.replacing(
            "apiVersion: projectcalico.org/v3", with: "apiVersion: crd.projectcalico.org/v1")
        let first = try read(user)
        let second = try read(stored)
        #expect(stored != user && second.problems == [])
        #expect(first.state == second.state)
    }

    @Test("labels come from the JSON and from the object, the JSON's win")
    func labels() throws {
        let (state, problems) = try read(
            """
            apiVersion: crd.projectcalico.org/v1
            kind: GlobalNetworkSet
            metadata:
              name: a
              labels: {projectcalico.org/x: old, operator.tigera.io/y: kept}
              annotations:
                projectcalico.org/metadata: >-
                  {"labels":{"projectcalico.org/x":"new","net":"\\u003coffice"},"annotations":{"k":"v"}}
            spec: {nets: [10.0.0.0/8]}
            """)
        #expect(problems.map(\.field) == ["metadata.annotations[projectcalico.org/metadata]"])
        #expect(problems.first?.message.contains("\"<office\"") == true)
        #expect(state.networkSets.isEmpty)
        let good = try read(
            """
            apiVersion: crd.projectcalico.org/v1
            kind: HostEndpoint
            metadata:
              name: a
              labels: {projectcalico.org/x: old, operator.tigera.io/y: kept}
              annotations:
                projectcalico.org/metadata: '{"labels":{"projectcalico.org/x":"new","net":"office"}}'
            spec: {node: n, interfaceName: eth0}
            """)
        #expect(good.problems == [])
        #expect(
            good.state.hostEndpoints["a"]?.labels
                == ["projectcalico.org/x": "new", "operator.tigera.io/y": "kept", "net": "office"])
    }

    @Test("a label that only the JSON has is refused on a network set too")
    func reservedLabel() throws {
        let problems = try read(
            """
            apiVersion: crd.projectcalico.org/v1
            kind: GlobalNetworkSet
            metadata:
              name: a
              annotations:
                projectcalico.org/metadata: '{"labels":{"projectcalico.org/namespace":"b"}}'
            spec: {}
            """
        ).problems
        #expect(problems.map(\.field) == ["metadata.labels[projectcalico.org/namespace]"])
        #expect(problems.first?.location?.line == 3)
    }

    @Test(
        "what is no JSON object is an error at the annotation's line",
        arguments: [
            ("{\"name\":", "cannot be read"), ("[1, 2]", "does not hold a JSON object"),
            ("text", "does not hold a JSON object"), ("", "does not hold a JSON object"),
            ("name: db", "does not hold a JSON object"),
            ("{\"name\": 7}", "expected a string, found the number 7"),
            ("{\"labels\": [\"a\"]}", "expected an object, found a list"),
            ("{\"labels\": {\"a\": true}}", "found the boolean true"),
            ("{\"labels\": {\"a b\": \"c\"}}", "the label name \"a b\""),
            ("{\"labels\": {\"a\": \"b c\"}}", "the label value \"b c\""),
            ("{\"annotations\": {\"a b\": \"c\"}}", "the name \"a b\""),
            ("{\"name\": \"a\", \"name\": \"b\"}", "twice"),
            (String(repeating: "[", count: 5000), "cannot be read"),
            (
                "{\"a\": " + String(repeating: "[", count: 40) + String(repeating: "]", count: 40) + "}",
                "deeper"
            ),
        ])
    func brokenJSON(_ json: String, message: String) throws {
        let problems = try read(
            """
            apiVersion: crd.projectcalico.org/v1
            kind: NetworkPolicy
            metadata:
              name: default.db
              annotations:
                other: x
                projectcalico.org/metadata: '\(json)'
            spec: {}
            """
        ).problems
        #expect(problems.map { $0.location?.line } == [7])
        #expect(problems.map(\.field) == ["metadata.annotations[projectcalico.org/metadata]"])
        #expect(problems.allSatisfy { $0.severity == .error && $0.message.contains(message) })
        #expect(problems.allSatisfy { $0.resource == "NetworkPolicy default/db" })
    }
}
