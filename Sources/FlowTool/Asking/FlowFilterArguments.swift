// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import FlowModel
internal import NetworkModel

/// An end of a flow: `cart`, `shop/cart`, `shop/`, `internet`.
///
/// A name is that of a pod or set, or what a pod's name begins with before a `-`: the name of its workload.
struct EndArgument: ExpressibleByArgument, Hashable, Sendable {
    /// Nil: any.
    let namespace: String?
    /// Nil: any.
    let name: String?

    init?(argument: String) {
        guard let parts = NameText.parts(argument) else { return nil }
        let (space, name) = parts
        self.namespace = space
        self.name = name.isEmpty ? nil : name
        guard self.name != nil || space != nil else { return nil }
    }

    func expression(_ end: FlowEnd) -> FlowExpression {
        let isSource = end == .source
        var conditions: [FlowExpression] = []
        if let namespace {
            conditions.append(
                .text(isSource ? .sourceNamespace : .destinationNamespace, .init(.equals, namespace)))
        }
        if let name {
            let field = isSource ? FlowTextField.sourceName : .destinationName
            let exact = FlowExpression.text(field, .init(.equals, name == "internet" ? "pub" : name))
            // A recorded name is whole already, and nothing begins with the names of networks.
            let isWhole =
                name.hasSuffix("*") || name.contains(" ") || ["internet", "pub", "pvt"].contains(name)
            conditions.append(isWhole ? exact : .any([exact, .text(field, .init(.hasPrefix, name + "-"))]))
        }
        return .all(of: conditions)
    }
}

/// `NAME` or `NAMESPACE/NAME`.
enum NameText {
    static func parts(_ text: String) -> (namespace: String?, name: String)? {
        guard !text.isEmpty, text.utf8.count <= 1_024 else { return nil }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: return (nil, text)
        case 2 where !parts[0].isEmpty: return (String(parts[0]), String(parts[1]))
        default: return nil
        }
    }
}

/// A port, or a range of ports: `5432`, `8000:8100`.
struct PortArgument: ExpressibleByArgument, Hashable, Sendable {
    let range: ClosedRange<Int64>

    init?(argument: String) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { $0.utf8.allSatisfy { (48...57).contains($0) } ? UInt16($0) : nil }
        guard (1...2).contains(parts.count), numbers.count == parts.count, let first = numbers.first,
            let last = numbers.last, first <= last
        else { return nil }
        range = Int64(first)...Int64(last)
    }
}

/// A protocol by its name or number, as records have it.
struct ProtocolArgument: ExpressibleByArgument, Hashable, Sendable {
    let name: String

    init?(argument: String) {
        let text = argument.lowercased()
        guard !text.isEmpty, text.utf8.count <= 32 else { return nil }
        let known = IPProtocol.policyNames.first { $0.name.lowercased() == text }?.value
        name = (known ?? UInt8(text).map(IPProtocol.init(rawValue:)))?.flowName ?? text
    }
}

/// What became of a flow.
enum VerdictArgument: String, ExpressibleByArgument, CaseIterable, Sendable {
    case allow, deny

    var action: FlowAction { self == .allow ? .allow : .deny }
}

/// Which end saw a flow.
enum ReporterArgument: String, ExpressibleByArgument, CaseIterable, Sendable {
    case source, dest

    init?(argument: String) {
        switch argument.lowercased() {
        case "source", "src": self = .source
        case "dest", "dst", "destination": self = .dest
        default: return nil
        }
    }

    var reporter: FlowReporter { self == .source ? .source : .destination }
}

/// A policy in a trace: `allow-cart`, `shop/allow-cart`, `knp:shop/allow-cart`.
struct PolicyArgument: ExpressibleByArgument, Hashable, Sendable {
    let condition: FlowPolicyCondition

    init?(argument: String) {
        var rest = argument[...]
        var condition = FlowPolicyCondition()
        if let colon = argument.firstIndex(of: ":") {
            let word = argument[..<colon].lowercased()
            let kind = FlowPolicyKind.allCases.first {
                $0 != .unspecified && ($0.code == word || $0.name.lowercased() == word)
            }
            guard let kind else { return nil }
            condition.kind = kind
            rest = argument[argument.index(after: colon)...]
        }
        guard let parts = NameText.parts(String(rest)), !parts.name.isEmpty else { return nil }
        condition.namespace = parts.namespace.map { FlowTextMatch(.equals, $0) }
        condition.name = FlowTextMatch(.equals, parts.name)
        self.condition = condition
    }
}

/// Labels that one end has, all of them: `app=cart`, `app=cart,tier=web`, `app`.
struct LabelArgument: ExpressibleByArgument, Hashable, Sendable {
    /// Without a value: any.
    let labels: [Label]

    struct Label: Hashable, Sendable {
        let key: String
        let value: String?
    }

    init?(argument: String) {
        guard argument.utf8.count <= 4_096 else { return nil }
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        labels = parts.map { part in
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return Label(key: String(pair[0]), value: pair.count == 2 ? String(pair[1]) : nil)
        }
        // `!=` and `==` mean something elsewhere; here they would be part of a key or value that nothing has.
        guard labels.allSatisfy({ !$0.key.isEmpty && !$0.key.hasSuffix("!") && $0.value?.first != "=" })
        else {
            return nil
        }
    }

    var expression: FlowExpression {
        func has(_ end: FlowEnd) -> FlowExpression {
            .all(of: labels.map { .label(end, key: $0.key, $0.value.map { FlowTextMatch(.equals, $0) }) })
        }
        return .any([has(.source), has(.destination)])
    }
}

/// A block of addresses, or one.
struct BlockArgument: ExpressibleByArgument, Hashable, Sendable {
    let prefix: IPPrefix

    init?(argument: String) {
        // What cannot be parsed is refused with the option's name by the argument parser.
        guard let prefix = try? IPPrefix.parse(argument, .lenient) else { return nil }
        self.prefix = prefix
    }
}

/// A Service: `db`, `data/db`.
struct ServiceArgument: ExpressibleByArgument, Hashable, Sendable {
    let namespace: String?
    let name: String

    init?(argument: String) {
        guard let parts = NameText.parts(argument), !parts.name.isEmpty else { return nil }
        (namespace, name) = parts
    }

    var expression: FlowExpression {
        let space = namespace.map { FlowExpression.text(.serviceNamespace, .init(.equals, $0)) }
        return .all(of: (space.map { [$0] } ?? []) + [.text(.serviceName, .init(.equals, name))])
    }
}

extension FlowExpression {
    /// All of the conditions, in the plainest form.
    static func all(of conditions: [FlowExpression]) -> FlowExpression {
        conditions.count == 1 ? conditions[0] : conditions.isEmpty ? .always : .all(conditions)
    }

    /// One of the conditions; nil for none.
    static func any(of conditions: [FlowExpression]) -> FlowExpression? {
        conditions.isEmpty ? nil : conditions.count == 1 ? conditions[0] : .any(conditions)
    }
}
