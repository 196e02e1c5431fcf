// SPDX-License-Identifier: Apache-2.0

internal import FlowModel
internal import NetworkModel

/// The members of a JSON object that a flow, its key or a hit is read from. Members that are not known are
/// left alone; one that is there and of another type is a problem that names it.
struct FlowFields {
    /// Hits of one trace.
    static let maximumHits = 1_000
    static let maximumLabels = 1_000
    static let maximumAddresses = 100

    private let members: [String: JSONValue]

    init(_ members: [String: JSONValue]) { self.members = members }

    private func problem(_ name: String, _ message: String) -> FlowLineProblem {
        FlowLineProblem(description: "\(name) \(message)")
    }

    /// Nil when it is missing or null.
    private func value(_ name: String) -> JSONValue? {
        guard let value = members[name], value != .null else { return nil }
        return value
    }

    // MARK: - Single values

    func text(_ name: String, default standard: String?) throws(FlowLineProblem) -> String? {
        guard let value = value(name) else { return standard }
        guard case .string(let text) = value else { throw problem(name, "is not a text") }
        return text
    }

    /// Empty when it is missing.
    func text(_ name: String) throws(FlowLineProblem) -> String { try text(name, default: "") ?? "" }

    /// 0 when it is missing.
    func number(_ name: String) throws(FlowLineProblem) -> Int64 {
        guard let value = value(name) else { return 0 }
        guard case .integer(let magnitude, let isNegative) = value,
            let number = isNegative ? Int64(exactly: -Int128(magnitude)) : Int64(exactly: magnitude)
        else { throw problem(name, "is not a whole number of 64 bits") }
        return number
    }

    /// 0 when both are missing.
    func count(_ name: String, or other: String? = nil) throws(FlowLineProblem) -> UInt64 {
        let name = members[name] == nil ? other ?? name : name
        guard let value = value(name) else { return 0 }
        guard case .integer(let magnitude, false) = value else { throw problem(name, "is not a count") }
        return magnitude
    }

    /// Unix seconds, or RFC 3339.
    func time(_ name: String) throws(FlowLineProblem) -> Timestamp? {
        switch value(name) {
        case nil: return nil
        case .string(let text):
            if let time = RFC3339.parse(text), time.seconds >= 0 { return time }
        case .integer(let magnitude, false):
            if magnitude < 9_000_000_000 { return Timestamp(seconds: Int64(magnitude)) }
        default: break
        }
        throw problem(name, "is no time: write Unix seconds, or 2026-01-02T03:04:05Z")
    }

    /// A word by its name, in whichever case, or by its number in the flow API.
    func choice<Choice: RawRepresentable<UInt8>>(
        _ name: String, _ all: [Choice], _ word: (Choice) -> String
    ) throws(FlowLineProblem) -> Choice? {
        guard let value = value(name) else { return nil }
        var found: Choice?
        if case .string(let text) = value {
            found = all.first { word($0).lowercased() == text.lowercased() }
        } else if case .integer(let magnitude, false) = value {
            found = UInt8(exactly: magnitude).flatMap(Choice.init(rawValue:))
        }
        guard let found else {
            let words = all.filter { $0.rawValue != 0 }.map(word).joined(separator: ", ")
            throw problem(name, "is none of \(words)")
        }
        return found
    }

    func object(_ name: String) throws(FlowLineProblem) -> FlowFields? {
        guard let value = value(name) else { return nil }
        guard case .object(let members) = value else { throw problem(name, "is not an object") }
        return FlowFields(members)
    }

    private func objects(_ name: String, atMost limit: Int) throws(FlowLineProblem) -> [FlowFields] {
        guard let value = value(name) else { return [] }
        guard case .array(let items) = value else { throw problem(name, "is not a list") }
        guard items.count <= limit else { throw problem(name, "has more than \(limit) items") }
        var objects: [FlowFields] = []
        for item in items {
            guard case .object(let members) = item else {
                throw problem(name, "holds something that is no object")
            }
            objects.append(FlowFields(members))
        }
        return objects
    }

    // MARK: - Parts of a flow

    /// `source_name`, `source_namespace`, `source_type`.
    func end(_ prefix: String) throws(FlowLineProblem) -> FlowEndpoint {
        FlowEndpoint(
            type: try choice("\(prefix)_type", FlowEndpointType.allCases, \.name) ?? .unspecified,
            name: try text("\(prefix)_name"), namespace: try text("\(prefix)_namespace"))
    }

    func service() throws(FlowLineProblem) -> FlowService {
        guard members["dest_service_name"] != nil else { return .none }
        return FlowService(
            name: try text("dest_service_name"), namespace: try text("dest_service_namespace"),
            portName: try text("dest_service_port_name"), port: try number("dest_service_port"))
    }

    /// A list, or one text with ` | ` between; sorted and each once, as records have them.
    func labels(_ name: String) throws(FlowLineProblem) -> [String] {
        let labels: [String]
        switch value(name) {
        case nil: return []
        case .string(let text): labels = text.isEmpty ? [] : Self.parts(of: text)
        case .array(let items):
            labels = items.compactMap { if case .string(let text) = $0 { text } else { nil } }
            guard labels.count == items.count else { throw problem(name, "holds something that is no text") }
        default: throw problem(name, "is neither a list nor a text")
        }
        guard labels.count <= Self.maximumLabels else {
            throw problem(name, "has more than \(Self.maximumLabels) labels")
        }
        return Set(labels).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func parts(of text: String) -> [String] {
        var (parts, bytes, start) = ([String](), Array(text.utf8), 0)
        bytes += Array(" | ".utf8)
        var index = 0
        while index + 2 < bytes.count {
            guard bytes[index] == 0x20, bytes[index + 1] == 0x7c, bytes[index + 2] == 0x20 else {
                index += 1
                continue
            }
            parts.append(String(decoding: bytes[start..<index], as: UTF8.self))
            index += 3
            start = index
        }
        return parts
    }

    func addresses() throws(FlowLineProblem) -> [FlowAddresses] {
        var pairs: [FlowAddresses] = []
        for item in try objects("addresses", atMost: Self.maximumAddresses) {
            guard let source = IPAddress(try item.text("source")),
                let destination = IPAddress(try item.text("dest"))
            else { throw problem("addresses", "holds a pair whose source and dest are not addresses") }
            pairs.append(FlowAddresses(source: source, destination: destination))
        }
        return pairs
    }

    func hits(_ name: String) throws(FlowLineProblem) -> [FlowHit] {
        var hits: [FlowHit] = []
        for item in try objects(name, atMost: Self.maximumHits) {
            let policy = try item.policy()
            hits.append(
                FlowHit(
                    kind: policy.kind, namespace: policy.namespace, name: policy.name, tier: policy.tier,
                    action: try item.choice("action", FlowAction.allCases, \.name) ?? .unspecified,
                    policyIndex: try item.number("policy_index"), ruleIndex: try item.number("rule_index"),
                    trigger: try item.object("trigger")?.policy()))
        }
        return hits
    }

    private func policy() throws(FlowLineProblem) -> FlowTrigger {
        FlowTrigger(
            kind: try choice("kind", FlowPolicyKind.allCases, \.name) ?? .unspecified,
            namespace: try text("namespace"), name: try text("name"), tier: try text("tier"))
    }
}
