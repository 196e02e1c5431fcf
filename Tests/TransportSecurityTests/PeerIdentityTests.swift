// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOSSL
import Testing
import TransportSecurity

@Suite("Who a peer is")
struct PeerIdentityTests {
    /// A certificate that OpenSSL makes: it lets names be anything.
    private func certificate(subject: String, names: String = "DNS:x.example.com") throws -> NIOSSLCertificate
    {
        let workshop = try Workshop()
        let run = try output(
            of: "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-utf8",
                "-keyout",
                workshop.file("key"), "-out", workshop.file("crt"), "-subj", subject, "-addext",
                "subjectAltName=\(names)",
            ])
        #expect(run.status == 0, "\(run.text)")
        return try #require(NIOSSLCertificate.fromPEMBytes(Array(workshop.text("crt").utf8)).first)
    }

    @Test("the common name, the names and the fingerprint are read")
    func plain() throws {
        let identity = PeerIdentity(
            try certificate(
                subject: "/O=Example/CN=node, one",
                names: "DNS:a.example.com,URI:spiffe://example.com/ns/a,IP:192.0.2.1,email:a@example.com"))
        #expect(identity.commonName == "node, one")
        #expect(identity.names == ["dns:a.example.com", "uri:spiffe://example.com/ns/a"])
        #expect(identity.fingerprint.count == 64)
        #expect(identity.description == "node, one (sha256 \(identity.fingerprint.prefix(16)))")
    }

    @Test("without a common name, the first other name stands for it")
    func nameless() throws {
        let identity = PeerIdentity(
            try certificate(subject: "/O=Example", names: "URI:spiffe://example.com/a"))
        #expect(identity.commonName == nil)
        #expect(identity.description.hasPrefix("uri:spiffe://example.com/a (sha256 "))
    }

    @Test(
        "hostile names are escaped and bounded",
        arguments: [
            "\u{1b}[2J\u{7}", "a\nb\rc", "\u{202e}edon", "żółw", "back\\slash",
            String(repeating: "€", count: 60),
            "{}\"'<script>",
        ])
    func hostile(name: String) throws {
        let subject = "/CN=" + name.replacing("\\", with: "\\\\")
        let many = (0..<40).map { "DNS:n\($0).example.com" }.joined(separator: ",")
        let identity = PeerIdentity(try certificate(subject: subject, names: many))
        #expect(identity.description.utf8.allSatisfy { (0x20...0x7e).contains($0) })
        #expect(identity.description.utf8.count <= 160)
        #expect(identity.names.count == 8)
    }

    @Test("a certificate with damaged bytes gives an identity or is refused by the TLS library")
    func damaged() throws {
        let bytes = try certificate(subject: "/CN=a").toDERBytes()
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var state = seed
        for _ in 0..<2_000 {
            var copy = bytes
            for _ in 0..<3 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                copy[Int((state >> 33) % UInt64(copy.count))] = UInt8(truncatingIfNeeded: state >> 20)
            }
            // Refused by the TLS library: fine.
            guard let certificate = try? NIOSSLCertificate(bytes: copy, format: .der) else { continue }
            let identity = PeerIdentity(certificate)
            #expect(identity.description.utf8.allSatisfy { (0x20...0x7e).contains($0) })
        }
    }
}
