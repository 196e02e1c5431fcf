// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel
import SwiftProtobuf

// Flows of the model from the messages that hold them.

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
