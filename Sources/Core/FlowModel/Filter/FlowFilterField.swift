// SPDX-License-Identifier: Apache-2.0

/// What a field of the filter language looks at. Several ends: one of them must fit.
enum FlowFilterSubject: Equatable {
    case text([FlowTextField])
    case number(FlowNumberField)
    case endpointType([FlowEnd])
    case action
    case pendingAction
    case reporter
    case address([FlowEnd])
    /// Its key follows.
    case label([FlowEnd])
}

/// The names of fields. They are compared in lower case; `src`, `dst` and `destination` are read as `source` and
/// `dest`.
enum FlowFilterField {
    /// By the names that are printed.
    static let all: [(name: String, subject: FlowFilterSubject)] = [
        ("source.name", .text([.sourceName])), ("dest.name", .text([.destinationName])),
        ("name", .text([.sourceName, .destinationName])),
        ("source.namespace", .text([.sourceNamespace])), ("dest.namespace", .text([.destinationNamespace])),
        ("namespace", .text([.sourceNamespace, .destinationNamespace])),
        ("source.type", .endpointType([.source])), ("dest.type", .endpointType([.destination])),
        ("type", .endpointType([.source, .destination])),
        ("source.label", .label([.source])), ("dest.label", .label([.destination])),
        ("label", .label([.source, .destination])),
        ("source.ip", .address([.source])), ("dest.ip", .address([.destination])),
        ("ip", .address([.source, .destination])),
        ("dest.port", .number(.destinationPort)), ("protocol", .text([.transport])),
        ("service.name", .text([.serviceName])), ("service.namespace", .text([.serviceNamespace])),
        ("service.port", .number(.servicePort)), ("service.portname", .text([.servicePortName])),
        ("action", .action), ("pending", .pendingAction), ("reporter", .reporter),
    ]

    private static let aliases = ["proto": "protocol", "port": "dest.port"]
    private static let ends = ["src": "source", "dst": "dest", "destination": "dest"]

    /// What other tools call things, part by part.
    private static let synonyms = [
        "pod": "name", "workload": "name", "ns": "namespace", "labels": "label", "addr": "ip",
        "address": "ip",
        "cidr": "ip", "net": "ip", "verdict": "action", "transport": "protocol", "from": "source",
        "to": "dest",
        "dport": "port", "svc": "service", "kind": "type",
    ]

    /// A field that a word names, by its printed name.
    struct Named {
        var name: String
        var subject: FlowFilterSubject
        /// What follows `label.`: the key of a label keeps its case and its dots.
        var key: Substring?
    }

    static func named(_ word: String) -> Named? {
        let parts = word.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        let lower = parts.map { $0.lowercased() }
        if lower[0] == "label" {
            let key = parts.count > 1 ? word[parts[1].startIndex...] : nil
            return Named(name: "label", subject: .label([.source, .destination]), key: key)
        }
        let first = ends[lower[0]] ?? lower[0]
        let name = parts.count == 1 ? aliases[first] ?? first : "\(first).\(lower[1])"
        guard let field = all.first(where: { $0.name == name }) else { return nil }
        if case .label = field.subject {
            return Named(name: name, subject: field.subject, key: parts.count > 2 ? parts[2] : nil)
        }
        return parts.count > 2 ? nil : Named(name: name, subject: field.subject)
    }

    /// What to write instead of an unknown word.
    static func hint(for word: String) -> String? {
        let lower = String(word.lowercased().prefix(64))
        if lower.hasPrefix("policy.") || ["policy", "policies", "tier", "rule", "stage"].contains(lower) {
            return "conditions on policies stand in policy(…): policy(tier = default, name ~ web)"
        }
        let parts = lower.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 2, parts[1] == "port", ends[parts[0]] == "source" || parts[0] == "source" {
            return "source ports are not recorded; dest.port is the destination's"
        }
        let translated = parts.map { synonyms[$0] ?? $0 }.joined(separator: ".")
        if let field = named(translated) {
            return "did you mean \(field.name)\(field.key.map { ".\($0)" } ?? "")?"
        }
        return nearest(to: lower, in: all.map(\.name) + Array(aliases.keys).sorted()).map {
            "did you mean \($0)?"
        }
    }

    /// The candidate with the fewest insertions, deletions and replacements of letters; nil when more than a third
    /// of the word would have to change.
    static func nearest(to word: String, in candidates: [String]) -> String? {
        let word = Array(word.utf8.prefix(64))
        let distances = candidates.map { (name: $0, distance: edits(word, Array($0.utf8))) }
        guard let best = distances.min(by: { $0.distance < $1.distance }),
            best.distance <= max(1, word.count / 3)
        else { return nil }
        return best.name
    }

    private static func edits(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (i, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for j in right.indices {
                let cost = min(row[j] + 1, row[j + 1] + 1, diagonal + (byte == right[j] ? 0 : 1))
                diagonal = row[j + 1]
                row[j + 1] = cost
            }
        }
        return row[right.count]
    }
}
