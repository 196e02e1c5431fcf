// SPDX-License-Identifier: Apache-2.0

/// Where the certificates of one end of a connection are.
public struct CertificateFiles: Hashable, Sendable {
    /// PEM: the own certificate first, then those that lead to the authority.
    public var certificateChain: String?
    /// PEM: the private key of the first certificate, without a passphrase.
    public var privateKey: String?
    /// PEM: the authorities that the other end's certificate must lead to. Without it, a client trusts the
    /// system's authorities.
    public var authorities: String?

    public init(certificateChain: String? = nil, privateKey: String? = nil, authorities: String? = nil) {
        self.certificateChain = certificateChain
        self.privateKey = privateKey
        self.authorities = authorities
    }
}

extension CertificateFiles {
    /// Says which of the files a role lacks.
    func check(for role: TLSContextSource.Role) throws(TransportSecurityError) {
        func lacks(_ message: String) -> TransportSecurityError {
            TransportSecurityError(.incompleteFiles, "use", "the certificate files", message)
        }
        if (certificateChain == nil) != (privateKey == nil) {
            throw lacks(
                certificateChain == nil
                    ? "there is a private key, but no certificate: name the file of its certificate, too"
                    : "there is a certificate, but no private key: name the file of its key, too")
        }
        guard case .server(let verifiesClients) = role else { return }
        if certificateChain == nil {
            throw lacks("a server needs a certificate and its private key; `vibrissa certs` makes a pair")
        }
        if verifiesClients, authorities == nil {
            throw lacks(
                "a server that asks clients for certificates needs the file of the authority (CA) that signs them"
            )
        }
    }
}
