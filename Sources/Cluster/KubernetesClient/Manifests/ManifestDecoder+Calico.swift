// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyModel

/// Calico's policies and their rules (policy semantics 1.4, 1.6, 1.7).
extension CalicoPolicy {
    init(_ document: Field, _ metadata: Metadata, _ kind: PolicyKind) {
        self.init(id: PolicyID(kind: kind, namespace: metadata.name.namespace, name: metadata.name.name))
        document.allowOnly(Field.topLevel)
        if let spec = document.requiredSpec() { read(spec) }
        checkTierLabel(document, metadata)
        document.addProblems(problems(), of: metadata)
    }

    private mutating func read(_ spec: Field) {
        let kind = id.kind
        var known = [
            "tier", "order", "selector", "serviceAccountSelector", "types", "ingress", "egress",
            "performanceHints",
        ]
        if !kind.isNamespaced { known += ["namespaceSelector", "doNotTrack", "preDNAT", "applyOnForward"] }
        if kind.isStaged { known.append("stagedAction") }
        spec.allowOnly(known)
        if let tier = spec.child("tier")?.text(), !tier.isEmpty { self.tier = tier }
        order = spec.number("order")
        selector = spec.text("selector")
        serviceAccountSelector = spec.text("serviceAccountSelector")
        types = spec.directions("types")
        ingress = spec.list("ingress", atMost: .max).map { CalicoRule($0) }
        egress = spec.list("egress", atMost: .max).map { CalicoRule($0) }
        isNeededOnEveryNode = spec.performanceHints().contains("AssumeNeededOnEveryNode")
        if !kind.isNamespaced {
            namespaceSelector = spec.text("namespaceSelector")
            isUntracked = spec.flag("doNotTrack")
            isPreDNAT = spec.flag("preDNAT")
            appliesOnForward = spec.flag("applyOnForward")
        }
        if kind.isStaged { stagedAction = spec.stagedAction() }
    }

    /// Calico keeps the label equal to the tier; one that is not was written by hand, and misleads its readers.
    private func checkTierLabel(_ document: Field, _ metadata: Metadata) {
        let key = "projectcalico.org/tier"
        guard let label = metadata.labels[key], label != tier else { return }
        document.problems.add([
            Diagnostic(
                .warning, field: "metadata.labels[\(key)]",
                message: "the label names the tier \(label.quotedForMessage), but 'spec.tier' is "
                    + "\(tier.quotedForMessage), which decides",
                suggestion: "remove the label")
        ])
    }
}

extension CalicoRule {
    init(_ field: Field) {
        self.init(action: .allow)
        guard field.isObject() else { return }
        field.allowOnly([
            "action", "ipVersion", "protocol", "notProtocol", "icmp", "notICMP", "source", "destination",
            "http",
            "metadata",
        ])
        if let action = field.child("action") {
            let actions = [RuleAction.allow, .deny, .log, .pass].map { (name: $0.rawValue, value: $0) }
            self.action = action.choice(actions, "action") ?? .allow
        } else {
            field.missing("action", try: "add 'action: Allow', Deny, Log or Pass")
        }
        family = field.child("ipVersion")?.ipVersion()
        transport = field.child("protocol")?.calicoProtocol()
        notTransport = field.child("notProtocol")?.calicoProtocol()
        icmp = field.object("icmp")?.icmpMatch()
        notICMP = field.object("notICMP")?.icmpMatch()
        // An empty match is none to the model, but Calico's API refuses it like any other beside another protocol.
        let isICMP = transport?.number == .icmp || transport?.number == .icmpv6
        if !isICMP, let empty = field.child("icmp"), empty.value.content == .object([]) {
            empty.error("'icmp' needs the protocol ICMP or ICMPv6", try: "remove it")
        }
        if let side = field.object("source") { source = CalicoEntityRule(side) }
        if let side = field.object("destination") { destination = CalicoEntityRule(side) }
        if let http = field.object("http") {
            hasHTTPMatch = true
            http.checkHTTP()
        }
        if let metadata = field.object("metadata") {
            metadata.allowOnly(["annotations"])
            metadata.object("annotations")?.checkAnnotationEntries()
        }
    }
}

extension CalicoEntityRule {
    fileprivate init(_ field: Field) {
        self.init()
        field.allowOnly([
            "nets", "notNets", "selector", "notSelector", "namespaceSelector", "ports", "notPorts",
            "serviceAccounts", "services",
        ])
        nets = field.list("nets") { $0.strictPrefix() }
        notNets = field.list("notNets") { $0.strictPrefix() }
        selector = field.text("selector")
        notSelector = field.text("notSelector")
        namespaceSelector = field.text("namespaceSelector")
        ports = field.list("ports") { $0.calicoPort() }
        notPorts = field.list("notPorts") { $0.calicoPort() }
        if let accounts = field.object("serviceAccounts") {
            accounts.allowOnly(["names", "selector"])
            serviceAccountNames = accounts.texts("names")
            serviceAccountSelector = accounts.text("selector")
        }
        if let services = field.object("services") {
            services.allowOnly(["name", "namespace"])
            service = ServiceMatch(name: services.text("name"), namespace: services.text("namespace"))
        }
    }
}

// MARK: - Parts

extension Field {
    /// What an object of a strictly read kind may hold.
    static let topLevel = ["apiVersion", "kind", "metadata", "spec", "status"]

    /// `spec`, reported when it is missing: a policy without one would select everything.
    func requiredSpec(
        try suggestion: String = "add 'spec:'; 'spec: {}' means every default"
    ) -> Field? {
        if child("spec") == nil { missing("spec", try: suggestion) }
        return object("spec")
    }

    func directions(_ key: String) -> [Direction]? {
        guard child(key) != nil else { return nil }
        let names = Direction.allCases.map { (name: $0.rawValue, value: $0) }
        return list(key) { $0.choice(names, "policy type") }
    }

    func stagedAction() -> StagedAction {
        let actions = [StagedAction.set, .delete, .learn, .ignore].map { (name: $0.rawValue, value: $0) }
        return child("stagedAction")?.choice(actions, "staged action") ?? .set
    }

    fileprivate func performanceHints() -> Set<String> {
        var seen: Set<String> = []
        for hint in list("performanceHints") {
            guard
                let name = hint.choice(
                    [("AssumeNeededOnEveryNode", "AssumeNeededOnEveryNode")], "performance hint")
            else { continue }
            if !seen.insert(name).inserted {
                hint.error("'\(name)' is listed twice", try: "remove one of them")
            }
        }
        return seen
    }

    fileprivate func ipVersion() -> IPFamily? {
        guard case .int(let number) = value.content, let raw = UInt8(exactly: number),
            let family = IPFamily(rawValue: raw)
        else {
            error("expected the IP version 4 or 6, found \(value.typeName)")
            return nil
        }
        return family
    }

    fileprivate func icmpMatch() -> ICMPMatch? {
        allowOnly(["type", "code"])
        let code = child("code")?.integer(0...255, "ICMP code")
        guard let type = child("type") else {
            if child("code") != nil {
                missing("type", try: "'code' needs a 'type'")
            } else {
                warning("it has no type, so it limits nothing", try: "give a 'type', or remove it")
            }
            return nil
        }
        guard let number = type.integer(0...254, "ICMP type") else { return nil }
        return ICMPMatch(type: UInt8(number), code: code.map { UInt8($0) })
    }

    fileprivate func checkHTTP() {
        allowOnly(["methods", "paths"])
        var methods: Set<String> = []
        for field in list("methods", atMost: 20) {
            guard let method = field.text() else { continue }
            if !methods.insert(method).inserted { field.error("\(method.quotedForMessage) is listed twice") }
        }
        for field in list("paths", atMost: 20) where field.isObject() {
            field.allowOnly(["exact", "prefix"])
            let given = ["exact", "prefix"].compactMap { field.child($0) }
            if given.count != 1 { field.error("a path needs exactly one of 'exact' and 'prefix'") }
            for path in given { path.checkHTTPPath() }
        }
    }

    private func checkHTTPPath() {
        guard let text = text() else { return }
        if text.utf8.count > 1024 {
            error("the path has \(text.utf8.count) characters, at most 1024 are allowed")
        }
        if !text.hasPrefix("/") { error("the path \(text.quotedForMessage) must start with '/'") }
        if text.utf8.contains(where: { Array("?# ".utf8).contains($0) }) {
            error("the path \(text.quotedForMessage) must not contain '?', '#' or a space")
        }
    }
}
