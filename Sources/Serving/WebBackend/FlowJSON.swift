// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore

/// Names that Whisker shows in place of stored ones (flow API 4.3, 4.4).
enum DisplayName {
    static func endpoint(_ name: String) -> String {
        switch name {
        case "pub": "PUBLIC NETWORK"
        case "pvt": "PRIVATE NETWORK"
        default: name
        }
    }

    static func namespace(_ namespace: String) -> String {
        namespace.isEmpty || namespace == "-" ? "Global" : namespace
    }
}

extension JSONWriter {
    /// A flow as whisker-backend writes it (flow API 4.4), empty traces as `[]`.
    mutating func whiskerFlow(_ flow: FlowAggregate) {
        beginObject()
        key("start_time")
        time(seconds: flow.startSeconds)
        key("end_time")
        time(seconds: flow.endSeconds)
        key("action")
        string(flow.key.action.name)
        whiskerEnd(flow.key.source, ("source_name", "source_namespace", "source_labels"), flow.sourceLabels)
        whiskerEnd(
            flow.key.destination, ("dest_name", "dest_namespace", "dest_labels"), flow.destinationLabels)
        key("protocol")
        string(flow.key.transport)
        key("dest_port")
        integer(flow.key.destinationPort)
        key("reporter")
        string(flow.key.reporter.name)
        policies(flow.key.trace)
        trafficCounters(flow.counters)
        endObject()
    }

    /// A row of the live stream: one flow key in one window.
    mutating func row(_ change: FlowChange) {
        let flow = change.flow
        beginObject()
        key("id")
        string("\(flow.id)-\(flow.startSeconds)")
        key("flow")
        integer(flow.id)
        key("live")
        bool(change.isFilling)
        key("start_time")
        time(seconds: flow.startSeconds)
        key("end_time")
        time(seconds: flow.endSeconds)
        key("updated_at")
        time(flow.lastActivity)
        key("action")
        string(flow.key.action.name)
        whiskerEnd(flow.key.source, ("source_name", "source_namespace", "source_labels"), flow.sourceLabels)
        key("source_type")
        string(flow.key.source.type.name)
        whiskerEnd(
            flow.key.destination, ("dest_name", "dest_namespace", "dest_labels"), flow.destinationLabels)
        key("dest_type")
        string(flow.key.destination.type.name)
        service(flow.key.service)
        key("protocol")
        string(flow.key.transport)
        key("dest_port")
        integer(flow.key.destinationPort)
        key("reporter")
        string(flow.key.reporter.name)
        policies(flow.key.trace)
        trafficCounters(flow.counters)
        key("connections_started")
        integer(flow.counters.connectionsStarted)
        key("connections_completed")
        integer(flow.counters.connectionsCompleted)
        key("connections_live")
        integer(flow.counters.connectionsLive)
        key("generation")
        integer(flow.generation)
        endObject()
    }

    private mutating func whiskerEnd(
        _ end: FlowEndpoint, _ names: (StaticString, StaticString, StaticString), _ labels: [String]
    ) {
        key(names.0)
        string(DisplayName.endpoint(end.name))
        key(names.1)
        string(end.namespace)
        key(names.2)
        string(labels.joined(separator: " | "))
    }

    private mutating func service(_ service: FlowService) {
        key("dest_service_name")
        string(service.name)
        key("dest_service_namespace")
        string(service.namespace)
        key("dest_service_port_name")
        string(service.portName)
        key("dest_service_port")
        integer(service.port)
    }

    private mutating func trafficCounters(_ counters: FlowCounters) {
        key("packets_in")
        integer(counters.packetsIn)
        key("packets_out")
        integer(counters.packetsOut)
        key("bytes_in")
        integer(counters.bytesIn)
        key("bytes_out")
        integer(counters.bytesOut)
    }

    // MARK: - Traces

    private mutating func policies(_ trace: FlowTrace) {
        key("policies")
        beginObject()
        key("enforced")
        beginArray()
        for hit in trace.enforced { self.hit(hit) }
        endArray()
        key("pending")
        beginArray()
        for hit in trace.pending { self.hit(hit) }
        endArray()
        endObject()
    }

    private mutating func hit(_ hit: FlowHit) {
        beginHit(hit.kind, hit.name, hit.namespace, hit.tier, hit)
        key("trigger")
        if let trigger = hit.trigger {
            // Upstream leaves the action of a trigger unset; Whisker's page looks every action up in a table
            // without that value, so the hit's own action stands here.
            var shown = hit
            shown.policyIndex = 0
            shown.ruleIndex = 0
            beginHit(trigger.kind, trigger.name, trigger.namespace, trigger.tier, shown)
            key("trigger")
            null()
            endObject()
        } else {
            null()
        }
        endObject()
    }

    private mutating func beginHit(
        _ kind: FlowPolicyKind, _ name: String, _ namespace: String, _ tier: String, _ hit: FlowHit
    ) {
        beginObject()
        key("kind")
        string(kind.name)
        key("name")
        string(name)
        key("namespace")
        string(namespace)
        key("tier")
        string(tier)
        key("action")
        string(hit.action.name)
        key("policy_index")
        integer(hit.policyIndex)
        key("rule_index")
        integer(hit.ruleIndex)
    }
}
