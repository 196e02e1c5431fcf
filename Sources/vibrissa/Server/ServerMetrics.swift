// SPDX-License-Identifier: Apache-2.0

import Daemons
import FlowAPI
import FlowExport
import FlowModel
import FlowStore
import Foundation
import GRPCTransport
import Glibc
import Monitoring
import NetworkModel
import TransportSecurity

/// What a server counts, for Prometheus (docs/reference/metrics.md). Goldmane's names come first, so that dashboards
/// for it work.
struct ServerMetrics: Sendable {
    let aggregator: Aggregator
    let services: FlowServices
    let server: GRPCServer
    let emitter: FlowEmitter?
    let started: Timestamp

    var all: [Metric] {
        let (flows, collected, calls) = (aggregator.statistics, services.statistics, server.statistics)
        return goldmane(flows, collected) + store(flows) + collector(collected) + Self.calls(calls)
            + Self.losses(aggregator.losses + collected.losses)
            + (emitter.map { Self.emitter($0.status) } ?? []) + Self.process(started: started)
    }

    // MARK: - Goldmane's

    private func goldmane(_ flows: AggregatorStatistics, _ collected: CollectorStatistics) -> [Metric] {
        let sources = collected.sources.sorted { $0.key < $1.key }
        let dropped = aggregator.losses.filter { $0.name.hasPrefix("flow_records_") }
        let untilRollOver = max(
            0, Timestamp(seconds: flows.headSeconds).nanoseconds(since: ServerSession.now()))
        return [
            Metric(
                "goldmane_aggr_received_flows_total", .counter, "Flows that collectors sent.",
                Double(collected.receivedUpdates)),
            Metric(
                "goldmane_aggr_dropped_flows_total", .counter, "Flows that could not be kept.",
                Double(dropped.reduce(0) { $0 + $1.count })),
            Metric(
                "goldmane_aggr_num_unique_flows", .gauge, "Flow keys in memory.", Double(flows.gauges.keys)),
            Metric(
                "goldmane_aggr_flow_index_buffer_size", .gauge,
                "Flows that wait to be stored: none, as they are stored when they arrive.", 0),
            Self.summary(
                "goldmane_aggr_flow_index_batch_size", "Flows that were stored in one go.",
                count: collected.batches, sum: Double(collected.receivedUpdates)),
            Self.summary(
                "goldmane_aggr_flow_index_latency_ms", "Time to store a batch.", count: collected.batches,
                sum: sources.reduce(0) { $0 + $1.value.latency.milliseconds }),
            Self.summary(
                "goldmane_aggr_rollover_duration_ms", "Time that a roll-over holds the store.",
                count: flows.rollOvers.count, sum: flows.rollOvers.total.milliseconds),
            Self.summary(
                "goldmane_aggr_rollover_latency_ms", "Time until the next roll-over, now.",
                count: 1, sum: Double(untilRollOver) / 1e6),
            Self.summary(
                "goldmane_aggr_backfill_latency_ms",
                "Time to read a new stream's history before it starts: none, as it is read while it is sent.",
                count: 0, sum: 0),
            Metric(
                "goldmane_collector_received_flows", .counter,
                "Flows by the address of their sender, without its port.",
                sources.map { Metric.Sample(Double($0.value.updates), labels: [("source", $0.key)]) }),
            Metric(
                "goldmane_collector_flow_process_latency", .histogram, "Time to take one flow, in seconds.",
                sources.flatMap { Self.histogram($0.value, [("source", $0.key)]) }),
            Metric(
                "goldmane_collector_num_clients", .gauge, "Streams of collectors that are open.",
                Double(collected.openStreams)),
            Metric(
                "goldmane_num_streams", .gauge, "Streams of closed windows that are open.",
                Double(flows.windowStreams)),
        ]
    }

    private static func summary(_ name: String, _ help: String, count: UInt64, sum: Double) -> Metric {
        Metric(
            name, .summary, help,
            [Metric.Sample(sum, suffix: "_sum"), Metric.Sample(Double(count), suffix: "_count")])
    }

    private static func histogram(
        _ source: CollectorStatistics.Source, _ labels: [(name: String, value: String)]
    ) -> [Metric.Sample] {
        var total: UInt64 = 0
        var samples: [Metric.Sample] = []
        let bounds = CollectorStatistics.Source.latencyBounds.map { "\($0.milliseconds / 1_000)" } + ["+Inf"]
        for (bound, count) in zip(bounds, source.latencyCounts) {
            total += count
            samples.append(
                Metric.Sample(Double(total), labels: labels + [("le", bound)], suffix: "_bucket"))
        }
        samples.append(
            Metric.Sample(source.latency.milliseconds / 1_000, labels: labels, suffix: "_sum"))
        samples.append(Metric.Sample(Double(source.updates), labels: labels, suffix: "_count"))
        return samples
    }

    // MARK: - Ours

    private func store(_ flows: AggregatorStatistics) -> [Metric] {
        let gauges = flows.gauges
        return [
            Metric(
                "vibrissa_flow_records_stored_total", .counter, "Flow records stored.",
                Double(flows.insertedRecords)),
            Metric(
                "vibrissa_flow_deliveries_repeated_total", .counter,
                "Flows that a node sent again and that were counted once.", Double(flows.repeatedDeliveries)),
            Metric(
                "vibrissa_flow_rows", .gauge, "Pairs of a flow and a window with data in it.",
                Double(gauges.rows)),
            Metric(
                "vibrissa_flow_open_rows", .gauge, "Rows of windows that may still change.",
                Double(gauges.openRows)),
            Metric(
                "vibrissa_flow_packed_bytes", .gauge, "Memory of packed windows.", Double(gauges.sealedBytes)),
            Metric(
                "vibrissa_flow_text_bytes", .gauge, "Memory of names and labels.", Double(gauges.textBytes)),
            Metric("vibrissa_flow_traces", .gauge, "Distinct policy traces.", Double(gauges.traces)),
            Metric(
                "vibrissa_flow_label_lists", .gauge, "Distinct lists of labels.", Double(gauges.labelLists)),
            Metric(
                "vibrissa_flow_encoded_bytes", .gauge, "Memory of encoded flows that save decoding.",
                Double(gauges.aliasBytes)),
            Metric(
                "vibrissa_flow_deliveries_remembered", .gauge, "Deliveries that are remembered.",
                Double(gauges.deliveries)),
            Metric(
                "vibrissa_flow_history_start_seconds", .gauge,
                "Start of the oldest window that is kept, Unix seconds.", Double(flows.oldestSeconds)),
            Metric(
                "vibrissa_live_readers", .gauge, "Readers of live changes.", Double(flows.liveReaders)),
        ]
    }

    private func collector(_ collected: CollectorStatistics) -> [Metric] {
        [
            Metric(
                "vibrissa_collector_decoded_updates_total", .counter,
                "Flows whose key or labels had to be decoded; all others were known by their bytes.",
                Double(collected.decodedUpdates)),
            Metric(
                "vibrissa_collector_repeated_batches_total", .counter,
                "Batches of agents that came again and were counted once.", Double(collected.repeatedBatches)),
            Metric(
                "vibrissa_collector_senders", .gauge, "Senders that are remembered, connected or not.",
                Double(services.senderCount)),
        ]
    }

    private static func calls(_ calls: GRPCServerStatistics) -> [Metric] {
        func counter(_ name: String, _ help: String, _ value: UInt64) -> Metric {
            Metric("vibrissa_grpc_\(name)", .counter, help, Double(value))
        }
        return [
            Metric(
                "vibrissa_grpc_connections", .gauge, "Connections that are open.",
                Double(calls.openConnections)),
            Metric("vibrissa_grpc_calls", .gauge, "Calls that are going on.", Double(calls.openCalls)),
            counter(
                "connections_accepted_total", "Connections that were accepted.", calls.acceptedConnections),
            counter(
                "connections_refused_total", "Connections that were closed because there were too many.",
                calls.refusedConnections),
            counter(
                "connections_failed_total", "Connections that ended with an error of TLS or of the protocol.",
                calls.failedConnections),
            counter(
                "connections_dead_total", "Connections whose other end did not answer, or did not begin.",
                calls.deadConnections),
            counter(
                "connections_abused_total", "Connections that were closed because of too many pings.",
                calls.abusedConnections),
            counter(
                "calls_slow_total", "Calls that were ended because the caller did not read.", calls.slowCalls),
            Metric(
                "vibrissa_grpc_calls_ended_total", .counter, "Calls that ended, by method and status.",
                calls.calls.sorted {
                    ($0.key.method, $0.key.code.rawValue) < ($1.key.method, $1.key.code.rawValue)
                }
                .map { ended in
                    Metric.Sample(
                        Double(ended.value),
                        labels: [("method", ended.key.method), ("code", ended.key.code.name)])
                }),
        ]
    }

    private static func emitter(_ status: FlowEmitterStatus) -> [Metric] {
        func counter(_ name: String, _ help: String, _ value: UInt64) -> Metric {
            Metric("vibrissa_flow_emitter_\(name)", .counter, help, Double(value))
        }
        return [
            Metric("vibrissa_flow_emitter_on", .gauge, "1 while flows are sent on.", status.isOn ? 1 : 0),
            Metric(
                "vibrissa_flow_emitter_due_blocks", .gauge, "Blocks that are over and have not been sent.",
                Double(status.dueBlocks)),
            Metric(
                "vibrissa_flow_emitter_last_success_seconds", .gauge,
                "When the receiver last took flows, Unix seconds; 0: not yet.",
                Double(status.lastSuccess?.seconds ?? 0)),
            counter("blocks_sent_total", "Blocks that the receiver has taken.", status.sentBlocks),
            counter("flows_sent_total", "Flows that the receiver has taken.", status.sentFlows),
            counter("retries_total", "Requests that were sent again.", status.retries),
            counter(
                "progress_failures_total", "Times that progress could not be kept.", status.progressFailures),
        ] + losses(status.losses)
    }

    static func losses(_ losses: [EventLoss]) -> [Metric] {
        losses.map { Metric("vibrissa_\($0.name)", .counter, $0.help, Double($0.count)) }
    }

    static func certificates(_ sources: [TLSContextSource]) -> [Metric] {
        guard !sources.isEmpty else { return [] }
        func samples(_ value: (TLSContextSource.Status) -> Double?) -> [Metric.Sample] {
            sources.compactMap { source in
                value(source.status).map { Metric.Sample($0, labels: [("certificate", "\(source)")]) }
            }
        }
        return [
            Metric(
                "vibrissa_certificate_expiry_seconds", .gauge,
                "When a certificate in use ends, Unix seconds.",
                samples { $0.expiry?.timeIntervalSince1970 }),
            Metric(
                "vibrissa_certificate_replacements_total", .counter, "Changed files that were put to use.",
                samples { Double($0.replacements) }),
            Metric(
                "vibrissa_certificate_rejections_total", .counter,
                "Changed files that could not be used; the old ones stay in use.",
                samples { Double($0.rejections) }),
        ]
    }

    static func process(started: Timestamp) -> [Metric] {
        var metrics = [
            Metric(
                "process_start_time_seconds", .gauge, "Start of the process, Unix seconds.",
                Double(started.nanoseconds) / 1e9),
            Metric(
                "vibrissa_build_info", .gauge, "1, with the version.",
                [Metric.Sample(1, labels: [("version", Vibrissa.version)])]),
        ]
        // proc(5): the name in parentheses may hold blanks; after it come the state and numbers.
        if let stat = text(of: "/proc/self/stat")?.split(separator: ")").last?.split(separator: " "),
            stat.count > 12, let user = Double(stat[11]), let system = Double(stat[12])
        {
            metrics.append(
                Metric(
                    "process_cpu_seconds_total", .counter, "Processor time, user and system.",
                    (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))))
        }
        if let statm = text(of: "/proc/self/statm")?.split(separator: " "), statm.count > 1,
            let pages = Double(statm[1])
        {
            metrics.append(
                Metric(
                    "process_resident_memory_bytes", .gauge, "Resident memory.",
                    pages * Double(sysconf(Int32(_SC_PAGESIZE)))))
        }
        return metrics
    }

    private static func text(of path: String) -> String? {
        // Files of the kernel have no size, so they are read to their end.
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        return (try? file.readToEnd()).flatMap { $0 }.map { String(decoding: $0, as: UTF8.self) }
    }
}

extension CollectorStatistics {
    /// What collectors sent that could not be used.
    var losses: [EventLoss] {
        [
            EventLoss(
                name: "collector_malformed_updates_total", count: malformedUpdates,
                help: "Messages of collectors that are no flow. Check what sends them."),
            EventLoss(
                name: "collector_incomplete_updates_total", count: incompleteUpdates,
                help: "Messages of collectors without a flow or a key. Check what sends them."),
        ]
    }
}

extension Duration {
    fileprivate var milliseconds: Double {
        Double(components.seconds) * 1_000 + Double(components.attoseconds) / 1e15
    }
}
