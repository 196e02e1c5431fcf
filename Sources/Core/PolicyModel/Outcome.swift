// SPDX-License-Identifier: Apache-2.0

public import NetworkModel

/// Something that decides a connection and is not known: why an outcome is undecidable.
public enum MissingFact: Hashable, Sendable {
    /// Whether the request meets the HTTP conditions of a rule whose addresses, protocol and ports match. Packet data
    /// planes do not look at them and let the traffic through.
    case httpRequest(PolicyID, Direction, ruleIndex: Int)
    /// The labels of a namespace that is not defined, on which a selector depends.
    case namespaceLabels(String)
    /// The labels of a service account that is not defined, on which a selector depends.
    case serviceAccountLabels(ResourceName)
    /// The endpoints of a Service that a rule names and of which nothing is known.
    case serviceEndpoints(ResourceName)
    /// An end of the connection that is not among the known endpoints, by the name it was asked for.
    case endpoint(String)
}

extension MissingFact: CustomStringConvertible {
    /// What is missing, as a phrase: "the labels of namespace shop (there is no such Namespace)".
    public var description: String {
        switch self {
        case .httpRequest(let id, let direction, let index):
            "the HTTP request, on which \(direction.rawValue.lowercased()) rule \(index) of \(id) depends"
        case .namespaceLabels(let name): "the labels of namespace \(name) (there is no such Namespace)"
        case .serviceAccountLabels(let name):
            "the labels of service account \(name) (there is no such ServiceAccount)"
        case .serviceEndpoints(let name): "the endpoints of service \(name) (there is no EndpointSlice of it)"
        case .endpoint(let name): "the endpoint \(name)"
        }
    }
}

/// What policy makes of a connection, for a person. Traces on the wire and data planes only know `Verdict`.
public enum Outcome: Hashable, Sendable {
    case allowed
    case denied
    /// The answer differs with facts that are not known. Never empty; in order of evaluation.
    case undecidable([MissingFact])
}
