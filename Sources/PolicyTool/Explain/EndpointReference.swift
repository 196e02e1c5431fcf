// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyModel

/// One end of a connection as a person names it.
///
///     10.0.1.7   fd00::7   internet   unknown
///     shop/cart                       a pod, the pods of a workload, or a Service, whichever there is
///     cart                            the same in whichever namespace has it; or a node
///     shop/app=cart,tier=web          the pods with these labels
///     pod/shop/cart-0   deployment/shop/cart   svc/shop/cart   node/worker-1   set/shop/partners   set/partners
///     cart.shop.svc                   a Service by its DNS name, the cluster's domain with it or not
enum EndpointReference: Hashable {
    case address(IPAddress)
    /// A pod, a workload or a Service.
    case name(ResourceName)
    /// The same without a namespace, or a node.
    case word(String)
    case pod(ResourceName)
    case workload(ResourceName)
    case labels(namespace: String, Labels)
    case service(ResourceName)
    /// A node or a host endpoint.
    case node(String)
    case networkSet(ResourceName)
    /// Any address that no policy and no object of the cluster knows.
    case internet
    /// An endpoint of which nothing is known.
    case unknown

    /// Nobody types more; it bounds what messages repeat.
    static let maximumLength = 1024

    private static let workloadKinds: Set<String> = [
        "workload", "deployment", "deploy", "statefulset", "sts", "daemonset", "ds", "replicaset", "rs",
        "job",
        "cronjob",
    ]

    init(_ text: String) throws(ConnectionRequestError) {
        guard !text.isEmpty, text.utf8.count <= Self.maximumLength else {
            throw ConnectionRequestError(
                text.isEmpty
                    ? "an end of the connection is empty: name a pod as NAMESPACE/NAME, or an address"
                    : "an end of the connection is longer than \(Self.maximumLength) bytes")
        }
        if let address = IPAddress(text) {
            self = .address(address)
        } else if text == "internet" {
            self = .internet
        } else if text == "unknown" {
            self = .unknown
        } else if !text.contains("/") {
            self = Self.serviceOfDNSName(text).map(EndpointReference.service) ?? .word(text)
        } else {
            self = try Self.path(text)
        }
    }

    /// `cart.shop.svc`, `cart.shop.svc.cluster.local`.
    private static func serviceOfDNSName(_ text: String) -> ResourceName? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 3, parts[2] == "svc", !parts.contains("") else { return nil }
        return ResourceName(namespace: parts[1], name: parts[0])
    }

    /// Whether `pod/x` begins like a name with its kind, so that the namespace may have been forgotten.
    static func isKind(_ word: String) -> Bool {
        workloadKinds.contains(word) || ["pod", "po", "svc", "service"].contains(word)
    }

    private static func path(_ text: String) throws(ConnectionRequestError) -> EndpointReference {
        // A failure says that it is no block, which is well.
        if let block = try? IPPrefix.parse(text, .lenient) {
            throw ConnectionRequestError(
                "\(text) is a block of addresses: a connection has one address at each end; "
                    + "name one of them, such as \(block.address)")
        }
        if text.contains("=") { return try labels(text) }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.allSatisfy({ !$0.isEmpty }) else {
            throw ConnectionRequestError("\(text.quotedForMessage) has an empty part: write NAMESPACE/NAME")
        }
        let last = ResourceName(namespace: parts[parts.count - 2], name: parts[parts.count - 1])
        switch (parts.count, parts[0]) {
        case (2, "node"), (2, "host"): return .node(parts[1])
        case (2, "set"): return .networkSet(ResourceName(name: parts[1]))
        case (2, _): return .name(last)
        case (3, "pod"): return .pod(last)
        case (3, "svc"), (3, "service"): return .service(last)
        case (3, "set"): return .networkSet(last)
        case (3, let kind) where workloadKinds.contains(kind): return .workload(last)
        default:
            throw ConnectionRequestError(
                "\(text.quotedForMessage) is no name of an endpoint: write NAMESPACE/NAME, NAMESPACE/KEY=VALUE, or "
                    + "one of pod/, deployment/, svc/ with NAMESPACE/NAME, or node/NAME")
        }
    }

    /// `shop/app=web,tier=front`; keys may hold a slash.
    private static func labels(_ text: String) throws(ConnectionRequestError) -> EndpointReference {
        let slash = text.firstIndex(of: "/") ?? text.startIndex
        let pairs = text[text.index(after: slash)...].split(separator: ",", omittingEmptySubsequences: false)
            .map {
                $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            }
        guard slash > text.startIndex, pairs.allSatisfy({ $0.count == 2 && !$0[0].isEmpty }) else {
            throw ConnectionRequestError(
                "\(text.quotedForMessage) is no list of labels: write NAMESPACE/KEY=VALUE,KEY=VALUE")
        }
        return .labels(namespace: String(text[..<slash]), Labels(pairs.map { (key: $0[0], value: $0[1]) }))
    }
}
