// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOSSL
import Testing
import TransportSecurity

@Suite("Handshakes")
struct HandshakeTests {
    private static func server(
        _ files: CertificateFiles, verifiesClients: Bool = true, policy: TLSPolicy = .standard
    ) throws -> TLSContextSource {
        try TLSContextSource(
            .init(
                files: files, role: .server(verifiesClients: verifiesClients), applicationProtocols: ["h2"],
                policy: policy), logger: LogLines().logger)
    }

    private static func client(_ files: CertificateFiles) throws -> TLSContextSource {
        try TLSContextSource(
            .init(files: files, role: .client, applicationProtocols: ["h2"]), logger: LogLines().logger)
    }

    @Test(
        "both sides verify each other, and the server knows who the client is",
        arguments: ["localhost", "127.0.0.1"])
    func mutual(host: String) async throws {
        let workshop = try Workshop.filled()
        let loopback = try await LoopbackTLS.start(try Self.server(workshop.files("server")))
        let greeting = try await loopback.greeting(try Self.client(workshop.files("calico-node")), host: host)
        let shown = try #require(CertificateDescription.all(inFile: workshop.file("calico-node.crt")).first)
        #expect(greeting == "h2 calico-node (sha256 \(shown.fingerprint.prefix(16)))")
        try await loopback.stop()
    }

    struct Stranger: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var host = "localhost"
        let files: @Sendable (_ own: Workshop, _ other: Workshop) -> CertificateFiles
    }

    static let strangers = [
        Stranger(testDescription: "a client without a certificate") { own, _ in
            CertificateFiles(authorities: own.file("ca.crt"))
        },
        Stranger(testDescription: "a client of another authority") { own, other in
            CertificateFiles(
                certificateChain: other.file("vibrissa.crt"), privateKey: other.file("vibrissa.key"),
                authorities: own.file("ca.crt"))
        },
        Stranger(testDescription: "a server's certificate shown by a client") { own, _ in
            own.files("server")
        },
        Stranger(testDescription: "a client that trusts another authority") { own, other in
            CertificateFiles(
                certificateChain: own.file("vibrissa.crt"), privateKey: own.file("vibrissa.key"),
                authorities: other.file("ca.crt"))
        },
        Stranger(testDescription: "a client that wants another server", host: "example.com") { own, _ in
            own.files("vibrissa")
        },
        Stranger(testDescription: "a client that trusts the system's authorities") { own, _ in
            CertificateFiles(certificateChain: own.file("vibrissa.crt"), privateKey: own.file("vibrissa.key"))
        },
    ]

    @Test("strangers are kept out", arguments: strangers)
    func refused(_ stranger: Stranger) async throws {
        // No address in the certificate: the TLS library would take it for the name that is asked for.
        let own = try Workshop.filled(.init(serverNames: ["localhost"]))
        let other = try Workshop.filled()
        let loopback = try await LoopbackTLS.start(try Self.server(own.files("server")))
        let client = try Self.client(stranger.files(own, other))
        await #expect(throws: (any Error).self) {
            try await loopback.greeting(client, host: stranger.host)
        }
        try await loopback.stop()
    }

    @Test("a client's own certificate among the authorities does not let it in without its authority")
    func bundledLeaf() async throws {
        let workshop = try Workshop.filled()
        try workshop.write(workshop.text("vibrissa.crt"), to: "bundle.crt")
        var files = workshop.files("server")
        files.authorities = workshop.file("bundle.crt")
        let server = try Self.server(files)
        let loopback = try await LoopbackTLS.start(server)
        let client = try Self.client(workshop.files("vibrissa"))
        await #expect(throws: (any Error).self) { try await loopback.greeting(client) }
        // Bundles hold text, and the same certificate twice.
        let authority = try workshop.text("ca.crt")
        try workshop.write(
            "# a\n" + workshop.text("vibrissa.crt") + "text\n" + authority + authority, to: "bundle.crt")
        #expect(server.reload() == .replaced)
        _ = try await loopback.greeting(client)
        try await loopback.stop()
    }

    @Test("a new pair serves new connections, a bad one changes nothing")
    func rotation() async throws {
        let workshop = try Workshop.filled()
        let (server, client) = (
            try Self.server(workshop.files("server")), try Self.client(workshop.files("vibrissa"))
        )
        let loopback = try await LoopbackTLS.start(server)
        _ = try await loopback.greeting(client)
        // Another authority on both sides: what is old no longer fits what is new.
        let other = try Workshop.filled()
        let names = ["ca.crt", "server.crt", "server.key", "vibrissa.crt", "vibrissa.key"]
        try workshop.copy(names, from: other)
        #expect(server.reload() == .replaced)
        await #expect(throws: (any Error).self) { try await loopback.greeting(client) }
        #expect(client.reload() == .replaced)
        _ = try await loopback.greeting(client)
        try workshop.write("damaged", to: "server.crt")
        #expect(server.reload() == .rejected)
        _ = try await loopback.greeting(client)
        try await loopback.stop()
    }

    @Test("a library that keeps one configuration serves new pairs, too")
    func following() async throws {
        let workshop = try Workshop.filled()
        let server = try Self.server(
            CertificateFiles(
                certificateChain: workshop.file("server.crt"), privateKey: workshop.file("server.key")),
            verifiesClients: false)
        let context = try NIOSSLContext(configuration: server.followingConfiguration)
        let loopback = try await LoopbackTLS.start { NIOSSLServerHandler(context: context) }
        let anybody = try Self.client(CertificateFiles(authorities: workshop.file("ca.crt")))
        #expect(try await loopback.greeting(anybody) == "h2 anonymous")
        let other = try Workshop.filled()
        try workshop.copy(["ca.crt", "server.crt", "server.key"], from: other)
        #expect(server.reload() == .replaced)
        await #expect(throws: (any Error).self) { try await loopback.greeting(anybody) }
        #expect(anybody.reload() == .replaced)
        #expect(try await loopback.greeting(anybody) == "h2 anonymous")
        try await loopback.stop()
    }

    @Test(
        "OpenSSL's client gets in with the versions and suites that the policy allows",
        arguments: [
            (["-tls1_2"], TLSPolicy.standard, true), (["-tls1_3"], .standard, true),
            (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], .standard, false),
            (["-tls1_2"], try TLSPolicy(minimumVersion: .tls13), false),
            (["-tls1_3"], try TLSPolicy(minimumVersion: .tls13), true),
            (
                ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"],
                try TLSPolicy(cipherSuites: ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]), false
            ),
            (
                ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"],
                try TLSPolicy(cipherSuites: ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]), true
            ),
            (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"], .standard, false),
        ] as [([String], TLSPolicy, Bool)])
    func openSSL(options: [String], policy: TLSPolicy, isIn: Bool) async throws {
        let workshop = try Workshop.filled()
        let loopback = try await LoopbackTLS.start(
            try Self.server(workshop.files("server"), policy: policy))
        let run = try output(of: "openssl", Self.connect(loopback, workshop) + options)
        #expect(run.text.contains("h2 vibrissa (sha256") == isIn, "\(run.text)")
        try await loopback.stop()
    }

    @Test(
        "a client that resumes a session is verified and known as before", arguments: ["-tls1_2", "-tls1_3"])
    func resumption(version: String) async throws {
        let workshop = try Workshop.filled()
        let loopback = try await LoopbackTLS.start(try Self.server(workshop.files("server")))
        let session = workshop.file("session")
        let arguments = Self.connect(loopback, workshop) + [version]
        for options in [["-sess_out", session], ["-sess_in", session]] {
            let run = try output(of: "openssl", arguments + options)
            #expect(run.text.contains("h2 vibrissa (sha256"), "\(run.text)")
        }
        try await loopback.stop()
    }

    private static func connect(_ loopback: LoopbackTLS, _ workshop: Workshop) -> [String] {
        [
            "s_client", "-connect", "127.0.0.1:\(loopback.port)", "-servername", "localhost", "-CAfile",
            workshop.file("ca.crt"), "-verify_return_error", "-verify_hostname", "localhost", "-cert",
            workshop.file("vibrissa.crt"), "-key", workshop.file("vibrissa.key"), "-alpn", "h2", "-ign_eof",
        ]
    }
}
