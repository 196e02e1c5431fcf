// SPDX-License-Identifier: Apache-2.0

import Foundation
import TransportSecurity

/// Says what was made, and where each file goes.
struct CertificateGuide {
    private let entries: [CertificateDirectory.Entry]

    init(_ entries: [CertificateDirectory.Entry]) { self.entries = entries }

    var text: String {
        let authority = entries.first { $0.owner == .authority }
        var text = entries.map { Self.line($0) }.joined()
        if !entries.contains(where: \.isNew) { text += "Nothing was missing; --force renews the pairs.\n" }
        for entry in entries where entry.isNew {
            switch entry.owner {
            case .authority:
                text += """

                    Keep \(entry.privateKeyPath) away from servers and clusters: whoever has it can make \
                    certificates that everyone here trusts.

                    """
            case .server: text += Self.serverUse(entry, authority: authority?.certificatePath ?? "")
            case .client(let name):
                text += Self.clientUse(name, entry, authority: authority?.certificatePath ?? "")
            }
        }
        return text
    }

    /// `made  certs/server.crt  certs/server.key  server: localhost, 127.0.0.1; until 2027-01-01`.
    private static func line(_ entry: CertificateDirectory.Entry) -> String {
        let what =
            switch entry.owner {
            case .authority: "authority"
            case .server: "server: " + entry.certificate.serverNames.joined(separator: ", ")
            case .client(let name): "client: " + name
            }
        let until = entry.certificate.validUntil.formatted(.iso8601.year().month().day())
        let verb = entry.isNew ? "made" : "kept"
        return "\(verb)  \(entry.certificatePath)  \(entry.privateKeyPath)  (\(what); until \(until))\n"
    }

    private static func serverUse(_ entry: CertificateDirectory.Entry, authority: String) -> String {
        """

        The server:
          vibrissa server --grpc-certificate \(entry.certificatePath) --grpc-key \(entry.privateKeyPath) \
        --grpc-client-ca \(authority)
        or by environment, as Goldmane's:
          SERVER_CERT_PATH=\(entry.certificatePath)
          SERVER_KEY_PATH=\(entry.privateKeyPath)
          CA_CERT_PATH=\(authority)
        The console over HTTPS with the same pair:
          SERVER_TLS_CERT_PATH=\(entry.certificatePath)
          SERVER_TLS_KEY_PATH=\(entry.privateKeyPath)

        """
    }

    private static func clientUse(
        _ name: String, _ entry: CertificateDirectory.Entry, authority: String
    ) -> String {
        guard name == "calico-node" else {
            return """

                The client \(name), in a console that asks a remote server:
                  vibrissa server --goldmane HOST:PORT --goldmane-certificate \(entry.certificatePath) \
                --goldmane-key \(entry.privateKeyPath) --goldmane-ca \(authority)
                or by environment, as whisker-backend's:
                  TLS_CERT_PATH=\(entry.certificatePath)
                  TLS_KEY_PATH=\(entry.privateKeyPath)
                  CA_CERT_PATH=\(authority)

                """
        }
        return """

            Calico's nodes, in the environment of calico-node, with the files mounted there:
              FELIX_FLOWLOGSGOLDMANESERVER=HOST:PORT
              FELIX_TYPHACERTFILE=\(entry.certificatePath)
              FELIX_TYPHAKEYFILE=\(entry.privateKeyPath)
              FELIX_TYPHACAFILE=\(authority)
            Nodes use these three for Typha, too. Where there is Typha, leave them, and give this server \
            certificates of the cluster's authority.

            """
    }

    /// All that a certificate says, one thing per line.
    static func text(_ certificate: CertificateDescription, now: Date) -> String {
        let days = certificate.daysLeft(at: now)
        let left =
            if days < 0 {
                "expired"
            } else if certificate.validFrom > now {
                "not valid yet"
            } else {
                days == 1 ? "1 day left" : "\(days) days left"
            }
        let names = certificate.names.isEmpty ? "none" : certificate.names.joined(separator: ", ")
        return """
            subject      \(certificate.subject)
            names        \(names)
            for          \(certificate.uses.joined(separator: ", "))
            issuer       \(certificate.issuer)
            valid from   \(certificate.validFrom.formatted(.iso8601))
            valid until  \(certificate.validUntil.formatted(.iso8601))  (\(left))
            serial       \(certificate.serialNumber)
            sha256       \(certificate.fingerprint)

            """
    }
}
