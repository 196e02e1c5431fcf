// SPDX-License-Identifier: Apache-2.0

internal import Crypto
public import NIOSSL
internal import SwiftASN1
internal import X509

/// Who the other end of a connection says it is, by the certificate that was verified.
///
/// Everything in it is bounded, and printable ASCII: what a certificate holds besides is escaped.
public struct PeerIdentity: Hashable, Sendable, CustomStringConvertible {
    /// The subject's common name, at most 128 characters; nil without one.
    public let commonName: String?
    /// The first eight names of the forms `dns:NAME` and `uri:URI`, each at most 256 characters.
    public let names: [String]
    /// SHA-256 of the whole certificate, 64 hexadecimal digits; what `openssl x509 -fingerprint -sha256`
    /// shows.
    public let fingerprint: String

    static let maximumNames = 8

    /// Never fails: of a certificate that cannot be taken apart, only the fingerprint is known.
    public init(_ certificate: NIOSSLCertificate) {
        // A certificate without bytes does not come out of a handshake; its identity is that of no bytes.
        let bytes = (try? certificate.toDERBytes()) ?? []
        // The names are a comfort. The TLS library has verified the certificate by its own reading.
        let parsed = try? Certificate(derEncoded: bytes)
        self.init(bytes: bytes, parsed)
    }

    init(bytes: [UInt8], _ certificate: Certificate?) {
        fingerprint = SHA256.hash(data: bytes).hexadecimal
        commonName = certificate?.subject.commonName?.escapedForMessage(limit: 128)
        names =
            certificate?.alternativeNames.lazy.compactMap { name in
                switch name {
                case .dnsName(let text): "dns:" + text.escapedForMessage(limit: 252)
                case .uniformResourceIdentifier(let text): "uri:" + text.escapedForMessage(limit: 252)
                default: nil
                }
            }.prefix(Self.maximumNames).map { $0 } ?? []
    }

    /// `calico-node (sha256 0123456789abcdef)`: the common name, else the first other name; for logs and
    /// labels.
    public var description: String {
        "\(commonName ?? names.first ?? "unnamed") (sha256 \(fingerprint.prefix(16)))"
    }
}

extension Certificate {
    /// Empty when there are none, or none that can be read.
    var alternativeNames: [GeneralName] {
        // An extension that cannot be read names nobody.
        guard let names = try? extensions.subjectAlternativeNames else { return [] }
        return Array(names)
    }
}

extension DistinguishedName {
    /// The last common name: the most particular one.
    var commonName: String? {
        for part in reversed() {
            for attribute in part where attribute.type == .RDNAttributeType.commonName {
                return String(attribute.value) ?? "\(attribute.value)"
            }
        }
        return nil
    }
}

extension Sequence<UInt8> {
    /// Two lower case digits for each byte.
    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
