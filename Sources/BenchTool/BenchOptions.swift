// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import GRPCTransport
import Logging
import TransportSecurity

/// Which server to load, and how to watch it.
struct BenchOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The server: HOST:PORT; IPv6 in brackets.", valueName: "address"))
    var target: TargetAddress

    @Option(
        help: ArgumentHelp(
            "PEM file of the authority that the server's certificate is of.", valueName: "file"))
    var ca: String?

    @Option(help: ArgumentHelp("PEM file of the certificate to show. Needs --key.", valueName: "file"))
    var cert: String?

    @Option(help: ArgumentHelp("PEM file of that certificate's key. Needs --cert.", valueName: "file"))
    var key: String?

    @Option(
        help: ArgumentHelp(
            "The name in the server's certificate, if it is not the host of --target.", valueName: "name"))
    var serverName: String?

    @Flag(help: "Without TLS.")
    var insecure = false

    @Option(
        help: ArgumentHelp(
            "The server's process on this machine: its processor time and memory are shown.",
            valueName: "number"))
    var pid: Int32?

    @Option(
        name: .shortAndLong, help: ArgumentHelp("text or json.", valueName: "format"))
    var output = BenchFormat.text

    func validate() throws {
        guard (cert == nil) == (key == nil) else {
            throw ValidationError("--cert and --key are a pair: give both, or neither")
        }
        if insecure, ca != nil || cert != nil || serverName != nil {
            throw ValidationError(
                "--insecure is without TLS; leave out --ca, --cert, --key and --server-name, or --insecure")
        }
        if let pid, ProcessUsage(pid: pid) == nil {
            throw ValidationError("--pid \(pid): there is no such process on this machine")
        }
    }

    /// Makes clients, each for a connection of its own.
    func clients() throws -> @Sendable () -> GRPCClient {
        var security: GRPCClient.Security?
        if !insecure {
            let source = try TLSContextSource(
                .init(
                    files: CertificateFiles(certificateChain: cert, privateKey: key, authorities: ca),
                    role: .client, applicationProtocols: ["h2"]),
                logger: Logger(label: "tls") { _ in SwiftLogNoOpLogHandler() })
            let context = source.context
            security = GRPCClient.Security(
                context: { context },
                serverName: TLSContextSource.serverHostname(for: serverName ?? target.host))
        }
        let configuration = GRPCClient.Configuration(
            host: target.host, port: target.port, security: security)
        return { GRPCClient(configuration) }
    }
}

enum BenchFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}

/// `HOST:PORT`, `[IPV6]:PORT`.
struct TargetAddress: ExpressibleByArgument {
    let host: String
    let port: Int

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"),
            let port = UInt16(argument[argument.index(after: colon)...]), port > 0
        else { return nil }
        var host = argument[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self.host = String(host)
        self.port = Int(port)
    }
}

/// A whole number in a range.
func require(_ name: String, _ value: Int, in range: ClosedRange<Int>) throws {
    guard range.contains(value) else {
        throw ValidationError("--\(name) is \(value); give \(range.lowerBound) to \(range.upperBound)")
    }
}
