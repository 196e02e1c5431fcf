// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import SwiftProtobuf

// Between answers and messages of vibrissa.v1 that are not flows.

extension Vibrissa_V1_Gap {
    init(_ gap: FlowGap) {
        self.init()
        missed = gap.missed.map(Int64.init) ?? -1
        reason =
            switch gap.reason {
            case .unknownCursor: .unknownCursor
            case .expired: .expired
            case .backlog: .backlog
            }
    }
}

extension FlowGap {
    init(_ message: Vibrissa_V1_Gap) {
        let reason: Reason =
            switch message.reason {
            case .unknownCursor, .unspecified, .UNRECOGNIZED: .unknownCursor
            case .expired: .expired
            case .backlog: .backlog
            }
        self.init(reason: reason, missed: message.missed < 0 ? nil : Int(clamping: message.missed))
    }
}

extension Vibrissa_V1_HistogramBin {
    init(_ bin: FlowHistogramBin) {
        self.init()
        startTime = bin.startSeconds
        allowedFlows = Int64(bin.allowedFlows)
        deniedFlows = Int64(bin.deniedFlows)
        bytes = Int64(clamping: bin.bytes)
        packets = Int64(clamping: bin.packets)
        connectionsStarted = Int64(clamping: bin.connectionsStarted)
    }
}

extension FlowHistogramBin {
    init(_ message: Vibrissa_V1_HistogramBin) {
        self.init(
            startSeconds: message.startTime, allowedFlows: Int(clamping: max(0, message.allowedFlows)),
            deniedFlows: Int(clamping: max(0, message.deniedFlows)), bytes: UInt64(max(0, message.bytes)),
            packets: UInt64(max(0, message.packets)),
            connectionsStarted: UInt64(max(0, message.connectionsStarted)))
    }
}

extension Vibrissa_V1_Talker {
    init(_ talker: FlowTalker) {
        self.init()
        sourceNamespace = talker.source?.namespace ?? ""
        sourceName = talker.source?.name ?? ""
        destNamespace = talker.destination?.namespace ?? ""
        destName = talker.destination?.name ?? ""
        flows = Int64(talker.flows)
        value = Int64(clamping: talker.value)
    }
}

extension FlowTalker {
    init(_ message: Vibrissa_V1_Talker, _ grouping: FlowTopQuery.Grouping) {
        func end(_ name: String, _ namespace: String) -> FlowEndpoint {
            FlowEndpoint(type: .unspecified, name: name, namespace: namespace)
        }
        self.init(
            source: grouping == .destination ? nil : end(message.sourceName, message.sourceNamespace),
            destination: grouping == .source ? nil : end(message.destName, message.destNamespace),
            flows: Int(clamping: max(0, message.flows)), value: UInt64(max(0, message.value)))
    }
}
