// SPDX-License-Identifier: Apache-2.0

import FlowModel
import Glibc
import NetworkModel

/// Decodes flows without the messages of the generated code in between: what arrives for the first time is
/// decoded right into the model.
enum FlowDecoding {
    /// A flow, of a FlowUpdate or on its own, with its traces and labels in canonical order.
    struct Flow {
        var key = FlowKey.empty
        var hasKey = false
        var startSeconds: Int64 = 0
        var endSeconds: Int64 = 0
        var sourceLabels: [String] = []
        var destinationLabels: [String] = []
        var counters = FlowCounters()

        /// Collectors send the hits of a trace in any order, so the order must not make a key (flow API 2.2).
        mutating func canonicalise() {
            key.trace.enforced.sort(by: FlowDecoding.isBefore)
            key.trace.pending.sort(by: FlowDecoding.isBefore)
            FlowDecoding.sort(&sourceLabels)
            FlowDecoding.sort(&destinationLabels)
        }

        var record: FlowRecord {
            FlowRecord(
                key: key, time: Timestamp(seconds: startSeconds), sourceLabels: sourceLabels,
                destinationLabels: destinationLabels, counters: counters)
        }
    }

    /// Decodes a FlowUpdate; nil when it has no flow or no key.
    static func update(_ bytes: UnsafeRawBufferPointer) throws(WireReader.Malformed) -> Flow? {
        var flow = Flow()
        var reader = WireReader(bytes)
        while try reader.nextField(FlowShapes.update) != nil { try decode(&flow, try reader.slice()) }
        guard flow.hasKey else { return nil }
        flow.canonicalise()
        return flow
    }

    /// Adds the fields of a Flow to what is there, as the format demands of messages that occur twice.
    static func decode(_ flow: inout Flow, _ bytes: UnsafeRawBufferPointer) throws(WireReader.Malformed) {
        var reader = WireReader(bytes)
        while let number = try reader.nextField(FlowShapes.flow) {
            switch number {
            case 1:
                flow.hasKey = true
                try decode(&flow.key, try reader.slice())
            case 2: flow.startSeconds = try reader.number()
            case 3: flow.endSeconds = try reader.number()
            case 4: flow.sourceLabels.append(try reader.text())
            case 5: flow.destinationLabels.append(try reader.text())
            default: flow.counters.set(number, try reader.number())
            }
        }
    }

    private static func decode(
        _ key: inout FlowKey, _ bytes: UnsafeRawBufferPointer
    ) throws(WireReader.Malformed) {
        var reader = WireReader(bytes)
        while let number = try reader.nextField(FlowShapes.key) {
            switch number {
            case 1: key.source.name = try reader.text()
            case 2: key.source.namespace = try reader.text()
            case 3: key.source.type = try reader.value() ?? .unspecified
            case 4: key.destination.name = try reader.text()
            case 5: key.destination.namespace = try reader.text()
            case 6: key.destination.type = try reader.value() ?? .unspecified
            case 7: key.destinationPort = try reader.number()
            case 8: key.service.name = try reader.text()
            case 9: key.service.namespace = try reader.text()
            case 10: key.service.portName = try reader.text()
            case 11: key.service.port = try reader.number()
            case 12: key.transport = try reader.text()
            case 13: key.reporter = try reader.value() ?? .unspecified
            case 14: key.action = try reader.value() ?? .unspecified
            default: try decode(&key.trace, try reader.slice())
            }
        }
    }

    private static func decode(
        _ trace: inout FlowTrace, _ bytes: UnsafeRawBufferPointer
    ) throws(WireReader.Malformed) {
        var reader = WireReader(bytes)
        while let number = try reader.nextField(FlowShapes.trace) {
            switch number {
            case 1: trace.enforced.append(try hit(try reader.slice()))
            default: trace.pending.append(try hit(try reader.slice()))
            }
        }
    }

    private static func hit(_ bytes: UnsafeRawBufferPointer) throws(WireReader.Malformed) -> FlowHit {
        var hit = FlowHit.empty
        try decode(&hit, bytes, depth: 0)
        return hit
    }

    private static func decode(
        _ hit: inout FlowHit, _ bytes: UnsafeRawBufferPointer, depth: Int
    ) throws(WireReader.Malformed) {
        guard depth < WireReader.maximumDepth else { throw WireReader.Malformed() }
        var reader = WireReader(bytes)
        var named: FlowHit?
        while let number = try reader.nextField(FlowShapes.hit) {
            switch number {
            case 1: hit.kind = try reader.value() ?? .unspecified
            case 2: hit.namespace = try reader.text()
            case 3: hit.name = try reader.text()
            case 4: hit.tier = try reader.text()
            case 5: hit.action = try reader.value() ?? .unspecified
            case 6: hit.policyIndex = try reader.number()
            case 7: hit.ruleIndex = try reader.number()
            default:
                var inner = named ?? .empty
                try decode(&inner, try reader.slice(), depth: depth + 1)
                named = inner
            }
        }
        if let named {
            hit.trigger = FlowTrigger(
                kind: named.kind, namespace: named.namespace, name: named.name, tier: named.tier)
        }
    }

    // MARK: - Order

    /// By place in the trace, then by everything else.
    static func isBefore(_ left: FlowHit, _ right: FlowHit) -> Bool {
        if left.policyIndex != right.policyIndex { return left.policyIndex < right.policyIndex }
        if let order = isBefore(left.tier, right.tier) { return order }
        if left.kind != right.kind { return left.kind.rawValue < right.kind.rawValue }
        if let order = isBefore(left.namespace, right.namespace) { return order }
        if let order = isBefore(left.name, right.name) { return order }
        if left.action != right.action { return left.action.rawValue < right.action.rawValue }
        if left.ruleIndex != right.ruleIndex { return left.ruleIndex < right.ruleIndex }
        guard let rightTrigger = right.trigger else { return false }
        guard let leftTrigger = left.trigger else { return true }
        if let order = isBefore(leftTrigger.tier, rightTrigger.tier) { return order }
        if leftTrigger.kind != rightTrigger.kind {
            return leftTrigger.kind.rawValue < rightTrigger.kind.rawValue
        }
        if let order = isBefore(leftTrigger.namespace, rightTrigger.namespace) { return order }
        return isBefore(leftTrigger.name, rightTrigger.name) ?? false
    }

    /// Bytewise; nil when they have the same bytes.
    private static func isBefore(_ left: String, _ right: String) -> Bool? {
        let order = left.utf8.withContiguousStorageIfAvailable { left in
            right.utf8.withContiguousStorageIfAvailable { right -> Int in
                guard let first = left.baseAddress, let second = right.baseAddress else {
                    return left.count - right.count
                }
                let common = memcmp(first, second, min(left.count, right.count))
                return common != 0 ? Int(common) : left.count - right.count
            }
        }
        // Decoded texts are always contiguous.
        guard let order = order ?? nil, order != 0 else { return nil }
        return order < 0
    }

    /// Bytewise ascending, each once.
    private static func sort(_ labels: inout [String]) {
        // Most come sorted.
        guard zip(labels, labels.dropFirst()).contains(where: { isBefore($0, $1) != true }) else { return }
        labels.sort { isBefore($0, $1) ?? false }
        var kept: [String] = []
        for label in labels where kept.last.map({ isBefore($0, label) == true }) ?? true {
            kept.append(label)
        }
        labels = kept
    }
}

extension FlowKey {
    static let empty = FlowKey(
        source: FlowEndpoint(type: .unspecified, name: "", namespace: ""),
        destination: FlowEndpoint(type: .unspecified, name: "", namespace: ""), destinationPort: 0,
        service: FlowService(name: "", namespace: "", portName: "", port: 0), transport: "",
        reporter: .unspecified, action: .unspecified, trace: FlowTrace())
}

extension FlowHit {
    static let empty = FlowHit(
        kind: .unspecified, namespace: "", name: "", tier: "", action: .unspecified, policyIndex: 0,
        ruleIndex: 0)
}
