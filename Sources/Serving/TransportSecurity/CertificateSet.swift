// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import NIOSSL

/// Certificates that were read, and found to be whole and valid.
struct CertificateSet: Sendable {
    /// The own certificate first; empty without one.
    let chain: [NIOSSLCertificate]
    let key: NIOSSLPrivateKey?
    /// Each once; nil when no file names any.
    let authorities: [NIOSSLCertificate]?

    /// Bound of certificates in one file.
    static let maximumCertificates = 1_000

    init(_ bytes: CertificateBytes, _ files: CertificateFiles, now: Date) throws(TransportSecurityError) {
        chain = try Self.certificates(bytes.chain, files.certificateChain)
        key = try Self.privateKey(bytes.key, files.privateKey)
        if let path = files.authorities {
            var seen: Set<NIOSSLCertificate> = []
            let all = try Self.certificates(bytes.authorities, path, isAuthority: true)
            authorities = all.filter { seen.insert($0).inserted }
        } else {
            authorities = nil
        }
        try checkValidity(files, now: now)
    }

    /// When the first certificate of the chain ends that does; nil without one.
    var expiry: Date? { chain.map { Self.date($0.notValidAfter) }.min() }

    private func checkValidity(_ files: CertificateFiles, now: Date) throws(TransportSecurityError) {
        for (index, certificate) in chain.enumerated() {
            let whose = index == 0 ? "the certificate" : "certificate \(index + 1) of the chain"
            let path = files.certificateChain ?? ""
            let (start, end) = (Self.date(certificate.notValidBefore), Self.date(certificate.notValidAfter))
            if end <= now {
                throw TransportSecurityError(
                    .expired, "use", path,
                    "\(whose) expired at \(end.utcText) and it is \(now.utcText); renew it, or mend the clock"
                )
            }
            if start > now {
                throw TransportSecurityError(
                    .notYetValid, "use", path,
                    "\(whose) is valid from \(start.utcText) and it is \(now.utcText); mend the clock")
            }
        }
        if let authorities, authorities.allSatisfy({ Self.date($0.notValidAfter) <= now }) {
            throw TransportSecurityError(
                .expired, "use", files.authorities ?? "",
                "every authority in it has expired, so nobody's certificate could be verified; renew it")
        }
    }

    /// The certificates of a PEM file; at least one, unless there is no file.
    static func certificates(
        _ bytes: [UInt8]?, _ path: String?, isAuthority: Bool = false
    ) throws(TransportSecurityError) -> [NIOSSLCertificate] {
        guard let bytes, let path else { return [] }
        let found: [NIOSSLCertificate]
        do {
            found = try NIOSSLCertificate.fromPEMBytes(bytes)
        } catch {
            throw notCertificates(bytes, path, isAuthority)
        }
        guard !found.isEmpty else { throw notCertificates(bytes, path, isAuthority) }
        guard found.count <= maximumCertificates else {
            throw TransportSecurityError(
                .unreadableFile, "use", path,
                "it holds \(found.count) certificates; at most \(maximumCertificates) are read")
        }
        return found
    }

    private static func notCertificates(
        _ bytes: [UInt8], _ path: String, _ isAuthority: Bool
    ) -> TransportSecurityError {
        let text = String(decoding: bytes, as: UTF8.self)
        let message =
            if bytes.isEmpty {
                "the file is empty; it must hold at least one certificate"
            } else if text.contains("-----BEGIN CERTIFICATE-----") {
                "a certificate in it is damaged or cut short; write the file anew"
            } else if text.contains("PRIVATE KEY-----") {
                "it holds a private key and no certificate; are the two files swapped?"
            } else {
                "there is no certificate in PEM form in it (-----BEGIN CERTIFICATE-----); "
                    + "`openssl x509 -inform der` turns the binary form into it"
            }
        let code: TransportSecurityError.Code =
            isAuthority && !text.contains("-----BEGIN CERTIFICATE-----") ? .noAuthorities : .notPEM
        return TransportSecurityError(code, "use", path, message)
    }

    private static func privateKey(
        _ bytes: [UInt8]?, _ path: String?
    ) throws(TransportSecurityError) -> NIOSSLPrivateKey? {
        guard let bytes, let path else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        // The TLS library would ask for the passphrase on the terminal.
        if text.contains("ENCRYPTED") {
            throw TransportSecurityError(
                .encryptedKey, "use", path,
                "the private key needs a passphrase; store it without one (openssl pkey) and protect the file"
            )
        }
        do {
            return try NIOSSLPrivateKey(bytes: bytes, format: .pem)
        } catch {
            let message =
                if bytes.isEmpty {
                    "the file is empty; it must hold the private key"
                } else if text.contains("PRIVATE KEY-----") {
                    "the private key in it is damaged or cut short; write the file anew"
                } else if text.contains("-----BEGIN CERTIFICATE-----") {
                    "it holds a certificate and no private key; are the two files swapped?"
                } else {
                    "there is no private key in PEM form in it (-----BEGIN PRIVATE KEY-----)"
                }
            throw TransportSecurityError(.notPEM, "use", path, message)
        }
    }

    private static func date(_ seconds: Int) -> Date { Date(timeIntervalSince1970: TimeInterval(seconds)) }
}

extension Date {
    /// `2026-03-01T12:00:00Z`.
    var utcText: String { formatted(.iso8601) }
}
