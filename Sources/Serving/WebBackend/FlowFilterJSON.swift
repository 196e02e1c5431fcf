// SPDX-License-Identifier: Apache-2.0

import FlowModel
import FoundationEssentials
import HTTPTypes

/// The `filters` parameter: JSON text with the fields of flow API 4.3.
enum FlowFilterJSON {
    private static let maximumBytes = 65_536
    private static let maximumValues = 1_000

    /// The filter of a request; one without conditions when the parameter is absent.
    ///
    /// The original server decodes the value twice, its page sends it raw, others encode it once or twice:
    /// all are understood. The value was decoded once already.
    static func filter(_ query: RequestQuery) throws(RequestProblem) -> FlowFilter {
        guard let once = query.text("filters") else { return FlowFilter() }
        var firstProblem: RequestProblem?
        var candidates = [once]
        if once.utf8.contains(UInt8(ascii: "%")) {
            // Decoded twice comes first, as it is what the original server does.
            if let twice = RequestQuery.decoded(once, plusIsSpace: false) { candidates.insert(twice, at: 0) }
            if let twice = RequestQuery.decoded(once, plusIsSpace: true) { candidates.append(twice) }
        }
        for text in candidates {
            do {
                return try parse(text)
            } catch {
                firstProblem = firstProblem ?? error
            }
        }
        throw firstProblem ?? RequestProblem(.badRequest, "parameter filters cannot be read")
    }

    private static func parse(_ text: String) throws(RequestProblem) -> FlowFilter {
        guard text.utf8.count <= maximumBytes else {
            throw RequestProblem(
                .badRequest, "parameter filters has \(text.utf8.count) bytes; accepted: up to \(maximumBytes)"
            )
        }
        do {
            let filter = try JSONDecoder().decode(Fields.self, from: Data(text.utf8)).filter
            let counts = [
                filter.sourceNames.count, filter.sourceNamespaces.count, filter.destinationNames.count,
                filter.destinationNamespaces.count, filter.transports.count, filter.destinationPorts.count,
                filter.actions.count, filter.pendingActions.count, filter.policies.count,
            ]
            guard counts.allSatisfy({ $0 <= maximumValues }) else {
                throw RequestProblem(
                    .badRequest, "parameter filters has a field with more than \(maximumValues) values")
            }
            return filter
        } catch let problem as RequestProblem {
            throw problem
        } catch let error as DecodingError {
            throw RequestProblem(.badRequest, "parameter filters: \(describe(error))")
        } catch {
            throw RequestProblem(.badRequest, "parameter filters is not JSON")
        }
    }

    private static func describe(_ error: DecodingError) -> String {
        let (context, missing): (DecodingError.Context, String?) =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
                (context, nil)
            case .keyNotFound(let key, let context): (context, key.stringValue)
            @unknown default: (.init(codingPath: [], debugDescription: "cannot be read"), nil)
            }
        var path = ""
        for key in context.codingPath {
            path += key.intValue.map { "[\($0)]" } ?? (path.isEmpty ? key.stringValue : ".\(key.stringValue)")
        }
        if let missing { return "\(path.isEmpty ? "the object" : path) lacks \"\(missing)\"" }
        return path.isEmpty ? context.debugDescription : "\(path): \(context.debugDescription)"
    }
}

extension RequestQuery {
    /// What the flows of an answer must be: `filters` and `filter`, the same in the filter language.
    func condition() throws(RequestProblem) -> FlowExpression {
        let filter = try FlowFilterJSON.filter(self).expression
        guard let text = text("filter"), !text.isEmpty else { return filter }
        do {
            let expression = try FlowExpression(parsing: text)
            return filter == .always ? expression : .all([filter, expression])
        } catch {
            throw RequestProblem(.badRequest, "parameter filter: \(error)\n\(error.excerpt(of: text))")
        }
    }
}

// MARK: - Shapes

/// Unknown keys are ignored. An absent or null list is no condition.
private struct Fields: Decodable {
    let filter: FlowFilter

    private enum CodingKeys: String, CodingKey {
        case sourceNames = "source_names"
        case sourceNamespaces = "source_namespaces"
        case destinationNames = "dest_names"
        case destinationNamespaces = "dest_namespaces"
        case transports = "protocols"
        case destinationPorts = "dest_ports"
        case actions
        case pendingActions = "pending_actions"
        case policies
        case reporter
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        func matches(_ key: CodingKeys) throws -> [FlowFilter.StringMatch] {
            try fields.decodeIfPresent([StringField].self, forKey: key)?.map(\.match) ?? []
        }
        func actions(_ key: CodingKeys) throws -> [FlowAction] {
            try fields.decodeIfPresent([ActionField].self, forKey: key)?.map(\.action) ?? []
        }
        var filter = FlowFilter()
        filter.sourceNames = try matches(.sourceNames)
        filter.sourceNamespaces = try matches(.sourceNamespaces).flatMap(Self.stored)
        filter.destinationNames = try matches(.destinationNames)
        filter.destinationNamespaces = try matches(.destinationNamespaces).flatMap(Self.stored)
        filter.transports = try matches(.transports)
        filter.destinationPorts =
            try fields.decodeIfPresent([PortField].self, forKey: .destinationPorts)?.map(\.value) ?? []
        filter.actions = try actions(.actions)
        filter.pendingActions = try actions(.pendingActions)
        filter.policies =
            try fields.decodeIfPresent([PolicyField].self, forKey: .policies)?.flatMap(\.matches) ?? []
        if fields.contains(.reporter) {
            filter.reporter = try fields.decode(ReporterField.self, forKey: .reporter).reporter
        }
        self.filter = filter
    }

    /// A namespace that is shown as "Global" is stored as "-". A search finds it by any part of its shown
    /// name, and not by a dash in other names.
    private static func stored(_ match: FlowFilter.StringMatch) -> [FlowFilter.StringMatch] {
        guard !match.value.isEmpty else { return [match] }
        if match.value == "Global" { return [.init("-")] }
        return match.type == .fuzzy && "Global".contains(match.value) ? [match, .init("-")] : [match]
    }
}

private struct StringField: Decodable {
    let match: FlowFilter.StringMatch

    private enum CodingKeys: String, CodingKey { case value, type }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let value = try fields.decode(String.self, forKey: .value)
        let type =
            fields.contains(.type)
            ? try fields.decode(Choice<FlowFilter.MatchType>.self, forKey: .type).value : nil
        match = FlowFilter.StringMatch(value, type ?? .exact)
    }
}

private struct PortField: Decodable {
    let value: Int64
}

private struct ActionField: Decodable {
    let action: FlowAction

    init(from decoder: any Decoder) throws {
        action = try Choice<APIName<FlowAction>>(from: decoder).value.value
    }
}

private struct ReporterField: Decodable {
    /// Nil: unspecified.
    let reporter: FlowReporter?

    init(from decoder: any Decoder) throws {
        let named = try Choice<APIName<FlowReporter>>(from: decoder).value.value
        reporter = named == .unspecified ? nil : named
    }
}

private struct PolicyField: Decodable {
    let matches: [FlowFilter.PolicyMatch]

    private enum CodingKeys: String, CodingKey { case kind, tier, name, namespace, action }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        var match = FlowFilter.PolicyMatch()
        if fields.contains(.kind) {
            let kind = try fields.decode(Choice<APIName<FlowPolicyKind>>.self, forKey: .kind).value.value
            match.kind = kind == .unspecified ? nil : kind
        }
        if fields.contains(.action) {
            let action = try fields.decode(ActionField.self, forKey: .action).action
            match.action = action == .unspecified ? nil : action
        }
        match.tier = try fields.decodeIfPresent(StringField.self, forKey: .tier)?.match
        match.name = try fields.decodeIfPresent(StringField.self, forKey: .name)?.match
        match.namespace = try fields.decodeIfPresent(StringField.self, forKey: .namespace)?.match
        matches = Self.globalKinds(match)
    }

    /// Hints show the empty namespace of global policies as "Global"; as a condition that means their kinds.
    private static func globalKinds(_ match: FlowFilter.PolicyMatch) -> [FlowFilter.PolicyMatch] {
        guard match.namespace?.value == "Global", match.kind == nil || match.kind.map(isGlobal) == true else {
            return [match]
        }
        let kinds = match.kind.map { [$0] } ?? FlowPolicyKind.allCases.filter(isGlobal)
        return kinds.map { kind in
            var global = match
            global.kind = kind
            global.namespace = nil
            return global
        }
    }

    private static func isGlobal(_ kind: FlowPolicyKind) -> Bool {
        kind == .globalNetworkPolicy || kind == .stagedGlobalNetworkPolicy || kind == .clusterNetworkPolicy
    }
}

// MARK: - Enumerations

/// One of an enumeration's texts; the error says which.
private struct Choice<Value: RawRepresentable<String> & CaseIterable>: Decodable {
    let value: Value

    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let value = Value(rawValue: text) else {
            let context = DecodingError.Context(
                codingPath: decoder.codingPath,
                debugDescription: "\"\(text.prefix(80))\" is unknown; accepted: \(Value.allNames)")
            throw DecodingError.dataCorrupted(context)
        }
        self.value = value
    }
}

/// A value of the flow API by its name there.
private struct APIName<Value: FlowAPINamed>: RawRepresentable, CaseIterable {
    let value: Value

    static var allCases: [APIName] { Value.allCases.map { APIName(value: $0) } }

    private init(value: Value) { self.value = value }

    init?(rawValue: String) {
        guard let value = Value.allCases.first(where: { $0.name == rawValue }) else { return nil }
        self.value = value
    }

    var rawValue: String { value.name }
}

private protocol FlowAPINamed: CaseIterable {
    var name: String { get }
}

extension FlowAction: FlowAPINamed {}
extension FlowReporter: FlowAPINamed {}
extension FlowPolicyKind: FlowAPINamed {}

extension FlowFilter.MatchType: CaseIterable {
    static let allCases: [FlowFilter.MatchType] = [.exact, .fuzzy]
}
