// SPDX-License-Identifier: Apache-2.0

public import NetworkModel

/// An end of a flow.
public enum FlowEnd: UInt8, Sendable, Hashable, CaseIterable {
    case source
    case destination
}

/// The texts of a flow key that a condition can look at.
public enum FlowTextField: UInt8, Sendable, Hashable, CaseIterable {
    /// `pub` and `pvt` are also found as `PUBLIC NETWORK` and `PRIVATE NETWORK` (flow API 2.6).
    case sourceName
    /// A stored `Global` is also found as `-`.
    case sourceNamespace
    case destinationName
    case destinationNamespace
    case serviceName
    case serviceNamespace
    case servicePortName
    case transport
}

/// The numbers of a flow key that a condition can look at.
public enum FlowNumberField: UInt8, Sendable, Hashable, CaseIterable {
    case destinationPort
    case servicePort
}

/// A comparison with a text, byte by byte.
public struct FlowTextMatch: Hashable, Sendable {
    public enum Kind: UInt8, Sendable, Hashable, CaseIterable {
        case equals
        case contains
        case hasPrefix
        case hasSuffix
    }

    public var kind: Kind
    public var value: String

    public init(_ kind: Kind, _ value: String) {
        self.kind = kind
        self.value = value
    }
}

/// Conditions that must all hold on one hit, enforced or pending. The hit itself is tested, never its trigger.
public struct FlowPolicyCondition: Hashable, Sendable {
    public enum Stage: UInt8, Sendable, Hashable, CaseIterable {
        case enforced
        case pending
    }

    /// Nil: either trace.
    public var stage: Stage?
    public var kind: FlowPolicyKind?
    public var tier: FlowTextMatch?
    public var namespace: FlowTextMatch?
    public var name: FlowTextMatch?
    public var action: FlowAction?
    public var ruleIndex: Int64?

    public init(
        stage: Stage? = nil, kind: FlowPolicyKind? = nil, tier: FlowTextMatch? = nil,
        namespace: FlowTextMatch? = nil, name: FlowTextMatch? = nil, action: FlowAction? = nil,
        ruleIndex: Int64? = nil
    ) {
        self.stage = stage
        self.kind = kind
        self.tier = tier
        self.namespace = namespace
        self.name = name
        self.action = action
        self.ruleIndex = ruleIndex
    }
}

/// A condition on flows: what every filter, of whichever form, becomes before it is evaluated.
///
/// Labels are those of the flow's newest report. Addresses are the sampled ones, so a flow of which no address
/// is known matches no address condition.
public indirect enum FlowExpression: Hashable, Sendable {
    /// Holds for every flow.
    case always
    case not(FlowExpression)
    /// Holds when all hold; for none it holds.
    case all([FlowExpression])
    /// Holds when one holds; for none it does not.
    case any([FlowExpression])
    case text(FlowTextField, FlowTextMatch)
    case number(FlowNumberField, ClosedRange<Int64>)
    case endpointType(FlowEnd, FlowEndpointType)
    case action(FlowAction)
    /// Some hit of the pending trace has the action.
    case pendingAction(FlowAction)
    case reporter(FlowReporter)
    /// Some hit fits.
    case policy(FlowPolicyCondition)
    /// The end has the label key and, when a match is given, a fitting value.
    case label(FlowEnd, key: String, FlowTextMatch?)
    /// A sampled address of the end lies in the block.
    case address(FlowEnd, IPPrefix)
}
