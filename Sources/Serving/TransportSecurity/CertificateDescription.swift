// SPDX-License-Identifier: Apache-2.0

internal import Crypto
public import Foundation
internal import NIOSSL
internal import SwiftASN1
internal import X509

/// What a certificate says, for people. All text is escaped.
public struct CertificateDescription: Hashable, Sendable {
    /// `CN=calico-node`, as RFC 4514 writes names.
    public let subject: String
    public let issuer: String
    /// `dns:NAME`, `ip:ADDRESS`, `uri:URI`, `other:…`.
    public let names: [String]
    /// The DNS names and addresses of `names`, without their kind.
    public let serverNames: [String]
    public let validFrom: Date
    public let validUntil: Date
    /// SHA-256 of the whole certificate, 64 hexadecimal digits.
    public let fingerprint: String
    /// Hexadecimal digits.
    public let serialNumber: String
    /// What it may be used for: `authority`, `server`, `client`, `anything` when it does not say.
    public let uses: [String]

    /// Names of one certificate that are listed.
    static let maximumNames = 1_000

    /// The certificates of a PEM file, in order.
    public static func all(inFile path: String) throws(TransportSecurityError) -> [CertificateDescription] {
        try all(try FileContent.read(path), path: path)
    }

    static func first(_ bytes: [UInt8], path: String) throws(TransportSecurityError) -> CertificateDescription
    {
        guard let first = try all(bytes, path: path).first else {
            throw TransportSecurityError(.notPEM, "read", path, "there is no certificate in it")
        }
        return first
    }

    private static func all(
        _ bytes: [UInt8], path: String
    ) throws(TransportSecurityError) -> [CertificateDescription] {
        let certificates = try CertificateSet.certificates(bytes, path)
        return try certificates.enumerated().map { index, certificate throws(TransportSecurityError) in
            do {
                let bytes = try certificate.toDERBytes()
                return CertificateDescription(try Certificate(derEncoded: bytes), bytes)
            } catch {
                throw TransportSecurityError(
                    .notPEM, "read", path,
                    "certificate \(index + 1) cannot be taken apart: \("\(error)".escapedForMessage())")
            }
        }
    }

    init(_ certificate: Certificate, _ bytes: [UInt8]) {
        subject = certificate.subject.description.escapedForMessage()
        issuer = certificate.issuer.description.escapedForMessage()
        let all = certificate.alternativeNames.prefix(Self.maximumNames)
        names = all.map(Self.text)
        serverNames = all.compactMap { ServerName($0)?.text.escapedForMessage() }
        validFrom = certificate.notValidBefore
        validUntil = certificate.notValidAfter
        fingerprint = SHA256.hash(data: bytes).hexadecimal
        serialNumber = certificate.serialNumber.bytes.hexadecimal
        uses = Self.uses(certificate)
    }

    private static func text(_ name: GeneralName) -> String {
        if let server = ServerName(name) {
            return (server.dnsName == nil ? "ip:" : "dns:") + server.text.escapedForMessage()
        }
        if case .uniformResourceIdentifier(let text) = name { return "uri:" + text.escapedForMessage() }
        return "other:" + "\(name)".escapedForMessage()
    }

    private static func uses(_ certificate: Certificate) -> [String] {
        if certificate.isAuthority { return ["authority"] }
        // A list that cannot be read says nothing that could be shown.
        guard let usages = try? certificate.extensions.extendedKeyUsage else { return ["anything"] }
        let known = [
            (ExtendedKeyUsage.Usage.serverAuth, "server"), (.clientAuth, "client"), (.any, "anything"),
        ]
        let named = known.filter { usages.contains($0.0) }.map(\.1)
        return named.isEmpty ? ["other purposes"] : named
    }

    /// Whole days until it ends, rounded down; negative when it has.
    public func daysLeft(at now: Date) -> Int {
        Int((validUntil.timeIntervalSince(now) / 86_400).rounded(.down))
    }
}
