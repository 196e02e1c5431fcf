// SPDX-License-Identifier: Apache-2.0

internal import PolicyModel

/// Selectors in the words that a person wrote them with: what conversion adds reads as "namespace" again.
enum SelectorWording {
    /// `app == "web" in namespace shop`, `any pod in any namespace`.
    static func text(_ selector: Selector) -> String {
        let all = terms(selector.root)
        let places = all.compactMap(place)
        let terms = all.filter { $0 != pod && place($0) == nil }
        var text = terms.map { self.text($0, isInner: terms.count > 1) }.joined(separator: " && ")
        if terms.isEmpty {
            // The term that converted Kubernetes policies always have means any pod.
            text = all.contains(pod) ? "any pod" : "anything"
        } else if terms == [.all] {
            text = "anything known"
        }
        return ([text] + places).joined(separator: " ")
    }

    /// One term alone: `namespace == "shop"`.
    static func term(_ selector: Selector) -> String {
        switch selector.root {
        case .has(WellKnownLabel.namespace): "any namespace"
        case .not(.has(WellKnownLabel.namespace)): "no namespace"
        case let node: text(node, isInner: false)
        }
    }

    /// A term that says where, not what; it reads better behind the others.
    private static func place(_ node: Selector.Node) -> String? {
        switch node {
        case .has(WellKnownLabel.namespace): "in any namespace"
        case .not(.has(WellKnownLabel.namespace)): "in no namespace"
        case .equals(WellKnownLabel.namespace, let name): "in namespace \(name)"
        default: nil
        }
    }

    /// `label app`, `namespace label env`, `namespace`.
    static func key(_ key: String) -> String {
        let name = shortKey(key)
        return name == key ? "label \(key)" : name
    }

    private static let pod = Selector.Node.equals(WellKnownLabel.orchestrator, "k8s")

    /// The parts that must all hold.
    private static func terms(_ node: Selector.Node) -> [Selector.Node] {
        if case .and(let parts) = node { parts.flatMap(terms) } else { [node] }
    }

    private static func text(_ node: Selector.Node, isInner: Bool) -> String {
        switch node {
        case .has(WellKnownLabel.serviceAccount): return "any service account"
        // The language binds `!` tighter than comparisons look; people read it better with parentheses.
        case .not(let inner):
            let text = text(inner, isInner: false)
            return text.hasSuffix(")") && !text.contains(" ") ? "!\(text)" : "!(\(text))"
        case .and(let parts):
            let all = parts.filter { $0 != pod }.map { text($0, isInner: true) }.joined(separator: " && ")
            return isInner ? "(\(all))" : all
        case .or(let parts):
            let any = parts.map { text($0, isInner: true) }.joined(separator: " || ")
            return isInner ? "(\(any))" : any
        default: return leaf(node)
        }
    }

    private static func leaf(_ node: Selector.Node) -> String {
        switch node {
        case .has(let key): "has(\(shortKey(key)))"
        case .equals(let key, let value): "\(shortKey(key)) == \(quoted(value))"
        case .notEquals(let key, let value): "\(shortKey(key)) != \(quoted(value))"
        case .contains(let key, let value): "\(shortKey(key)) contains \(quoted(value))"
        case .startsWith(let key, let value): "\(shortKey(key)) starts with \(quoted(value))"
        case .endsWith(let key, let value): "\(shortKey(key)) ends with \(quoted(value))"
        case .isIn(let key, let values): "\(shortKey(key)) in {\(list(values))}"
        case .notIn(let key, let values): "\(shortKey(key)) not in {\(list(values))}"
        case .all, .global, .not, .and, .or: Selector(node).description
        }
    }

    private static func shortKey(_ key: String) -> String {
        switch key {
        case WellKnownLabel.namespace, WellKnownLabel.namespacePrefix + WellKnownLabel.name:
            return "namespace"
        case WellKnownLabel.serviceAccount, WellKnownLabel.serviceAccountPrefix + WellKnownLabel.name:
            return "service account"
        case WellKnownLabel.orchestrator: return "orchestrator"
        default: break
        }
        if key.hasPrefix(WellKnownLabel.namespacePrefix) {
            return "namespace label \(key.dropFirst(WellKnownLabel.namespacePrefix.count))"
        }
        if key.hasPrefix(WellKnownLabel.serviceAccountPrefix) {
            return "service account label \(key.dropFirst(WellKnownLabel.serviceAccountPrefix.count))"
        }
        return key
    }

    private static func list(_ values: [String]) -> String {
        let shown = values.prefix(8).map(quoted).joined(separator: ", ")
        return values.count > 8 ? "\(shown), … (\(values.count))" : shown
    }

    private static func quoted(_ value: String) -> String { "\"\(value)\"" }
}
