// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import GRPCTransport
import Lab
import Logging
import NetworkModel
import WebBackend

struct LabCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab",
        abstract: "Runs a small cluster on this machine, with real workloads, real policies and the console.",
        discussion: """
            The lab is a shop of about a dozen workloads in network namespaces of their own. Their traffic crosses \
            real interfaces, nftables decides by the policies in a directory of YAML files, and the console shows \
            every flow with the rules that decided it. Nothing of the machine's own network is touched, and all is \
            removed when the lab ends.

            Edit a file of the directory while the lab runs: it takes effect within a second.

            Exit status: 0 ended as asked, 1 failed, 2 a story did not show what it should, 64 wrong usage.
            """)

    @Option(
        help: ArgumentHelp(
            "Directory of YAML manifests to run.",
            discussion:
                "A missing or empty directory is filled with the shop. Default: a fresh copy of the shop.",
            valueName: "directory"))
    var manifests: String?

    @Option(
        help: ArgumentHelp(
            "Where the console listens; loopback only. Port 0 is any free one.", valueName: "host:port"))
    var listen = ListenAddress(host: "127.0.0.1", port: 8080)

    @Option(
        help: ArgumentHelp(
            "Answer over gRPC, too, for vibrissa flows --insecure; loopback only. Default: not.",
            valueName: "host:port"))
    var grpcListen: ListenAddress?

    @Option(
        help: ArgumentHelp(
            "Follow a story step by step: \(Scenario.all.map(\.name).joined(separator: ", ")).",
            valueName: "name"))
    var scenario: ScenarioName?

    @Flag(
        help:
            "Go through the scenario unattended, and end with it; fails when a step does not show what it should."
    )
    var auto = false

    @Flag(
        help:
            "No privileges: the engine decides instead of the kernel, and the traffic is made up. Marked as such."
    )
    var simulate = false

    @Option(help: ArgumentHelp("Least severe log message shown: trace … critical.", valueName: "level"))
    var logLevel = LogLevel(level: .notice)

    @Option(help: ArgumentHelp("Seed of the workloads' timing.", valueName: "number"))
    var seed: UInt64 = 1

    func validate() throws {
        if let grpcListen, !grpcListen.isLoopback {
            throw ValidationError(
                "--grpc-listen is plaintext, so it is for loopback only; give 127.0.0.1:\(grpcListen.port)")
        }
        if auto, scenario == nil {
            throw ValidationError("--auto needs --scenario: there is nothing to go through without a story")
        }
        if let manifests, manifests.isEmpty {
            throw ValidationError("--manifests needs a directory; leave it out for a fresh copy of the shop")
        }
        if scenario != nil, manifests != nil {
            throw ValidationError(
                "--scenario changes the files of a story in a fresh copy of the shop; leave out --manifests")
        }
    }

    func run() async throws {
        let logger = Logger(label: "vibrissa") { _ in TerminalLogHandler(level: logLevel.level) }
        let options = LabSession.Options(
            manifests: manifests, host: listen.host, port: listen.port, grpc: grpcListen,
            scenario: scenario?.scenario,
            isAutomatic: auto, isSimulated: simulate, seed: seed)
        do {
            try await LabSession(options, logger: logger).run()
        } catch let problem as LabProblem {
            Terminal.write(error: "vibrissa lab: \(problem.message)\n")
            throw ExitCode(problem.exitCode)
        } catch let error as LabError {
            Terminal.write(error: "vibrissa lab: \(error)\n")
            throw ExitCode(error.code == .expectationFailed ? 2 : 1)
        } catch let error as GRPCServer.CannotListen {
            Terminal.write(error: "vibrissa lab: \(error)\n")
            throw ExitCode(1)
        } catch let error as ConsoleError {
            Terminal.write(error: "vibrissa lab: \(error)\n")
            throw ExitCode(1)
        }
    }
}

/// `127.0.0.1:8080`, `[::1]:0`, `localhost:8080`.
struct ListenAddress: ExpressibleByArgument {
    var host: String
    var port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"),
            let port = UInt16(argument[argument.index(after: colon)...])
        else { return nil }
        var host = argument[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else { return nil }
        self.init(host: String(host), port: Int(port))
    }

    var defaultValueDescription: String { "\(host):\(port)" }

    /// With brackets around an IPv6 address.
    var text: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether nobody outside this machine can connect.
    var isLoopback: Bool { host == "localhost" || IPAddress(host)?.isLoopback == true }
}

struct ScenarioName: ExpressibleByArgument {
    let scenario: Scenario

    init?(argument: String) {
        guard let scenario = Scenario.named(argument) else { return nil }
        self.scenario = scenario
    }

    static var allValueStrings: [String] { Scenario.all.map(\.name) }
}

struct LogLevel: ExpressibleByArgument {
    let level: Logger.Level

    init(level: Logger.Level) { self.level = level }

    init?(argument: String) {
        guard let level = Logger.Level(rawValue: argument) else { return nil }
        self.init(level: level)
    }

    var defaultValueDescription: String { level.rawValue }
    static var allValueStrings: [String] { Logger.Level.allCases.map(\.rawValue) }
}
