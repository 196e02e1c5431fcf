// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NIOCore
import NetworkModel
import SwiftProtobuf

// Between the model and messages that hold flows.

extension FlowWriting {
    /// Appends a vibrissa.v1.FlowRow as field `number` of what is being written.
    static func writeRow(
        _ flow: FlowAggregate, isFilling: Bool = false, cursor: FlowCursor? = nil, as number: Int,
        to buffer: inout ByteBuffer
    ) {
        let cursor = Int64(bitPattern: cursor?.rawValue ?? 0)
        let result = resultSize(flow)
        let generation = Int64(bitPattern: flow.generation)
        let pairs = flow.addresses.map { pair in
            (source: pair.source.networkBytes, destination: pair.destination.networkBytes)
        }
        func size(_ pair: (source: [UInt8], destination: [UInt8])) -> Int {
            WireSize.prefix(1, pair.source.count) + pair.source.count
                + WireSize.prefix(2, pair.destination.count) + pair.destination.count
        }
        var total =
            WireSize.prefix(1, result) + result + WireSize.number(2, isFilling ? 1 : 0)
            + WireSize.number(3, flow.lastActivity.nanoseconds) + WireSize.number(4, generation)
        for pair in pairs { total += WireSize.prefix(5, size(pair)) + size(pair) }
        total += WireSize.number(6, cursor)
        buffer.writeLengthPrefix(number, total)
        buffer.writeLengthPrefix(1, result)
        writeResult(flow, to: &buffer)
        buffer.writeNumber(2, isFilling ? 1 : 0)
        buffer.writeNumber(3, flow.lastActivity.nanoseconds)
        buffer.writeNumber(4, generation)
        for pair in pairs {
            buffer.writeLengthPrefix(5, size(pair))
            buffer.writeLengthPrefix(1, pair.source.count)
            buffer.writeBytes(pair.source)
            buffer.writeLengthPrefix(2, pair.destination.count)
            buffer.writeBytes(pair.destination)
        }
        buffer.writeNumber(6, cursor)
    }
}

extension FlowAggregate {
    /// A FlowResult of any server. What its API does not tell is taken from what it does: the last activity is the
    /// end of the flow's time.
    init(_ message: Goldmane_FlowResult) {
        let flow = message.flow
        self.init(
            id: UInt64(bitPattern: message.id), key: FlowKey(flow.key), startSeconds: flow.startTime,
            endSeconds: flow.endTime, sourceLabels: flow.sourceLabels, destinationLabels: flow.destLabels,
            counters: FlowCounters(flow), lastActivity: Timestamp(seconds: flow.endTime))
    }

    init(_ message: Vibrissa_V1_FlowRow) {
        self.init(message.result)
        lastActivity = Timestamp(nanoseconds: message.lastActivityNanoseconds)
        generation = message.generation
        addresses = message.addresses.compactMap(FlowAddresses.init)
    }
}

extension FlowKey {
    init(_ message: Goldmane_FlowKey) {
        self.init(
            source: FlowEndpoint(
                type: FlowEndpointType(known: message.sourceType.rawValue) ?? .unspecified,
                name: message.sourceName, namespace: message.sourceNamespace),
            destination: FlowEndpoint(
                type: FlowEndpointType(known: message.destType.rawValue) ?? .unspecified,
                name: message.destName, namespace: message.destNamespace),
            destinationPort: message.destPort,
            service: FlowService(
                name: message.destServiceName, namespace: message.destServiceNamespace,
                portName: message.destServicePortName, port: message.destServicePort),
            transport: message.proto,
            reporter: FlowReporter(known: message.reporter.rawValue) ?? .unspecified,
            action: FlowAction(message.action),
            trace: FlowTrace(
                enforced: message.policies.enforcedPolicies.map(FlowHit.init),
                pending: message.policies.pendingPolicies.map(FlowHit.init)))
    }
}

extension FlowHit {
    init(_ message: Goldmane_PolicyHit) {
        self.init(
            kind: FlowPolicyKind(known: message.kind.rawValue) ?? .unspecified, namespace: message.namespace,
            name: message.name, tier: message.tier, action: FlowAction(message.action),
            policyIndex: message.policyIndex, ruleIndex: message.ruleIndex)
        guard message.hasTrigger else { return }
        let named = message.trigger
        trigger = FlowTrigger(
            kind: FlowPolicyKind(known: named.kind.rawValue) ?? .unspecified, namespace: named.namespace,
            name: named.name, tier: named.tier)
    }
}

extension FlowCounters {
    init(_ message: Goldmane_Flow) {
        self.init()
        func count(_ value: Int64) -> UInt64 { UInt64(max(0, value)) }
        packetsIn = count(message.packetsIn)
        packetsOut = count(message.packetsOut)
        bytesIn = count(message.bytesIn)
        bytesOut = count(message.bytesOut)
        connectionsStarted = count(message.numConnectionsStarted)
        connectionsCompleted = count(message.numConnectionsCompleted)
        connectionsLive = count(message.numConnectionsLive)
    }
}

extension FlowRecord {
    /// Nil without a flow or a key.
    init?(_ message: Vibrissa_V1_FlowRecord) {
        guard message.hasFlow, message.flow.hasKey else { return nil }
        var flow = FlowDecoding.Flow()
        flow.key = FlowKey(message.flow.key)
        flow.sourceLabels = message.flow.sourceLabels
        flow.destinationLabels = message.flow.destLabels
        flow.startSeconds = message.flow.startTime
        flow.counters = FlowCounters(message.flow)
        flow.canonicalise()
        self = flow.record
        let exact = Timestamp(nanoseconds: message.timeNanoseconds)
        if exact.seconds == flow.startSeconds { time = exact }
        generation = message.generation
        addresses = message.hasAddresses ? FlowAddresses(message.addresses) : nil
    }
}

extension FlowPage {
    /// Goldmane's numbers of an answer.
    var metadata: Goldmane_ListMetadata {
        .with {
            $0.totalPages = Int64(totalPages)
            $0.totalResults = Int64(totalResults)
        }
    }
}
