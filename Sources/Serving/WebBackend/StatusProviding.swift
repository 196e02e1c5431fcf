// SPDX-License-Identifier: Apache-2.0

public import FlowModel
public import NetworkModel
public import PolicyModel

/// What the console shows beside flows. The process that serves it knows.
public protocol StatusProviding: Sendable {
    /// Asked for about once a second, however many readers there are.
    func status() async -> StatusSnapshot
    /// All policies in the order of evaluation, staged ones included.
    func policies() async -> PolicyListing
}

/// The state of the system at one time.
public struct StatusSnapshot: Hashable, Sendable {
    /// Something that flows come from: a node's agent, the lab.
    public struct Source: Hashable, Sendable {
        public var name: String
        /// `lab`, `agent`, ...
        public var kind: String
        public var isConnected: Bool
        public var lastEvent: Timestamp?

        public init(name: String, kind: String, isConnected: Bool, lastEvent: Timestamp? = nil) {
            self.name = name
            self.kind = kind
            self.isConnected = isConnected
            self.lastEvent = lastEvent
        }
    }

    /// Where a guided tour of the lab stands.
    public struct Scenario: Hashable, Sendable {
        public var name: String
        /// From 1.
        public var step: Int
        public var steps: Int
        public var title: String
        public var hint: String

        public init(name: String, step: Int, steps: Int, title: String, hint: String) {
            self.name = name
            self.step = step
            self.steps = steps
            self.title = title
            self.hint = hint
        }
    }

    public var version: String
    /// `observe`, `enforce`, `lab`, ...
    public var mode: String
    /// The traffic is made up: the page says so.
    public var isSimulated: Bool
    public var now: Timestamp
    /// Of the policy program in force.
    public var generation: UInt64
    public var sources: [Source]
    public var flowsPerSecond: Double
    public var flowKeys: Int
    public var endpoints: Int
    public var enforcedPolicies: Int
    public var stagedPolicies: Int
    public var losses: [EventLoss]
    public var policyErrors: [Diagnostic]
    public var scenario: Scenario?

    public init(
        version: String, mode: String, isSimulated: Bool = false, now: Timestamp, generation: UInt64 = 0,
        sources: [Source] = [], flowsPerSecond: Double = 0, flowKeys: Int = 0, endpoints: Int = 0,
        enforcedPolicies: Int = 0, stagedPolicies: Int = 0, losses: [EventLoss] = [],
        policyErrors: [Diagnostic] = [], scenario: Scenario? = nil
    ) {
        self.version = version
        self.mode = mode
        self.isSimulated = isSimulated
        self.now = now
        self.generation = generation
        self.sources = sources
        self.flowsPerSecond = flowsPerSecond
        self.flowKeys = flowKeys
        self.endpoints = endpoints
        self.enforcedPolicies = enforcedPolicies
        self.stagedPolicies = stagedPolicies
        self.losses = losses
        self.policyErrors = policyErrors
        self.scenario = scenario
    }
}

/// The policies of one generation.
public struct PolicyListing: Hashable, Sendable {
    /// One policy as a person wrote it.
    public struct Item: Hashable, Sendable {
        public var id: PolicyID
        public var tier: String
        /// Nil: after all that have one.
        public var order: Double?
        /// Selector text of the policy.
        public var selector: String
        /// Where it was read from; nil when it came from an API.
        public var location: SourceLocation?
        /// Number of endpoints that it selects.
        public var endpoints: Int
        /// One text per rule, in order.
        public var ingress: [String]
        /// As `ingress`.
        public var egress: [String]

        public init(
            id: PolicyID, tier: String, order: Double? = nil, selector: String,
            location: SourceLocation? = nil,
            endpoints: Int = 0, ingress: [String] = [], egress: [String] = []
        ) {
            self.id = id
            self.tier = tier
            self.order = order
            self.selector = selector
            self.location = location
            self.endpoints = endpoints
            self.ingress = ingress
            self.egress = egress
        }
    }

    public var generation: UInt64
    public var items: [Item]

    public init(generation: UInt64, items: [Item] = []) {
        self.generation = generation
        self.items = items
    }
}
