// SPDX-License-Identifier: Apache-2.0

/// The tuple that identifies a connection attempt on the wire.
///
/// For ICMP `sourcePort` is the identifier and `destinationPort` is `type << 8 | code`, as flow records use
/// it.
public struct ConnectionTuple: Hashable, Sendable {
    public var source: IPAddress
    public var destination: IPAddress
    public var transport: IPProtocol
    public var sourcePort: UInt16
    public var destinationPort: UInt16

    public init(
        source: IPAddress, destination: IPAddress, transport: IPProtocol,
        sourcePort: UInt16 = 0, destinationPort: UInt16 = 0
    ) {
        self.source = source
        self.destination = destination
        self.transport = transport
        self.sourcePort = sourcePort
        self.destinationPort = destinationPort
    }

    public var family: IPFamily { destination.family }
    public var icmpType: UInt8 { UInt8(destinationPort >> 8) }
    public var icmpCode: UInt8 { UInt8(truncatingIfNeeded: destinationPort) }
}
