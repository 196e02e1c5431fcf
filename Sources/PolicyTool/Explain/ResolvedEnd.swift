// SPDX-License-Identifier: Apache-2.0

internal import NetworkModel
internal import PolicyModel

/// One endpoint or address that a reference stands for.
struct ResolvedEnd: Hashable {
    /// What sentences call it: `shop/cart` for a pod of that workload, `203.0.113.9`, `the internet`.
    let title: String
    /// The object itself: `shop/cart-0`; equal to the title where there is nothing more to say.
    let name: String
    /// One of each family at most, IPv4 first.
    let addresses: [IPAddress]
    /// The port here that the asked one leads to, when a Service translates it.
    var port: UInt16?
    /// The asked for name of an end of which nothing is known; its addresses are made up.
    var unknownName: String?

    init(
        title: String, name: String? = nil, addresses: [IPAddress], port: UInt16? = nil,
        unknownName: String? = nil
    ) {
        self.title = title
        self.name = name ?? title
        self.addresses = IPFamily.allCases.compactMap { family in addresses.first { $0.family == family } }
        self.port = port
        self.unknownName = unknownName
    }

    init(_ endpoint: WorkloadEndpoint, title: String? = nil, port: UInt16? = nil) {
        let name = endpoint.name.description
        self.init(title: title ?? name, name: name, addresses: endpoint.addresses, port: port)
    }

    func address(_ family: IPFamily) -> IPAddress? { addresses.first { $0.family == family } }
}

/// What the two references of a request stand for.
struct ResolvedRequest {
    var sources: [ResolvedEnd]
    var destinations: [ResolvedEnd]
    let transport: IPProtocol
    /// nil for a protocol without ports.
    let port: UInt16?
    let sourcePort: UInt16
    let icmp: ICMPMatch?
    /// What was chosen for the person, one sentence each.
    let notes: [String]
}
