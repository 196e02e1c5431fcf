// SPDX-License-Identifier: Apache-2.0

public import FlowModel

/// How many flows there are, without the flows.
public struct FlowCountQuery: Hashable, Sendable {
    public var filter: FlowExpression
    public var range: FlowTimeRange

    public init(filter: FlowExpression = .always, range: FlowTimeRange = FlowTimeRange()) {
        self.filter = filter
        self.range = range
    }
}

/// What policies did (flow API 2.9).
public struct FlowStatisticsQuery: Hashable, Sendable {
    /// What is counted. Raw values are the numbers of the flow API (1.3).
    public enum Measure: UInt8, Sendable, Hashable, CaseIterable {
        case packets = 0
        case bytes = 1
        case liveConnections = 2
    }

    /// Raw values are the numbers of the flow API (1.3), where there are.
    public enum Grouping: UInt8, Sendable, Hashable, CaseIterable {
        case policy = 0
        /// As the flow API has it: rules of one policy with the same action and the same place of the policy
        /// in the trace are one, and that place stands for the rule's index.
        case rule = 1
        /// By the true index of the rule. Not in the flow API.
        case exactRule = 2
    }

    public var range: FlowTimeRange
    public var measure: Measure
    public var grouping: Grouping
    /// Which policies; the stage is not looked at.
    public var match: FlowPolicyCondition
    /// One value a window, in place of one sum.
    public var isTimeSeries: Bool

    public init(
        range: FlowTimeRange = FlowTimeRange(), measure: Measure = .packets, grouping: Grouping = .policy,
        match: FlowPolicyCondition = FlowPolicyCondition(), isTimeSeries: Bool = false
    ) {
        self.range = range
        self.measure = measure
        self.grouping = grouping
        self.match = match
        self.isTimeSeries = isTimeSeries
    }
}

/// What one policy, or one rule in one direction, did.
public struct FlowStatistic: Hashable, Sendable {
    /// Raw values are the numbers of the flow API (1.3, RuleDirection).
    public enum Direction: UInt8, Sendable, Hashable, CaseIterable {
        case any = 0
        case ingress = 1
        case egress = 2
    }

    /// Values by what the hits did with the traffic.
    public struct Values: Hashable, Sendable {
        public var allowedIn: UInt64 = 0
        public var allowedOut: UInt64 = 0
        public var deniedIn: UInt64 = 0
        public var deniedOut: UInt64 = 0
        public var passedIn: UInt64 = 0
        public var passedOut: UInt64 = 0

        public init() {}
    }

    public var policy: FlowTrigger
    /// Of the rule; unspecified for a policy as a whole.
    public var action: FlowAction
    /// Of the rule, -1 for the end of a tier; grouped by `rule`, of the policy in its trace. Nil for a policy as
    /// a whole.
    public var ruleIndex: Int64?
    /// Any for a policy as a whole.
    public var direction: Direction
    /// Window starts with data, ascending, Unix seconds; empty when this is no time series.
    public var starts: [Int64]
    /// One for each start; one when this is no time series.
    public var values: [Values]

    public init(
        policy: FlowTrigger, action: FlowAction = .unspecified, ruleIndex: Int64? = nil,
        direction: Direction = .any, starts: [Int64] = [], values: [Values]
    ) {
        self.policy = policy
        self.action = action
        self.ruleIndex = ruleIndex
        self.direction = direction
        self.starts = starts
        self.values = values
    }
}

/// Activity over time.
public struct FlowHistogramQuery: Hashable, Sendable {
    /// Bins in one answer.
    public static let maximumBins = 6_000

    public var filter: FlowExpression
    public var range: FlowTimeRange
    /// A multiple of the window; 0: one window.
    public var binSeconds: Int64

    public init(
        filter: FlowExpression = .always, range: FlowTimeRange = FlowTimeRange(), binSeconds: Int64 = 0
    ) {
        self.filter = filter
        self.range = range
        self.binSeconds = binSeconds
    }
}

/// What happened in one bin of a histogram.
public struct FlowHistogramBin: Hashable, Sendable {
    /// Unix seconds.
    public var startSeconds: Int64
    /// Flow keys with data, allowed and denied.
    public var allowedFlows: Int
    public var deniedFlows: Int
    /// Both directions together, as are packets.
    public var bytes: UInt64
    public var packets: UInt64
    public var connectionsStarted: UInt64

    public init(
        startSeconds: Int64, allowedFlows: Int = 0, deniedFlows: Int = 0, bytes: UInt64 = 0,
        packets: UInt64 = 0, connectionsStarted: UInt64 = 0
    ) {
        self.startSeconds = startSeconds
        self.allowedFlows = allowedFlows
        self.deniedFlows = deniedFlows
        self.bytes = bytes
        self.packets = packets
        self.connectionsStarted = connectionsStarted
    }
}

/// Who did the most.
public struct FlowTopQuery: Hashable, Sendable {
    /// Entries in one answer.
    public static let maximumLimit = 1_000

    /// Raw values are the numbers of vibrissa.v1.TalkerGrouping.
    public enum Grouping: UInt8, Sendable, Hashable, CaseIterable {
        case source = 0
        case destination = 1
        case pair = 2
    }

    /// Raw values are the numbers of vibrissa.v1.TalkerMeasure.
    public enum Measure: UInt8, Sendable, Hashable, CaseIterable {
        /// Both directions together, as are packets.
        case bytes = 0
        case packets = 1
        /// Started ones.
        case connections = 2
        /// Packets of denied flows.
        case denied = 3
    }

    public var filter: FlowExpression
    public var range: FlowTimeRange
    public var grouping: Grouping
    public var measure: Measure
    public var limit: Int

    public init(
        filter: FlowExpression = .always, range: FlowTimeRange = FlowTimeRange(),
        grouping: Grouping = .pair, measure: Measure = .bytes, limit: Int = 10
    ) {
        self.filter = filter
        self.range = range
        self.grouping = grouping
        self.measure = measure
        self.limit = min(max(1, limit), Self.maximumLimit)
    }
}

/// One of those who did the most.
public struct FlowTalker: Hashable, Sendable {
    /// Nil when grouped by destination; the type is left unspecified.
    public var source: FlowEndpoint?
    /// Nil when grouped by source; the type is left unspecified.
    public var destination: FlowEndpoint?
    /// Flow keys that were added up.
    public var flows: Int
    public var value: UInt64

    public init(source: FlowEndpoint?, destination: FlowEndpoint?, flows: Int, value: UInt64) {
        self.source = source
        self.destination = destination
        self.flows = flows
        self.value = value
    }
}
