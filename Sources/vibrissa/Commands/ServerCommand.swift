// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlowExport
import Foundation
import GRPCTransport
import Logging
import ServerSettings
import TransportSecurity
import WebBackend

/// `vibrissa server`: collects flows of every node, and answers questions about them.
struct ServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server",
        abstract: "Collects flows from every node and answers over gRPC and HTTP; serves the console.",
        discussion: """
            Takes the place of Goldmane and whisker-backend: nodes send their flows here, and every client of \
            theirs works here. With --goldmane it collects nothing and serves console and HTTP API over a server \
            elsewhere.

            Every setting is a flag, a variable of the environment, or a line of the file that --config names; \
            the first of these that has it wins. Certificates are needed, and read again when they change: \
            vibrissa certs makes a set for a try-out. --insecure does without, on loopback only.

            Exit status: 0 ended as asked, 1 failed, 64 wrong usage, 78 wrong settings.
            """)

    @OptionGroup var options: ServerOptions

    /// `EX_CONFIG` of sysexits.h.
    private static let wrongSettings = ExitCode(78)
    private static let maximumFileBytes = 1 << 20

    func run() async throws {
        let resolved: ResolvedServerSettings
        do {
            resolved = try Self.resolve(options.arguments, ProcessInfo.processInfo.environment)
        } catch {
            Terminal.write(error: "vibrissa server: the settings cannot be used\n")
            for line in error.lines { Terminal.write(error: "  \(line)\n") }
            Terminal.write(error: "See vibrissa server --help.\n")
            throw Self.wrongSettings
        }
        let settings = resolved.settings
        let level = Logger.Level(rawValue: settings.general.logLevel.rawValue) ?? .info
        let logger = Logger(label: "vibrissa") { _ in TerminalLogHandler(level: level) }
        for notice in resolved.notices { logger.notice("\(notice)") }
        do {
            try await ServerSession(settings, logger: logger).run()
        } catch let error as TransportSecurityError {
            throw Self.failed(error)
        } catch let error as ConsoleError {
            throw Self.failed(error)
        } catch let error as FlowExportError {
            throw Self.failed(error)
        } catch let error as ServerProblem {
            throw Self.failed(error)
        }
    }

    private static func failed(_ error: some Error) -> ExitCode {
        Terminal.write(error: "vibrissa server: \(error)\n")
        return .failure
    }

    /// What is wrong, a line each.
    private struct Unusable: Error {
        let lines: [String]
    }

    private static func resolve(
        _ arguments: [String: String], _ environment: [String: String]
    ) throws(Unusable) -> ResolvedServerSettings {
        var file: SettingsText?
        if let path = ServerSettings.filePath(arguments: arguments, environment: environment) {
            file = SettingsText(try text(ofFile: path), path: path)
        }
        do {
            return try ServerSettings.resolve(arguments: arguments, environment: environment, file: file)
        } catch {
            throw Unusable(lines: error.all.map(\.description))
        }
    }

    private static func text(ofFile path: String) throws(Unusable) -> String {
        do {
            let handle = try FileHandle(forReadingFrom: URL(filePath: path))
            defer { try? handle.close() }
            let data = try handle.read(upToCount: maximumFileBytes + 1) ?? Data()
            guard data.count <= maximumFileBytes else {
                throw Unusable(lines: ["config: \(path) has more than \(maximumFileBytes) bytes"])
            }
            guard let text = String(data: data, encoding: .utf8) else {
                throw Unusable(lines: ["config: \(path) is not UTF-8"])
            }
            return text
        } catch let unusable as Unusable {
            throw unusable
        } catch {
            throw Unusable(lines: ["config: \(path) cannot be read: \(error.localizedDescription)"])
        }
    }
}

/// Why a server does not run.
struct ServerProblem: Error, CustomStringConvertible {
    let description: String
}
