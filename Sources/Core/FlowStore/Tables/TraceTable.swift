// SPDX-License-Identifier: Apache-2.0

import FlowModel

/// A hit with its texts by number.
struct HitRow: Hashable, BitwiseCopyable, Sendable {
    var kind: FlowPolicyKind = .unspecified
    var action: FlowAction = .unspecified
    /// Unspecified with all texts 0 when there is no trigger.
    var triggerKind: FlowPolicyKind = .unspecified
    var hasTrigger = false
    var tier: UInt32 = 0
    var namespace: UInt32 = 0
    var name: UInt32 = 0
    var triggerTier: UInt32 = 0
    var triggerNamespace: UInt32 = 0
    var triggerName: UInt32 = 0
    var policyIndex: Int64 = 0
    var ruleIndex: Int64 = 0
}

/// Both traces of a flow key: as they are answered, and by the numbers of their hits.
struct TraceRow: Sendable {
    var trace = FlowTrace()
    /// Enforced ones first.
    var hits: ContiguousArray<UInt32> = []
    var enforcedCount = 0
}

/// Hits and traces by number; a copy is a snapshot.
struct TraceColumns: Sendable {
    var hits = PagedArray<HitRow>(filler: HitRow())
    var traces = PagedArray<TraceRow>(pageShift: 6, filler: TraceRow())
}

/// The writing side of interned traces.
struct TraceInterner: Sendable {
    private struct Code: Hashable {
        var hits: ContiguousArray<UInt32>
        var enforcedCount: Int
    }

    private var hitNumbers: [HitRow: UInt32] = [:]
    private var hitPool = NumberPool()
    private var traceNumbers: [Code: UInt32] = [:]
    private var tracePool = NumberPool()

    var traceCount: Int { tracePool.count }
    var hitCount: Int { hitPool.count }

    /// The trace's number, with one use more.
    mutating func intern(
        _ trace: FlowTrace, _ columns: inout TraceColumns, _ strings: inout StringInterner,
        _ texts: inout StringColumn
    ) -> UInt32 {
        var code = Code(hits: [], enforcedCount: trace.enforced.count)
        code.hits.reserveCapacity(trace.enforced.count + trace.pending.count)
        for hit in trace.enforced { code.hits.append(intern(hit, &columns, &strings, &texts)) }
        for hit in trace.pending { code.hits.append(intern(hit, &columns, &strings, &texts)) }
        if let known = traceNumbers[code] {
            tracePool.retain(known)
            for hit in code.hits { release(hit: hit, &columns, &strings, &texts) }
            return known
        }
        let (number, isNew) = tracePool.take()
        let row = TraceRow(trace: trace, hits: code.hits, enforcedCount: code.enforcedCount)
        if isNew { columns.traces.append(row) } else { columns.traces[number] = row }
        traceNumbers[code] = number
        return number
    }

    mutating func release(
        _ number: UInt32, _ columns: inout TraceColumns, _ strings: inout StringInterner,
        _ texts: inout StringColumn
    ) {
        guard tracePool.release(number) else { return }
        let row = columns.traces[number]
        traceNumbers[Code(hits: row.hits, enforcedCount: row.enforcedCount)] = nil
        columns.traces[number] = TraceRow()
        for hit in row.hits { release(hit: hit, &columns, &strings, &texts) }
    }

    private mutating func intern(
        _ hit: FlowHit, _ columns: inout TraceColumns, _ strings: inout StringInterner,
        _ texts: inout StringColumn
    ) -> UInt32 {
        var row = HitRow()
        row.kind = hit.kind
        row.action = hit.action
        row.policyIndex = hit.policyIndex
        row.ruleIndex = hit.ruleIndex
        row.tier = strings.intern(hit.tier, &texts)
        row.namespace = strings.intern(hit.namespace, &texts)
        row.name = strings.intern(hit.name, &texts)
        if let trigger = hit.trigger {
            row.hasTrigger = true
            row.triggerKind = trigger.kind
            row.triggerTier = strings.intern(trigger.tier, &texts)
            row.triggerNamespace = strings.intern(trigger.namespace, &texts)
            row.triggerName = strings.intern(trigger.name, &texts)
        }
        if let known = hitNumbers[row] {
            hitPool.retain(known)
            releaseTexts(of: row, &strings, &texts)
            return known
        }
        let (number, isNew) = hitPool.take()
        if isNew { columns.hits.append(row) } else { columns.hits[number] = row }
        hitNumbers[row] = number
        return number
    }

    private mutating func release(
        hit number: UInt32, _ columns: inout TraceColumns, _ strings: inout StringInterner,
        _ texts: inout StringColumn
    ) {
        guard hitPool.release(number) else { return }
        let row = columns.hits[number]
        hitNumbers[row] = nil
        columns.hits[number] = HitRow()
        releaseTexts(of: row, &strings, &texts)
    }

    private func releaseTexts(
        of row: HitRow, _ strings: inout StringInterner, _ texts: inout StringColumn
    ) {
        strings.release(row.tier, &texts)
        strings.release(row.namespace, &texts)
        strings.release(row.name, &texts)
        guard row.hasTrigger else { return }
        strings.release(row.triggerTier, &texts)
        strings.release(row.triggerNamespace, &texts)
        strings.release(row.triggerName, &texts)
    }
}
