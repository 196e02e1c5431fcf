// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel

extension FlowExpression {
    /// Whether the condition holds for one flow, as the store would say; for flows that are not in a store.
    ///
    /// - Parameters:
    ///   - sourceLabels: `key=value`, in any order.
    ///   - destinationLabels: likewise.
    ///   - addresses: the known ones; without any, no condition on addresses holds.
    public func matches(
        _ key: FlowKey, sourceLabels: [String], destinationLabels: [String], addresses: [FlowAddresses]
    ) -> Bool {
        func holds(_ expression: FlowExpression) -> Bool {
            switch expression {
            case .always: true
            case .not(let inner): !holds(inner)
            case .all(let parts): parts.allSatisfy(holds)
            case .any(let parts): parts.contains(where: holds)
            case .text(let field, let match): match.holds(field, of: key)
            case .number(.destinationPort, let range): range.contains(key.destinationPort)
            case .number(.servicePort, let range): range.contains(key.service.port)
            case .endpointType(let end, let type):
                (end == .source ? key.source.type : key.destination.type) == type
            case .action(let action): key.action == action
            case .pendingAction(let action): key.trace.pending.contains { $0.action == action }
            case .reporter(let reporter): key.reporter == reporter
            case .policy(let condition): condition.holds(key.trace)
            case .label(let end, let key, let match):
                (end == .source ? sourceLabels : destinationLabels)
                    .contains { FlowTextMatch.label($0, has: key, match) }
            case .address(let end, let block):
                addresses.contains { block.contains(end == .source ? $0.source : $0.destination) }
            }
        }
        return holds(self)
    }
}

extension FlowTextMatch {
    fileprivate func holds(_ field: FlowTextField, of key: FlowKey) -> Bool {
        let stored =
            switch field {
            case .sourceName: key.source.name
            case .sourceNamespace: key.source.namespace
            case .destinationName: key.destination.name
            case .destinationNamespace: key.destination.namespace
            case .serviceName: key.service.name
            case .serviceNamespace: key.service.namespace
            case .servicePortName: key.service.portName
            case .transport: key.transport
            }
        return holds(stored) || (field.alias(of: stored).map(holds) ?? false)
    }
}

extension FlowPolicyCondition {
    fileprivate func holds(_ trace: FlowTrace) -> Bool {
        (stage != .pending && trace.enforced.contains(where: holds))
            || (stage != .enforced && trace.pending.contains(where: holds))
    }

    private func holds(_ hit: FlowHit) -> Bool {
        (kind == nil || kind == hit.kind) && (action == nil || action == hit.action)
            && (ruleIndex == nil || ruleIndex == hit.ruleIndex) && (tier?.holds(hit.tier) ?? true)
            && (namespace?.holds(hit.namespace) ?? true) && (name?.holds(hit.name) ?? true)
    }
}
