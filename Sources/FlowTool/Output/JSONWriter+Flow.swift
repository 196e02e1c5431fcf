// SPDX-License-Identifier: Apache-2.0

internal import FlowModel
internal import FlowStore
internal import NetworkModel

/// Names that are shown in place of stored ones (flow API 4.4).
enum ShownName {
    static func of(_ end: FlowEndpoint) -> String {
        switch (end.type, end.name) {
        case (.workload, _), (.host, _), (.networkSet, _): end.name
        case (_, "pub"): "PUBLIC NETWORK"
        case (_, "pvt"): "PRIVATE NETWORK"
        default: end.name
        }
    }

    /// The stored name.
    static func read(_ name: String) -> String {
        switch name {
        case "PUBLIC NETWORK": "pub"
        case "PRIVATE NETWORK": "pvt"
        default: name
        }
    }
}

extension JSONWriter {
    /// A flow with the fields that the HTTP API has for a row. `row`: it is one flow in one window, and
    /// whether that is filling still.
    mutating func flow(_ flow: FlowAggregate, row isLive: Bool? = nil) {
        object { json in
            if let isLive {
                json.member("id", "\(flow.id)-\(flow.startSeconds)")
                json.member("flow", flow.id)
                json.key("live")
                json.bool(isLive)
            } else {
                json.member("flow", flow.id)
            }
            json.member("start_time", RFC3339.text(seconds: flow.startSeconds))
            json.member("end_time", RFC3339.text(seconds: flow.endSeconds))
            json.member("updated_at", RFC3339.text(flow.lastActivity))
            json.flowKey(flow)
            json.counters(flow.counters)
            json.member("generation", flow.generation)
            json.key("addresses")
            json.array(flow.addresses) { json, pair in
                json.object {
                    $0.member("source", pair.source.description)
                    $0.member("dest", pair.destination.description)
                }
            }
        }
    }

    mutating func member(_ name: StaticString, _ text: String) {
        key(name)
        string(text)
    }

    mutating func member(_ name: StaticString, _ number: some FixedWidthInteger) {
        key(name)
        integer(number)
    }

    private mutating func flowKey(_ flow: FlowAggregate) {
        let key = flow.key
        member("action", key.action.name)
        member("source_name", ShownName.of(key.source))
        member("source_namespace", key.source.namespace)
        member("source_type", key.source.type.name)
        member("source_labels", flow.sourceLabels.joined(separator: " | "))
        member("dest_name", ShownName.of(key.destination))
        member("dest_namespace", key.destination.namespace)
        member("dest_type", key.destination.type.name)
        member("dest_labels", flow.destinationLabels.joined(separator: " | "))
        member("dest_service_name", key.service.name)
        member("dest_service_namespace", key.service.namespace)
        member("dest_service_port_name", key.service.portName)
        member("dest_service_port", key.service.port)
        member("protocol", key.transport)
        member("dest_port", key.destinationPort)
        member("reporter", key.reporter.name)
        self.key("policies")
        object { json in
            json.key("enforced")
            json.array(key.trace.enforced) { $0.hit($1) }
            json.key("pending")
            json.array(key.trace.pending) { $0.hit($1) }
        }
    }

    private mutating func counters(_ counters: FlowCounters) {
        member("packets_in", counters.packetsIn)
        member("packets_out", counters.packetsOut)
        member("bytes_in", counters.bytesIn)
        member("bytes_out", counters.bytesOut)
        member("connections_started", counters.connectionsStarted)
        member("connections_completed", counters.connectionsCompleted)
        member("connections_live", counters.connectionsLive)
    }

    private mutating func hit(_ hit: FlowHit) {
        object { json in
            json.named(FlowTrigger(kind: hit.kind, namespace: hit.namespace, name: hit.name, tier: hit.tier))
            json.member("action", hit.action.name)
            json.member("policy_index", hit.policyIndex)
            json.member("rule_index", hit.ruleIndex)
            json.key("trigger")
            guard let trigger = hit.trigger else { return json.null() }
            json.object { $0.named(trigger) }
        }
    }

    mutating func named(_ policy: FlowTrigger) {
        member("kind", policy.kind.name)
        member("name", policy.name)
        member("namespace", policy.namespace)
        member("tier", policy.tier)
    }
}
