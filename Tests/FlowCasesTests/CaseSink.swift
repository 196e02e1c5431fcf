// SPDX-License-Identifier: Apache-2.0

import FlowStore
import Foundation
import Logging
import NIOCore
import NetworkModel
import Synchronization

@testable import FlowExport

/// What was sent on of one flow.
struct EmittedFlow: CustomStringConvertible {
    var destination: String
    var start: Int64
    var end: Int64
    var packetsIn: Int64

    var description: String { "\(destination) \(start)..\(end) \(packetsIn)" }
}

/// What was sent on together.
struct EmittedBlock {
    var start: Int64
    var end: Int64
    var flows: [EmittedFlow]
}

/// An emitter whose receiver keeps what it gets.
final class CaseSink {
    private final class Source: FlowEmissionSource {
        // Asked by the one who looks, and by nobody else.
        nonisolated(unsafe) let history: () -> FlowHistory
        init(_ history: @escaping () -> FlowHistory) { self.history = history }
        func snapshot() -> FlowHistory { history() }
        func rollOvers() -> AsyncStream<Void>? { nil }
    }

    private final class Receiver: FlowReceiving {
        let lines = Mutex<[String]>([])
        func send(_ lines: ByteBuffer) async throws {
            self.lines.withLock { $0 += String(buffer: lines).split(separator: "\n").map(String.init) }
        }
        func shutDown() async {}
    }

    private let receiver = Receiver()
    private let emitter: FlowEmitter
    private let blockSeconds: Int64
    private var blocks: [EmittedBlock] = []
    private let source: Source

    init(delayWindows: Int, blockWindows: Int, _ history: @escaping () -> FlowHistory) {
        source = Source(history)
        blockSeconds = Int64(blockWindows) * history().windowSeconds
        emitter = FlowEmitter(
            .init(windowsPerBlock: blockWindows, delayWindows: delayWindows), source: source,
            receiver: receiver, logger: Logger(label: "cases") { _ in SwiftLogNoOpLogHandler() },
            now: { Timestamp(seconds: 0) })
    }

    /// As after a roll-over. A case sends one block at a time.
    func look() async {
        await emitter.sendDueBlocks()
        let lines = receiver.lines.withLock { lines in
            defer { lines = [] }
            return lines
        }
        guard let end = emitter.status.doneSeconds, !lines.isEmpty else { return }
        blocks.append(
            EmittedBlock(
                start: end - blockSeconds, end: end, flows: lines.compactMap(EmittedFlow.init(line:))))
    }

    func take() -> [EmittedBlock] {
        defer { blocks = [] }
        return blocks
    }
}

extension EmittedFlow {
    fileprivate init?(line: String) {
        guard let object = (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any],
            let key = object["Key"] as? [String: Any]
        else { return nil }
        func number(_ name: String) -> Int64 { (object[name] as? NSNumber)?.int64Value ?? 0 }
        self.init(
            destination: key["dest_name"] as? String ?? "", start: number("start_time"),
            end: number("end_time"), packetsIn: number("packets_in"))
    }
}
