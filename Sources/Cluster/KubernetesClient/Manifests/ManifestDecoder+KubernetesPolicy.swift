// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyModel

/// networking.k8s.io/v1 NetworkPolicy and Calico's StagedKubernetesNetworkPolicy.
extension KubernetesPolicy {
    init(_ document: Field, _ metadata: Metadata, _ kind: PolicyKind) {
        self.init(id: PolicyID(kind: kind, namespace: metadata.name.namespace, name: metadata.name.name))
        document.allowOnly(Field.topLevel)
        if let spec = document.requiredSpec() { read(spec) }
        document.addProblems(problems(), of: metadata)
    }

    private mutating func read(_ spec: Field) {
        let known = ["podSelector", "policyTypes", "ingress", "egress"]
        spec.allowOnly(known + (id.kind.isStaged ? ["stagedAction"] : []))
        if id.kind.isStaged { stagedAction = spec.stagedAction() }
        if let selector = spec.object("podSelector") {
            podSelector = selector.labelSelector()
        } else if spec.child("podSelector") == nil, stagedAction != .delete {
            spec.warning(
                "'podSelector' is missing: the policy applies to every pod of its namespace",
                try: "if that is meant, write 'podSelector: {}'")
        }
        policyTypes = spec.directions("policyTypes")
        ingress = spec.list("ingress", atMost: .max).map { KubernetesRule($0, peers: "from") }
        egress = spec.list("egress", atMost: .max).map { KubernetesRule($0, peers: "to") }
    }
}

extension KubernetesRule {
    fileprivate init(_ field: Field, peers key: String) {
        self.init()
        guard field.isObject() else { return }
        field.allowOnly([key, "ports"])
        peers = field.list(key) { $0.peer() }
        ports = field.list("ports") { $0.policyPort() }
    }
}

extension Field {
    func labelSelector() -> LabelSelector {
        allowOnly(["matchLabels", "matchExpressions"])
        return LabelSelector(
            matchLabels: labels("matchLabels"),
            matchExpressions: list("matchExpressions") { $0.requirement() })
    }

    private func requirement() -> LabelSelector.Requirement? {
        guard isObject() else { return nil }
        allowOnly(["key", "operator", "values"])
        for key in ["key", "operator"] where child(key) == nil { missing(key) }
        let operators = [LabelSelector.Operator.isIn, .notIn, .exists, .doesNotExist]
        let values = texts("values")
        guard let key = child("key")?.text(),
            let name = child("operator")?.choice(operators.map { ($0.rawValue, $0) }, "operator")
        else { return nil }
        return LabelSelector.Requirement(key: key, operator: name, values: values)
    }

    fileprivate func peer() -> KubernetesPeer? {
        guard isObject() else { return nil }
        allowOnly(["podSelector", "namespaceSelector", "ipBlock"])
        let pods = object("podSelector")?.labelSelector()
        let namespaces = object("namespaceSelector")?.labelSelector()
        guard let block = child("ipBlock") else {
            let isUnreadable = child("podSelector") != nil || child("namespaceSelector") != nil
            return pods == nil && namespaces == nil && isUnreadable
                ? nil : .pods(pods, namespaces: namespaces)
        }
        if child("podSelector") != nil || child("namespaceSelector") != nil {
            block.error(
                "'ipBlock' cannot be combined with 'podSelector' or 'namespaceSelector'",
                try: "write two peers")
        }
        guard block.isObject() else { return nil }
        block.allowOnly(["cidr", "except"])
        if block.child("cidr") == nil { block.missing("cidr") }
        let exceptions = block.list("except") { $0.maskedPrefix() }
        return block.child("cidr")?.maskedPrefix().map { .ipBlock($0, except: exceptions) }
    }

    fileprivate func policyPort() -> KubernetesPort? {
        guard isObject() else { return nil }
        allowOnly(["protocol", "port", "endPort"])
        let transport = kubernetesProtocol()
        let port = child("port")?.numberOrPortName()
        guard let end = child("endPort") else {
            return child("port") != nil && port == nil
                ? nil : KubernetesPort(transport: transport, port: port)
        }
        guard let last = end.port() else { return nil }
        guard case .range(let first)? = port else {
            if child("port") == nil || port != nil { end.error("'endPort' needs a numeric 'port'") }
            return nil
        }
        guard let range = PortRange(first.first, last) else {
            end.error("'endPort' \(last) is smaller than 'port' \(first.first)", try: "swap them")
            return nil
        }
        return KubernetesPort(transport: transport, port: .range(range))
    }
}
