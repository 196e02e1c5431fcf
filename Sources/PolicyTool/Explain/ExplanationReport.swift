// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyEngine
internal import PolicyModel

/// One connection between two endpoints, explained.
struct ExplainedConnection {
    let source: ResolvedEnd
    let destination: ResolvedEnd
    let explanation: Explanation

    var tuple: ConnectionTuple { explanation.connection }
}

/// Connections of one request that policy treats alike, with one that stands for them all.
struct ExplanationGroup {
    let representative: ExplainedConnection
    /// Names of the ends, in order, without duplicates; the representative's first.
    var sources: [String]
    var destinations: [String]
    /// Connections in the group, both IP versions counted.
    var count = 1
    var families: Set<IPFamily>
}

/// The answer to `explain SRC DST[:PORT[/PROTO]]`: groups of connections, each with an explanation.
struct ExplanationReport {
    let request: ConnectionRequest
    /// Denied ones first, then undecidable ones; never empty.
    let groups: [ExplanationGroup]
    /// What was chosen for the person, one sentence each.
    let notes: [String]
    /// What is to be said of the world.
    let remarks: [String]
    let snapshot: PolicySnapshot

    /// More pairs are not looked at: nobody reads the answer, and part of an answer would be a wrong one.
    static let maximumConnections = 10_000

    init(
        _ request: ConnectionRequest, in snapshot: PolicySnapshot, remarks: [String] = []
    ) throws(ConnectionRequestError) {
        self.request = request
        self.remarks = remarks
        self.snapshot = snapshot
        let resolved = try EndpointResolver(snapshot).resolve(request)
        notes = resolved.notes
        let pairs = resolved.sources.count * resolved.destinations.count
        guard pairs <= Self.maximumConnections else {
            throw ConnectionRequestError(
                "\(request.sourceText) and \(request.destinationText) stand for \(resolved.sources.count) and "
                    + "\(resolved.destinations.count) endpoints: more than \(Self.maximumConnections) connections; "
                    + "name fewer")
        }
        groups = try Self.groups(resolved, in: snapshot)
    }

    /// How the connections of a group are alike: what decides on both sides, enforced and pending.
    private struct Likeness: Hashable {
        let outcomes: [Outcome?]
        let traces: [PolicyTrace?]
        let hosts: [HostOutcome?]

        init(_ explanation: Explanation) {
            let sides = [explanation.egress, explanation.ingress]
            outcomes = sides.flatMap { [$0.outcome, $0.pendingOutcome] }
            traces = sides.map { $0.walk?.trace }
            hosts = sides.map { if case .hostEndpoint(let host) = $0 { host.result } else { nil } }
        }
    }

    private static func groups(
        _ request: ResolvedRequest, in snapshot: PolicySnapshot
    ) throws(ConnectionRequestError) -> [ExplanationGroup] {
        var groups: [ExplanationGroup] = []
        var indexes: [Likeness: Int] = [:]
        for source in request.sources {
            for destination in request.destinations
            where source.name != destination.name || request.sources.count * request.destinations.count == 1 {
                for tuple in tuples(request, source, destination) {
                    let unknown: [ConnectionEnd: String?] = [
                        .source: source.unknownName, .destination: destination.unknownName,
                    ]
                    let explanation = snapshot.explain(tuple, unknownEnds: unknown.compactMapValues(\.self))
                    let likeness = Likeness(explanation)
                    if let index = indexes[likeness] {
                        groups[index].add(source.name, destination.name, tuple.family)
                        continue
                    }
                    indexes[likeness] = groups.count
                    groups.append(
                        ExplanationGroup(
                            representative: ExplainedConnection(
                                source: source, destination: destination, explanation: explanation),
                            sources: [source.name], destinations: [destination.name], families: [tuple.family]
                        ))
                }
            }
        }
        guard !groups.isEmpty else {
            throw ConnectionRequestError(
                "there is no connection to look at: the two ends have no IP version in common, or they are one pod"
            )
        }
        return groups.enumerated().sorted {
            ($0.element.representative.explanation.outcome.severity, $0.offset)
                < ($1.element.representative.explanation.outcome.severity, $1.offset)
        }.map(\.element)
    }

    private static func tuples(
        _ request: ResolvedRequest, _ source: ResolvedEnd, _ destination: ResolvedEnd
    ) -> [ConnectionTuple] {
        IPFamily.allCases.compactMap { family in
            guard let from = source.address(family), let to = destination.address(family) else { return nil }
            guard let port = request.port else {
                return withoutPorts(request, from, to, family)
            }
            return ConnectionTuple(
                source: from, destination: to, transport: request.transport, sourcePort: request.sourcePort,
                destinationPort: destination.port ?? port)
        }
    }

    /// ICMP, as the family has it: an echo request unless a type was asked for.
    private static func withoutPorts(
        _ request: ResolvedRequest, _ from: IPAddress, _ to: IPAddress, _ family: IPFamily
    ) -> ConnectionTuple {
        guard request.transport == .icmp else {
            return ConnectionTuple(source: from, destination: to, transport: request.transport)
        }
        let match = request.icmp ?? ICMPMatch(type: family == .v4 ? 8 : 128, code: 0)
        return ConnectionTuple(
            source: from, destination: to, transport: family == .v4 ? .icmp : .icmpv6,
            destinationPort: UInt16(match.type) << 8 | UInt16(match.code ?? 0))
    }

    /// Of all connections: denied if one is, else undecidable if one is.
    var outcome: Outcome { groups[0].representative.explanation.outcome }

    /// 0 allowed, 1 denied, 3 undecidable.
    var exitStatus: Int32 {
        switch outcome {
        case .allowed: 0
        case .denied: 1
        case .undecidable: 3
        }
    }
}

extension ExplanationGroup {
    fileprivate mutating func add(_ source: String, _ destination: String, _ family: IPFamily) {
        count += 1
        if !sources.contains(source) { sources.append(source) }
        if !destinations.contains(destination) { destinations.append(destination) }
        families.insert(family)
    }
}

extension Outcome {
    /// Worst first.
    fileprivate var severity: Int {
        switch self {
        case .denied: 0
        case .undecidable: 1
        case .allowed: 2
        }
    }

    /// `allowed`, `denied` or `undecidable`: the word of documents and texts.
    var word: String {
        switch self {
        case .allowed: "allowed"
        case .denied: "denied"
        case .undecidable: "undecidable"
        }
    }
}
