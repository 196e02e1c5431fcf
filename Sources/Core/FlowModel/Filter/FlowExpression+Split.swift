// SPDX-License-Identifier: Apache-2.0

extension FlowExpression {
    /// Parts a condition between a server that knows Goldmane's filter only and its client.
    ///
    /// `remote.expression` and `rest` together hold for exactly the flows for which this holds. A part of the
    /// conjunction that a field of the filter says exactly is in `remote` alone. A field that is still free then
    /// takes a part that it can only say more weakly, such as a beginning as a part of a name, so that the server
    /// sends less; that part stays in `rest`. Nothing that the wire cannot say, such as an unspecified kind, which
    /// means any there, gets into `remote`.
    public func split() -> (remote: FlowFilter, rest: FlowExpression) {
        let parts: [FlowExpression] = if case .all(let parts) = normalized { parts } else { [normalized] }
        var remote = FlowFilter()
        let exact = parts.map { part in
            if let condition = FilterCondition(part), condition.isExact {
                remote.take(condition)
            } else {
                false
            }
        }
        let rest = zip(parts, exact).filter { !$0.1 }.map(\.0)
        for part in rest {
            if let condition = FilterCondition(part) { _ = remote.take(condition) }
        }
        return (remote, FlowExpression.all(rest).normalized)
    }
}

/// Values of one field of a filter, one of which must fit.
private struct FilterCondition {
    private(set) var filter = FlowFilter()
    /// Whether the values say all that the expression said.
    private(set) var isExact = true

    /// Most ports that ranges are written out to.
    private static let maximumPorts: Int64 = 64

    /// Nil when no field can say this, exactly or weakly.
    init?(_ expression: FlowExpression) {
        let parts: [FlowExpression] = if case .any(let parts) = expression { parts } else { [expression] }
        guard !parts.isEmpty else { return nil }
        for part in parts {
            guard add(part) else { return nil }
        }
        guard filter.fieldCount == 1 else { return nil }
    }

    private mutating func add(_ part: FlowExpression) -> Bool {
        switch part {
        case .text(.sourceName, let match): filter.sourceNames.append(weakened(match))
        case .text(.sourceNamespace, let match): filter.sourceNamespaces.append(weakened(match))
        case .text(.destinationName, let match): filter.destinationNames.append(weakened(match))
        case .text(.destinationNamespace, let match): filter.destinationNamespaces.append(weakened(match))
        case .text(.transport, let match): filter.transports.append(weakened(match))
        case .number(.destinationPort, let range):
            let (width, overflow) = range.upperBound.subtractingReportingOverflow(range.lowerBound)
            guard !overflow, width == 0 || width < Self.maximumPorts - Int64(filter.destinationPorts.count)
            else { return false }
            filter.destinationPorts += range
        case .action(let action): filter.actions.append(action)
        case .pendingAction(let action): filter.pendingActions.append(action)
        case .reporter(let reporter):
            guard reporter != .unspecified, filter.reporter == nil else { return false }
            filter.reporter = reporter
        case .policy(let condition): filter.policies.append(weakened(condition))
        default: return false
        }
        return true
    }

    /// A beginning or an end as a part.
    private mutating func weakened(_ match: FlowTextMatch) -> FlowFilter.StringMatch {
        if match.kind == .hasPrefix || match.kind == .hasSuffix { isExact = false }
        return FlowFilter.StringMatch(match.value, match.kind == .equals ? .exact : .fuzzy)
    }

    /// Without what the wire cannot say: an empty text and an unspecified kind or action mean any there.
    private mutating func weakened(_ condition: FlowPolicyCondition) -> FlowFilter.PolicyMatch {
        func weakened(_ match: FlowTextMatch?) -> FlowFilter.StringMatch? {
            guard let match else { return nil }
            if match.value.isEmpty {
                if match.kind == .equals { isExact = false }
                return nil
            }
            return self.weakened(match)
        }
        if condition.stage != nil || condition.ruleIndex != nil || condition.kind == .unspecified
            || condition.action == .unspecified
        {
            isExact = false
        }
        return FlowFilter.PolicyMatch(
            kind: condition.kind == .unspecified ? nil : condition.kind, tier: weakened(condition.tier),
            namespace: weakened(condition.namespace), name: weakened(condition.name),
            action: condition.action == .unspecified ? nil : condition.action)
    }
}

extension FlowFilter {
    private var taken: [Bool] {
        [
            !sourceNames.isEmpty, !sourceNamespaces.isEmpty, !destinationNames.isEmpty,
            !destinationNamespaces.isEmpty, !transports.isEmpty, !destinationPorts.isEmpty, !actions.isEmpty,
            !pendingActions.isEmpty, !policies.isEmpty, reporter != nil,
        ]
    }

    fileprivate var fieldCount: Int { taken.count { $0 } }

    /// Takes a condition over if its field is free.
    fileprivate mutating func take(_ condition: FilterCondition) -> Bool {
        let other = condition.filter
        guard !zip(taken, other.taken).contains(where: { $0 && $1 }) else { return false }
        sourceNames += other.sourceNames
        sourceNamespaces += other.sourceNamespaces
        destinationNames += other.destinationNames
        destinationNamespaces += other.destinationNamespaces
        transports += other.transports
        destinationPorts += other.destinationPorts
        actions += other.actions
        pendingActions += other.pendingActions
        policies += other.policies
        reporter = reporter ?? other.reporter
        return true
    }
}
