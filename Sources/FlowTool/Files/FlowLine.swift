// SPDX-License-Identifier: Apache-2.0

internal import FlowModel
internal import FlowStore
internal import NetworkModel

/// Why a line is no flow.
struct FlowLineProblem: Error, CustomStringConvertible {
    /// With what to try.
    let description: String
}

/// A flow as one JSON object: in the form that `-o jsonl` writes, and in that of Goldmane's emitter.
struct FlowLine {
    var flow: FlowAggregate
    /// One flow in one window, by its `id`; another line with the same one replaces it.
    var rowID: String?
    /// `end_time` was there; a flow without one gets its window's end.
    var hasEnd: Bool

    init(_ bytes: ArraySlice<UInt8>) throws(FlowLineProblem) {
        let value: JSONValue
        do {
            value = try JSONParser.parse(bytes)
        } catch {
            throw FlowLineProblem(description: error.description)
        }
        guard case .object(let members) = value else {
            throw FlowLineProblem(description: "this is no JSON object; each line is one flow")
        }
        guard members["items"] == nil, members["rows"] == nil else {
            throw FlowLineProblem(description: "this is a whole list; write flows with -o jsonl")
        }
        let fields = FlowFields(members)
        let key: FlowKey
        if let inner = try fields.object("Key") {
            key = try FlowKey(emitted: inner)
        } else if members["source_name"] != nil || members["dest_name"] != nil {
            key = try FlowKey(shown: fields)
        } else {
            throw FlowLineProblem(
                description: "it has neither source_name and dest_name nor Key; write flows with -o jsonl")
        }
        guard let start = try fields.time("start_time") else {
            throw FlowLineProblem(description: "start_time is missing")
        }
        let end = try fields.time("end_time")
        if let end, end.seconds <= start.seconds {
            throw FlowLineProblem(description: "end_time is not after start_time")
        }
        rowID = try fields.text("id", default: nil)
        hasEnd = end != nil
        flow = FlowAggregate(
            id: 0, key: key, startSeconds: start.seconds, endSeconds: end?.seconds ?? start.seconds + 1,
            sourceLabels: try fields.labels("source_labels"),
            destinationLabels: try fields.labels("dest_labels"),
            counters: try FlowCounters(fields), lastActivity: try fields.time("updated_at") ?? start,
            generation: try fields.count("generation"), addresses: try fields.addresses())
    }
}

extension FlowKey {
    /// As `-o jsonl` and the HTTP API write it.
    fileprivate init(shown fields: FlowFields) throws(FlowLineProblem) {
        let policies = try fields.object("policies")
        self.init(
            source: try fields.end("source"), destination: try fields.end("dest"),
            destinationPort: try fields.number("dest_port"), service: try fields.service(),
            transport: try fields.text("protocol"),
            reporter: try fields.choice("reporter", FlowReporter.allCases, \.name) ?? .unspecified,
            action: try fields.choice("action", FlowAction.allCases, \.name) ?? .unspecified,
            trace: FlowTrace(
                enforced: try policies?.hits("enforced") ?? [], pending: try policies?.hits("pending") ?? []))
        source.name = ShownName.read(source.name)
        destination.name = ShownName.read(destination.name)
        // Other programs leave the types out.
        if source.type == .unspecified, ["pub", "pvt"].contains(source.name) { source.type = .network }
        if destination.type == .unspecified, ["pub", "pvt"].contains(destination.name) {
            destination.type = .network
        }
    }

    /// As the emitter writes it: what is zero or empty is left out.
    fileprivate init(emitted fields: FlowFields) throws(FlowLineProblem) {
        let policies = try fields.object("policies")
        self.init(
            source: try fields.end("source"), destination: try fields.end("dest"),
            destinationPort: try fields.number("dest_port"), service: try fields.service(),
            transport: try fields.text("proto"),
            reporter: try fields.choice("reporter", FlowReporter.allCases, \.name) ?? .unspecified,
            action: try fields.choice("action", FlowAction.allCases, \.name) ?? .unspecified,
            trace: FlowTrace(
                enforced: try policies?.hits("enforced_policies") ?? [],
                pending: try policies?.hits("pending_policies") ?? []))
    }
}

extension FlowCounters {
    fileprivate init(_ fields: FlowFields) throws(FlowLineProblem) {
        self.init()
        packetsIn = try fields.count("packets_in")
        packetsOut = try fields.count("packets_out")
        bytesIn = try fields.count("bytes_in")
        bytesOut = try fields.count("bytes_out")
        // The emitter's names begin with num_.
        connectionsStarted = try fields.count("connections_started", or: "num_connections_started")
        connectionsCompleted = try fields.count("connections_completed", or: "num_connections_completed")
        connectionsLive = try fields.count("connections_live", or: "num_connections_live")
    }
}
