// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// A pod of the lab. Hidden: the lab starts these, with options that pod manifests and the lab itself write.
///
/// Only for help and for the list of commands: `Main` hands the process to the workload before commands are parsed.
struct WorkloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workload", abstract: "Runs one workload of the lab.", shouldDisplay: false)

    @Argument(parsing: .captureForPassthrough, help: "Options of the workload.")
    var options: [String] = []

    func run() throws { throw CleanExit.helpRequest(self) }
}
