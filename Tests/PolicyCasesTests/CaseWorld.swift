// SPDX-License-Identifier: Apache-2.0

import KubernetesClient
import NetworkModel
import PolicyModel

/// Reads the world of a case.
struct CaseWorld {
    let file: String
    private(set) var resources: [ClusterResource] = []
    var state: ClusterState { ClusterState(resources) }

    init(file: String) { self.file = file }

    mutating func read(_ value: ManifestValue) throws {
        for item in value["namespaces"]?.elements ?? [] {
            resources.append(.namespace(NamespaceResource(name: text(item, "name"), labels: labels(item))))
        }
        for item in value["serviceAccounts"]?.elements ?? [] {
            resources.append(.serviceAccount(ServiceAccountResource(name: name(item), labels: labels(item))))
        }
        for item in value["endpoints"]?.elements ?? [] { resources.append(.pod(try pod(item))) }
        let decoder = ManifestDecoder(file: file)
        for section in ["tiers", "sets", "endpointSlices", "policies"] {
            for item in value[section]?.elements ?? [] {
                for decoded in decoder.decode(item) {
                    guard let resource = decoded.resource else {
                        throw CaseError(description: "\(decoded.origin): \(decoded.diagnostics)")
                    }
                    resources.append(resource)
                }
            }
        }
    }

    private func text(_ item: ManifestValue, _ key: String) -> String { item[key]?.string ?? "" }

    private func name(_ item: ManifestValue) -> ResourceName {
        ResourceName(namespace: text(item, "namespace"), name: text(item, "name"))
    }

    private func labels(_ item: ManifestValue) -> Labels {
        guard case .object(let entries)? = item["labels"]?.content else { return Labels() }
        return Labels(entries.map { (key: $0.key, value: $0.value.string ?? $0.value.text) })
    }

    private func pod(_ item: ManifestValue) throws -> PodResource {
        PodResource(
            name: name(item), labels: labels(item), serviceAccount: text(item, "serviceAccount"),
            addresses: try (item["ips"]?.elements ?? []).map { try address($0.string ?? "") },
            ports: try (item["ports"]?.elements ?? []).map { port in
                NamedPort(
                    name: text(port, "name"), transport: try transport(text(port, "protocol")),
                    port: UInt16(port["port"]?.int ?? 0))
            },
            profiles: item["profiles"].map { $0.elements.compactMap(\.string) })
    }

    private func address(_ text: String) throws -> IPAddress {
        guard let address = IPAddress(text) else {
            throw CaseError(description: "\(file): no address: \(text)")
        }
        return address
    }

    private func transport(_ text: String) throws -> IPProtocol {
        if let named = IPProtocol.policyNames.first(where: { $0.name.lowercased() == text.lowercased() }) {
            return named.value
        }
        guard let number = UInt8(text) else { throw CaseError(description: "\(file): no protocol: \(text)") }
        return IPProtocol(rawValue: number)
    }

    func connection(_ value: ManifestValue?) throws -> ConnectionTuple {
        guard let value else { throw CaseError(description: "\(file): no connection") }
        let ends = ["src", "dst"].map { text(value, $0) }
        let literal = ends.lazy.compactMap { IPAddress($0) }.first
        func end(_ text: String) throws -> IPAddress {
            if let address = IPAddress(text) { return address }
            let pod = state.pods.values.first { $0.name.description == text }
            let family = literal?.family
            guard let found = pod?.addresses.first(where: { family == nil || $0.family == family }) else {
                throw CaseError(description: "\(file): no endpoint: \(text)")
            }
            return found
        }
        let proto = try transport(
            text(value, "proto").isEmpty ? value["proto"]?.text ?? "" : text(value, "proto"))
        var port = UInt16(value["port"]?.int ?? 0)
        if let type = value["icmpType"]?.int {
            port = UInt16(type) << 8 | UInt16(value["icmpCode"]?.int ?? 0)
        }
        return ConnectionTuple(
            source: try end(ends[0]), destination: try end(ends[1]), transport: proto,
            sourcePort: UInt16(value["sport"]?.int ?? 40000), destinationPort: port)
    }
}
