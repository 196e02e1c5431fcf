// SPDX-License-Identifier: Apache-2.0

internal import KubernetesClient
internal import NetworkModel
internal import PolicyModel

/// Reads the world of a case: nothing is completed or made up in it.
struct CaseWorld {
    private(set) var resources: [ClusterResource] = []
    var state: ClusterState { ClusterState(resources) }

    init(_ root: TestField) throws(PolicyTestError) {
        for item in try root.elements("namespaces") {
            resources.append(
                .namespace(NamespaceResource(name: try item.text("name"), labels: try Self.labels(item))))
        }
        for item in try root.elements("serviceAccounts") {
            resources.append(
                .serviceAccount(
                    ServiceAccountResource(name: try Self.name(item), labels: try Self.labels(item))))
        }
        for item in try root.elements("endpoints") {
            if item["kind"]?.value.string == "host" {
                resources.append(.hostEndpoint(try Self.host(item)))
            } else {
                resources.append(.pod(try Self.pod(item)))
            }
        }
        for section in ["tiers", "sets", "endpointSlices", "profiles", "policies"] {
            for item in try root.elements(section) { try readManifest(item) }
        }
    }

    private mutating func readManifest(_ item: TestField) throws(PolicyTestError) {
        for decoded in ManifestDecoder(file: item.file).decode(item.value) {
            guard let resource = decoded.resource else {
                let problem = decoded.diagnostics.first { $0.severity == .error } ?? decoded.diagnostics.first
                let place = problem?.location ?? item.location
                let subject = [problem?.resource ?? "", problem?.field ?? ""].filter { !$0.isEmpty }
                throw PolicyTestError(
                    (subject + [problem?.message ?? "this object cannot be read"]).joined(separator: ": "),
                    at: place)
            }
            resources.append(resource)
        }
    }

    // MARK: Objects

    private static func name(_ item: TestField) throws(PolicyTestError) -> ResourceName {
        ResourceName(namespace: try item.text("namespace"), name: try item.required("name").text())
    }

    private static func labels(_ item: TestField) throws(PolicyTestError) -> Labels {
        guard let field = item["labels"] else { return Labels() }
        guard case .object(let entries) = field.value.content else { throw field.error("expected an object") }
        return Labels(entries.map { (key: $0.key, value: $0.value.string ?? $0.value.text) })
    }

    private static func pod(_ item: TestField) throws(PolicyTestError) -> PodResource {
        PodResource(
            name: try name(item), labels: try labels(item), serviceAccount: try item.text("serviceAccount"),
            addresses: try addresses(item), ports: try ports(item),
            profiles: item["profiles"] == nil ? nil : try item.texts("profiles"))
    }

    private static func host(_ item: TestField) throws(PolicyTestError) -> HostEndpointResource {
        HostEndpointResource(
            name: try item.required("name").text(), labels: try labels(item), node: try item.text("node"),
            interfaceName: try item.text("interfaceName"), expectedAddresses: try addresses(item),
            profiles: try item.texts("profiles"), ports: try ports(item))
    }

    private static func addresses(_ item: TestField) throws(PolicyTestError) -> [IPAddress] {
        try item.elements("ips").map { field throws(PolicyTestError) in
            let text = try field.text()
            guard let address = IPAddress(text) else {
                throw field.error("\(text.quotedForMessage) is no address")
            }
            return address
        }
    }

    private static func ports(_ item: TestField) throws(PolicyTestError) -> [NamedPort] {
        try item.elements("ports").map { field throws(PolicyTestError) in
            NamedPort(
                name: try field.text("name"), transport: try transport(try field.required("protocol")),
                port: try field.required("port").number())
        }
    }

    /// A protocol by its name in any case, or by its number.
    static func transport(_ field: TestField) throws(PolicyTestError) -> IPProtocol {
        let text = try field.text()
        if let transport = IPProtocol(testText: text) { return transport }
        throw field.error(
            "\(text.quotedForMessage) is no protocol: expected tcp, udp, sctp, icmp, icmpv6 or a number")
    }
}

extension IPProtocol {
    /// `tcp`, `UDP`, `6`; nil for anything else.
    init?(testText text: String) {
        if let named = Self.policyNames.first(where: { $0.name.lowercased() == text.lowercased() }) {
            self = named.value
        } else if let number = UInt8(text) {
            self = IPProtocol(rawValue: number)
        } else {
            return nil
        }
    }
}
