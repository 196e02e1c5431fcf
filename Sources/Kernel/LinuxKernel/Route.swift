// SPDX-License-Identifier: Apache-2.0

public import NetworkModel

/// A unicast route of the main table.
public struct Route: Hashable, Sendable {
    /// Where it leads; nil is everywhere (the default route).
    public var destination: IPPrefix?
    /// The next hop; nil when the destination is on the link itself (scope link).
    public var gateway: IPAddress?
    /// The interface to send through; may be nil when the gateway tells.
    public var device: String?
    /// RTNH_F_ONLINK: take the gateway as reachable through the device though no route says so (169.254.1.1).
    public var isOnLink: Bool
    /// RTA_PREFSRC: the source address of local packets without one.
    public var preferredSource: IPAddress?
    /// Decides the family of a default route without a gateway; follows from the others otherwise.
    public var family: IPFamily

    public init(
        to destination: IPPrefix?, via gateway: IPAddress? = nil, device: String? = nil,
        isOnLink: Bool = false,
        preferredSource: IPAddress? = nil, family: IPFamily = .v4
    ) {
        self.destination = destination
        self.gateway = gateway
        self.device = device
        self.isOnLink = isOnLink
        self.preferredSource = preferredSource
        self.family = destination?.family ?? gateway?.family ?? family
    }
}

extension Route: CustomStringConvertible {
    /// As `ip route` prints it: `10.0.0.0/8 via 169.254.1.1 dev eth0 onlink`.
    public var description: String {
        var text = destination.map(\.description) ?? "default"
        if let gateway { text += " via \(gateway)" }
        if let device { text += " dev \(device)" }
        return isOnLink ? text + " onlink" : text
    }
}
