// SPDX-License-Identifier: Apache-2.0
//
// The command line: parse arguments, choose adapters, wire them, run. One file per subcommand in Commands/.

import ArgumentParser

@main
struct Vibrissa: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "vibrissa",
        abstract: "Shows what Kubernetes network policies do to traffic, and what they would do.",
        version: version,
        subcommands: [LabCommand.self, WorkloadCommand.self])
}
