// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import SwiftProtobuf

/// What holds for any bytes that a collector sends as a FlowUpdate.
enum FlowUpdateProperties {
    static func check(_ bytes: UnsafeRawBufferPointer) {
        let expected = expected(bytes)
        let actual = actual(bytes)
        // Both have a bound on messages in messages, and it is not the same one.
        if isDeep(bytes) { return }
        precondition(text(expected) == text(actual), "read otherwise than by the generated code")
        do throws(FlowUpdateOutline.Problem) {
            let outline = try FlowUpdateOutline(bytes)
            guard case .some(.some(let flow)) = actual else { return }
            precondition(
                outline.startSeconds == flow.startSeconds && outline.endSeconds == flow.endSeconds
                    && outline.counters == flow.counters, "the outline has other numbers")
            // What it says is of the bytes, and reads back to the same key and labels.
            guard outline.encoded != nil else { return }
            precondition(outline.key.count + outline.labels.count <= bytes.count)
        } catch {
            if case .some(.some) = actual { preconditionFailure("the outline is refused") }
        }
    }

    /// By the generated code; nil for what is no message.
    private static func expected(_ bytes: UnsafeRawBufferPointer) -> FlowDecoding.Flow?? {
        guard let update = try? Goldmane_FlowUpdate(serializedBytes: Array(bytes)) else { return nil }
        guard update.hasFlow, update.flow.hasKey else { return .some(nil) }
        let message = update.flow
        var flow = FlowDecoding.Flow()
        flow.hasKey = true
        flow.key = FlowKey(message.key)
        flow.startSeconds = message.startTime
        flow.endSeconds = message.endTime
        flow.sourceLabels = message.sourceLabels
        flow.destinationLabels = message.destLabels
        flow.counters = FlowCounters(message)
        flow.canonicalise()
        return flow
    }

    private static func actual(_ bytes: UnsafeRawBufferPointer) -> FlowDecoding.Flow?? {
        do throws(WireReader.Malformed) {
            return .some(try FlowDecoding.update(bytes))
        } catch {
            return nil
        }
    }

    private static func text(_ flow: FlowDecoding.Flow??) -> String {
        switch flow {
        case nil: "malformed"
        case .some(nil): "incomplete"
        case .some(.some(let flow)): "\(flow)"
        }
    }

    /// Whether so many triggers, or groups, could be in one another: a tag and a length each.
    private static func isDeep(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let triggers = bytes.count { $0 == 0x42 }
        let groups = bytes.count { $0 & 7 == 3 }
        return triggers >= 60 || groups >= 60
    }
}
