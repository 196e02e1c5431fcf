// SPDX-License-Identifier: Apache-2.0
//
// TransportSecurity: TLS contexts from certificate files that may change while they are in use, who a peer
// is, and a private authority for try-outs and small clusters. What is done with a connection is decided
// elsewhere.

internal import Dispatch
public import Foundation
public import Logging
internal import NIOCore
public import NIOSSL
public import ServiceLifecycle
internal import Synchronization

/// The TLS context of one end, made anew when its files change.
///
/// ```
/// files ──read every pollInterval──▶ same bytes          nothing
///                                    new, whole, valid   in use from the next connection on; generation + 1
///                                    new and bad         the old ones stay; one warning per change, counted
/// ```
/// Contents are compared, not times, so any way to replace files will do: in place, by renaming, or by
/// turning a symbolic link, as Kubernetes does for volumes. Connections that exist keep the context they
/// began with.
public final class TLSContextSource: Service, CustomStringConvertible {
    /// Which end of a connection it is.
    public enum Role: Hashable, Sendable {
        /// Asks for a client certificate that leads to the authorities, or for none. There is nothing
        /// between.
        case server(verifiesClients: Bool)
        /// Verifies the server by its authorities and its name, and shows the own certificate if there is
        /// one.
        case client
    }

    public struct Configuration: Sendable {
        public var files: CertificateFiles
        public var role: Role
        /// For ALPN, best first: `["h2"]` for gRPC, `["h2", "http/1.1"]` for HTTP.
        public var applicationProtocols: [String]
        public var policy: TLSPolicy
        /// Time between two looks at the files.
        public var pollInterval: Duration

        public init(
            files: CertificateFiles, role: Role, applicationProtocols: [String],
            policy: TLSPolicy = .standard, pollInterval: Duration = .seconds(10)
        ) {
            self.files = files
            self.role = role
            self.applicationProtocols = applicationProtocols
            self.policy = policy
            self.pollInterval = pollInterval
        }
    }

    /// What is in use.
    public struct Current: Sendable {
        /// For `NIOSSLServerHandler` and `NIOSSLClientHandler`.
        public let context: NIOSSLContext
        /// What the context was made of, for libraries that make their own.
        public var configuration: TLSConfiguration { context.configuration }
        /// 1 for what was read first; one more for each replacement.
        public let generation: Int
        /// When the first of the own certificates ends; nil without one.
        public let expiry: Date?
    }

    /// For metrics and the status page.
    public struct Status: Sendable {
        public let generation: Int
        public let expiry: Date?
        /// Sets of files that replaced what was in use.
        public let replacements: Int
        /// Changes of the files that were not taken over.
        public let rejections: Int
        /// Why what the files hold now is not in use; nil when it is.
        public let problem: TransportSecurityError?
    }

    /// What a look at the files came to.
    public enum Outcome: Hashable, Sendable {
        case unchanged, replaced, rejected
    }

    private struct State {
        var current: Current
        var digest: [UInt8]
        var rejected: Rejection?
        var replacements = 0
        var rejections = 0
        var warnsOfExpiryFrom: Date?
    }

    /// One change is warned of once. Bytes are nil while the files cannot even be read.
    private struct Rejection {
        let digest: [UInt8]?
        let error: TransportSecurityError
        func isSame(as other: Rejection) -> Bool {
            digest == other.digest && error.code == other.error.code && error.subject == other.error.subject
        }
    }

    /// Ends of certificates nearer than this are warned of, once a day.
    public static let expiryNoticeSeconds: TimeInterval = 7 * 86_400

    private let configuration: Configuration
    private let logger: Logger
    private let now: @Sendable () -> Date
    private let state: Mutex<State>
    /// Files are read here: a volume that does not answer must not hold up anything else.
    private let queue = DispatchQueue(label: "certificate files")

    /// Reads the files. Blocks while it does.
    public init(
        _ configuration: Configuration, logger: Logger, now: @escaping @Sendable () -> Date = { Date() }
    ) throws(TransportSecurityError) {
        try configuration.files.check(for: configuration.role)
        let bytes = try CertificateBytes.settled(configuration.files)
        let time = now()
        let current = try Self.load(bytes, configuration, generation: 1, now: time)
        self.configuration = configuration
        self.logger = logger
        self.now = now
        state = Mutex(State(current: current, digest: bytes.digest))
        warnOfExpiry(time)
    }

    /// What the next connection uses.
    public var current: Current { state.withLock(\.current) }

    /// The context for the next connection.
    public var context: NIOSSLContext { current.context }

    public var status: Status {
        state.withLock {
            Status(
                generation: $0.current.generation, expiry: $0.current.expiry, replacements: $0.replacements,
                rejections: $0.rejections, problem: $0.rejected?.error)
        }
    }

    /// For a server library that keeps one configuration for good: each handshake gets the pair that is
    /// current then. The authorities of `verifiesClients` stay those of the moment of this call.
    public var followingConfiguration: TLSConfiguration {
        var configuration = current.configuration
        configuration.sslContextCallback = { [weak self] _, promise in
            var override = NIOSSLContextConfigurationOverride()
            if let now = self?.current.configuration {
                override.certificateChain = now.certificateChain
                override.privateKey = now.privateKey
            }
            promise.succeed(override)
        }
        return configuration
    }

    /// The name for a client's handler: nil for an IP address, which is compared with the peer's address
    /// instead.
    ///
    /// A certificate with the address that was connected to is accepted whatever name was asked for.
    public static func serverHostname(for host: String) -> String? {
        ServerName(host)?.dnsName
    }

    public var description: String { configuration.files.certificateChain ?? "TLS client" }

    /// Looks at the files at each interval, until cancelled or shut down.
    public func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while true {
                do {
                    try await Task.sleep(for: configuration.pollInterval)
                } catch {
                    // Cancelled: that is how it ends.
                    return
                }
                await withCheckedContinuation { continuation in
                    queue.async {
                        self.reload()
                        continuation.resume()
                    }
                }
            }
        }
    }

    /// Looks at the files now. Blocks while it reads them.
    @discardableResult
    public func reload() -> Outcome {
        let time = now()
        defer { warnOfExpiry(time) }
        let digest = state.withLock(\.digest)
        var newDigest: [UInt8]?
        do throws(TransportSecurityError) {
            let bytes = try CertificateBytes(configuration.files)
            if bytes.digest == digest { return accepted() }
            let settled = try CertificateBytes.settled(configuration.files)
            newDigest = settled.digest
            if settled.digest == digest { return accepted() }
            let generation = state.withLock(\.current.generation) + 1
            let current = try Self.load(settled, configuration, generation: generation, now: time)
            return replace(by: current, settled.digest)
        } catch {
            return reject(Rejection(digest: newDigest, error: error))
        }
    }

    /// The files hold what is in use, maybe again.
    private func accepted() -> Outcome {
        state.withLock { $0.rejected = nil }
        return .unchanged
    }

    private func replace(by current: Current, _ digest: [UInt8]) -> Outcome {
        state.withLock {
            $0.current = current
            $0.digest = digest
            $0.rejected = nil
            $0.replacements += 1
            $0.warnsOfExpiryFrom = nil
        }
        logger.notice(
            "new certificates are in use",
            metadata: [
                "files": "\(self)", "generation": "\(current.generation)",
                "expiry": "\(current.expiry?.utcText ?? "none")",
            ])
        return .replaced
    }

    private func reject(_ rejection: Rejection) -> Outcome {
        let (isNew, expiry) = state.withLock { state in
            let isNew = state.rejected?.isSame(as: rejection) != true
            state.rejected = rejection
            if isNew { state.rejections += 1 }
            return (isNew, state.current.expiry)
        }
        if isNew {
            logger.warning(
                "changed certificates are not usable; the ones before stay in use",
                metadata: [
                    "problem": "\(rejection.error)", "expiry": "\(expiry?.utcText ?? "none")",
                ])
        }
        return .rejected
    }

    private func warnOfExpiry(_ time: Date) {
        let due: Date? = state.withLock { state in
            guard let expiry = state.current.expiry,
                expiry.timeIntervalSince(time) < Self.expiryNoticeSeconds
            else { return nil }
            if let from = state.warnsOfExpiryFrom, time < from { return nil }
            // The first word about its end comes when it ends, if that is sooner than tomorrow.
            let tomorrow = time.addingTimeInterval(86_400)
            state.warnsOfExpiryFrom = expiry > time ? min(tomorrow, expiry) : tomorrow
            return expiry
        }
        guard let due else { return }
        let metadata: Logger.Metadata = ["files": "\(self)", "expiry": "\(due.utcText)"]
        if due <= time {
            logger.error("the certificate in use has expired; replace its files", metadata: metadata)
        } else {
            logger.warning("the certificate in use expires soon; replace its files", metadata: metadata)
        }
    }
}
