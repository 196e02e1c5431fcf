// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// A directory with a private authority and the pairs that it signed.
///
/// ```
/// ca.crt      ca.key        the authority; ca.key is needed only to make more pairs
/// server.crt  server.key    the server's pair
/// NAME.crt    NAME.key      a pair for each client
/// ```
/// Keys are readable by their owner only. Each file is written whole or not at all.
public struct CertificateDirectory: Sendable {
    /// What is to be made.
    public struct Request: Sendable {
        /// DNS names and IP addresses; nil: those of the server's certificate that is there, else loopback,
        /// and a pair only when it is missing.
        public var serverNames: [String]?
        /// Nil: the default clients, and a pair only where it is missing.
        public var clientNames: [String]?
        /// 1 to 3,650.
        public var days: Int
        /// Whether pairs that are there are replaced. The authority never is.
        public var replaces: Bool

        public init(
            serverNames: [String]? = nil, clientNames: [String]? = nil, days: Int = 365,
            replaces: Bool = false
        ) {
            self.serverNames = serverNames
            self.clientNames = clientNames
            self.days = days
            self.replaces = replaces
        }
    }

    /// Whose pair it is.
    public enum Owner: Hashable, Sendable {
        case authority
        case server
        case client(String)
    }

    /// A pair of the directory.
    public struct Entry: Sendable {
        public let owner: Owner
        public let certificatePath: String
        public let privateKeyPath: String
        /// False for one that was there and was left as it is.
        public let isNew: Bool
        public let certificate: CertificateDescription
    }

    /// Names for servers when none are given.
    public static let defaultServerNames = ["localhost", "127.0.0.1", "::1"]
    /// Clients when none are given: Calico's node agent, and everything of our own.
    public static let defaultClientNames = ["calico-node", "vibrissa"]
    /// Clients of one call.
    public static let maximumClients = 1_000

    public let path: String

    public init(path: String) { self.path = path }

    /// Makes what is asked for and missing, the authority first. Before anything is written, everything is
    /// checked and signed. What was there and stays comes last.
    ///
    /// Without `replaces`, a pair that is asked for by name and exists is an error; without names, what
    /// exists is left as it is.
    public func make(_ request: Request, now: Date) throws(TransportSecurityError) -> [Entry] {
        let clients = try checkedClients(request)
        let kept = try keptAuthority(now: now)
        let authority: PrivateAuthority
        if let kept { authority = kept } else { authority = try PrivateAuthority.make(now: now) }
        var made: [(owner: Owner, pair: CertificatePair, isNew: Bool)] = [
            (.authority, authority.pair, kept == nil)
        ]
        try checkOverwriting(request, clients, hasAuthority: kept != nil)
        // A pair of a former authority is of no use with a new one.
        let replacesUnasked = request.replaces && request.serverNames == nil && request.clientNames == nil
        if request.serverNames != nil || replacesUnasked || !exists(.server) {
            let names =
                request.serverNames ?? currentServerNames() ?? Self.defaultServerNames
            made.append(
                (.server, try authority.makeServerPair(names: names, days: request.days, now: now), true))
        }
        for client in clients
        where request.clientNames != nil || replacesUnasked || !exists(.client(client)) {
            made.append(
                (
                    .client(client),
                    try authority.makeClientPair(name: client, days: request.days, now: now), true
                ))
        }
        try FileReplacement.makeDirectory(path)
        for entry in made where entry.isNew {
            try FileReplacement.write(entry.pair.privateKeyPEM, to: keyPath(entry.owner), mode: 0o600)
            try FileReplacement.write(
                entry.pair.certificatePEM, to: certificatePath(entry.owner), mode: 0o644)
        }
        return try made.map { entry throws(TransportSecurityError) in
            Entry(
                owner: entry.owner, certificatePath: certificatePath(entry.owner),
                privateKeyPath: keyPath(entry.owner), isNew: entry.isNew,
                certificate: try CertificateDescription.first(
                    Array(entry.pair.certificatePEM.utf8), path: certificatePath(entry.owner)))
        } + keptPairs(clients, without: made.map(\.owner))
    }

    /// The pairs that were there and stay.
    private func keptPairs(_ clients: [String], without made: [Owner]) -> [Entry] {
        ([.server] + clients.map { .client($0) }).filter { !made.contains($0) }.compactMap { owner in
            let path = certificatePath(owner)
            // One that cannot be read is not in use either; whoever uses it is told then.
            guard let certificate = try? CertificateDescription.all(inFile: path).first else { return nil }
            return Entry(
                owner: owner, certificatePath: path, privateKeyPath: keyPath(owner), isNew: false,
                certificate: certificate)
        }
    }

    private func checkedClients(_ request: Request) throws(TransportSecurityError) -> [String] {
        var clients: [String] = []
        for name in request.clientNames ?? Self.defaultClientNames where !clients.contains(name) {
            guard !["ca", "server"].contains(name.lowercased()) else {
                throw TransportSecurityError(
                    .badName, "make", "a client certificate for \(name)",
                    "its files would be called like those of the \(name); choose another name")
            }
            clients.append(name)
        }
        guard clients.count <= Self.maximumClients else {
            throw TransportSecurityError(
                .badName, "make", "\(clients.count) client certificates",
                "at most \(Self.maximumClients) are made at once")
        }
        return clients
    }

    /// The authority that is there, whole; nil when there is none.
    private func keptAuthority(now: Date) throws(TransportSecurityError) -> PrivateAuthority? {
        let (certificate, key) = (certificatePath(.authority), keyPath(.authority))
        switch (FileReplacement.exists(certificate), FileReplacement.exists(key)) {
        case (false, false): return nil
        case (true, true):
            let pair = CertificatePair(
                certificatePEM: String(decoding: try FileContent.read(certificate), as: UTF8.self),
                privateKeyPEM: String(decoding: try FileContent.read(key), as: UTF8.self))
            return try PrivateAuthority(pair, subject: certificate, now: now)
        case (let hasCertificate, _):
            throw TransportSecurityError(
                .missingFile, "use", hasCertificate ? certificate : key,
                "the other file of the authority, \((hasCertificate ? key : certificate).escapedForMessage()), "
                    + "is missing; bring it back, or choose another directory")
        }
    }

    private func checkOverwriting(
        _ request: Request, _ clients: [String], hasAuthority: Bool
    ) throws(TransportSecurityError) {
        guard !request.replaces else { return }
        var asked: [Owner] = []
        if request.serverNames != nil || !hasAuthority { asked.append(.server) }
        if request.clientNames != nil || !hasAuthority { asked += clients.map { .client($0) } }
        let there = asked.flatMap { [certificatePath($0), keyPath($0)] }.filter(FileReplacement.exists)
        guard let first = there.first else { return }
        let more = there.count > 1 ? " (and \(there.count - 1) more)" : ""
        throw TransportSecurityError(
            .wouldOverwrite, "write", first,
            "it is there already\(more); use --force to replace it, or choose another directory")
    }

    /// Those of the certificate that is there; nil when there is none, or it names nothing.
    private func currentServerNames() -> [String]? {
        let path = certificatePath(.server)
        // It is about to be replaced: one that cannot be read has no names to keep.
        guard let bytes = try? FileContent.read(path),
            let certificate = try? CertificateDescription.first(bytes, path: path),
            !certificate.serverNames.isEmpty
        else { return nil }
        return certificate.serverNames
    }

    private func exists(_ owner: Owner) -> Bool {
        FileReplacement.exists(certificatePath(owner)) || FileReplacement.exists(keyPath(owner))
    }

    private func certificatePath(_ owner: Owner) -> String { file(owner) + ".crt" }

    private func keyPath(_ owner: Owner) -> String { file(owner) + ".key" }

    private func file(_ owner: Owner) -> String {
        let name =
            switch owner {
            case .authority: "ca"
            case .server: "server"
            case .client(let name): name
            }
        return path.hasSuffix("/") ? path + name : "\(path)/\(name)"
    }
}
