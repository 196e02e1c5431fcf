// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyEngine
internal import PolicyModel

extension EndpointResolver {
    /// The Service that an address of the request leads to: its port is translated before policies look at the
    /// connection. nil where nothing is translated.
    func serviceOwningDestination(of request: ConnectionRequest, notes: inout [String]) -> ResourceName? {
        guard case .address(let address) = request.destination, request.transport?.hasPolicyPorts ?? true,
            snapshot.owners(of: address).allSatisfy(\.isNetworkSet),
            let service = snapshot.cluster.services.values.filter({ $0.has(address) })
                .min(by: { $0.name < $1.name })
        else { return nil }
        if case .number(let number)? = request.port,
            !service.ports.contains(where: {
                $0.port == number && $0.transport == request.transport ?? $0.transport
            })
        {
            let ports = service.ports.map { "\($0.transport.flowName)/\($0.port)" }.joined(separator: ", ")
            notes.append(
                "\(address) is an address of Service \(service.name), which has \(ports.isEmpty ? "no ports" : ports) "
                    + "only: the address is taken as it is")
            return nil
        }
        notes.append("\(address) is an address of Service \(service.name)")
        return service.name
    }

    func translated(
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
        let preferred = matching.first { $0.transport == .tcp } ?? matching.first
        guard let port = preferred, matching.count == 1 || request.port != nil else {
            let known = service.ports.map {
                "\(request.destinationName):\($0.port)"
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
    func serviceEnds(
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

extension AddressOwner {
    fileprivate var isNetworkSet: Bool { if case .networkSet = self { true } else { false } }
}

extension ServiceResource {
    fileprivate func has(_ address: IPAddress) -> Bool {
        clusterAddresses.contains(address) || externalAddresses.contains(address)
    }
}
