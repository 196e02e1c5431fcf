// SPDX-License-Identifier: Apache-2.0

public import NetworkModel
internal import PolicyModel

/// The connection of a case.
public struct CaseConnection: Sendable {
    public let tuple: ConnectionTuple
    /// As the case names them: `shop/cart`, `203.0.113.7`, or a host endpoint.
    public let source: String
    public let destination: String
    /// What a node does with the packet; only host endpoints ask.
    public let isForwarded: Bool

    /// The interfaces are for readers: an expectation names the host endpoint itself.
    static let fields: Set<String> = [
        "src", "dst", "proto", "port", "sport", "icmpType", "icmpCode", "path", "inInterface", "outInterface",
    ]

    init(_ field: TestField, in state: ClusterState) throws(PolicyTestError) {
        let ends = (try field.required("src"), try field.required("dst"))
        source = try ends.0.text()
        destination = try ends.1.text()
        let family = (IPAddress(source) ?? IPAddress(destination))?.family
        var port: UInt16 = try field["port"]?.number() ?? 0
        if let type = field["icmpType"] {
            port =
                UInt16(try type.number(UInt8.self)) << 8
                | UInt16(try field["icmpCode"]?.number(UInt8.self) ?? 0)
        }
        tuple = ConnectionTuple(
            source: try Self.address(source, ends.0, family, state),
            destination: try Self.address(destination, ends.1, family, state),
            transport: try CaseWorld.transport(try field.required("proto")),
            sourcePort: try field["sport"]?.number() ?? 40000, destinationPort: port)
        let path = try field.text("path")
        guard ["", "local", "forward"].contains(path) else {
            throw field.error("\(path.quotedForMessage) is no path: expected local or forward")
        }
        isForwarded = path == "forward"
    }

    private static func address(
        _ text: String, _ field: TestField, _ family: IPFamily?, _ state: ClusterState
    ) throws(PolicyTestError) -> IPAddress {
        if let address = IPAddress(text) { return address }
        let owned =
            state.pods.values.first { $0.name.description == text }?.addresses
            ?? state.hostEndpoints[text]?.expectedAddresses
        guard let owned else {
            throw field.error("there is no endpoint \(text.quotedForMessage) in this case")
        }
        guard let address = owned.first(where: { family == nil || $0.family == family }) else {
            throw field.error(
                "the endpoint \(text.quotedForMessage) has no address of the other end's family")
        }
        return address
    }
}
