// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore

/// A FlowUpdate (flow API 1.2) whose key and labels are still encoded: what is needed when their bytes are known.
///
/// ```
/// FlowUpdate ─ flow ─┬─ Key          bytes, looked up as they are
///                    ├─ *_labels     bytes from the first to the last, looked up as they are
///                    └─ the rest     numbers
/// ```
/// Senders encode equal keys to equal bytes, so a key is decoded once. One that does not is decoded each time,
/// which comes to the same.
struct FlowUpdateOutline {
    enum Problem: Error {
        /// The bytes are no FlowUpdate.
        case malformed
        /// There is no flow in it, or no key in the flow.
        case incomplete
    }

    var key = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Both lists with their field numbers; `areLabelsTogether` says whether nothing else is among them.
    var labels = UnsafeRawBufferPointer(start: nil, count: 0)
    var areLabelsTogether = true
    /// Messages that occur more than once are merged when decoded; then there is no one slice.
    var isMerged = false
    var startSeconds: Int64 = 0
    var endSeconds: Int64 = 0
    var counters = FlowCounters()

    /// What the store looks up; nil when the bytes must be decoded.
    @inline(__always)
    var encoded: EncodedFlow? {
        guard areLabelsTogether, !isMerged else { return nil }
        return EncodedFlow(
            key: key, labels: labels, startSeconds: startSeconds, endSeconds: endSeconds, counters: counters)
    }

    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer) throws(Problem) {
        var hasFlow = false
        var hasKey = false
        do {
            var update = WireReader(bytes)
            while try update.nextField(FlowShapes.update) != nil {
                if hasFlow { isMerged = true }
                hasFlow = true
                try read(flow: try update.slice(), &hasKey)
            }
        } catch {
            throw .malformed
        }
        guard hasKey else { throw .incomplete }
    }

    @inline(__always)
    private mutating func read(
        flow bytes: UnsafeRawBufferPointer, _ hasKey: inout Bool
    ) throws(WireReader.Malformed) {
        var flow = WireReader(bytes)
        var labelStart = 0
        var labelEnd = 0
        while let number = try flow.nextField(FlowShapes.flow) {
            switch number {
            case 1:
                if hasKey { isMerged = true }
                hasKey = true
                key = try flow.slice()
            case 2: startSeconds = try flow.number()
            case 3: endSeconds = try flow.number()
            case 4, 5:
                let start = flow.fieldStart
                _ = try flow.slice()
                if labelEnd == 0 {
                    labelStart = start
                } else if labelEnd != start {
                    areLabelsTogether = false
                }
                labelEnd = flow.place
                labels = flow.passed(from: labelStart)
            default: counters.set(number, try flow.number())
            }
        }
    }
}

/// The fields that are read of each message (flow API 1.2), by their numbers.
enum FlowShapes {
    /// 1.
    static var update: WireReader.Shape { WireReader.Shape(bytes: 0b10, numbers: 0) }
    /// 1, 4, 5; 2, 3, 6 to 12.
    static var flow: WireReader.Shape { WireReader.Shape(bytes: 0b11_0010, numbers: 0b1_1111_1100_1100) }
    /// 1, 2, 4, 5, 8, 9, 10, 12, 15; 3, 6, 7, 11, 13, 14.
    static var key: WireReader.Shape {
        WireReader.Shape(bytes: 0b1001_0111_0011_0110, numbers: 0b110_1000_1100_1000)
    }
    /// 1, 2.
    static var trace: WireReader.Shape { WireReader.Shape(bytes: 0b110, numbers: 0) }
    /// 2, 3, 4, 8; 1, 5, 6, 7.
    static var hit: WireReader.Shape { WireReader.Shape(bytes: 0b1_0001_1100, numbers: 0b1110_0010) }
}

extension FlowCounters {
    /// Sets a counter by its field number in Flow; negative ones are nothing.
    @inline(__always)
    mutating func set(_ number: Int, _ value: Int64) {
        let count = UInt64(max(0, value))
        switch number {
        case 6: packetsIn = count
        case 7: packetsOut = count
        case 8: bytesIn = count
        case 9: bytesOut = count
        case 10: connectionsStarted = count
        case 11: connectionsCompleted = count
        default: connectionsLive = count
        }
    }
}
