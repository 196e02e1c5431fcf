// SPDX-License-Identifier: Apache-2.0

import FlowModel
public import NetworkModel
import PolicyModel

extension FlowStore {
    /// Distinct values of a field among the flows that pass the filter and have a window that starts in the
    /// range, bytewise ascending (flow API 2.7).
    ///
    /// Flows of the filling window count, so a new name can be chosen as soon as it is seen. For policies all
    /// hits of the flows count except profiles; the end of a tier counts as the policy that is named for it.
    public func hints(_ query: FlowHintsQuery, now: Timestamp) throws(FlowQueryError) -> FlowPage<String> {
        let (from, before) = try resolve(query.range, now: now)
        var matches = SlotFilter(query.filter, slotCount: keys.slotCount)
        var isSeen = [Bool](repeating: false, count: keys.slotCount)
        var values: Set<String> = []
        for position in positions(from: from, before: before) {
            for slot in windows[position].slots where !isSeen[Int(slot)] {
                isSeen[Int(slot)] = true
                guard matches.contains(slot, keys), let key = keys.keys[Int(slot)] else { continue }
                query.type.collect(key, into: &values)
            }
        }
        let (page, totalPages) = try query.paging.cut(values.count)
        let items = Array(values.sorted(by: bytewisePrecedes)[page])
        return FlowPage(items: items, totalPages: totalPages, totalResults: values.count)
    }
}

extension FlowHintType {
    fileprivate func collect(_ key: FlowKey, into values: inout Set<String>) {
        switch self {
        case .destinationName: values.insert(key.destination.name)
        case .sourceName: values.insert(key.source.name)
        case .destinationNamespace: values.insert(key.destination.namespace)
        case .sourceNamespace: values.insert(key.source.namespace)
        case .policyTier, .policyName, .policyKind, .policyNamespace:
            for hit in key.trace.enforced { collect(hit, into: &values) }
            for hit in key.trace.pending { collect(hit, into: &values) }
        }
    }

    private func collect(_ hit: PolicyHit, into values: inout Set<String>) {
        guard let policy = hit.policy else { return }
        switch self {
        case .policyTier: values.insert(hit.tier)
        case .policyName: values.insert(policy.name)
        case .policyKind: values.insert(FlowFilter.HitKind(policy.kind).rawValue)
        case .policyNamespace: values.insert(policy.namespace)
        case .destinationName, .sourceName, .destinationNamespace, .sourceNamespace: break
        }
    }
}
