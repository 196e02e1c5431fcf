// SPDX-License-Identifier: Apache-2.0

public import FlowModel
public import NetworkModel

extension FlowHistory {
    /// Distinct values of a field among the flows that pass the filter and have a window that starts in the
    /// range, bytewise ascending (flow API 2.7).
    ///
    /// Flows of the filling window count, so a new name can be chosen as soon as it is seen. For policies all
    /// hits of the flows count except profiles; the end of a tier counts as the policy that is named for it.
    public func hints(_ query: FlowHintsQuery, now: Timestamp) throws(FlowQueryError) -> FlowPage<String> {
        let (from, before) = try resolve(query.range, now: now)
        let candidates = slots(in: windows(from: from, before: before))
        let found = CompiledFilter(columns).matching(query.filter, among: candidates)
        let values =
            if let field = query.type.field {
                distinctTexts(found, field)
            } else {
                distinctPolicyTexts(found, query.type)
            }
        return try query.paging.page(of: values)
    }

    private func distinctTexts(_ found: SlotSet, _ field: FlowTextField) -> [String] {
        var texts = SlotSet()
        found.forEach { texts.insert(Int(columns.keys[$0].code.text(field))) }
        return sortedTexts(texts)
    }

    private func distinctPolicyTexts(_ found: SlotSet, _ type: FlowHintType) -> [String] {
        var traces = SlotSet()
        found.forEach { traces.insert(Int(columns.keys[$0].code.trace)) }
        var hits = SlotSet()
        traces.forEach { for hit in columns.traces.traces[$0].hits { hits.insert(Int(hit)) } }
        var kinds: Set<FlowPolicyKind> = []
        var texts = SlotSet()
        hits.forEach { number in
            let hit = columns.traces.hits[number]
            guard hit.kind != .profile else { return }
            switch type {
            case .policyTier: texts.insert(Int(hit.hasTrigger ? hit.triggerTier : hit.tier))
            case .policyName: texts.insert(Int(hit.hasTrigger ? hit.triggerName : hit.name))
            case .policyNamespace: texts.insert(Int(hit.hasTrigger ? hit.triggerNamespace : hit.namespace))
            default: kinds.insert(hit.hasTrigger ? hit.triggerKind : hit.kind)
            }
        }
        return type == .policyKind ? kinds.map(\.name).sorted(by: bytewisePrecedes) : sortedTexts(texts)
    }

    private func sortedTexts(_ numbers: SlotSet) -> [String] {
        var texts: [String] = []
        numbers.forEach { texts.append(columns.texts[$0]) }
        return texts.sorted(by: bytewisePrecedes)
    }
}

extension FlowHintType {
    /// The text of the key that is asked for; nil for what traces have.
    fileprivate var field: FlowTextField? {
        switch self {
        case .destinationName: .destinationName
        case .sourceName: .sourceName
        case .destinationNamespace: .destinationNamespace
        case .sourceNamespace: .sourceNamespace
        case .policyTier, .policyName, .policyKind, .policyNamespace: nil
        }
    }
}

extension FlowHintType {
    /// Distinct values of this field that keys have, bytewise ascending: what hints are, for those who have no
    /// store.
    public func values(of keys: [FlowKey]) -> [String] {
        var distinct: [String] = []
        for value in keys.flatMap(values).sorted(by: bytewisePrecedes) {
            // Equal bytes: texts that only look the same to Unicode are two.
            if let last = distinct.last, last.utf8.elementsEqual(value.utf8) { continue }
            distinct.append(value)
        }
        return distinct
    }

    private func values(of key: FlowKey) -> [String] {
        func hits(_ value: (FlowTrigger) -> String) -> [String] {
            (key.trace.enforced + key.trace.pending).filter { $0.kind != .profile }.map { hit in
                value(
                    hit.trigger
                        ?? FlowTrigger(
                            kind: hit.kind, namespace: hit.namespace, name: hit.name, tier: hit.tier))
            }
        }
        return switch self {
        case .destinationName: [key.destination.name]
        case .sourceName: [key.source.name]
        case .destinationNamespace: [key.destination.namespace]
        case .sourceNamespace: [key.source.namespace]
        case .policyTier: hits(\.tier)
        case .policyName: hits(\.name)
        case .policyKind: hits(\.kind.name)
        case .policyNamespace: hits(\.namespace)
        }
    }
}
