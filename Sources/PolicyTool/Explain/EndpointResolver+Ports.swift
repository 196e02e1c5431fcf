// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyEngine
internal import PolicyModel

extension EndpointResolver {
    /// Finds both ends and the port. A Service leads to its endpoints, the port translated; a port that was not given
    /// is taken when only one can be meant.
    func resolve(_ request: ConnectionRequest) throws(ConnectionRequestError) -> ResolvedRequest {
        var notes: [String] = []
        let sources: [ResolvedEnd]
        switch try meaning(of: request.source, request.sourceText, notes: &notes) {
        case .ends(let ends): sources = ends
        case .service(let name):
            sources = try serviceEnds(name, nil)
            notes.append("\(name) is a Service: its endpoints are taken as the source")
        }
        var target = try meaning(of: request.destination, request.destinationName, notes: &notes)
        if let service = serviceOwningDestination(of: request, notes: &notes) { target = .service(service) }
        if let transport = request.transport, !transport.hasPolicyPorts {
            let destinations: [ResolvedEnd] =
                switch target {
                case .ends(let ends): ends
                case .service(let name): try serviceEnds(name, nil)
                }
            return ResolvedRequest(
                sources: sources, destinations: destinations, transport: transport, port: nil, sourcePort: 0,
                icmp: transport == .icmp ? request.icmp : nil, notes: notes)
        }
        let (destinations, place) =
            switch target {
            case .ends(let ends): (ends, try port(request, at: ends, &notes))
            case .service(let name): try translated(request, name, &notes)
            }
        return ResolvedRequest(
            sources: sources, destinations: destinations, transport: place.transport, port: place.port,
            sourcePort: request.sourcePort ?? ConnectionRequest.assumedSourcePort, icmp: nil, notes: notes)
    }

    typealias Place = (transport: IPProtocol, port: UInt16)

    // MARK: - Ports of endpoints

    func port(
        _ request: ConnectionRequest, at ends: [ResolvedEnd], _ notes: inout [String]
    ) throws(ConnectionRequestError) -> Place {
        let declared = declaredPorts(ends).filter {
            request.transport == nil || $0.transport == request.transport
        }
        switch request.port {
        case .number(0)?:
            throw ConnectionRequestError("nothing listens on port 0: write a number from 1 to 65535")
        case .number(let number)?: return (request.transport ?? .tcp, number)
        case .name(let name)?:
            let places = Set(
                declared.filter { $0.name == name }.map { [UInt16($0.transport.rawValue), $0.port] })
            guard let place = places.first, places.count == 1 else {
                let known = Set(declared.map { "\($0.name) (\($0.transport.flowName)/\($0.port))" }).sorted()
                throw ConnectionRequestError(
                    places.isEmpty
                        ? "\(request.destinationName) has no port named \(name); it has "
                            + (known.isEmpty ? "no named ports" : known.joined(separator: ", "))
                        : "the pods of \(request.destinationName) declare \(name) at several ports: give a number"
                )
            }
            return (IPProtocol(rawValue: UInt8(truncatingIfNeeded: place[0])), place[1])
        case nil:
            return try obviousPort(request, declared, at: ends, &notes)
        }
    }

    private func declaredPorts(_ ends: [ResolvedEnd]) -> [NamedPort] {
        let addresses = Set(ends.flatMap(\.addresses))
        let pods = snapshot.endpoints.filter { !addresses.isDisjoint(with: $0.addresses) }
        let hosts = snapshot.hostEndpoints.filter {
            !addresses.isDisjoint(with: $0.resource.expectedAddresses)
        }
        return pods.flatMap(\.ports) + hosts.flatMap(\.resource.ports)
    }

    /// The one port that the destination declares, else the one that policies of the destination name.
    private func obviousPort(
        _ request: ConnectionRequest, _ declared: [NamedPort], at ends: [ResolvedEnd], _ notes: inout [String]
    ) throws(ConnectionRequestError) -> Place {
        var candidates = Set(
            declared.map { AddressPort(address: Self.any, transport: $0.transport, port: $0.port) })
        if candidates.isEmpty { candidates = policyPorts(request, at: ends) }
        let sorted = candidates.sorted()
        guard let only = sorted.first, sorted.count == 1 else {
            let examples = sorted.prefix(5).map {
                "\(request.destinationName):\($0.port)"
                    + ($0.transport == .tcp ? "" : "/\($0.transport.flowName)")
            }
            throw ConnectionRequestError(
                "say which port of \(request.destinationName) is meant: "
                    + (examples.isEmpty
                        ? "\(request.destinationName):443, or \(request.destinationName)/icmp"
                        : examples.joined(separator: ", ")))
        }
        notes.append("no port was given: \(only.transport.flowName)/\(only.port) is the one that is declared")
        return (only.transport, only.port)
    }

    /// Only protocol and port of these places mean something.
    private static let any = IPAddress(v4: 0)

    private func policyPorts(_ request: ConnectionRequest, at ends: [ResolvedEnd]) -> Set<AddressPort> {
        var places: Set<AddressPort> = []
        for address in ends.flatMap(\.addresses) {
            guard let endpoint = snapshot.endpoint(at: address) else { continue }
            for policy in snapshot.policies where policy.selector.matches(endpoint) {
                for rule in policy.ingress where rule.action == .allow {
                    let transport = rule.transport ?? .tcp
                    guard transport == request.transport ?? transport else { continue }
                    for case .range(let range) in rule.destination.ports where range.first == range.last {
                        places.insert(AddressPort(address: Self.any, transport: transport, port: range.first))
                    }
                }
            }
        }
        return places
    }
}
