// SPDX-License-Identifier: Apache-2.0

public import NetworkModel

/// What a workload does on the network: what it serves, whom it calls, what it probes.
///
/// The one description that the real process (`Workload`) and the simulation (`WorkloadSimulation`) both
/// carry out.
public struct WorkloadBehavior: Hashable, Sendable {
    /// At most `maximumServers`.
    public var servers: [WorkloadServer]
    /// At most `maximumCalls`.
    public var calls: [WorkloadCall]
    /// At most `maximumProbes`.
    public var probes: [WorkloadProbe]

    /// Bounds on what one workload may be told to do.
    public static let maximumServers = 16
    public static let maximumCalls = 32
    public static let maximumProbes = 8

    public init(servers: [WorkloadServer] = [], calls: [WorkloadCall] = [], probes: [WorkloadProbe] = []) {
        self.servers = servers
        self.calls = calls
        self.probes = probes
    }
}

/// A port that a workload listens on.
public struct WorkloadServer: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Answers every request with 200 and a short text.
        case http
        /// A line protocol: greets, then echoes.
        case tcp
        /// Answers every datagram with a short one.
        case udp
        /// A name server over the lab's zone file.
        case dns
    }

    public var kind: Kind
    public var port: UInt16

    public init(kind: Kind, port: UInt16) {
        self.kind = kind
        self.port = port
    }

    /// The transport protocol underneath.
    public var transport: IPProtocol { kind == .http || kind == .tcp ? .tcp : .udp }
}

/// Something that a workload does again and again to one place.
public struct WorkloadCall: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case http
        case tcp
        case udp
        /// Asks a name server for `path`.
        case dns
        /// Echo request ("ping"); `port` is 0.
        case icmp
    }

    /// Whom to call.
    public enum Host: Hashable, Sendable {
        case address(IPAddress)
        /// Lower case, without a final dot. Two labels mean a Service: `service.namespace`.
        case name(String)
    }

    public var kind: Kind
    public var host: Host
    public var port: UInt16
    /// HTTP: request path with its slash. DNS: the name to ask for. Otherwise empty.
    public var path: String
    /// Mean time between two attempts; the workload adds a jitter of ten percent.
    public var every: Duration
    /// TCP only: how long a connection stays open after its payload.
    public var hold: Duration
    /// TCP and UDP: payload bytes sent (and echoed).
    public var bytes: Int

    public init(
        kind: Kind, host: Host, port: UInt16 = 0, path: String = "", every: Duration = .seconds(5),
        hold: Duration = .zero, bytes: Int = 200
    ) {
        self.kind = kind
        self.host = host
        self.port = port
        self.path = path
        self.every = every
        self.hold = hold
        self.bytes = bytes
    }

    /// The protocol of the attempt's packets towards an address of `family`.
    public func transport(_ family: IPFamily) -> IPProtocol {
        switch kind {
        case .http, .tcp: .tcp
        case .udp, .dns: .udp
        case .icmp: family == .v4 ? .icmp : .icmpv6
        }
    }

    /// `http://catalog.shop:8080/items`: how logs name the target.
    public var target: String {
        let name =
            switch host {
            case .name(let name): name
            case .address(let address): address.family == .v4 ? "\(address)" : "[\(address)]"
            }
        let slash = kind == .dns ? "/" : ""
        return "\(kind.rawValue)://\(name)" + (kind == .icmp ? "" : ":\(port)") + slash + path
    }
}

/// A scan: one TCP connection attempt after another to each port of each address of a block.
public struct WorkloadProbe: Hashable, Sendable {
    /// The block's addresses after the first (the network's own) are probed in order.
    public var prefix: IPPrefix
    /// Not empty.
    public var ports: [UInt16]
    /// Time between two attempts.
    public var every: Duration
    /// How many addresses before the scan starts again, 1...1024.
    public var hosts: Int

    public init(prefix: IPPrefix, ports: [UInt16], every: Duration = .seconds(1), hosts: Int = 32) {
        self.prefix = prefix
        self.ports = ports
        self.every = every
        self.hosts = hosts
    }

    /// The address and port of attempt number `index`, counted from 0: ports first, then addresses.
    public func target(_ index: Int) -> (address: IPAddress, port: UInt16) {
        let hostBits = prefix.family.bitCount - Int(prefix.length)
        let available = hostBits > 16 ? 65_536 : 1 << hostBits
        let count = max(1, min(hosts, available - 1))
        let host = (index / ports.count) % count
        let offset = UInt128(prefix.isSingleAddress ? 0 : host + 1)
        return (IPAddress(bits: prefix.address.bits + offset), ports[index % ports.count])
    }
}
