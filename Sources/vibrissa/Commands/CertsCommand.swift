// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import TransportSecurity

/// `vibrissa certs`: a private authority, and pairs for a server and its clients.
struct CertsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certs",
        abstract: "Makes a private authority and certificates for a try-out or a small cluster.",
        discussion: """
            Makes what is missing in the directory: an authority (CA) that nobody else trusts, a pair of certificate \
            and key for the server, and one for each client. An authority that is there signs the new pairs, so more \
            clients can be added at any time. The server reads its files again when they change.

            A pair that is asked for by name and exists is an error, unless --force says to replace it. --force \
            without names renews the server's pair and those of the default clients. The authority is never \
            replaced: for a new one, choose another directory.

            Exit status: 0 done, 1 failed, 64 wrong usage.
            """,
        subcommands: [ShowCommand.self])

    @Option(help: ArgumentHelp("Where the files are and go to.", valueName: "path"))
    var directory = "./certs"

    @Option(
        help: ArgumentHelp(
            "A DNS name or IP address of the server, as clients call it; may be repeated. Default: "
                + CertificateDirectory.defaultServerNames.joined(separator: ", ") + ".",
            valueName: "name"))
    var serverName: [String] = []

    @Option(
        help: ArgumentHelp(
            "A client to make a pair for; may be repeated. Default: "
                + CertificateDirectory.defaultClientNames.joined(separator: ", ") + ".",
            valueName: "name"))
    var client: [String] = []

    @Option(
        help: ArgumentHelp(
            "How long pairs are valid, 1 to \(PrivateAuthority.dayRange.upperBound).", valueName: "number"))
    var days = 365

    @Flag(help: "Replace pairs that are there.")
    var force = false

    func validate() throws {
        guard PrivateAuthority.dayRange.contains(days) else {
            throw ValidationError(
                "--days is \(PrivateAuthority.dayRange.lowerBound) to "
                    + "\(PrivateAuthority.dayRange.upperBound)")
        }
        guard !directory.isEmpty else {
            throw ValidationError("--directory needs a path; leave it out for ./certs")
        }
    }

    func run() throws {
        let request = CertificateDirectory.Request(
            serverNames: serverName.isEmpty ? nil : serverName, clientNames: client.isEmpty ? nil : client,
            days: days, replaces: force)
        do {
            let entries = try CertificateDirectory(path: directory).make(request, now: Date())
            Terminal.write(CertificateGuide(entries).text)
        } catch {
            Terminal.write(error: "vibrissa certs: \(error)\n")
            throw ExitCode(1)
        }
    }
}

extension CertsCommand {
    /// `vibrissa certs show`.
    struct ShowCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Shows what the certificates of a PEM file say.",
            discussion: "Exit status: 0 done, 1 the file cannot be read, 64 wrong usage.")

        @Argument(help: ArgumentHelp("A file with one or more certificates.", valueName: "file"))
        var file: String

        func run() throws {
            do {
                let certificates = try CertificateDescription.all(inFile: file)
                let now = Date()
                Terminal.write(
                    certificates.map { CertificateGuide.text($0, now: now) }.joined(separator: "\n"))
            } catch {
                Terminal.write(error: "vibrissa certs: \(error)\n")
                throw ExitCode(1)
            }
        }
    }
}
