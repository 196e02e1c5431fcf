// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FlowStore
import NetworkModel

/// Flows with any values, of which every field comes through a file unchanged.
enum RandomFlow {
    private static let alphabet: [Unicode.Scalar] =
        Array("abc-./\"\\ *é名🙂".unicodeScalars)
        + [
            "\u{0}", "\n", "\t", "\u{1b}", "\u{7f}", "\u{9b}", "\u{202e}", "\u{2028}", "\u{301}",
            "\u{10ffff}",
        ]

    static func text(_ numbers: inout SeededNumbers) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0...12, using: &numbers) {
            text.unicodeScalars.append(alphabet.randomElement(using: &numbers)!)
        }
        return text
    }

    static func make(_ numbers: inout SeededNumbers) -> FlowAggregate {
        func number() -> UInt64 {
            UInt64.random(in: 0...UInt64.max, using: &numbers) >> UInt64.random(in: 0...63, using: &numbers)
        }
        let start = Int64.random(in: 0...4_000_000_000, using: &numbers)
        let end = start + Int64.random(in: 1...4_000, using: &numbers)
        let milliseconds = Int64.random(in: 0..<1_000, using: &numbers)
        var counters = FlowCounters()
        counters.packetsIn = number()
        counters.packetsOut = number()
        counters.bytesIn = number()
        counters.bytesOut = number()
        counters.connectionsStarted = number()
        counters.connectionsCompleted = number()
        counters.connectionsLive = number()
        return FlowAggregate(
            id: 0, key: key(&numbers), startSeconds: start, endSeconds: end, sourceLabels: labels(&numbers),
            destinationLabels: labels(&numbers), counters: counters,
            lastActivity: Timestamp(nanoseconds: (start * 1_000 + milliseconds) * 1_000_000),
            generation: number(),
            addresses: (0..<Int.random(in: 0...3, using: &numbers)).map { _ in
                FlowAddresses(
                    source: IPAddress(v4: UInt32.random(in: 0...UInt32.max, using: &numbers)),
                    destination: IPAddress("fd00::\(Int.random(in: 1...9, using: &numbers))")!)
            })
    }

    private static func labels(_ numbers: inout SeededNumbers) -> [String] {
        let labels = (0..<Int.random(in: 0...4, using: &numbers)).map { _ in
            "k\(Int.random(in: 0...9, using: &numbers))=é|v"
        }
        return Set(labels).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func key(_ numbers: inout SeededNumbers) -> FlowKey {
        func end() -> FlowEndpoint {
            let type = FlowEndpointType.allCases.randomElement(using: &numbers)!
            let name = type == .network ? ["pub", "pvt"].randomElement(using: &numbers)! : text(&numbers)
            return FlowEndpoint(type: type, name: name, namespace: text(&numbers))
        }
        return FlowKey(
            source: end(), destination: end(),
            destinationPort: Int64.random(in: .min ... .max, using: &numbers),
            service: FlowService(
                name: text(&numbers), namespace: text(&numbers), portName: text(&numbers),
                port: Int64.random(in: .min ... .max, using: &numbers)),
            transport: text(&numbers), reporter: FlowReporter.allCases.randomElement(using: &numbers)!,
            action: FlowAction.allCases.randomElement(using: &numbers)!,
            trace: FlowTrace(enforced: hits(&numbers), pending: hits(&numbers)))
    }

    private static func hits(_ numbers: inout SeededNumbers) -> [FlowHit] {
        (0..<Int.random(in: 0...3, using: &numbers)).map { _ in
            let kinds = FlowPolicyKind.allCases
            let trigger = FlowTrigger(
                kind: kinds.randomElement(using: &numbers)!, namespace: text(&numbers), name: text(&numbers),
                tier: text(&numbers))
            return FlowHit(
                kind: kinds.randomElement(using: &numbers)!, namespace: text(&numbers), name: text(&numbers),
                tier: text(&numbers), action: FlowAction.allCases.randomElement(using: &numbers)!,
                policyIndex: Int64.random(in: .min ... .max, using: &numbers),
                ruleIndex: Int64.random(in: -1...9, using: &numbers),
                trigger: Bool.random(using: &numbers) ? trigger : nil)
        }
    }
}
