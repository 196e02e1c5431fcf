// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyModel

/// Readers for the parts that both versions of the cluster policy API share, and for the ports of the newer one.
extension Field {
    func required(_ key: String, try suggestion: String = "") -> Field? {
        guard let field = child(key) else {
            missing(key, try: suggestion)
            return nil
        }
        return field
    }

    func refuseEmptyList(_ message: String, try suggestion: String) {
        if case .array([]) = value.content { error(message, try: suggestion) }
    }

    /// The one field of `keys` that is given; none, several and unknown ones are reported.
    func onlyChild(_ keys: [String], _ what: String) -> (key: String, field: Field)? {
        guard isObject() else { return nil }
        allowOnly(keys)
        let given = keys.compactMap { key in child(key).map { (key: key, field: $0) } }
        if given.count == 1 { return given[0] }
        // A misspelled field has been reported; that another is missing says nothing new.
        if given.isEmpty, entries.contains(where: { !keys.contains($0.key) }) { return nil }
        let choices = keys.map { "'\($0)'" }.joined(separator: ", ")
        error(
            "\(what) needs exactly one of \(choices); "
                + (given.isEmpty ? "none is given" : "\(given.count) are given"))
        return nil
    }

    func requiredPriority() -> Int? {
        required("priority", try: "add 'priority:' with a number from 0 to 1000, smaller first")?
            .integer(ClusterPolicy.priorities, "priority")
    }

    /// `subject` of a policy specification.
    func clusterSubject() -> ClusterPolicy.Subject? {
        let advice = "add 'subject: {namespaces: {}}' for every pod, or limit it"
        guard let choice = required("subject", try: advice)?.onlyChild(["namespaces", "pods"], "a subject")
        else { return nil }
        guard choice.field.isObject() else { return nil }
        if choice.key == "namespaces" { return .namespaces(choice.field.labelSelector()) }
        let pods = choice.field.namespacedPods()
        return .pods(namespaces: pods.namespaces, pods: pods.pods)
    }

    /// A peer; the egress list knows more kinds.
    func clusterPeer(_ direction: Direction) -> ClusterPeer? {
        let kinds =
            ["namespaces", "pods"] + (direction == .egress ? ["networks", "nodes", "domainNames"] : [])
        guard let (key, field) = onlyChild(kinds, "a peer") else { return nil }
        switch key {
        case "namespaces": return field.isObject() ? .namespaces(field.labelSelector()) : nil
        case "pods":
            guard field.isObject() else { return nil }
            let pods = field.namespacedPods()
            return .pods(namespaces: pods.namespaces, pods: pods.pods)
        case "networks": return .networks(clusterNetworks(field))
        case "nodes":
            guard field.isObject() else { return nil }
            problems.add(field.labelSelector().problems(field.path))
            return .unsupported(key)
        default:
            checkDomainNames(field)
            return .unsupported(key)
        }
    }

    private func clusterNetworks(_ field: Field) -> [IPPrefix] {
        field.refuseEmptyList("the list must not be empty", try: "add a CIDR")
        var seen: Set<String> = []
        return list("networks") { element in
            if let text = element.value.string, !seen.insert(text).inserted {
                element.error("\(text.quotedForMessage) is listed twice", try: "remove one of them")
            }
            return element.maskedPrefix()
        }
    }

    private func checkDomainNames(_ field: Field) {
        field.refuseEmptyList("the list must not be empty", try: "add a domain name")
        var seen: Set<String> = []
        for element in list("domainNames", atMost: ClusterPolicy.maximumNetworks) {
            guard let text = element.text() else { continue }
            if !seen.insert(text).inserted {
                element.error("\(text.quotedForMessage) is listed twice", try: "remove one of them")
            }
        }
    }

    /// `pods: {namespaceSelector, podSelector}` of a subject or peer.
    private func namespacedPods() -> (namespaces: LabelSelector, pods: LabelSelector) {
        allowOnly(["namespaceSelector", "podSelector"])
        if child("podSelector") == nil {
            missing("podSelector", try: "'podSelector: {}' means every pod of the namespaces")
        }
        if child("namespaceSelector") == nil {
            warning(
                "'namespaceSelector' is missing: every namespace is meant",
                try: "if that is meant, write 'namespaceSelector: {}'")
        }
        return (
            object("namespaceSelector")?.labelSelector() ?? LabelSelector(),
            object("podSelector")?.labelSelector() ?? LabelSelector()
        )
    }

    /// An element of `protocols`.
    func clusterProtocol() -> ClusterPort? {
        let transports: [(name: String, value: IPProtocol)] = [("tcp", .tcp), ("udp", .udp), ("sctp", .sctp)]
        guard
            let (key, field) = onlyChild(
                transports.map(\.name) + ["destinationNamedPort"], "an entry of 'protocols'")
        else { return nil }
        guard let transport = transports.first(where: { $0.name == key })?.value else {
            return field.clusterPortName()
        }
        guard field.isObject() else { return nil }
        field.allowOnly(["destinationPort"])
        guard let port = field.child("destinationPort") else { return .transport(transport, nil) }
        guard let (kind, value) = port.onlyChild(["number", "range"], "a destination port") else {
            return nil
        }
        if kind == "number" { return value.port().map { .transport(transport, .range(PortRange($0))) } }
        guard value.isObject() else { return nil }
        value.allowOnly(["start", "end"])
        return value.clusterPortRange().map { .transport(transport, .range($0)) }
    }

    func clusterPortName() -> ClusterPort? {
        guard let text = text() else { return nil }
        guard let violation = NameRule.portName.violation(in: text) else { return .named(text) }
        error(
            "the port name \(text.quotedForMessage) \(violation)", try: "write the name of a container port")
        return nil
    }

    /// `start` and `end` of an object.
    func clusterPortRange() -> PortRange? {
        let ends = ["start", "end"].map { key in required(key)?.port() }
        guard let first = ends[0], let last = ends[1] else { return nil }
        guard first < last, let range = PortRange(first, last) else {
            error(
                "'end' \(last) is not larger than 'start' \(first)",
                try: first == last ? "write one port number instead of a range" : "swap them")
            return nil
        }
        return range
    }
}
