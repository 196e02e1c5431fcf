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
        let target = try meaning(of: request.destination, request.destinationText, notes: &notes)
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

    private typealias Place = (transport: IPProtocol, port: UInt16)

    // MARK: - Ports of endpoints

    private func port(
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
                        ? "\(request.destinationText) has no port named \(name); it has "
                            + (known.isEmpty ? "no named ports" : known.joined(separator: ", "))
                        : "the pods of \(request.destinationText) declare \(name) at several ports: give a number"
                )
            }
            return (IPProtocol(rawValue: UInt8(truncatingIfNeeded: place[0])), place[1])
        case nil:
            return try obviousPort(request, declared, at: ends, &notes)
        }
    }

    private func declaredPorts(_ ends: [ResolvedEnd]) -> [NamedPort] {
        let names = Set(ends.flatMap(\.addresses))
        return snapshot.endpoints.filter { !names.isDisjoint(with: $0.addresses) }.flatMap(\.ports)
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
                "\(request.destinationText):\($0.port)"
                    + ($0.transport == .tcp ? "" : "/\($0.transport.flowName)")
            }
            throw ConnectionRequestError(
                "say which port of \(request.destinationText) is meant: "
                    + (examples.isEmpty
                        ? "\(request.destinationText):443, or \(request.destinationText)/icmp"
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

    // MARK: - Services

    private func translated(
        _ request: ConnectionRequest, _ name: ResourceName, _ notes: inout [String]
    ) throws(ConnectionRequestError) -> ([ResolvedEnd], Place) {
        guard let service = snapshot.cluster.services[name], !service.ports.isEmpty else {
            let ends = try serviceEnds(name, nil)
            return (ends, try port(request, at: ends, &notes))
        }
        let matching = service.ports.filter { port in
            guard port.transport == request.transport ?? port.transport else { return false }
            return switch request.port {
            case .number(let number)?: port.port == number
            case .name(let name)?: port.name == name
            case nil: true
            }
        }
        guard let port = matching.first, matching.count == 1 || request.port != nil else {
            let known = service.ports.map {
                "\(request.destinationText):\($0.port)"
                    + ($0.transport == .tcp ? "" : "/\($0.transport.flowName)")
            }
            let ports = service.ports.map { "\($0.transport.flowName)/\($0.port)" }.joined(separator: ", ")
            throw ConnectionRequestError(
                request.port == nil
                    ? "say which port of Service \(name) is meant: \(known.joined(separator: ", "))"
                    : "Service \(name) has no such port; it has \(ports)")
        }
        let ends = try serviceEnds(name, port)
        notes.append(
            "Service \(name) \(port.transport.flowName)/\(port.port) leads to "
                + Set(ends.map { "port \($0.port ?? port.port)" }).sorted().joined(separator: ", ")
                + " of \(ends.count == 1 ? ends[0].name : "\(ends.count) endpoints"); policies see that port")
        return (ends, (port.transport, port.port))
    }

    /// The endpoints of a Service, with the port that `port` is translated to; nil leaves ports alone.
    private func serviceEnds(
        _ name: ResourceName, _ port: ServicePort?
    ) throws(ConnectionRequestError) -> [ResolvedEnd] {
        let slices = snapshot.cluster.endpointSlices.values
            .filter { $0.name.namespace == name.namespace && $0.serviceName == name.name }
            .sorted { $0.name < $1.name }
        var ends: [ResolvedEnd] = []
        for slice in slices {
            var target: UInt16?
            if let port {
                let named = slice.ports.first { $0.name == port.name && $0.transport == port.transport }
                guard let named else { continue }
                target = named.port
            }
            ends += slice.addresses.map { end(at: $0, of: name, port: target) }
        }
        if slices.isEmpty { ends = selected(by: name, port) }
        var seen: Set<ResolvedEnd> = []
        ends = ends.filter { seen.insert($0).inserted }
        guard !ends.isEmpty else {
            throw ConnectionRequestError(
                "Service \(name) has no endpoints here\(port.map { " for port \($0.port)" } ?? ""): "
                    + "no pod matches its selector and there is no EndpointSlice of it; name a pod or an address"
            )
        }
        return ends
    }

    private func end(at address: IPAddress, of service: ResourceName, port: UInt16?) -> ResolvedEnd {
        guard let endpoint = snapshot.endpoint(at: address) else {
            return ResolvedEnd(title: "\(address)", addresses: [address], port: port)
        }
        return ResolvedEnd(endpoint, title: workloadTitle(endpoint.name), port: port)
    }

    /// The pods that the Service's own selector picks.
    private func selected(by name: ResourceName, _ port: ServicePort?) -> [ResolvedEnd] {
        guard let service = snapshot.cluster.services[name], !service.selector.isEmpty else { return [] }
        return snapshot.endpoints.filter { endpoint in
            endpoint.name.namespace == name.namespace
                && service.selector.entries.allSatisfy { endpoint.ownLabels[$0.key] == $0.value }
        }.compactMap { endpoint in
            let title = workloadTitle(endpoint.name)
            guard let port else { return ResolvedEnd(endpoint, title: title) }
            switch port.targetPort {
            case .number(let number): return ResolvedEnd(endpoint, title: title, port: number)
            case .name(let name):
                let declared = endpoint.ports.first { $0.name == name && $0.transport == port.transport }
                return declared.map { ResolvedEnd(endpoint, title: title, port: $0.port) }
            }
        }
    }
}
