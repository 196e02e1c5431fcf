// SPDX-License-Identifier: Apache-2.0

internal import KubernetesClient
public import PolicyModel

/// One case of a case file: a small world, a connection, and what every walk of it must say.
///
/// The format is described in docs/reference/policy-tests.md.
public struct PolicyCase: Sendable, CustomStringConvertible {
    /// What one endpoint is to decide, in the textual form of traces (`PolicyHit.traceText`).
    public struct Expectation: Sendable {
        public var verdict: String
        public var enforced: [String]
        /// nil: not compared.
        public var pendingVerdict: String?
        public var pending: [String]?
    }

    /// What a host endpoint is to decide.
    public struct HostExpectation: Sendable {
        public let name: String
        public let direction: Direction
        public let verdict: String
        /// `failsafe`, `forward: no applyOnForward tiers`, …
        public let decidedBy: String
    }

    public let name: String
    /// The one rule of the semantics that the case exercises.
    public let rule: String
    public let location: SourceLocation
    /// Where the case states what other software does although ours does not: `pending`.
    public let quirk: String
    public let state: ClusterState
    public let connection: CaseConnection
    /// nil: that side is not evaluated.
    public var egress: Expectation?
    public var ingress: Expectation?
    public let hostEndpoint: HostExpectation?
    /// Whether both directions allow; nil: not stated.
    public let allowed: Bool?

    /// Fields of the case that mean nothing.
    public let warnings: [Diagnostic]

    public var description: String { "\(name) (\(location.file):\(location.line))" }

    private static let fields: Set<String> = [
        "name", "rule", "quirk", "namespaces", "serviceAccounts", "endpoints", "sets", "endpointSlices",
        "tiers",
        "profiles", "policies", "connection", "expect",
    ]

    init(_ root: TestField) throws(PolicyTestError) {
        name = try root.required("name").text()
        rule = try root.text("rule")
        location = root.location
        let quirk = try root.text("quirk")
        self.quirk = quirk
        state = try CaseWorld(root).state
        connection = try CaseConnection(try root.required("connection"), in: state)
        let expect = try root.required("expect")
        warnings =
            root.warnings(unlessIn: Self.fields)
            + (root["connection"]?.warnings(unlessIn: CaseConnection.fields) ?? [])
            + expect.warnings(unlessIn: ["egress", "ingress", "allowed", "hostEndpoint"])
        egress = try expect["egress"].map { field throws(PolicyTestError) in
            try Expectation(field, quirk: quirk)
        }
        ingress = try expect["ingress"].map { field throws(PolicyTestError) in
            try Expectation(field, quirk: quirk)
        }
        hostEndpoint = try expect["hostEndpoint"].map { field throws(PolicyTestError) in
            try HostExpectation(field)
        }
        allowed = try expect["allowed"]?.flag()
        guard egress != nil || ingress != nil || hostEndpoint != nil || allowed != nil else {
            throw expect.error("the case expects nothing: give egress, ingress, hostEndpoint or allowed")
        }
    }
}

extension PolicyCase.Expectation {
    /// With the quirk `pending` the part that it names is not compared: other software is less exact there.
    init(_ field: TestField, quirk: String) throws(PolicyTestError) {
        verdict = try field.required("verdict").text()
        enforced = try field.texts("enforced")
        if quirk != "pending" {
            pendingVerdict = try field["pendingVerdict"]?.text()
            pending = field["pending"] == nil ? nil : try field.texts("pending")
        }
    }
}

extension PolicyCase.HostExpectation {
    init(_ field: TestField) throws(PolicyTestError) {
        name = try field.required("name").text()
        verdict = try field.required("verdict").text()
        decidedBy = try field.text("decidedBy")
        let text = try field.required("direction").text()
        guard let direction = Direction.allCases.first(where: { $0.rawValue.lowercased() == text }) else {
            throw field.error("\(text.quotedForMessage) is no direction: expected ingress or egress")
        }
        self.direction = direction
    }
}
