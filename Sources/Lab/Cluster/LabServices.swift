// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyEngine
internal import PolicyModel

/// What follows from Services and their endpoint slices: destination NAT and names.
enum LabServices {
    /// The ports of a slice: the Service's ports with the numbers that this pod listens on. Ports that the
    /// pod does not have by name are left out.
    static func targetPorts(of service: ServiceResource, on pod: PodResource) -> [NamedPort] {
        service.ports.compactMap { port in
            switch port.targetPort {
            case .number(let number):
                return NamedPort(name: port.name, transport: port.transport, port: number)
            case .name(let name):
                let found = pod.ports.first { $0.name == name && $0.transport == port.transport }
                return found.map { NamedPort(name: port.name, transport: port.transport, port: $0.port) }
            }
        }
    }

    /// One translation per virtual address and port, cluster and external addresses alike.
    static func translations(
        _ services: [ServiceResource], _ slices: [EndpointSliceResource]
    ) -> [ServiceTranslation] {
        var result: [ServiceTranslation] = []
        for service in services {
            let own = slices.filter {
                $0.serviceName == service.name.name && $0.name.namespace == service.name.namespace
            }
            for address in service.clusterAddresses + service.externalAddresses {
                for port in service.ports {
                    result.append(
                        ServiceTranslation(
                            service: service.name,
                            front: AddressPort(address: address, transport: port.transport, port: port.port),
                            backends: backends(of: port, family: address.family, in: own)))
                }
            }
        }
        return result.sorted { ($0.front, $0.service) < ($1.front, $1.service) }
    }

    private static func backends(
        of port: ServicePort, family: IPFamily, in slices: [EndpointSliceResource]
    ) -> [AddressPort] {
        var found: Set<AddressPort> = []
        for slice in slices {
            for target in slice.ports where target.name == port.name && target.transport == port.transport {
                for address in slice.addresses where address.family == family {
                    found.insert(
                        AddressPort(address: address, transport: target.transport, port: target.port))
                }
            }
        }
        return found.sorted()
    }

    /// `service.namespace.svc.cluster.local` for every Service, headless ones by their pods, and the
    /// internet's names.
    static func zone(
        _ services: [ServiceResource], _ slices: [EndpointSliceResource], _ hosts: [InternetHost]
    ) -> DNSZone {
        var addresses: [String: [IPAddress]] = [:]
        for service in services {
            let members = slices.filter {
                $0.serviceName == service.name.name && $0.name.namespace == service.name.namespace
            }
            let name = "\(service.name.name).\(service.name.namespace).svc.cluster.local"
            addresses[name.lowercased()] =
                service.isHeadless ? members.flatMap(\.addresses).sorted() : service.clusterAddresses
        }
        for host in hosts where !host.domain.isEmpty { addresses[host.domain] = host.addresses }
        return DNSZone(addresses)
    }
}
