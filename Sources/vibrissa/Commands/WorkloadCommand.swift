// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Lab

/// A pod of the lab. Hidden: the lab starts these, with options that pod manifests and the lab itself write.
struct WorkloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workload", abstract: "Runs one workload of the lab.", shouldDisplay: false)

    @Argument(parsing: .captureForPassthrough, help: "Options of the workload.")
    var options: [String] = []

    func run() throws {
        do {
            try Workload.run(try WorkloadOptions.parse(options))
        } catch let error as WorkloadArgumentError {
            throw ValidationError("\(error)")
        }
    }
}
