// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyModel

/// Calico's HostEndpoint and Profile (policy semantics 1.9, 1.10).
extension HostEndpointResource {
    init(_ document: Field, _ metadata: Metadata) {
        self.init(name: metadata.name.name, labels: metadata.labels)
        document.allowOnly(Field.topLevel)
        let spec = document.requiredSpec(try: "add 'spec:' with 'node' and 'interfaceName'")
        if let spec { read(spec) }
        document.addProblems(problems(), of: metadata)
    }

    private mutating func read(_ spec: Field) {
        spec.allowOnly(["node", "interfaceName", "expectedIPs", "profiles", "ports"])
        node = spec.text("node")
        interfaceName = spec.text("interfaceName")
        expectedAddresses = spec.list("expectedIPs") { $0.address() }
        if spec.value["interfaceName"]?.text.isEmpty != false,
            spec.value["expectedIPs"]?.elements.isEmpty != false
        {
            spec.error(
                "a host endpoint needs 'interfaceName' or 'expectedIPs'",
                try: "name the interface, or write 'interfaceName: \"*\"' for every interface of the node")
        }
        profiles = spec.texts("profiles")
        ports = spec.list("ports") { $0.endpointPort() }
    }
}

extension ProfileResource {
    init(_ document: Field, _ metadata: Metadata) {
        self.init(name: metadata.name.name)
        document.allowOnly(Field.topLevel)
        if let spec = document.requiredSpec() {
            spec.allowOnly(["ingress", "egress", "labelsToApply"])
            ingress = spec.list("ingress", atMost: .max).map { CalicoRule($0) }
            egress = spec.list("egress", atMost: .max).map { CalicoRule($0) }
            labelsToApply = spec.labels("labelsToApply")
        }
        document.addProblems(problems(), of: metadata)
    }
}

extension Field {
    fileprivate func endpointPort() -> NamedPort? {
        guard isObject() else { return nil }
        allowOnly(["name", "protocol", "port"])
        for key in ["name", "protocol", "port"] where child(key) == nil { missing(key) }
        // What is missing has been reported; the rest can still be judged.
        return NamedPort(
            name: text("name"), transport: child("protocol")?.calicoProtocol()?.number ?? .tcp,
            port: child("port")?.port() ?? 0)
    }
}
