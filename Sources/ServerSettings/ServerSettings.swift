// SPDX-License-Identifier: Apache-2.0
//
// ServerSettings: what `vibrissa server` can be told, by flag, environment and file. One table
// (`Setting.all`) is the source of the flags, their help, the reference page and the reading. A pure function
// of texts: nothing here opens a file, listens or logs.

/// What `vibrissa server` does, with every default filled in and every value checked.
public struct ServerSettings: Hashable, Sendable {
    public var general = General()
    public var grpc = GRPC()
    public var http = HTTP()
    public var goldmane = Goldmane()
    public var store = Store()
    public var emitter = Emitter()
    public var health = Health()

    /// Everything at its default.
    init() {}

    /// Whether only the HTTP side runs, over a remote server.
    public var isRemote: Bool { goldmane.address != nil }

    public struct General: Hashable, Sendable {
        /// The file that the settings came from; nil without one.
        public var config: String?
        public var logLevel = LogThreshold.info
        /// Threads for connections; nil: one for each processor.
        public var threads: Int?
        /// Where progress is kept over restarts; nil: nowhere.
        public var stateDirectory: String?
        /// Plaintext was asked for.
        public var isInsecure = false
        public var minimumTLSVersion = TLSVersion.tls12
        /// IANA names as they were given, not yet looked up; empty: the standard ones.
        public var cipherSuites: [String] = []
        /// Time between two looks at certificate files.
        public var certificatePollInterval = Duration.seconds(10)
    }

    public struct GRPC: Hashable, Sendable {
        public var listen = ListenAddress(host: nil, port: 7443)
        /// The three are given, or plaintext was asked for.
        public var certificate: String?
        public var key: String?
        public var clientCA: String?
    }

    public struct HTTP: Hashable, Sendable {
        public var listen = ListenAddress(host: nil, port: 8080)
        /// Both or none.
        public var certificate: String?
        public var key: String?
        /// Streams and watches together.
        public var maximumSubscribers = 100
    }

    /// The remote server.
    public struct Goldmane: Hashable, Sendable {
        public var address: HostAndPort?
        public var certificate: String?
        public var key: String?
        public var ca = "/etc/pki/tls/certs/ca.crt"
        /// The name in its certificate; nil: the host of the address.
        public var serverName: String?
    }

    public struct Store: Hashable, Sendable {
        /// Whole seconds.
        public var aggregationWindow = Duration.seconds(15)
        /// Past windows; a future and a filling one come on top.
        public var historyWindows = 240
        public var maximumKeys = 1_000_000
        /// Percent.
        public var maximumKeyShare = 50
        public var maximumRows = 60_000_000
        public var maximumLabels = 128
        public var maximumKeyBytes = 32_768
        public var maximumEncodedBytes = 1 << 30
        public var maximumDeliveries = 4_000_000
        /// Whole seconds.
        public var deduplicationWindow = Duration.seconds(300)
        public var maximumStreams = 100
    }

    public struct Emitter: Hashable, Sendable {
        /// Nil: nothing is sent on.
        public var url: PushURL?
        /// Multiples of the aggregation window.
        public var emitAfter = Duration.seconds(30)
        public var aggregationWindow = Duration.seconds(300)
        /// Both or none.
        public var certificate: String?
        public var key: String?
        /// Nil: the system's authorities.
        public var ca: String?
        /// Nil: the host of the URL.
        public var serverName: String? = "tigera-linseed.tigera-elasticsearch.svc"
        /// Nil: always on.
        public var switchFile: String?
    }

    public struct Health: Hashable, Sendable {
        public var isEnabled = false
        /// Empty: all addresses.
        public var host = ""
        public var port = 8080
        /// Empty: all addresses.
        public var prometheusHost = ""
        /// 0: no metrics over HTTP.
        public var prometheusPort = 0
        /// Of no effect.
        public var profilePort = 0
    }
}

/// The least severe message that is logged; the names are those of swift-log.
public enum LogThreshold: String, Hashable, Sendable, CaseIterable {
    case trace, debug, info, notice, warning, error, critical
}

public enum TLSVersion: String, Hashable, Sendable, CaseIterable {
    case tls12 = "1.2"
    case tls13 = "1.3"
}

/// Where to listen.
public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name or address without brackets; empty: all addresses. Settings that were resolved always have it;
    /// before, nil stands for all addresses with TLS, and for loopback without.
    public var host: String?
    /// 0: any free one.
    public var port: Int

    public init(host: String?, port: Int) {
        self.host = host
        self.port = port
    }

    public var description: String {
        guard let host else { return "\(port)" }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Whether nobody outside this machine can connect.
    public var isLoopback: Bool { NetworkText.isLoopback(host ?? "") }

    /// Whether one process cannot listen on both.
    func collides(with other: ListenAddress) -> Bool {
        guard port == other.port, port != 0 else { return false }
        let wide = ["", "::", "0.0.0.0"]
        return host == other.host || wide.contains(host ?? "") || wide.contains(other.host ?? "")
    }
}

/// Where to connect to.
public struct HostAndPort: Hashable, Sendable, CustomStringConvertible {
    /// Without brackets.
    public var host: String
    public var port: Int

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// An address to send flows to.
public struct PushURL: Hashable, Sendable, CustomStringConvertible {
    /// As it was given.
    public let text: String
    public let isSecure: Bool
    public let host: String
    public let port: Int

    public var description: String { text }
}
