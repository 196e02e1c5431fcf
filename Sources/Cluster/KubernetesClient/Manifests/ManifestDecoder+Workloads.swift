// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyModel

/// Kubernetes objects that policies are about. Only the fields that matter to policy are read; the rest is
/// not ours to judge.
extension NamespaceResource {
    init(_ document: Field, _ metadata: Metadata) {
        metadata.checkName(.label, document)
        // The API server puts this label on every Namespace; manifests have not been through one.
        let name = Labels([(key: WellKnownLabel.namespaceName, value: metadata.name.name)])
        self.init(name: metadata.name.name, labels: name.inheriting(metadata.labels))
    }
}

extension ServiceAccountResource {
    init(_ document: Field, _ metadata: Metadata) {
        metadata.checkName(.subdomain, document)
        self.init(name: metadata.name, labels: metadata.labels)
    }
}

extension PodResource {
    init(_ document: Field, _ metadata: Metadata) {
        metadata.checkName(.subdomain, document)
        self.init(name: metadata.name, labels: metadata.labels, generateName: metadata.generateName)
        serviceAccount = "default"
        if document.child("spec") == nil { document.missing("spec") }
        if let spec = document.object("spec") {
            let account = spec.text("serviceAccountName")
            if !account.isEmpty { serviceAccount = account }
            usesHostNetwork = spec.flag("hostNetwork")
            nodeName = spec.text("nodeName")
            let containers = spec.list("containers").filter { $0.isObject() }
            ports = (containers + spec.list("initContainers").filter { $0.isObject() }).flatMap {
                $0.namedPorts()
            }
            if let first = containers.first { arguments = first.texts("command") + first.texts("args") }
        }
        if let status = document.object("status") {
            phase = status.text("phase")
            let all = status.list("podIPs") { $0.isObject() ? $0.child("ip")?.address() : nil }
            addresses = all.isEmpty ? [status.child("podIP")?.addressUnlessEmpty()].compactMap { $0 } : all
        }
    }
}

extension ServiceResource {
    private static let knownFields = [
        "ports", "selector", "clusterIP", "clusterIPs", "type", "externalIPs", "sessionAffinity",
        "loadBalancerIP",
        "loadBalancerSourceRanges", "externalName", "externalTrafficPolicy", "healthCheckNodePort",
        "publishNotReadyAddresses", "sessionAffinityConfig", "ipFamilies", "ipFamilyPolicy",
        "allocateLoadBalancerNodePorts", "loadBalancerClass", "internalTrafficPolicy", "trafficDistribution",
    ]

    init(_ document: Field, _ metadata: Metadata) {
        metadata.checkName(.label, document)
        self.init(name: metadata.name)
        if document.child("spec") == nil { document.missing("spec") }
        guard let spec = document.object("spec") else { return }
        spec.allowOnly(Self.knownFields, severity: .warning)
        selector = spec.labels("selector")
        let first = spec.text("clusterIP")
        let all = spec.child("clusterIPs") == nil ? [] : spec.texts("clusterIPs")
        isHeadless = first == "None" || all == ["None"]
        if !isHeadless {
            clusterAddresses =
                all.isEmpty
                ? [spec.child("clusterIP")?.addressUnlessEmpty()].compactMap { $0 }
                : spec.list("clusterIPs") { $0.address() }
        }
        externalAddresses = spec.list("externalIPs") { $0.address() }
        ports = spec.list("ports") { $0.servicePort() }
    }
}

extension EndpointSliceResource {
    init(_ document: Field, _ metadata: Metadata) {
        metadata.checkName(.subdomain, document)
        self.init(name: metadata.name, serviceName: metadata.labels["kubernetes.io/service-name"] ?? "")
        // Names of the address type FQDN are no addresses; policy cannot match them.
        if document.text("addressType") != "FQDN" {
            addresses = document.list("endpoints").filter { $0.isObject() }.flatMap { endpoint in
                endpoint.list("addresses") { $0.address() }
            }
        }
        ports = document.list("ports").filter { $0.isObject() }.compactMap { field in
            guard let port = field.child("port")?.port() else { return nil }
            return NamedPort(name: field.text("name"), transport: field.kubernetesProtocol(), port: port)
        }
    }
}

extension Field {
    fileprivate func namedPorts() -> [NamedPort] {
        list("ports").filter { $0.isObject() }.compactMap { field in
            let transport = field.kubernetesProtocol()
            guard let number = field.child("containerPort") else {
                field.missing("containerPort")
                return nil
            }
            guard let port = number.port(), let name = field.child("name") else { return nil }
            guard case .named(let text)? = name.numberOrPortName() else { return nil }
            return NamedPort(name: text, transport: transport, port: port)
        }
    }

    fileprivate func servicePort() -> ServicePort? {
        guard isObject() else { return nil }
        let transport = kubernetesProtocol()
        guard let number = child("port") else {
            missing("port")
            return nil
        }
        let target: ServicePort.TargetPort? =
            switch child("targetPort")?.numberOrPortName() {
            case .range(let range): .number(range.first)
            case .named(let name): .name(name)
            case nil: nil
            }
        let nodePort = child("nodePort")?.integer(0...65535, "node port") ?? 0
        return number.port().map {
            ServicePort(
                name: text("name"), transport: transport, port: $0, targetPort: target,
                nodePort: UInt16(nodePort))
        }
    }

    fileprivate func addressUnlessEmpty() -> IPAddress? { value.string == "" ? nil : address() }
}
