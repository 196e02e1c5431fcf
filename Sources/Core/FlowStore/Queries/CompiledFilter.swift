// SPDX-License-Identifier: Apache-2.0

import FlowModel
import NetworkModel

/// Evaluates an expression on a set of keys at once.
///
/// A condition on texts is asked once for each distinct text, one on traces once for each distinct trace: the
/// columns hold their numbers. The sets of what is still in question shrink from condition to condition.
struct CompiledFilter {
    private let columns: KeyColumns

    init(_ columns: KeyColumns) { self.columns = columns }

    /// The slots among `slots` for which the expression holds.
    func matching(_ expression: FlowExpression, among slots: SlotSet) -> SlotSet {
        switch expression {
        case .always: slots
        case .not(let inner): slots.subtracting(matching(inner, among: slots))
        case .all(let parts): parts.reduce(slots) { $1 == .always ? $0 : matching($1, among: $0) }
        case .any(let parts): matchingAny(parts, among: slots)
        case .text(let field, let match): matching(field, match, among: slots)
        case .number(.destinationPort, let range):
            slots.filter { range.contains(columns.keys[$0].code.destinationPort) }
        case .number(.servicePort, let range):
            slots.filter { range.contains(columns.keys[$0].code.servicePort) }
        case .endpointType(.source, let type): slots.filter { columns.keys[$0].code.sourceType == type }
        case .endpointType(.destination, let type):
            slots.filter { columns.keys[$0].code.destinationType == type }
        case .action(let action): slots.filter { columns.keys[$0].code.action == action }
        case .reporter(let reporter): slots.filter { columns.keys[$0].code.reporter == reporter }
        case .pendingAction(let action):
            matchingTraces(among: slots) { row in
                row.hits[row.enforcedCount...].contains { columns.traces.hits[$0].action == action }
            }
        case .policy(let condition): matching(condition, among: slots)
        case .label(let end, let key, let match): matching(end, key, match, among: slots)
        case .address(let end, let block):
            slots.filter { slot in
                columns.keys[slot].sample != KeyRow.noSample
                    && columns.addresses(slot).contains {
                        block.contains(end == .source ? $0.source : $0.destination)
                    }
            }
        }
    }

    private func matchingAny(_ parts: [FlowExpression], among slots: SlotSet) -> SlotSet {
        var found = SlotSet()
        var rest = slots
        for part in parts {
            let more = matching(part, among: rest)
            found.formUnion(more)
            rest = rest.subtracting(more)
        }
        return found
    }

    // MARK: - Texts

    private func matching(
        _ field: FlowTextField, _ match: FlowTextMatch, among slots: SlotSet
    ) -> SlotSet {
        var answers = Answers(count: columns.texts.count)
        return slots.filter { slot in
            answers.answer(Int(columns.keys[slot].code.text(field))) {
                let stored = columns.texts[$0]
                return match.holds(stored) || (field.alias(of: stored).map(match.holds) ?? false)
            }
        }
    }

    private func matching(
        _ end: FlowEnd, _ key: String, _ match: FlowTextMatch?, among slots: SlotSet
    ) -> SlotSet {
        var answers = Answers(count: columns.labels.count)
        return slots.filter { slot in
            let row = columns.keys[slot]
            let list = end == .source ? row.sourceLabels : row.destinationLabels
            return answers.answer(Int(list)) {
                columns.labels[$0].labels.contains { FlowTextMatch.label($0, has: key, match) }
            }
        }
    }

    // MARK: - Traces

    private func matching(_ condition: FlowPolicyCondition, among slots: SlotSet) -> SlotSet {
        var answers = Answers(count: columns.traces.hits.count)
        let (hits, texts) = (columns.traces.hits, columns.texts)
        return matchingTraces(among: slots) { row in
            let first = condition.stage == .pending ? row.enforcedCount : 0
            let end = condition.stage == .enforced ? row.enforcedCount : row.hits.count
            for place in first..<end
            where answers.answer(Int(row.hits[place]), { condition.holds(hits[$0], texts) }) { return true }
            return false
        }
    }

    private func matchingTraces(among slots: SlotSet, _ test: (TraceRow) -> Bool) -> SlotSet {
        var answers = Answers(count: columns.traces.traces.count)
        return slots.filter { slot in
            answers.answer(Int(columns.keys[slot].code.trace)) { test(columns.traces.traces[$0]) }
        }
    }
}

/// Answers by number, each asked for once.
private struct Answers {
    private var known: [UInt8]

    init(count: Int) { known = [UInt8](repeating: 0, count: count) }

    @inline(__always)
    mutating func answer(_ number: Int, _ ask: (Int) -> Bool) -> Bool {
        if known[number] == 0 { known[number] = ask(number) ? 1 : 2 }
        return known[number] == 1
    }
}

extension KeyCode {
    @inline(__always)
    func text(_ field: FlowTextField) -> UInt32 {
        switch field {
        case .sourceName: sourceName
        case .sourceNamespace: sourceNamespace
        case .destinationName: destinationName
        case .destinationNamespace: destinationNamespace
        case .serviceName: serviceName
        case .serviceNamespace: serviceNamespace
        case .servicePortName: servicePortName
        case .transport: transport
        }
    }
}

extension FlowPolicyCondition {
    /// Whether all parts hold on a hit, its trace set aside.
    func holds(_ hit: HitRow, _ texts: StringColumn) -> Bool {
        (kind == nil || kind == hit.kind) && (action == nil || action == hit.action)
            && (ruleIndex == nil || ruleIndex == hit.ruleIndex)
            && (tier?.holds(texts[hit.tier]) ?? true) && (namespace?.holds(texts[hit.namespace]) ?? true)
            && (name?.holds(texts[hit.name]) ?? true)
    }
}

extension SlotSet {
    @inline(__always)
    func filter(_ isIncluded: (Int) -> Bool) -> SlotSet {
        var result = self
        result.filterInPlace(isIncluded)
        return result
    }

    func subtracting(_ other: SlotSet) -> SlotSet {
        var result = self
        result.subtract(other)
        return result
    }
}
