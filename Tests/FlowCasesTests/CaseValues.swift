// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import Testing
import Yams

/// A case file that cannot be understood: what stands where.
struct CaseProblem: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension Node {
    func text(_ key: String) -> String? { self[key]?.scalar?.string }
    func integer(_ key: String) -> Int64? { self[key].flatMap { $0.scalar.flatMap { Int64($0.string) } } }
    func list(_ key: String) -> [Node] { self[key]?.sequence.map(Array.init) ?? [] }
    func texts(_ key: String) -> [String] { list(key).compactMap { $0.scalar?.string } }

    /// A time on the wire: a bare number as it is, `{abs: N}` relative to the case's start.
    func time(_ key: String, t0: Int64) -> Int64 {
        if let relative = self[key]?.integer("abs") { return t0 + relative }
        return integer(key) ?? 0
    }
}

/// A value of an enumeration by its name in the flow API.
func named<Value: CaseIterable>(_ name: String?, _ path: KeyPath<Value, String>) throws -> Value? {
    guard let name else { return nil }
    guard let value = Value.allCases.first(where: { $0[keyPath: path] == name }) else {
        throw CaseProblem("\(name) is no \(Value.self)")
    }
    return value
}

extension FlowHit {
    /// Reads the compact form (flow API 1.5).
    init(compact text: String) throws {
        let parts = text.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, let policyIndex = Int64(parts[0]), let ruleIndex = Int64(parts[4]),
            let colon = parts[2].firstIndex(of: ":"),
            let kind = FlowPolicyKind.allCases.first(where: { $0.code == parts[2][..<colon] }),
            let action = FlowAction.allCases.first(where: { $0.name.lowercased() == parts[3] })
        else { throw CaseProblem("\(text) is no hit") }
        let subject = parts[2][parts[2].index(after: colon)...]
        let names = subject.split(separator: "/", maxSplits: 1).map(String.init)
        let (namespace, name) = names.count == 2 ? (names[0], names[1]) : ("", names[0])
        let tier = parts[1] == "__PROFILE__" ? "" : parts[1]
        self.init(
            kind: kind, namespace: namespace, name: name, tier: tier, action: action,
            policyIndex: policyIndex, ruleIndex: ruleIndex)
        if ruleIndex == -1 {
            self.trigger = FlowTrigger(kind: kind, namespace: namespace, name: name, tier: tier)
            self.kind = .endOfTier
            self.namespace = ""
            self.name = ""
        }
    }
}

extension FlowKey {
    /// What a key has of its own, over the base.
    init(_ own: Node, base: Node) throws {
        func text(_ key: String) -> String { own.text(key) ?? base.text(key) ?? "" }
        func number(_ key: String) -> Int64 { own.integer(key) ?? base.integer(key) ?? 0 }
        func hits(_ key: String) throws -> [FlowHit] {
            try (own[key] == nil ? base : own).texts(key).map(FlowHit.init(compact:))
        }
        func type(_ key: String) throws -> FlowEndpointType {
            try named(text(key), \FlowEndpointType.name) ?? .unspecified
        }
        self.init(
            source: FlowEndpoint(type: try type("st"), name: text("src"), namespace: text("sns")),
            destination: FlowEndpoint(type: try type("dt"), name: text("dst"), namespace: text("dns")),
            destinationPort: number("port"),
            service: FlowService(
                name: text("svc"), namespace: text("svcns"), portName: text("svcport_name"),
                port: number("svcport")),
            transport: text("proto"), reporter: try named(text("rep"), \FlowReporter.name) ?? .unspecified,
            action: try named(text("act"), \FlowAction.name) ?? .unspecified,
            trace: FlowTrace(enforced: try hits("enf"), pending: try hits("pend")))
    }
}

extension FlowCounters {
    init(_ node: Node) {
        self.init()
        func number(_ key: String) -> UInt64 { UInt64(node.integer(key) ?? 0) }
        packetsIn = number("pin")
        packetsOut = number("pout")
        bytesIn = number("bin")
        bytesOut = number("bout")
        connectionsStarted = number("cs")
        connectionsCompleted = number("cc")
        connectionsLive = number("cl")
    }
}

extension FlowFilter {
    init(_ node: Node?) throws {
        self.init()
        guard let node else { return }
        func matches(_ key: String) -> [StringMatch] { node.list(key).map(StringMatch.init(node:)) }
        func verdicts(_ key: String) throws -> [FlowAction] {
            try node.texts(key).compactMap { try named($0, \FlowAction.name) }
        }
        sourceNames = matches("source_names")
        sourceNamespaces = matches("source_namespaces")
        destinationNames = matches("dest_names")
        destinationNamespaces = matches("dest_namespaces")
        transports = matches("protocols")
        destinationPorts = node.list("dest_ports").compactMap { $0.integer("port") }
        actions = try verdicts("actions")
        pendingActions = try verdicts("pending_actions")
        policies = try node.list("policies").map(PolicyMatch.init(node:))
        reporter = try named(node.text("reporter"), \FlowReporter.name)
    }
}

extension FlowFilter.StringMatch {
    init(node: Node) { self.init(node.text("value") ?? "", node.text("type") == "Fuzzy" ? .fuzzy : .exact) }
}

extension FlowFilter.PolicyMatch {
    init(node: Node) throws {
        self.init(
            kind: try named(node.text("kind"), \FlowPolicyKind.name),
            tier: node["tier"].map(FlowFilter.StringMatch.init(node:)),
            namespace: node["namespace"].map(FlowFilter.StringMatch.init(node:)),
            name: node["name"].map(FlowFilter.StringMatch.init(node:)),
            action: try named(node.text("action"), \FlowAction.name))
    }
}
