// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel
import SwiftProtobuf

/// Between the model and the messages of the flow API (flow API 1.2), values that need no decision.

extension FlowFilter {
    init(_ message: Goldmane_Filter) {
        self.init()
        sourceNames = message.sourceNames.map(StringMatch.init)
        sourceNamespaces = message.sourceNamespaces.map(StringMatch.init)
        destinationNames = message.destNames.map(StringMatch.init)
        destinationNamespaces = message.destNamespaces.map(StringMatch.init)
        transports = message.protocols.map(StringMatch.init)
        destinationPorts = message.destPorts.map(\.port)
        actions = message.actions.map(FlowAction.init)
        pendingActions = message.pendingActions.map(FlowAction.init)
        policies = message.policies.map(PolicyMatch.init)
        reporter = message.reporter == .unspecified ? nil : FlowReporter(known: message.reporter.rawValue)
    }

    /// Values of all fields together.
    var valueCount: Int {
        sourceNames.count + sourceNamespaces.count + destinationNames.count + destinationNamespaces.count
            + transports.count + destinationPorts.count + actions.count + pendingActions.count
            + policies.count
    }
}

extension FlowFilter.StringMatch {
    init(_ message: Goldmane_StringMatch) {
        self.init(message.value, message.type == .fuzzy ? .fuzzy : .exact)
    }

    var message: Goldmane_StringMatch {
        .with {
            $0.value = value
            $0.type = type == .fuzzy ? .fuzzy : .exact
        }
    }
}

extension FlowFilter.PolicyMatch {
    init(_ message: Goldmane_PolicyMatch) {
        self.init(
            kind: message.kind == .kindUnspecified ? nil : FlowPolicyKind(known: message.kind.rawValue),
            tier: message.hasTier ? FlowFilter.StringMatch(message.tier) : nil,
            namespace: message.hasNamespace ? FlowFilter.StringMatch(message.namespace) : nil,
            name: message.hasName ? FlowFilter.StringMatch(message.name) : nil,
            action: message.action == .unspecified ? nil : FlowAction(message.action))
    }

    var message: Goldmane_PolicyMatch {
        .with {
            if let kind { $0.kind = Goldmane_PolicyKind(kind) }
            if let tier { $0.tier = tier.message }
            if let namespace { $0.namespace = namespace.message }
            if let name { $0.name = name.message }
            if let action { $0.action = Goldmane_Action(action) }
        }
    }
}

extension Goldmane_Filter {
    init(_ filter: FlowFilter) {
        self.init()
        sourceNames = filter.sourceNames.map(\.message)
        sourceNamespaces = filter.sourceNamespaces.map(\.message)
        destNames = filter.destinationNames.map(\.message)
        destNamespaces = filter.destinationNamespaces.map(\.message)
        protocols = filter.transports.map(\.message)
        destPorts = filter.destinationPorts.map { port in .with { $0.port = port } }
        actions = filter.actions.map(Goldmane_Action.init)
        pendingActions = filter.pendingActions.map(Goldmane_Action.init)
        policies = filter.policies.map(\.message)
        if let reporter = filter.reporter {
            self.reporter = Goldmane_Reporter(rawValue: Int(reporter.rawValue)) ?? .unspecified
        }
    }
}

extension FlowAction {
    init(_ message: Goldmane_Action) { self = FlowAction(known: message.rawValue) ?? .unspecified }
}

extension Goldmane_Action {
    init(_ action: FlowAction) { self = Goldmane_Action(rawValue: Int(action.rawValue)) ?? .unspecified }
}

extension Goldmane_PolicyKind {
    init(_ kind: FlowPolicyKind) {
        self = Goldmane_PolicyKind(rawValue: Int(kind.rawValue)) ?? .kindUnspecified
    }
}

extension RawRepresentable where RawValue == UInt8 {
    /// The value with a number of the flow API; nil when it is not known here.
    init?(known number: Int) {
        guard let raw = UInt8(exactly: number) else { return nil }
        self.init(rawValue: raw)
    }
}

extension FlowSortKey {
    init?(_ message: Goldmane_SortBy) {
        switch message {
        case .time: self = .time
        case .destName: self = .destinationName
        case .destNamespace: self = .destinationNamespace
        case .destType: self = .destinationType
        case .sourceName: self = .sourceName
        case .sourceNamespace: self = .sourceNamespace
        case .sourceType: self = .sourceType
        case .UNRECOGNIZED: return nil
        }
    }
}

extension Goldmane_SortBy {
    init(_ key: FlowSortKey) {
        switch key {
        case .time: self = .time
        case .destinationName: self = .destName
        case .destinationNamespace: self = .destNamespace
        case .destinationType: self = .destType
        case .sourceName: self = .sourceName
        case .sourceNamespace: self = .sourceNamespace
        case .sourceType: self = .sourceType
        }
    }
}

extension FlowHintType {
    init?(_ message: Goldmane_FilterType) {
        switch message {
        case .destName: self = .destinationName
        case .sourceName: self = .sourceName
        case .destNamespace: self = .destinationNamespace
        case .sourceNamespace: self = .sourceNamespace
        case .policyTier: self = .policyTier
        case .policyName: self = .policyName
        case .policyKind: self = .policyKind
        case .policyNamespace: self = .policyNamespace
        case .unspecified, .UNRECOGNIZED: return nil
        }
    }
}

extension Goldmane_FilterType {
    init(_ type: FlowHintType) {
        switch type {
        case .destinationName: self = .destName
        case .sourceName: self = .sourceName
        case .destinationNamespace: self = .destNamespace
        case .sourceNamespace: self = .sourceNamespace
        case .policyTier: self = .policyTier
        case .policyName: self = .policyName
        case .policyKind: self = .policyKind
        case .policyNamespace: self = .policyNamespace
        }
    }
}

extension FlowStatistic {
    init(_ message: Goldmane_StatisticsResult) {
        let policy = message.policy
        let trigger = FlowTrigger(
            kind: FlowPolicyKind(known: policy.kind.rawValue) ?? .unspecified, namespace: policy.namespace,
            name: policy.name, tier: policy.tier)
        let counts = [
            message.allowedIn, message.allowedOut, message.deniedIn, message.deniedOut, message.passedIn,
            message.passedOut,
        ]
        // Lists of different lengths are no sensible answer; what is missing is zero.
        let values = (0..<(counts.map(\.count).max() ?? 0)).map { place in
            func at(_ list: Int) -> UInt64 {
                place < counts[list].count ? UInt64(max(0, counts[list][place])) : 0
            }
            var values = Values()
            (values.allowedIn, values.allowedOut) = (at(0), at(1))
            (values.deniedIn, values.deniedOut) = (at(2), at(3))
            (values.passedIn, values.passedOut) = (at(4), at(5))
            return values
        }
        self.init(
            policy: trigger, action: FlowAction(policy.action),
            ruleIndex: message.groupBy == .policyRule ? policy.ruleIndex : nil,
            direction: FlowStatistic.Direction(known: message.direction.rawValue) ?? .any, starts: message.x,
            values: values)
    }
}

extension FlowAddresses {
    /// Nil for what are no addresses.
    init?(_ message: Vibrissa_V1_AddressPair) {
        guard let source = IPAddress(networkBytes: message.source),
            let destination = IPAddress(networkBytes: message.destination)
        else { return nil }
        self.init(source: source, destination: destination)
    }
}
