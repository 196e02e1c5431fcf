// SPDX-License-Identifier: Apache-2.0

import KubernetesClient
import PolicyModel
import Testing

/// A document of a retired kind with one mistake; the notice of its retirement comes on top.
struct RetiredMistake: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let yaml: String
    let line: Int
    let field: String
    let message: String

    init(_ name: String, _ yaml: String, line: Int, field: String, says message: String) {
        testDescription = name
        self.yaml = yaml
        self.line = line
        self.field = field
        self.message = message
    }

    private static func admin(_ spec: String) -> String {
        BadManifest.document("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", spec, namespace: "")
    }

    /// An AdminNetworkPolicy with one egress rule: `lines` of it from line 9.
    private static func rule(_ lines: String) -> String {
        let body = lines.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
        return admin("priority: 1\nsubject: {namespaces: {}}\negress:\n- action: Allow\n\(body)")
    }

    private static func baseline(_ spec: String, name: String = "default") -> String {
        "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: BaselineAdminNetworkPolicy\nmetadata:\n  name: \(name)\n"
            + "spec:\n  subject: {namespaces: {}}\n\(spec)\n"
    }

    static let all = [
        RetiredMistake(
            "no priority", admin("subject: {namespaces: {}}"), line: 4, field: "spec.priority",
            says: "required"),
        RetiredMistake(
            "tier of the newer API", admin("tier: Admin\npriority: 1\nsubject: {namespaces: {}}"), line: 5,
            field: "spec.tier", says: "not known"),
        RetiredMistake(
            "action of the newer API",
            admin(
                "priority: 1\nsubject: {namespaces: {}}\ningress:\n- action: Accept\n  from: [{namespaces: {}}]"
            ),
            line: 8, field: "spec.ingress[0].action", says: "expected Allow, Deny, Pass"),
        RetiredMistake(
            "protocols of the newer API", rule("to: [{namespaces: {}}]\nprotocols: [{tcp: {}}]"), line: 10,
            field: "spec.egress[0].protocols", says: "not known"),
        RetiredMistake(
            "port of two kinds",
            rule("to: [{namespaces: {}}]\nports:\n- {namedPort: a, portNumber: {port: 1}}"),
            line: 11, field: "spec.egress[0].ports[0]", says: "2 are given"),
        RetiredMistake(
            "port without a number", rule("to: [{namespaces: {}}]\nports:\n- portNumber: {protocol: TCP}"),
            line: 11,
            field: "spec.egress[0].ports[0].portNumber.port", says: "required"),
        RetiredMistake(
            "port of ICMP", rule("to: [{namespaces: {}}]\nports:\n- portNumber: {protocol: ICMP, port: 1}"),
            line: 11,
            field: "spec.egress[0].ports[0].portNumber.protocol", says: "expected TCP, UDP, SCTP"),
        RetiredMistake(
            "range backwards", rule("to: [{namespaces: {}}]\nports:\n- portRange: {start: 2, end: 1}"),
            line: 11,
            field: "spec.egress[0].ports[0].portRange", says: "not larger"),
        RetiredMistake(
            "named port of networks", rule("to: [{networks: [10.0.0.0/8]}]\nports:\n- namedPort: a"),
            line: 11,
            field: "spec.egress[0].ports[0]", says: "cannot be combined"),
        RetiredMistake(
            "101 rules",
            admin(
                "priority: 1\nsubject: {namespaces: {}}\ningress:\n"
                    + String(repeating: "- {action: Deny, from: [{namespaces: {}}]}\n", count: 101)),
            line: 7, field: "spec.ingress", says: "at most 100"),
        RetiredMistake(
            "baseline of another name", baseline("", name: "base"), line: 4, field: "metadata.name",
            says: "is named 'default'"),
        RetiredMistake(
            "baseline with a priority", baseline("  priority: 1"), line: 7, field: "spec.priority",
            says: "not known"),
        RetiredMistake(
            "baseline that passes", baseline("  ingress:\n  - action: Pass\n    from: [{namespaces: {}}]"),
            line: 8,
            field: "spec.ingress[0].action", says: "expected Allow, Deny"),
    ]
}

@Suite("Retired policy kinds with a mistake")
struct RetiredKindsTests {
    @Test("name the mistake's line, field and reason, after the notice", arguments: RetiredMistake.all)
    func namesTheMistake(_ mistake: RetiredMistake) {
        let found = diagnostics(mistake.yaml)
        #expect(found.first?.message.contains("retired") == true && found.first?.location?.line == 2)
        let errors = found.filter { $0.severity == .error }
        #expect(errors.map(\.field) == [mistake.field])
        #expect(errors.map { $0.location?.line } == [mistake.line])
        #expect(errors.allSatisfy { $0.message.contains(mistake.message) })
    }
}
