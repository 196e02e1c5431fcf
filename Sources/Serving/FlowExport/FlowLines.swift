// SPDX-License-Identifier: Apache-2.0

internal import FlowModel
internal import FlowStore

/// Flows as lines of JSON (flow API 3.5): the members of the Flow message by their names in the contract,
/// enums and 64-bit numbers as numbers, zero and empty members left out. No id.
///
/// Control characters, U+007F to U+009F, U+2028 and U+2029 are escaped, so that whatever a name holds, a flow
/// is one line. Numbers beyond the contract's signed 64 bits are written as the greatest of those.
struct FlowLines {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// Lines for flows from `index` on: as many as fit, at least one, with a newline between and none at the
    /// end.
    ///
    /// - Returns: the lines, and the index after the last one.
    static func body(
        of flows: [FlowAggregate], from index: Int, maximumBytes: Int
    ) -> (bytes: [UInt8], end: Int) {
        var lines = FlowLines()
        var end = index
        while end < flows.count {
            let length = lines.bytes.count
            if end > index { lines.bytes.append(UInt8(ascii: "\n")) }
            lines.append(flows[end])
            if lines.bytes.count > maximumBytes, end > index {
                lines.bytes.removeSubrange(length...)
                break
            }
            end += 1
        }
        return (lines.bytes, end)
    }

    // MARK: - Messages

    private mutating func append(_ flow: FlowAggregate) {
        needsComma = false
        object {
            $0.object("Key") { $0.members(flow.key) }
            $0.integer("start_time", flow.startSeconds)
            $0.integer("end_time", flow.endSeconds)
            $0.strings("source_labels", flow.sourceLabels)
            $0.strings("dest_labels", flow.destinationLabels)
            $0.integer("packets_in", flow.counters.packetsIn)
            $0.integer("packets_out", flow.counters.packetsOut)
            $0.integer("bytes_in", flow.counters.bytesIn)
            $0.integer("bytes_out", flow.counters.bytesOut)
            $0.integer("num_connections_started", flow.counters.connectionsStarted)
            $0.integer("num_connections_completed", flow.counters.connectionsCompleted)
            $0.integer("num_connections_live", flow.counters.connectionsLive)
        }
    }

    private mutating func members(_ key: FlowKey) {
        string("source_name", key.source.name)
        string("source_namespace", key.source.namespace)
        integer("source_type", key.source.type.rawValue)
        string("dest_name", key.destination.name)
        string("dest_namespace", key.destination.namespace)
        integer("dest_type", key.destination.type.rawValue)
        integer("dest_port", key.destinationPort)
        string("dest_service_name", key.service.name)
        string("dest_service_namespace", key.service.namespace)
        string("dest_service_port_name", key.service.portName)
        integer("dest_service_port", key.service.port)
        string("proto", key.transport)
        integer("reporter", key.reporter.rawValue)
        integer("action", key.action.rawValue)
        guard !key.trace.enforced.isEmpty || !key.trace.pending.isEmpty else { return }
        object("policies") {
            $0.hits("enforced_policies", key.trace.enforced)
            $0.hits("pending_policies", key.trace.pending)
        }
    }

    private mutating func hits(_ name: StaticString, _ hits: [FlowHit]) {
        guard !hits.isEmpty else { return }
        self.name(name)
        bytes.append(UInt8(ascii: "["))
        needsComma = false
        for hit in hits { object { $0.members(hit) } }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func members(_ hit: FlowHit) {
        integer("kind", hit.kind.rawValue)
        string("namespace", hit.namespace)
        string("name", hit.name)
        string("tier", hit.tier)
        integer("action", hit.action.rawValue)
        integer("policy_index", hit.policyIndex)
        integer("rule_index", hit.ruleIndex)
        guard let trigger = hit.trigger else { return }
        object("trigger") {
            $0.integer("kind", trigger.kind.rawValue)
            $0.string("namespace", trigger.namespace)
            $0.string("name", trigger.name)
            $0.string("tier", trigger.tier)
        }
    }

    // MARK: - JSON

    private mutating func object(_ name: StaticString, _ members: (inout FlowLines) -> Void) {
        self.name(name)
        needsComma = false
        object(members)
    }

    private mutating func object(_ members: (inout FlowLines) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
        members(&self)
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    /// A member, unless it is zero.
    private mutating func integer(_ name: StaticString, _ value: some FixedWidthInteger) {
        guard value != 0 else { return }
        self.name(name)
        let value = Int64(clamping: value)
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        var magnitude = value.magnitude
        let start = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(magnitude % 10))
            magnitude /= 10
        } while magnitude > 0
        bytes[start...].reverse()
    }

    /// A member, unless it is empty.
    private mutating func string(_ name: StaticString, _ text: String) {
        guard !text.isEmpty else { return }
        self.name(name)
        quote(text)
    }

    /// A member, unless it is empty.
    private mutating func strings(_ name: StaticString, _ texts: [String]) {
        guard !texts.isEmpty else { return }
        self.name(name)
        bytes.append(UInt8(ascii: "["))
        needsComma = false
        for text in texts {
            separate()
            quote(text)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// Names are ours and need no escapes.
    private mutating func name(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        if text.utf8.allSatisfy(Self.isPlain) {
            bytes.append(contentsOf: text.utf8)
        } else {
            escape(text)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20..<0x7f).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private mutating func escape(_ text: String) {
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22, 0x5c: bytes += [UInt8(ascii: "\\"), UInt8(scalar.value)]
            case 0x0a: bytes += Array("\\n".utf8)
            case 0x0d: bytes += Array("\\r".utf8)
            case 0x09: bytes += Array("\\t".utf8)
            case 0..<0x20, 0x7f...0x9f, 0x2028, 0x2029:
                let digits = String(scalar.value, radix: 16)
                bytes += Array("\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8)
            default: bytes += Array(String(scalar).utf8)
            }
        }
    }
}
