// SPDX-License-Identifier: Apache-2.0

/// A condition on flows in the form of Goldmane's Filter (flow API 2.6): fields are ANDed, values of one field
/// ORed, an empty field is no condition. Evaluated as `expression`.
public struct FlowFilter: Hashable, Sendable {
    public enum MatchType: String, Sendable, Hashable {
        case exact = "Exact"
        /// Case-sensitive substring.
        case fuzzy = "Fuzzy"
    }

    public struct StringMatch: Hashable, Sendable {
        public var value: String
        public var type: MatchType

        public init(_ value: String, _ type: MatchType = .exact) {
            self.value = value
            self.type = type
        }
    }

    /// All present conditions must hold on the same hit, enforced or pending.
    public struct PolicyMatch: Hashable, Sendable {
        public var kind: FlowPolicyKind?
        /// An empty value is no condition, in the namespace and the name, too.
        public var tier: StringMatch?
        public var namespace: StringMatch?
        public var name: StringMatch?
        public var action: FlowAction?

        public init(
            kind: FlowPolicyKind? = nil, tier: StringMatch? = nil, namespace: StringMatch? = nil,
            name: StringMatch? = nil, action: FlowAction? = nil
        ) {
            self.kind = kind
            self.tier = tier
            self.namespace = namespace
            self.name = name
            self.action = action
        }
    }

    public var sourceNames: [StringMatch] = []
    public var sourceNamespaces: [StringMatch] = []
    public var destinationNames: [StringMatch] = []
    public var destinationNamespaces: [StringMatch] = []
    public var transports: [StringMatch] = []
    public var destinationPorts: [Int64] = []
    public var actions: [FlowAction] = []
    public var pendingActions: [FlowAction] = []
    public var policies: [PolicyMatch] = []
    public var reporter: FlowReporter?

    public init() {}

    public var isEmpty: Bool { self == FlowFilter() }

    /// The same condition as an expression.
    public var expression: FlowExpression {
        var parts: [FlowExpression] = []
        func add(_ alternatives: [FlowExpression]) {
            guard let first = alternatives.first else { return }
            parts.append(alternatives.count == 1 ? first : .any(alternatives))
        }
        add(sourceNames.map { .text(.sourceName, $0.match) })
        add(sourceNamespaces.map { .text(.sourceNamespace, $0.match) })
        add(destinationNames.map { .text(.destinationName, $0.match) })
        add(destinationNamespaces.map { .text(.destinationNamespace, $0.match) })
        add(transports.map { .text(.transport, $0.match) })
        add(destinationPorts.map { .number(.destinationPort, $0...$0) })
        add(actions.map(FlowExpression.action))
        add(pendingActions.map(FlowExpression.pendingAction))
        add(policies.map { .policy($0.condition) })
        if let reporter { parts.append(.reporter(reporter)) }
        return parts.isEmpty ? .always : parts.count == 1 ? parts[0] : .all(parts)
    }
}

extension FlowFilter.StringMatch {
    /// The same comparison in an expression.
    public var match: FlowTextMatch { FlowTextMatch(type == .exact ? .equals : .contains, value) }
}

extension FlowFilter.PolicyMatch {
    /// The same condition in an expression.
    public var condition: FlowPolicyCondition {
        func part(_ match: FlowFilter.StringMatch?) -> FlowTextMatch? {
            match.flatMap { $0.value.isEmpty ? nil : $0.match }
        }
        return FlowPolicyCondition(
            kind: kind, tier: part(tier), namespace: part(namespace), name: part(name), action: action)
    }
}
