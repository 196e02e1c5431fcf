// SPDX-License-Identifier: Apache-2.0

internal import Crypto
public import Foundation
internal import SwiftASN1
internal import X509

/// A certificate with its private key, as PEM text.
public struct CertificatePair: Sendable {
    public let certificatePEM: String
    public let privateKeyPEM: String
}

/// An authority of one's own: signs certificates of servers and clients that trust nobody else.
///
/// Keys are P-256. A certificate is valid from five minutes ago, for clocks that lag, and never longer than
/// its authority.
public struct PrivateAuthority: Sendable {
    /// Of the authority's own certificate.
    public static let authorityDays = 3_650
    /// What `days` may be.
    public static let dayRange = 1...3_650
    /// Names of a server.
    public static let maximumNames = 100

    private let certificate: Certificate
    private let key: Certificate.PrivateKey
    /// As PEM text, to be kept.
    public let pair: CertificatePair

    /// Makes an authority.
    public static func make(now: Date) throws(TransportSecurityError) -> PrivateAuthority {
        let key = P256.Signing.PrivateKey()
        let publicKey = Certificate.PublicKey(key.publicKey)
        let end = now.addingTimeInterval(TimeInterval(authorityDays) * 86_400)
        do {
            let name = try DistinguishedName {
                // Authorities are told apart by their names; two of one name would be taken for each other.
                CommonName("Vibrissa private CA \(publicKey.identifier.prefix(4).hexadecimal)")
            }
            let certificate = try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
                notValidBefore: start(now), notValidAfter: end, issuer: name, subject: name,
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                    Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                    SubjectKeyIdentifier(keyIdentifier: publicKey.identifier[...])
                },
                issuerPrivateKey: Certificate.PrivateKey(key))
            return PrivateAuthority(
                certificate, Certificate.PrivateKey(key),
                CertificatePair(certificatePEM: try certificate.pem, privateKeyPEM: key.pemText))
        } catch {
            throw Self.failure("an authority", error)
        }
    }

    private init(_ certificate: Certificate, _ key: Certificate.PrivateKey, _ pair: CertificatePair) {
        self.certificate = certificate
        self.key = key
        self.pair = pair
    }

    /// Takes an authority that exists. `subject` says where it came from.
    public init(_ pair: CertificatePair, subject: String, now: Date) throws(TransportSecurityError) {
        let certificate: Certificate
        let key: Certificate.PrivateKey
        do {
            certificate = try Certificate(pemEncoded: pair.certificatePEM)
            key = try Certificate.PrivateKey(pemEncoded: pair.privateKeyPEM)
        } catch {
            throw TransportSecurityError(
                .notPEM, "use", subject,
                "the certificate or the key is not PEM: \("\(error)".escapedForMessage())")
        }
        guard key.publicKey == certificate.publicKey else {
            throw TransportSecurityError(
                .keyMismatch, "use", subject, "the private key is not that of the certificate")
        }
        guard certificate.isAuthority else {
            throw TransportSecurityError(.badName, "use", subject, "it is no certificate of an authority")
        }
        guard certificate.notValidAfter > now else {
            throw TransportSecurityError(
                .expired, "use", subject,
                "the authority expired at \(certificate.notValidAfter.utcText); "
                    + "make a new one in another directory")
        }
        self.init(certificate, key, pair)
    }

    /// Signs a certificate for a server. The first name is the common name, too.
    public func makeServerPair(
        names: [String], days: Int, now: Date
    ) throws(TransportSecurityError) -> CertificatePair {
        guard let first = names.first, names.count <= Self.maximumNames else {
            throw TransportSecurityError(
                .badName, "make", "a server certificate", "give 1 to \(Self.maximumNames) names")
        }
        var checked: [ServerName] = []
        for name in names {
            guard let serverName = ServerName(name) else {
                throw TransportSecurityError(
                    .badName, "make", "a server certificate for \(name)",
                    "a server's name is a DNS name such as goldmane.calico-system.svc, or an IP address")
            }
            if !checked.contains(serverName) { checked.append(serverName) }
        }
        return try issue(
            // A common name holds 64 characters; names that matter are in the list.
            commonName: first.utf8.count <= 64 ? first : "vibrissa server",
            names: checked.map(\.generalName), usage: .serverAuth, days: days, now: now)
    }

    /// Signs a certificate for a client.
    public func makeClientPair(
        name: String, days: Int, now: Date
    ) throws(TransportSecurityError) -> CertificatePair {
        guard ServerName.isDNSName(name), name.utf8.count <= 64, !name.hasPrefix("*") else {
            throw TransportSecurityError(
                .badName, "make", "a client certificate for \(name)",
                "a client's name is up to 64 letters, digits, dots and hyphens")
        }
        return try issue(
            commonName: name, names: [.dnsName(name.lowercased())], usage: .clientAuth, days: days, now: now)
    }

    private func issue(
        commonName: String, names: [GeneralName], usage: ExtendedKeyUsage.Usage, days: Int, now: Date
    ) throws(TransportSecurityError) -> CertificatePair {
        guard Self.dayRange.contains(days) else {
            throw TransportSecurityError(
                .badValidity, "make", "a certificate for \(days) days",
                "give \(Self.dayRange.lowerBound) to \(Self.dayRange.upperBound) days")
        }
        let own = P256.Signing.PrivateKey()
        let publicKey = Certificate.PublicKey(own.publicKey)
        let end = now.addingTimeInterval(TimeInterval(days) * 86_400)
        do {
            let authorityIdentifier =
                try certificate.extensions.subjectKeyIdentifier?.keyIdentifier
                ?? certificate.publicKey.identifier[...]
            let issued = try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
                notValidBefore: max(Self.start(now), certificate.notValidBefore),
                notValidAfter: min(end, certificate.notValidAfter),
                issuer: certificate.subject, subject: try DistinguishedName { CommonName(commonName) },
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.notCertificateAuthority)
                    Critical(KeyUsage(digitalSignature: true))
                    try ExtendedKeyUsage([usage])
                    SubjectAlternativeNames(names)
                    SubjectKeyIdentifier(keyIdentifier: publicKey.identifier[...])
                    AuthorityKeyIdentifier(keyIdentifier: authorityIdentifier)
                },
                issuerPrivateKey: key)
            return CertificatePair(certificatePEM: try issued.pem, privateKeyPEM: own.pemText)
        } catch {
            throw Self.failure("a certificate for \(commonName)", error)
        }
    }

    private static func start(_ now: Date) -> Date { now.addingTimeInterval(-300) }

    private static func failure(_ subject: String, _ error: any Error) -> TransportSecurityError {
        TransportSecurityError(.refused, "make", subject, "\(error)".escapedForMessage())
    }
}

extension Certificate {
    var pem: String {
        get throws { try serializeAsPEM().pemString + "\n" }
    }

    /// Whether it may sign others.
    var isAuthority: Bool {
        // Constraints that cannot be read allow nothing.
        guard case .isCertificateAuthority = try? extensions.basicConstraints else { return false }
        return true
    }
}

extension Certificate.PublicKey {
    /// 20 bytes: the start of the SHA-256 of the key (RFC 7093, section 2, method 1).
    var identifier: [UInt8] { Array(SHA256.hash(data: subjectPublicKeyInfoBytes).prefix(20)) }
}

extension P256.Signing.PrivateKey {
    fileprivate var pemText: String { pemRepresentation + "\n" }
}
