// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import TransportSecurity

@Suite("Certificate files that cannot be used")
struct BadFilesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: TransportSecurityError.Code
        /// A piece of the message.
        let says: String
        var role = TLSContextSource.Role.server(verifiesClients: true)
        let files: @Sendable (Workshop) throws -> CertificateFiles
    }

    static let cases = [
        Case(testDescription: "no file", code: .missingFile, says: "there is no such file") {
            CertificateFiles(
                certificateChain: $0.file("none"), privateKey: $0.file("server.key"),
                authorities: $0.file("ca.crt"))
        },
        Case(testDescription: "a directory", code: .unreadableFile, says: "directory") {
            CertificateFiles(
                certificateChain: $0.path, privateKey: $0.file("server.key"), authorities: $0.file("ca.crt"))
        },
        Case(testDescription: "an endless file", code: .unreadableFile, says: "larger than 1 MiB") {
            CertificateFiles(
                certificateChain: "/dev/zero", privateKey: $0.file("server.key"),
                authorities: $0.file("ca.crt"))
        },
        Case(testDescription: "swapped files", code: .notPEM, says: "swapped") {
            CertificateFiles(
                certificateChain: $0.file("server.key"), privateKey: $0.file("server.crt"),
                authorities: $0.file("ca.crt"))
        },
        Case(testDescription: "a certificate for a key", code: .notPEM, says: "swapped") {
            CertificateFiles(
                certificateChain: $0.file("server.crt"), privateKey: $0.file("server.crt"),
                authorities: $0.file("ca.crt"))
        },
        Case(testDescription: "no PEM", code: .notPEM, says: "openssl x509 -inform der") {
            try $0.write("\u{0}\u{1}binary", to: "der")
            return CertificateFiles(
                certificateChain: $0.file("der"), privateKey: $0.file("server.key"),
                authorities: $0.file("ca.crt"))
        },
        Case(testDescription: "a key with a passphrase", code: .encryptedKey, says: "passphrase") {
            _ = try output(
                of: "openssl",
                [
                    "pkey", "-aes256", "-passout", "pass:secret", "-in", $0.file("server.key"), "-out",
                    $0.file("locked.key"),
                ])
            return CertificateFiles(
                certificateChain: $0.file("server.crt"), privateKey: $0.file("locked.key"),
                authorities: $0.file("ca.crt"))
        },
        Case(testDescription: "another certificate's key", code: .keyMismatch, says: "made together") {
            CertificateFiles(
                certificateChain: $0.file("server.crt"), privateKey: $0.file("ca.key"),
                authorities: $0.file("ca.crt"))
        },
        Case(testDescription: "a key of another kind", code: .keyMismatch, says: "made together") {
            _ = try output(of: "openssl", ["genrsa", "-out", $0.file("rsa.key"), "2048"])
            return CertificateFiles(
                certificateChain: $0.file("server.crt"), privateKey: $0.file("rsa.key"),
                authorities: $0.file("ca.crt"))
        },
        Case(
            testDescription: "an authority without certificates", code: .noAuthorities, says: "no certificate"
        ) {
            try $0.write("# none\n", to: "empty")
            return CertificateFiles(
                certificateChain: $0.file("server.crt"), privateKey: $0.file("server.key"),
                authorities: $0.file("empty"))
        },
        Case(testDescription: "no key", code: .incompleteFiles, says: "no private key") {
            CertificateFiles(certificateChain: $0.file("server.crt"))
        },
        Case(testDescription: "no certificate", code: .incompleteFiles, says: "no certificate", role: .client)
        {
            CertificateFiles(privateKey: $0.file("server.key"))
        },
        Case(testDescription: "a server without files", code: .incompleteFiles, says: "vibrissa certs") { _ in
            CertificateFiles()
        },
        Case(testDescription: "a server without an authority", code: .incompleteFiles, says: "authority (CA)")
        {
            CertificateFiles(certificateChain: $0.file("server.crt"), privateKey: $0.file("server.key"))
        },
    ]

    @Test("the error says which file, why, and what to try", arguments: cases)
    func errors(_ bad: Case) throws {
        let workshop = try Workshop.filled()
        let files = try bad.files(workshop)
        let error = try TransportSecurityError.thrown {
            _ = try TLSContextSource(
                .init(files: files, role: bad.role, applicationProtocols: ["h2"]), logger: LogLines().logger)
        }
        #expect(error.code == bad.code, "\(error)")
        #expect(error.description.contains(bad.says), "\(error)")
        if bad.code != .incompleteFiles {
            #expect(error.subject.hasPrefix(workshop.path) || error.subject == "/dev/zero", "\(error)")
        }
    }

    @Test("every beginning of a pair's files is refused, none ends the process")
    func truncations() throws {
        let workshop = try Workshop.filled()
        let (certificate, key) = (try workshop.text("server.crt"), try workshop.text("server.key"))
        func isAccepted(_ certificate: Substring, _ key: Substring) throws -> Bool {
            try workshop.write(String(certificate), to: "server.crt")
            try workshop.write(String(key), to: "server.key")
            do {
                _ = try TLSContextSource(
                    .init(
                        files: workshop.files("server"), role: .server(verifiesClients: true),
                        applicationProtocols: ["h2"]), logger: LogLines().logger)
                return true
            } catch {
                return false
            }
        }
        // The line ends and the last hyphens may be missing.
        for length in 0..<(certificate.count - 8) {
            #expect(try !isAccepted(certificate.prefix(length), key[...]), "\(length)")
        }
        for length in 0..<(key.count - 8) {
            #expect(try !isAccepted(certificate[...], key.prefix(length)), "\(length)")
        }
        #expect(try isAccepted(certificate[...], key[...]))
    }

    @Test("cipher suites are known by their IANA names, in any number of both versions")
    func cipherSuites() throws {
        #expect(try TLSPolicy(cipherSuites: []).cipherSuites.count == 6)
        #expect(
            try TLSPolicy(cipherSuites: ["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", "TLS_AES_128_GCM_SHA256"])
                .cipherSuites == ["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"])
        #expect(try TLSPolicy(cipherSuites: ["TLS_AES_128_GCM_SHA256"]).minimumVersion == .tls13)
        for name in ["TLS_RSA_WITH_RC4_128_SHA", "ECDHE-RSA-AES128-SHA", "", "TLS_\u{1b}[0m"] {
            let error = try TransportSecurityError.thrown { _ = try TLSPolicy(cipherSuites: [name]) }
            #expect(error.code == .unknownCipherSuite)
            #expect(error.description.contains("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"))
            #expect(!error.description.contains("\u{1b}"))
        }
        #expect(throws: Never.self) { try TLSPolicy(cipherSuites: TLSPolicy.knownNames) }
    }
}
