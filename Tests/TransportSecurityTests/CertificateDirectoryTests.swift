// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import TransportSecurity

@Suite("Making certificates")
struct CertificateDirectoryTests {
    @Test(
        "OpenSSL verifies what was made, for its purpose and no other",
        arguments: [
            ("server", "sslserver", true), ("server", "sslclient", false), ("calico-node", "sslclient", true),
            ("calico-node", "sslserver", false), ("vibrissa", "sslclient", true),
        ])
    func verifies(name: String, purpose: String, isValid: Bool) throws {
        let workshop = try Workshop.filled()
        let run = try output(
            of: "openssl",
            [
                "verify", "-x509_strict", "-purpose", purpose, "-CAfile", workshop.file("ca.crt"),
                workshop.file("\(name).crt"),
            ])
        #expect((run.status == 0) == isValid, "\(run.text)")
    }

    @Test(
        "OpenSSL finds the names that were asked for",
        arguments: [
            ("-verify_hostname", "goldmane.calico-system.svc", true),
            ("-verify_hostname", "a.example.com", true),
            ("-verify_hostname", "example.com", false), ("-verify_hostname", "localhost", false),
            ("-verify_ip", "192.0.2.7", true), ("-verify_ip", "2001:db8::7", true),
            ("-verify_ip", "192.0.2.8", false),
        ])
    func names(check: String, name: String, isValid: Bool) throws {
        let workshop = try Workshop.filled(
            .init(serverNames: [
                "Goldmane.calico-system.svc", "*.example.com", "192.0.2.7", "2001:DB8::7", "192.0.2.7",
            ]))
        let run = try output(
            of: "openssl",
            ["verify", check, name, "-CAfile", workshop.file("ca.crt"), workshop.file("server.crt")])
        #expect((run.status == 0) == isValid, "\(run.text)")
    }

    @Test("extensions say what each certificate may do")
    func extensions() throws {
        let workshop = try Workshop.filled()
        func text(_ name: String) throws -> String {
            try output(of: "openssl", ["x509", "-noout", "-text", "-in", workshop.file("\(name).crt")]).text
        }
        let authority = try text("ca")
        #expect(authority.contains("CA:TRUE, pathlen:0"))
        #expect(authority.contains("Certificate Sign, CRL Sign"))
        let server = try text("server")
        #expect(server.contains("CA:FALSE"))
        #expect(server.contains("TLS Web Server Authentication"))
        #expect(!server.contains("TLS Web Client Authentication"))
        #expect(server.contains("DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1"))
        #expect(server.contains("NIST CURVE: P-256"))
        #expect(try text("calico-node").contains("TLS Web Client Authentication"))
    }

    @Test("what show says is what OpenSSL says")
    func description() throws {
        let now = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down))
        let workshop = try Workshop.filled(now: now)
        let path = workshop.file("server.crt")
        let shown = try #require(CertificateDescription.all(inFile: path).first)
        let run = try output(
            of: "openssl",
            [
                "x509", "-noout", "-fingerprint", "-sha256", "-serial", "-subject", "-nameopt", "RFC2253",
                "-in", path,
            ])
        let plain = run.text.replacing(":", with: "").lowercased()
        #expect(plain.contains(shown.fingerprint))
        #expect(plain.contains("serial=" + shown.serialNumber))
        #expect(run.text.contains("subject=" + shown.subject))
        #expect(shown.names == ["dns:localhost", "ip:127.0.0.1", "ip:::1"])
        #expect(shown.uses == ["server"])
        #expect(shown.daysLeft(at: now) == 365)
        #expect(shown.daysLeft(at: now + 1) == 364)
        #expect(shown.daysLeft(at: shown.validUntil + 1) == -1)
        let authority = try #require(CertificateDescription.all(inFile: workshop.file("ca.crt")).first)
        #expect(authority.uses == ["authority"])
        #expect(authority.subject == shown.issuer)
        #expect(authority.daysLeft(at: now) == 3_650)
    }

    @Test("keys are for their owner only, and no draft is left behind")
    func modes() throws {
        let workshop = try Workshop.filled()
        for name in ["ca", "server", "calico-node", "vibrissa"] {
            for (ending, mode) in [("key", 0o600), ("crt", 0o644)] {
                let attributes = try FileManager.default.attributesOfItem(
                    atPath: workshop.file("\(name).\(ending)"))
                #expect(attributes[.posixPermissions] as? Int == mode, "\(name).\(ending)")
            }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: workshop.path).count == 8)
    }

    @Test("what is there is kept, and a client that is named is added by the same authority")
    func addition() throws {
        let workshop = try Workshop.filled()
        let before = try ["ca.key", "server.key", "calico-node.key"].map(workshop.text)
        let directory = CertificateDirectory(path: workshop.path)
        let again = try directory.make(.init(), now: Date())
        #expect(
            again.map(\.owner) == [.authority, .server, .client("calico-node"), .client("vibrissa")])
        #expect(again.allSatisfy { !$0.isNew })
        let added = try directory.make(.init(clientNames: ["laptop"]), now: Date())
        #expect(added.filter(\.isNew).map(\.owner) == [.client("laptop")])
        #expect(try ["ca.key", "server.key", "calico-node.key"].map(workshop.text) == before)
        let run = try output(
            of: "openssl", ["verify", "-CAfile", workshop.file("ca.crt"), workshop.file("laptop.crt")])
        #expect(run.status == 0, "\(run.text)")
    }

    @Test("nothing is overwritten unless asked for, and never the authority")
    func overwriting() throws {
        let workshop = try Workshop.filled(.init(serverNames: ["a.example.com"]))
        let directory = CertificateDirectory(path: workshop.path)
        let before = try ["ca.crt", "ca.key", "server.crt", "calico-node.crt"].map(workshop.text)
        for request in [
            CertificateDirectory.Request(serverNames: ["b.example.com"]),
            .init(clientNames: ["laptop", "calico-node"]),
        ] {
            let error = try TransportSecurityError.thrown { _ = try directory.make(request, now: Date()) }
            #expect(error.code == .wouldOverwrite)
            #expect(error.description.contains("--force"))
        }
        #expect(try ["ca.crt", "ca.key", "server.crt", "calico-node.crt"].map(workshop.text) == before)
        #expect(!FileManager.default.fileExists(atPath: workshop.file("laptop.crt")))

        let renewed = try directory.make(.init(replaces: true), now: Date())
        #expect(renewed.filter(\.isNew).count == 3)
        #expect(try ["ca.crt", "ca.key"].map(workshop.text) == Array(before.prefix(2)))
        #expect(try workshop.text("server.crt") != before[2])
        // The names are those of the certificate before.
        #expect(renewed[1].certificate.serverNames == ["a.example.com"])
    }

    @Test("files of a pair without its authority are not overwritten")
    func foreignPair() throws {
        let workshop = try Workshop()
        try workshop.write("precious", to: "server.key")
        let error = try TransportSecurityError.thrown {
            _ = try CertificateDirectory(path: workshop.path).make(.init(), now: Date())
        }
        #expect(error.code == .wouldOverwrite)
        #expect(try workshop.text("server.key") == "precious")
        #expect(!FileManager.default.fileExists(atPath: workshop.file("ca.crt")))
    }

    @Test(
        "what cannot be made is refused, with nothing written",
        arguments: [
            (CertificateDirectory.Request(serverNames: ["no such name"]), "is a DNS name"),
            (.init(serverNames: ["192.0.2.300"]), "is a DNS name"),
            (.init(serverNames: ["-a.example.com"]), "is a DNS name"),
            (.init(serverNames: ["a..example.com"]), "is a DNS name"),
            (.init(serverNames: []), "1 to 100 names"),
            (.init(clientNames: ["../../etc/passwd"]), "letters, digits"),
            (.init(clientNames: ["ca"]), "choose another name"),
            (.init(clientNames: ["Server"]), "choose another name"),
            (.init(clientNames: ["\u{1b}[31m"]), "letters, digits"),
            (.init(clientNames: [""]), "letters, digits"),
            (.init(days: 0), "1 to 3650"), (.init(days: 3_651), "1 to 3650"),
        ] as [(CertificateDirectory.Request, String)])
    func refusals(request: CertificateDirectory.Request, advice: String) throws {
        let workshop = try Workshop()
        let error = try TransportSecurityError.thrown {
            _ = try CertificateDirectory(path: workshop.path).make(request, now: Date())
        }
        #expect(error.description.contains(advice), "\(error)")
        #expect(error.description.utf8.allSatisfy { (0x20...0x7e).contains($0) })
        #expect(try FileManager.default.contentsOfDirectory(atPath: workshop.path).isEmpty)
    }

    @Test("half an authority, a foreign key, an expired or a damaged one are not used")
    func authorities() throws {
        let other = try Workshop.filled()
        func code(
            _ change: (Workshop) throws -> Void, later days: Double = 0
        ) throws
            -> TransportSecurityError.Code
        {
            let workshop = try Workshop.filled()
            try change(workshop)
            return try TransportSecurityError.thrown {
                _ = try CertificateDirectory(path: workshop.path).make(
                    .init(clientNames: ["laptop"]), now: Date().addingTimeInterval(days * 86_400))
            }.code
        }
        #expect(try code { try FileManager.default.removeItem(atPath: $0.file("ca.key")) } == .missingFile)
        #expect(try code { try $0.copy(["ca.key"], from: other) } == .keyMismatch)
        #expect(try code { try $0.write("", to: "ca.crt") } == .notPEM)
        #expect(
            try code {
                try $0.write($0.text("server.crt"), to: "ca.crt")
                try $0.write($0.text("server.key"), to: "ca.key")
            } == .badName)
        #expect(try code({ _ in }, later: 3_651) == .expired)
    }

    @Test("no certificate outlives its authority")
    func lifetime() throws {
        let start = Date()
        let workshop = try Workshop.filled(now: start)
        let entries = try CertificateDirectory(path: workshop.path).make(
            .init(clientNames: ["late"], days: 365), now: start.addingTimeInterval(3_600 * 86_400))
        #expect(entries[1].certificate.validUntil == entries[0].certificate.validUntil)
    }

    @Test("a directory that cannot be is refused with what to try")
    func directories() throws {
        let workshop = try Workshop()
        try workshop.write("", to: "file")
        for path in [workshop.file("file"), workshop.file("file/below")] {
            let error = try TransportSecurityError.thrown {
                _ = try CertificateDirectory(path: path).make(.init(), now: Date())
            }
            #expect(error.code == .cannotWrite)
            #expect(error.description.contains("--directory"))
        }
        let deep = workshop.file("a/b//c/")
        _ = try CertificateDirectory(path: deep).make(.init(), now: Date())
        #expect(FileManager.default.fileExists(atPath: workshop.file("a/b/c/ca.crt")))
    }
}
