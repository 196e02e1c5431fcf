// SPDX-License-Identifier: Apache-2.0

internal import FlowModel
internal import FlowStore

/// What tables and CSV show of a flow.
enum FlowColumns {
    // MARK: - Tables

    static func table(isWide: Bool) -> [TextTable.Column] {
        typealias Column = TextTable.Column
        var columns = [
            Column(title: "START", rank: 1, usual: 20),
            Column(title: "VERDICT", usual: 7),
            Column(title: "FROM", comfortable: 18, minimum: 9, usual: 34),
            Column(title: "TO", comfortable: 18, minimum: 9, usual: 34),
            Column(title: "PORT", comfortable: 9, minimum: 9, usual: 9),
            Column(title: "DECIDED BY", comfortable: 18, minimum: 12, rank: 2, usual: 36),
            Column(title: "PACKETS", isRight: true, rank: 3, usual: 7),
            Column(title: "BYTES", isRight: true, rank: 4, usual: 7),
        ]
        guard isWide else { return columns }
        columns.insert(Column(title: "END", usual: 20), at: 1)
        columns += [
            Column(title: "REPORTER", usual: 8), Column(title: "SERVICE", usual: 20),
            Column(title: "PENDING", usual: 40), Column(title: "STARTED", isRight: true),
            Column(title: "LIVE", isRight: true), Column(title: "FROM LABELS", usual: 30),
            Column(title: "TO LABELS", usual: 30),
        ]
        return columns
    }

    static func cells(_ flow: FlowAggregate, isWide: Bool) -> [TextTable.Cell] {
        typealias Cell = TextTable.Cell
        let key = flow.key
        let counters = flow.counters
        var cells = [
            Cell(RFC3339.text(seconds: flow.startSeconds), .faint),
            Cell(verdict(key.action), tone(key.action)),
            Cell(end(key.source)), Cell(end(key.destination)), Cell(port(key)),
            Cell(decider(key.trace.enforced), .faint),
            Cell(Quantity.count(sum(counters.packetsIn, counters.packetsOut))),
            Cell(Quantity.bytes(sum(counters.bytesIn, counters.bytesOut))),
        ]
        guard isWide else { return cells }
        cells.insert(Cell(RFC3339.text(seconds: flow.endSeconds), .faint), at: 1)
        cells += [
            Cell(reporter(key.reporter)), Cell(service(key.service)), Cell(pending(key.trace)),
            Cell(Quantity.count(counters.connectionsStarted)), Cell(Quantity.count(counters.connectionsLive)),
            Cell(flow.sourceLabels.joined(separator: ",")),
            Cell(flow.destinationLabels.joined(separator: ",")),
        ]
        return cells
    }

    private static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }

    private static func verdict(_ action: FlowAction) -> String {
        action == .unspecified ? "-" : action.name.lowercased()
    }

    private static func tone(_ action: FlowAction) -> TextStyle.Tone {
        switch action {
        case .allow: .good
        case .deny: .bad
        case .pass, .unspecified: .plain
        }
    }

    private static func reporter(_ reporter: FlowReporter) -> String {
        switch reporter {
        case .unspecified: "-"
        case .source: "source"
        case .destination: "dest"
        }
    }

    /// `shop/cart-6f9c-*`; ends without a namespace by their name alone.
    static func end(_ end: FlowEndpoint) -> String {
        let name = ShownName.of(end)
        return end.namespace.isEmpty || end.namespace == "-" ? name : "\(end.namespace)/\(name)"
    }

    /// `5432/tcp`; ICMP, whose port is type and code, as `icmp 8/0`.
    static func port(_ key: FlowKey) -> String {
        guard key.transport == "icmp" || key.transport == "icmp6" else {
            return "\(key.destinationPort)/\(key.transport)"
        }
        return "\(key.transport) \(key.destinationPort >> 8)/\(key.destinationPort & 0xff)"
    }

    private static func service(_ service: FlowService) -> String {
        guard service != .none, !service.name.isEmpty else { return "-" }
        let port = service.portName.isEmpty || service.portName == "-" ? "" : " (\(service.portName))"
        return "\(service.namespace)/\(service.name):\(service.port)\(port)"
    }

    /// `np:shop/allow-cart`, `end of default (np:shop/deny)`, `profile kns.shop`: the last hit decides.
    static func decider(_ hits: [FlowHit]) -> String {
        guard let hit = hits.last else { return "-" }
        if hit.kind == .profile { return "profile \(hit.name)" }
        guard hit.kind == .endOfTier else { return policy(hit.policy ?? FlowTrigger(hit)) }
        return "end of \(hit.tier)" + (hit.trigger.map { " (\(policy($0)))" } ?? "")
    }

    static func policy(_ policy: FlowTrigger) -> String {
        policy.namespace.isEmpty
            ? "\(policy.kind.code):\(policy.name)" : "\(policy.kind.code):\(policy.namespace)/\(policy.name)"
    }

    /// What staged policies would change: `deny by snp:shop/strict`; `-` when nothing.
    private static func pending(_ trace: FlowTrace) -> String {
        guard let last = trace.pending.last, last != trace.enforced.last else { return "-" }
        return "\(last.action.name.lowercased()) by \(decider(trace.pending))"
    }

    // MARK: - CSV

    static let csvHead = CSVText.line([
        "start_time", "end_time", "action", "source_namespace", "source_name", "source_type", "source_labels",
        "dest_namespace", "dest_name", "dest_type", "dest_labels", "protocol", "dest_port",
        "dest_service_namespace",
        "dest_service_name", "dest_service_port_name", "dest_service_port", "reporter", "enforced", "pending",
        "packets_in", "packets_out", "bytes_in", "bytes_out", "connections_started", "connections_completed",
        "connections_live",
    ])

    static func csv(_ flow: FlowAggregate) -> String {
        let key = flow.key
        let (source, destination, service) = (key.source, key.destination, key.service)
        let counters = flow.counters
        var cells = [
            RFC3339.text(seconds: flow.startSeconds), RFC3339.text(seconds: flow.endSeconds), key.action.name,
        ]
        cells += [
            source.namespace, ShownName.of(source), source.type.name,
            flow.sourceLabels.joined(separator: " | "),
        ]
        cells += [destination.namespace, ShownName.of(destination), destination.type.name]
        cells += [flow.destinationLabels.joined(separator: " | "), key.transport, "\(key.destinationPort)"]
        cells += [service.namespace, service.name, service.portName, "\(service.port)", key.reporter.name]
        cells += [key.trace.enforced, key.trace.pending].map { $0.map(\.traceText).joined(separator: " ") }
        cells += [counters.packetsIn, counters.packetsOut, counters.bytesIn, counters.bytesOut].map {
            "\($0)"
        }
        cells += [counters.connectionsStarted, counters.connectionsCompleted, counters.connectionsLive]
            .map { "\($0)" }
        return CSVText.line(cells)
    }
}

extension FlowTrigger {
    fileprivate init(_ hit: FlowHit) {
        self.init(kind: hit.kind, namespace: hit.namespace, name: hit.name, tier: hit.tier)
    }
}
