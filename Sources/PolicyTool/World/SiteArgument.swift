// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import NetworkModel
internal import PolicyAnalysis
internal import PolicyModel

/// One end of the connections that a person asks about: `shop`, `shop/cart`, `shop/app=cart`, `203.0.113.9`, `pods`,
/// `outside`, `internet`.
struct SiteArgument: ExpressibleByArgument, Sendable {
    enum Meaning: Sendable, Hashable {
        case namespace(String)
        /// A pod or the pods of a workload.
        case name(ResourceName)
        case labels(namespace: String, Selector)
        case address(IPAddress)
        case pods
        case outside
        case internet
    }

    let text: String
    let meaning: Meaning

    init?(argument text: String) {
        guard !text.isEmpty, text.utf8.count <= 1024 else { return nil }
        self.text = text
        if let address = IPAddress(text) {
            meaning = .address(address)
        } else if let word = ["pods": Meaning.pods, "outside": .outside, "internet": .internet][text] {
            meaning = word
        } else if let slash = text.firstIndex(of: "/") {
            let namespace = String(text[..<slash])
            let rest = String(text[text.index(after: slash)...])
            guard !namespace.isEmpty, !rest.isEmpty else { return nil }
            if rest.contains("=") {
                let terms = rest.split(separator: ",").map { pair -> String? in
                    let parts = pair.split(separator: "=", omittingEmptySubsequences: false)
                    return parts.count == 2 && !parts[1].contains("'") ? "\(parts[0]) == '\(parts[1])'" : nil
                }
                // What is no selector is refused by the argument parser, which names the option.
                guard !terms.contains(nil),
                    let selector = try? Selector(parsing: terms.compactMap { $0 }.joined(separator: " && "))
                else { return nil }
                meaning = .labels(namespace: namespace, selector)
            } else {
                guard !rest.contains("/") else { return nil }
                meaning = .name(ResourceName(namespace: namespace, name: rest))
            }
        } else {
            meaning = .namespace(text)
        }
    }

    /// The condition on an end, in a world.
    ///
    /// - Throws: `WorldError` when nothing there has the name.
    func filter(in state: ClusterState) throws(WorldError) -> SiteFilter {
        var filter = SiteFilter()
        switch meaning {
        case .namespace(let name):
            let known = Set(state.pods.keys.map(\.namespace) + state.networkSets.keys.map(\.namespace))
                .union(state.namespaces.keys).subtracting([""])
            guard known.contains(name) else {
                throw WorldError(
                    "there is no namespace \(text.quotedForMessage); \(NearNames.list(name, in: known))")
            }
            filter.namespaces = [name]
        case .name(let name):
            let pods = state.pods.values.filter { $0.name == name || $0.isMade(byWorkload: name) }.map(\.name)
            guard !pods.isEmpty else {
                let names = state.pods.values.map { "\($0.name.namespace)/\($0.workloadName)" }
                throw WorldError(
                    "there is no pod or workload \(text.quotedForMessage); \(NearNames.list(text, in: names))"
                )
            }
            filter.workloads = Set(pods)
        case .labels(let namespace, let selector):
            filter.namespaces = [namespace]
            filter.selector = selector
        case .address(let address): filter.address = address
        case .pods: filter.side = .workloads
        case .outside: filter.side = .outside
        case .internet: filter.isInternet = true
        }
        return filter
    }
}
