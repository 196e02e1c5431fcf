// SPDX-License-Identifier: Apache-2.0

internal import NIOSSL

/// Which versions and cipher suites of TLS are accepted.
public struct TLSPolicy: Hashable, Sendable {
    public enum Version: String, Hashable, Sendable, CaseIterable {
        case tls12 = "1.2"
        case tls13 = "1.3"
    }

    /// The oldest version that is accepted.
    public let minimumVersion: Version
    /// IANA names of the suites for TLS 1.2, best first. Those of TLS 1.3 cannot be chosen: all are good.
    public let cipherSuites: [String]

    /// TLS 1.2 with suites that agree on fresh keys and authenticate what they encrypt.
    public static let standard = TLSPolicy(minimumVersion: .tls12, checkedSuites: standardSuites)

    /// Checks the names of suites; an empty list stands for the standard ones.
    ///
    /// A list of TLS 1.3 suites alone rules TLS 1.2 out.
    public init(
        minimumVersion: Version = .tls12, cipherSuites names: [String] = []
    ) throws(TransportSecurityError) {
        guard !names.isEmpty else {
            self.init(minimumVersion: minimumVersion, checkedSuites: Self.standardSuites)
            return
        }
        var suites: [String] = []
        for name in names where !Self.modernSuites.contains(name) {
            // Go's older spelling of two of them.
            let whole = name.hasSuffix("_CHACHA20_POLY1305") ? name + "_SHA256" : name
            guard Self.suites[whole] != nil else {
                throw TransportSecurityError(
                    .unknownCipherSuite, "use", "the cipher suite \(name)",
                    "it is not known here; known are \(Self.knownNames.joined(separator: ", "))")
            }
            suites.append(whole)
        }
        self.init(
            minimumVersion: suites.isEmpty ? .tls13 : minimumVersion,
            checkedSuites: suites.isEmpty ? Self.standardSuites : suites)
    }

    private init(minimumVersion: Version, checkedSuites: [String]) {
        self.minimumVersion = minimumVersion
        cipherSuites = checkedSuites
    }

    /// Every name that is accepted, in order.
    public static var knownNames: [String] { suites.keys.sorted() + modernSuites }

    func apply(to configuration: inout TLSConfiguration) {
        configuration.minimumTLSVersion = minimumVersion == .tls13 ? .tlsv13 : .tlsv12
        configuration.cipherSuiteValues = cipherSuites.compactMap { Self.suites[$0] }
    }

    private static let standardSuites = [
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    ]

    private static let modernSuites = [
        "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
    ]

    /// The registry of TLS parameters at IANA, as far as the TLS library goes; without pre-shared keys.
    private static let suites: [String: NIOTLSCipher] = [
        "TLS_RSA_WITH_AES_128_CBC_SHA": .TLS_RSA_WITH_AES_128_CBC_SHA,
        "TLS_RSA_WITH_AES_256_CBC_SHA": .TLS_RSA_WITH_AES_256_CBC_SHA,
        "TLS_RSA_WITH_AES_128_GCM_SHA256": .TLS_RSA_WITH_AES_128_GCM_SHA256,
        "TLS_RSA_WITH_AES_256_GCM_SHA384": .TLS_RSA_WITH_AES_256_GCM_SHA384,
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": .TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": .TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": .TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": .TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ]
}
