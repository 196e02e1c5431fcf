// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import NIOSSL

extension TLSContextSource {
    /// What bytes come to, if they are whole, valid and fit together.
    static func load(
        _ bytes: CertificateBytes, _ configuration: Configuration, generation: Int, now: Date
    ) throws(TransportSecurityError) -> Current {
        let set = try CertificateSet(bytes, configuration.files, now: now)
        return Current(
            context: try context(set, configuration), generation: generation, expiry: set.expiry)
    }

    private static func context(
        _ set: CertificateSet, _ configuration: Configuration
    ) throws(TransportSecurityError) -> NIOSSLContext {
        var tls = TLSConfiguration.makeClientConfiguration()
        switch configuration.role {
        case .server(verifiesClients: true): tls.certificateVerification = .noHostnameVerification
        case .server(verifiesClients: false): tls.certificateVerification = .none
        case .client: tls.certificateVerification = .fullVerification
        }
        configuration.policy.apply(to: &tls)
        tls.applicationProtocols = configuration.applicationProtocols
        tls.certificateChain = set.chain.map { .certificate($0) }
        tls.privateKey = set.key.map { .privateKey($0) }
        if let authorities = set.authorities { tls.trustRoots = .certificates(authorities) }
        do {
            return try NIOSSLContext(configuration: tls)
        } catch {
            // Both were read before, so the key can only fail to fit.
            if let known = error as? NIOSSLError, case .failedToLoadPrivateKey = known {
                throw TransportSecurityError(
                    .keyMismatch, "use", configuration.files.privateKey ?? "",
                    "it is not the private key of the certificate in "
                        + "\((configuration.files.certificateChain ?? "").escapedForMessage()); "
                        + "name a pair that was made together, own certificate first")
            }
            throw TransportSecurityError(
                .refused, "use", configuration.files.certificateChain ?? "the certificate files",
                "the TLS library refuses it: \("\(error)".escapedForMessage())")
        }
    }
}
