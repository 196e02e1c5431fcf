// SPDX-License-Identifier: Apache-2.0

public import FlowAPI
public import FlowTool
import GRPCTransport
import Logging
import TransportSecurity

/// Reaches the server that `vibrissa flows` asks.
struct FlowServerConnector: FlowConnecting {
    func connect(_ options: FlowServerOptions) async throws -> any FlowConnection {
        let (host, port) = options.server
        var configuration = GRPCClient.Configuration(
            host: host, port: port, security: try Self.security(options, host: host))
        configuration.connectTimeout = options.timeout
        return FlowClient(GRPCClient(configuration), timeout: options.timeout)
    }

    private static func security(
        _ options: FlowServerOptions, host: String
    ) throws -> GRPCClient.Security? {
        guard !options.insecure else { return nil }
        // The files are read once: a command does not outlive them.
        let source = try TLSContextSource(
            .init(
                files: CertificateFiles(
                    certificateChain: options.cert, privateKey: options.key, authorities: options.ca),
                role: .client, applicationProtocols: ["h2"]),
            logger: Logger(label: "tls") { _ in TerminalLogHandler(level: .error) })
        let context = source.context
        return GRPCClient.Security(
            context: { context },
            serverName: TLSContextSource.serverHostname(for: options.serverName ?? host))
    }
}

extension FlowClient: FlowConnection {}
