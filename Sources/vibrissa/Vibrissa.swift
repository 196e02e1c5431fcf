// SPDX-License-Identifier: Apache-2.0
//
// The command line: parse arguments, choose adapters, wire them, run. One file per subcommand in Commands/.

import ArgumentParser
import BenchTool
import Dispatch
import FlowTool
import Glibc
import Lab
import PolicyTool

/// The process's entry. Synchronous, because a workload of the lab must give up its privileges while it is the only
/// thread: `setresuid` of a process with more threads would leave the others as they were.
@main
enum Main {
    static func main() {
        Workload.runIfAsked()
        Task {
            await FlowsCommand.$connecting.withValue(FlowServerConnector()) { await Vibrissa.main() }
            exit(0)
        }
        dispatchMain()
    }
}

struct Vibrissa: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "vibrissa",
        abstract: "Shows what Kubernetes network policies do to traffic, and what they would do.",
        version: version,
        subcommands: [
            LabCommand.self, ServerCommand.self, FlowsCommand.self, PolicyCommand.self, BenchCommand.self,
            CertsCommand.self,
            WorkloadCommand.self,
        ])
}
